// Gives every file of the folders named as arguments to the target it is linked with: the seeds, as
// tests of a build without libFuzzer.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) try {
  std::size_t given = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& seed : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(seed.path(), std::ios::binary);
      const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
      std::printf("%s: %zu bytes\n", seed.path().c_str(), bytes.size());
      std::fflush(stdout);  // names the seed that ends the program
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++given;
    }
  }
  if (given == 0) std::fputs("replay_seeds: there is no seed\n", stderr);
  return given == 0 ? 1 : 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "replay_seeds: %s\n", error.what());
  return 1;
}
