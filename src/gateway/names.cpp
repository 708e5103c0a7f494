#include "gateway/names.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool looks_like_an_address(std::string_view name) {
  const auto parts = split(name, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](const auto& part) {
           return parse_u64(part).has_value();
         });
}

std::string decode(std::string_view text) {
  auto decoded = percent_decode(text);
  if (!decoded) throw S3Error(S3Code::InvalidURI);
  return *std::move(decoded);
}

}  // namespace

bool valid_bucket_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63 || !is_alnum(name.front()) || !is_alnum(name.back())) {
    return false;
  }
  const auto allowed = [](char c) { return is_alnum(c) || c == '-' || c == '.'; };
  if (!std::all_of(name.begin(), name.end(), allowed)) return false;
  if (name.find("..") != std::string_view::npos || looks_like_an_address(name)) return false;
  // Reserved: internationalised names, access points and their like.
  for (const auto start : {"xn--", "sthree-", "amzn-s3-demo-"}) {
    if (name.starts_with(start)) return false;
  }
  for (const auto end : {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}) {
    if (name.ends_with(end)) return false;
  }
  return true;
}

void check_key(std::string_view key) {
  if (key.size() > kMaxKeyBytes) {
    throw S3Error(
        S3Code::KeyTooLongError, {},
        {{"Size", std::to_string(key.size())}, {"MaxSizeAllowed", std::to_string(kMaxKeyBytes)}});
  }
  if (!valid_utf8(key)) throw S3Error(S3Code::InvalidURI, "A key must be UTF-8");
}

Resource parse_resource(std::string_view raw_path) {
  if (!raw_path.starts_with('/')) throw S3Error(S3Code::InvalidURI);
  raw_path.remove_prefix(1);
  const std::size_t slash = raw_path.find('/');
  Resource out;
  out.bucket = decode(raw_path.substr(0, slash));
  if (slash != std::string_view::npos) out.key = decode(raw_path.substr(slash + 1));
  return out;
}

}  // namespace trainyard::gateway
