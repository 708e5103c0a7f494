#include "definition/kind.hpp"

#include <algorithm>
#include <array>

#include "base/strings.hpp"

namespace trainyard::definition {
namespace {

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  std::string_view name;
};

using namespace std::string_view_literals;
constexpr std::array kMagics = {
    Magic{0, "\x1f\x8b"sv, "a gzip file"},
    Magic{257, "ustar"sv, "a tar archive"},
    Magic{0, "7z\xbc\xaf\x27\x1c"sv, "a 7z archive"},
    Magic{0, "Rar!\x1a\x07"sv, "a rar archive"},
    Magic{0, "\xfd\x37zXZ\0"sv, "an xz file"},
    Magic{0, "BZh"sv, "a bzip2 file"},
    Magic{0, "\x28\xb5\x2f\xfd"sv, "a zstd file"},
    Magic{0, "%PDF"sv, "a PDF document"},
    Magic{0, "\x7f\x45LF"sv, "a program"},
};
constexpr std::string_view kAdvice =
    "; only zip is taken. Pack the model code with: zip -r model.zip FILES";

bool is_text(std::string_view head) {
  return valid_utf8(head.substr(0, head.size() - std::min<std::size_t>(3, head.size()))) &&
         head.find('\0') == std::string_view::npos;
}

}  // namespace

std::string describe_other(std::string_view head) {
  if (head.empty()) return std::string("an empty file") + std::string(kAdvice);
  // A local file, an empty archive, the first piece of a split one.
  for (const auto zip : {"PK\x03\x04"sv, "PK\x05\x06"sv, "PK\x07\x08"sv}) {
    if (head.starts_with(zip)) return "";
  }
  for (const Magic& magic : kMagics) {
    if (head.size() > magic.offset && head.substr(magic.offset).starts_with(magic.bytes)) {
      return std::string(magic.name) + std::string(kAdvice);
    }
  }
  return std::string(is_text(head) ? "a text file" : "something unknown") + std::string(kAdvice);
}

}  // namespace trainyard::definition
