#pragma once
// For tests: a good manifest, and what the service answers to the creation of a definition.

namespace trainyard::cli {

inline constexpr const char* kManifest =
    "model_definition:\n"
    "  name: tf-mnist\n"
    "  framework: {name: tensorflow, version: 1.10}\n"
    "  execution: {command: python3 main.py --x 1, resource: small}\n"
    "training_data:\n"
    "- connection: {endpoint_url: \"http://h\", access_key_id: AK, secret_access_key: SK}\n"
    "  source: {bucket: in, type: s3}\n"
    "training_results:\n"
    "  connection: {endpoint_url: \"http://h\", access_key_id: AK, secret_access_key: SK}\n"
    "  target: {bucket: out, type: s3}\n";

inline constexpr const char* kDefinition =
    R"({"metadata":{"guid":"d","url":"http://s/v3/ml_assets/training_definitions/d",)"
    R"("created_at":"2017-10-26T11:10:37Z"},"entity":{"name":"n","framework":{"name":"f",)"
    R"("version":"1"},"training_definition_version":{"guid":"v","url":"http://s/v",)"
    R"("content_url":"http://s/content","content_status":{"state":"no_content"}}}})";

}  // namespace trainyard::cli
