#pragma once
// Writes the XML documents that S3 answers with. Element by element, no tree: a page of a listing
// has thousands.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::gateway {

inline constexpr std::string_view kS3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

// How keys stand in a document: as they are (bytes that XML 1.0 forbids become character
// references, as S3 does), or percent-encoded on the client's wish (encoding-type=url).
enum class KeyEncoding { Plain, Url };

class XmlWriter {
 public:
  XmlWriter();  // with the declaration
  void open(std::string_view name);
  void open(std::string_view name, std::string_view xmlns);
  void open_grantee(std::string_view xsi_type);  // <Grantee> of an access control list
  void close();                                  // the innermost open element
  void element(std::string_view name, std::string_view text);
  void element(std::string_view name, std::uint64_t number);
  void key(std::string_view name, std::string_view text, KeyEncoding encoding);
  std::string take();  // the document; the writer is used up

 private:
  void append_escaped(std::string_view text);

  std::string out_;
  std::vector<std::string> open_;
};

}  // namespace trainyard::gateway
