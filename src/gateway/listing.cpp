#include "gateway/listing.hpp"

#include <utility>

namespace trainyard::gateway {
namespace {

// The least string that is greater than everything which starts with `prefix`; empty: none.
std::string behind(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

class Page {
 public:
  explicit Page(const ListQuery& query) : query_(query) {}

  Listing run(const KeyScan& scan) {
    if (query_.max_keys == 0) return std::move(out_);
    const bool from_prefix = query_.after < query_.prefix;
    std::string from = from_prefix ? query_.prefix : query_.after;
    Bound bound = from_prefix || from.empty() ? Bound::Inclusive : Bound::Exclusive;
    do {
      seek_.clear();
      scan(from, bound, [this](ObjectRecord&& object) { return visit(std::move(object)); });
      from = seek_;
      bound = Bound::Inclusive;
    } while (!seek_.empty());
    return std::move(out_);
  }

 private:
  // False ends the scan; with seek_ set, it goes on from there.
  bool visit(ObjectRecord&& object) {
    if (!object.key.starts_with(query_.prefix)) return false;
    const std::string common = common_prefix(object.key);
    if (!common.empty() && common <= query_.after) {  // on a page before
      seek_ = behind(common);
      return false;
    }
    if (out_.objects.size() + out_.prefixes.size() == query_.max_keys) {
      out_.truncated = true;
      return false;
    }
    if (common.empty()) {
      out_.last = object.key;
      out_.objects.push_back(std::move(object));
      return true;
    }
    out_.last = common;
    out_.prefixes.push_back(common);
    seek_ = behind(common);
    return false;
  }

  // Up to and with the first delimiter behind the prefix; empty when there is none.
  std::string common_prefix(const std::string& key) const {
    if (query_.delimiter.empty()) return {};
    const std::size_t at = key.find(query_.delimiter, query_.prefix.size());
    return at == std::string::npos ? std::string() : key.substr(0, at + query_.delimiter.size());
  }

  const ListQuery& query_;
  Listing out_;
  std::string seek_;
};

}  // namespace

Listing list_page(const KeyScan& scan, const ListQuery& query) { return Page(query).run(scan); }

}  // namespace trainyard::gateway
