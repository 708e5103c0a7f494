#include "gateway/conditions.hpp"
#include "gateway/operations.hpp"
#include "gateway/payload.hpp"
#include "gateway/s3_error.hpp"
#include "gateway/xml_requests.hpp"

namespace trainyard::gateway {
namespace {

struct Outcome {
  DeleteRequest::Item item;
  std::optional<S3Error> error;
};

void append(Blobs& all, const Blobs& more) { all.insert(all.end(), more.begin(), more.end()); }

std::vector<Outcome> remove_all(db::Connection& db, const Bucket& bucket,
                                const DeleteRequest& request, Blobs& freed) {
  std::vector<Outcome> out;
  for (const DeleteRequest::Item& item : request.items) {
    Outcome outcome{item, std::nullopt};
    try {
      check_key(item.key);
      if (!item.version.empty()) check_version(item.version);
      append(freed, remove_object(db, bucket, item.key));
    } catch (const S3Error& error) {
      outcome.error = error;
    }
    out.push_back(std::move(outcome));
  }
  return out;
}

}  // namespace

// Deleting what is not there is a success.
http::Response delete_object(Call& call) {
  check_key(call.resource.key);
  check_version(call.query("versionId"));
  const WriteCondition condition = write_condition(call.request.headers);
  Blobs freed;
  call.store.index.write([&](db::Connection& db) {
    const Bucket bucket = require_bucket(db, call.resource.bucket);
    if (condition.must_be) {
      check(condition, find_object(db, bucket, call.resource.key), call.resource.key);
    }
    freed = remove_object(db, bucket, call.resource.key);
  });
  call.store.graveyard.bury(freed);
  return answer(call, 204);
}

http::Response delete_objects(Call& call) {
  const DeleteRequest request = parse_delete(read_document(call.request, call.caller, kMaxXmlBody));
  Blobs freed;
  std::vector<Outcome> outcomes;
  call.store.index.write([&](db::Connection& db) {
    const Bucket bucket = require_bucket(db, call.resource.bucket);
    outcomes = remove_all(db, bucket, request, freed);
  });
  call.store.graveyard.bury(freed);

  XmlWriter xml;
  xml.open("DeleteResult", kS3Namespace);
  for (const auto& [item, error] : outcomes) {
    if (!error && request.quiet) continue;
    xml.open(error ? "Error" : "Deleted");
    xml.element("Key", item.key);
    if (!item.version.empty()) xml.element("VersionId", item.version);
    if (error) {
      xml.element("Code", name_of(error->code()));
      xml.element("Message", error->what());
    }
    xml.close();
  }
  xml.close();
  return xml_answer(call, xml);
}

}  // namespace trainyard::gateway
