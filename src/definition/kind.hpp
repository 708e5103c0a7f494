#pragma once
#include <string>
#include <string_view>

namespace trainyard::definition {

// What a file that is no zip seems to be, and what to do, from its first bytes (at least 512 when
// it is that long): "a gzip file; unpack it and zip the files: zip -r model.zip .". Empty for a
// zip.
std::string describe_other(std::string_view head);

}  // namespace trainyard::definition
