#include "manifest/store_keys.hpp"

#include "manifest/store_types.hpp"

namespace trainyard::manifest {
namespace {

using enum Need;
using enum Shape;

// `keys`: what it needs of the two keys.
Section connection_section(std::string_view name, Need keys, std::string_view access_key_doc) {
  return {name,
          {
              {.name = "endpoint_url",
               .need = Required,
               .aliases = {"auth_url"},
               .doc = "The object store's URL; https is taken when the scheme is absent.",
               .sample = "<endpoint-url>"},
              {.name = "access_key_id",
               .shape = Private,
               .need = keys,
               .aliases = {"aws_access_key_id", "user_name", "username", "userId"},
               .doc = access_key_doc,
               .sample = "<access-key-id>"},
              {.name = "secret_access_key",
               .shape = Private,
               .need = keys,
               .aliases = {"aws_secret_access_key", "password"},
               .doc = "Secret key (s3) or password (bluemix_objectstore).",
               .sample = "<secret-access-key>"},
              {.name = "region",
               .doc = "Found out when absent (s3); required for bluemix_objectstore."},
              {.name = "domain_name",
               .aliases = {"domainName"},
               .doc = "Keystone domain; for bluemix_objectstore only."},
              {.name = "project_id",
               .aliases = {"projectId"},
               .doc = "Keystone project; for bluemix_objectstore only."},
              {.name = "type", .doc = "FfDL's place for the type.", .choices = store_type_names()},
          }};
}

const Section& connection() {
  static const Section section = connection_section(
      "connection", Required, "Access key (s3) or user name (bluemix_objectstore).");
  return section;
}

// A public bucket can be read without keys.
const Section& data_connection() {
  static const Section section =
      connection_section("data_connection", MayBeAbsent,
                         "Access key (s3) or user name (bluemix_objectstore); a public bucket (s3) "
                         "needs neither this nor the next.");
  return section;
}

const Section& bucket() {
  static const Section section{
      "bucket",
      {
          {.name = "bucket",
           .need = Required,
           .aliases = {"container"},
           .doc = "The bucket's name.",
           .sample = "<bucket>"},
          {.name = "type",
           .doc = "s3 or bluemix_objectstore.",
           .sample = "s3",
           .choices = store_type_names()},
          {.name = "prefix", .aliases = {"path"}, .doc = "The folder of the bucket that is meant."},
      }};
  return section;
}

Key place_key(std::string_view name, std::vector<std::string_view> aliases, std::string_view doc) {
  return {.name = name,
          .shape = Mapping,
          .need = Required,
          .aliases = std::move(aliases),
          .doc = doc,
          .sample = "{}",
          .members = &bucket()};
}

Section reference(std::string_view name, const Section& connection, Key place) {
  return {name,
          {
              {.name = "name", .doc = "Any text."},
              {.name = "type", .doc = "s3 or bluemix_objectstore.", .choices = store_type_names()},
              {.name = "connection",
               .shape = Mapping,
               .need = Required,
               .doc = "How to reach the object store.",
               .sample = "{}",
               .members = &connection},
              std::move(place),
          }};
}

}  // namespace

const Section& data_reference() {
  static const Section section =
      reference("data_reference", data_connection(),
                place_key("source", {"target", "location"}, "Where the training data lies."));
  return section;
}

const Section& results_reference() {
  static const Section section =
      reference("results_reference", connection(),
                place_key("target", {"source", "location"},
                          "Where the results go, in a folder named by the run's id."));
  return section;
}

Key data_reference_key(Need need, std::string_view doc) {
  return {.name = "training_data_reference",
          .shape = MappingOrList,
          .need = need,
          .aliases = {"training_data"},
          .doc = doc,
          .sample = "{}",
          .members = &data_reference()};
}

Key results_reference_key() {
  return {.name = "training_results_reference",
          .shape = MappingOrList,
          .need = Need::Required,
          .aliases = {"training_results"},
          .doc = "The bucket that results and logs go to.",
          .sample = "{}",
          .members = &results_reference()};
}

const Section& ffdl_store() {
  static const Section section{
      "ffdl_data_store",
      {
          {.name = "id", .doc = "Any text."},
          {.name = "type", .doc = "s3_datastore or mount_cos.", .choices = store_type_names()},
          {.name = "training_data",
           .shape = Mapping,
           .doc = "Where the training data lies.",
           .members = &bucket()},
          {.name = "training_results",
           .shape = Mapping,
           .doc = "Where the results go.",
           .members = &bucket()},
          {.name = "connection",
           .shape = Mapping,
           .need = Required,
           .doc = "How to reach the object store.",
           .members = &connection()},
      }};
  return section;
}

}  // namespace trainyard::manifest
