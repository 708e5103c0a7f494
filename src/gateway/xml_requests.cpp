#include "gateway/xml_requests.hpp"

#include <pugixml.hpp>

#include "base/strings.hpp"
#include "gateway/conditions.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

// A key may be blanks alone, so text that is only white space counts.
constexpr unsigned kParse = pugi::parse_default | pugi::parse_ws_pcdata_single;

pugi::xml_node load(pugi::xml_document& document, std::string_view xml, const char* root) {
  const auto result = document.load_buffer(xml.data(), xml.size(), kParse, pugi::encoding_utf8);
  const pugi::xml_node node = document.document_element();
  if (!result || std::string_view(node.name()) != root) throw S3Error(S3Code::MalformedXML);
  return node;
}

int part_number(std::string_view text) {
  const auto number = parse_u64(trim(text));
  if (!number || *number < 1 || *number > kMaxParts) throw S3Error(S3Code::MalformedXML);
  return int(*number);
}

}  // namespace

DeleteRequest parse_delete(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = load(document, xml, "Delete");
  DeleteRequest out;
  out.quiet = iequals(trim(root.child_value("Quiet")), "true");
  for (const pugi::xml_node node : root.children("Object")) {
    DeleteRequest::Item item{node.child_value("Key"), node.child_value("VersionId")};
    if (item.key.empty() || out.items.size() == kMaxDeletes) {
      throw S3Error(S3Code::MalformedXML);
    }
    out.items.push_back(std::move(item));
  }
  if (out.items.empty()) throw S3Error(S3Code::MalformedXML);
  return out;
}

CompleteRequest parse_complete(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = load(document, xml, "CompleteMultipartUpload");
  CompleteRequest out;
  for (const pugi::xml_node node : root.children("Part")) {
    CompleteRequest::Part part;
    part.number = part_number(node.child_value("PartNumber"));
    part.etag = unquote_etag(trim(node.child_value("ETag")));
    for (const pugi::xml_node child : node.children()) {
      const std::string_view name(child.name());
      if (name.starts_with("Checksum")) {
        part.checksums.emplace_back(name, trim(child.child_value()));
      }
    }
    if (out.parts.size() == kMaxParts) throw S3Error(S3Code::MalformedXML);
    out.parts.push_back(std::move(part));
  }
  if (out.parts.empty()) throw S3Error(S3Code::MalformedXML);
  return out;
}

std::optional<std::string> parse_location(std::string_view xml) {
  if (trim(xml).empty()) return std::nullopt;
  pugi::xml_document document;
  const pugi::xml_node root = load(document, xml, "CreateBucketConfiguration");
  std::string location(trim(root.child_value("LocationConstraint")));
  if (location.empty()) return std::nullopt;
  return location;
}

}  // namespace trainyard::gateway
