// A zip of any bytes: inspected within small limits, refused with an Error or taken.
#include <fcntl.h>

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "base/files.hpp"
#include "definition/archive.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const trainyard::TempDir directory;
  const auto path = directory.path() / "input.zip";
  {
    const trainyard::Fd file = trainyard::open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
    trainyard::write_all(file, {reinterpret_cast<const char*>(data), size});
  }
  try {
    trainyard::definition::inspect(path, {.max_unpacked = 1 << 20, .max_entries = 100});
  } catch (const trainyard::Error&) {
  }
  return 0;
}
