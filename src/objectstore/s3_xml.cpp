#include "objectstore/s3_xml.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include <pugixml.hpp>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "objectstore/etag.hpp"

namespace trainyard::objectstore::s3 {
namespace {

[[noreturn]] void throw_not_s3(std::string_view what) {
  throw Error(ErrorKind::Corrupt, "the store's answer is " + std::string(what));
}

// Some servers prefix the elements ("ns2:Key"); the local name is what counts.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == name.npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node& node : parent.children()) {
    if (local_name(node) == name) return node;
  }
  return {};
}

std::string text(const pugi::xml_node& parent, std::string_view name) {
  return child(parent, name).text().get();
}

class Document {
 public:
  explicit Document(std::string_view xml) {
    if (xml.size() > kMaxXml) throw_not_s3("too long");
    // Blanks are part of a key: whitespace stays as it is.
    const auto parsed = document_.load_buffer(xml.data(), xml.size(),
                                              pugi::parse_default | pugi::parse_ws_pcdata_single);
    well_formed_ = static_cast<bool>(parsed);
  }
  // The root element if it has that name, else an empty node.
  pugi::xml_node root(std::string_view name) const {
    if (!well_formed_) return {};
    const pugi::xml_node element = document_.document_element();
    return local_name(element) == name ? element : pugi::xml_node{};
  }
  pugi::xml_node need(std::string_view name) const {
    const pugi::xml_node element = root(name);
    if (!element) throw_not_s3("not the XML of a " + std::string(name));
    return element;
  }

 private:
  pugi::xml_document document_;
  bool well_formed_ = false;
};

std::string decode_key(std::string key, bool encoded, Plus plus = Plus::Space) {
  if (!encoded) return key;
  auto decoded = percent_decode(key, plus);
  if (!decoded) throw_not_s3("a listing with a broken key '" + printable(key) + "'");
  return *std::move(decoded);
}

// Only of the whole object: a composite one proves nothing without the sizes of its parts.
std::optional<Checksum> parse_checksum(const pugi::xml_node& contents) {
  if (type_named(text(contents, "ChecksumType")) != ChecksumType::FullObject) return std::nullopt;
  const auto algorithm = algorithm_named(text(contents, "ChecksumAlgorithm"));
  if (!algorithm) return std::nullopt;
  return Checksum{*algorithm, ChecksumType::FullObject, {}};
}

ObjectInfo parse_object(const pugi::xml_node& contents) {
  ObjectInfo info;
  info.key = text(contents, "Key");
  info.etag = without_quotes(text(contents, "ETag"));
  const auto size = parse_u64(trim(text(contents, "Size")));
  if (info.key.empty() || !size) throw_not_s3("a listing with a broken entry");
  info.size = *size;
  info.checksum = parse_checksum(contents);
  return info;
}

void look_for_plus(const std::string& encoded, Listing& listing) {
  const auto has = [&](std::string_view part) { return encoded.find(part) != encoded.npos; };
  if (listing.with_plus.empty() && has("+")) listing.with_plus = encoded;
  if (has("%2B") || has("%2b")) listing.plus = Plus::Space;
  if (has("%20")) listing.plus = Plus::Literal;
}

}  // namespace

Listing parse_listing(std::string_view xml, Plus plus) {
  const Document document(xml);
  if (document.root("ListAllMyBucketsResult")) {
    throw Error(ErrorKind::InvalidInput,
                "the store lists its buckets and not the objects of one: the host of endpoint_url "
                "is not the bucket's own; end endpoint_url with '/' and the bucket's name");
  }
  const pugi::xml_node root = document.need("ListBucketResult");
  const bool encoded = trim(text(root, "EncodingType")) == "url";
  Listing listing;
  const std::string truncated = text(root, "IsTruncated");
  listing.truncated = trim(truncated) == "true";
  // Whether more keys follow must never be a guess.
  if (!listing.truncated && trim(truncated) != "false") {
    throw_not_s3("a listing that does not say whether it is complete");
  }
  listing.version2 = child(root, "KeyCount") || child(root, "NextContinuationToken");
  listing.continuation = text(root, "NextContinuationToken");
  if (listing.truncated && listing.version2 && listing.continuation.empty()) {
    throw_not_s3("a listing that goes on and does not say where");
  }
  for (const pugi::xml_node& node : root.children()) {
    if (local_name(node) != "Contents") continue;
    if (listing.objects.size() == kMaxListed) throw_not_s3("a listing page that is too long");
    ObjectInfo object = parse_object(node);
    if (encoded) look_for_plus(object.key, listing);
    object.key = decode_key(std::move(object.key), encoded, plus);
    listing.objects.push_back(std::move(object));
  }
  return listing;
}

std::optional<ErrorBody> parse_error(std::string_view xml) {
  if (xml.size() > kMaxXml) return std::nullopt;
  const Document document(xml);
  const pugi::xml_node root = document.root("Error");
  if (!root) return std::nullopt;
  return ErrorBody{std::string(trim(text(root, "Code"))), std::string(trim(text(root, "Message"))),
                   std::string(trim(text(root, "Region"))),
                   std::string(trim(text(root, "Endpoint")))};
}

OpenUploads parse_open_uploads(std::string_view xml) {
  const Document document(xml);
  const pugi::xml_node root = document.need("ListMultipartUploadsResult");
  const bool encoded = trim(text(root, "EncodingType")) == "url";
  OpenUploads open;
  open.truncated = trim(text(root, "IsTruncated")) == "true";
  for (const pugi::xml_node& node : root.children()) {
    if (local_name(node) != "Upload") continue;
    if (open.uploads.size() == kMaxListed) throw_not_s3("a page of uploads that is too long");
    open.uploads.push_back({decode_key(text(node, "Key"), encoded), text(node, "UploadId")});
    if (open.uploads.back().key.empty() || open.uploads.back().id.empty()) {
      throw_not_s3("a list with a broken upload");
    }
  }
  return open;
}

std::string parse_upload_id(std::string_view xml) {
  const Document document(xml);
  const std::string id = text(document.need("InitiateMultipartUploadResult"), "UploadId");
  if (id.empty()) throw_not_s3("an upload without an id");
  return id;
}

ObjectInfo parse_completed(std::string_view xml) {
  const Document document(xml);
  const pugi::xml_node root = document.need("CompleteMultipartUploadResult");
  ObjectInfo info;
  info.etag = without_quotes(text(root, "ETag"));
  const std::string crc64 = text(root, element_of(kCrc64));
  if (well_formed(kCrc64, crc64)) info.checksum = {kCrc64, ChecksumType::FullObject, crc64};
  return info;
}

std::string complete_upload_body(const std::vector<SentPart>& parts) {
  const std::string_view element = element_of(ChecksumAlgorithm::Crc64Nvme);
  std::string body = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    fmt::format_to(std::back_inserter(body),
                   "<Part><PartNumber>{}</PartNumber><ETag>&quot;{}&quot;</ETag>", i + 1,
                   parts[i].etag);
    if (!parts[i].crc64.empty()) {
      fmt::format_to(std::back_inserter(body), "<{0}>{1}</{0}>", element, parts[i].crc64);
    }
    body += "</Part>";
  }
  return body + "</CompleteMultipartUpload>";
}

}  // namespace trainyard::objectstore::s3
