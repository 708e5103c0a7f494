#include "wire/definition.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard::wire {
namespace {

using nlohmann::json;

std::string file(const std::string& name) { return read_file(fs::path(TRAINYARD_TESTDATA) / name); }

constexpr std::string_view kBase = "https://us-south.ml.cloud.ibm.com";

Definition recorded_definition() {
  return {.id = "065fb5b9-5018-462d-a3cc-fbf4e1340141",
          .version_id = "6e7dc315-31e1-47cf-a8f2-ac6e68b5a996",
          .fields = {.name = "def-test",
                     .description = "",
                     .framework = {.name = "tensorflow",
                                   .version = "1.12",
                                   .runtimes = {{.name = "python", .version = "3.6"}}},
                     .command = "",
                     .extra_json = "{}"},
          .has_content = false,
          .created_at = parse_time("2019-04-03T14:39:22.427Z").value(),
          .modified_at = parse_time("2019-04-03T14:39:22.427Z").value()};
}

TEST(DefinitionJson, IsTheRecordedAnswer) {
  EXPECT_EQ(json::parse(encode(recorded_definition(), kBase)),
            json::parse(file("training-definition.json")));
}

TEST(DefinitionJson, TheAnswerToContentIsTheRecordedOne) {
  EXPECT_EQ(json::parse(encode_content_answer()),
            json::parse(file("put-training-definition.json")));
}

TEST(DefinitionJson, AClientReadsTheRecordedAnswer) {
  const DefinitionView view = decode_definition(file("training-definition.json"));
  const std::string url =
      std::string(kBase) + "/v3/ml_assets/training_definitions/" + recorded_definition().id;
  EXPECT_EQ(view.id, recorded_definition().id);
  EXPECT_EQ(view.url, url);
  EXPECT_EQ(view.version_id, recorded_definition().version_id);
  EXPECT_EQ(view.content_url, url + "/versions/" + view.version_id + "/content");
  EXPECT_EQ(view.content_state, "no_content");
  EXPECT_EQ(view.name, "def-test");
  EXPECT_EQ(view.framework, recorded_definition().fields.framework);
  EXPECT_EQ(view.created_at, recorded_definition().created_at);
}

TEST(DefinitionJson, ContentIsPersistedOnceItIsThere) {
  Definition definition = recorded_definition();
  definition.has_content = true;
  EXPECT_EQ(decode_definition(encode(definition, kBase)).content_state, "persisted");
}

TEST(DefinitionJson, ARequestReadsBackWithItsOtherFields) {
  const std::string body = R"({"name":"def","framework":{"name":"keras","version":"2.1.3"},)"
                           R"("command":"python3 a.py","author":{"name":"Anna"},"tags":["a"]})";
  const DefinitionRequest request = decode_definition_request(body);
  EXPECT_EQ(request.name, "def");
  EXPECT_EQ(request.framework.name, "keras");
  EXPECT_EQ(request.framework.version, "2.1.3");
  EXPECT_EQ(request.command, "python3 a.py");
  EXPECT_EQ(json::parse(request.extra_json),
            json::parse(R"({"author":{"name":"Anna"},"tags":["a"]})"));
  EXPECT_EQ(decode_definition_request(encode(request)), request);

  Definition definition = recorded_definition();
  definition.fields = request;
  const json entity = json::parse(encode(definition, kBase))["entity"];
  EXPECT_EQ(entity["author"]["name"], "Anna");
  EXPECT_EQ(entity["tags"], json::parse(R"(["a"])"));
  EXPECT_EQ(entity["command"], "python3 a.py");
}

TEST(DefinitionJson, SecretsOfADataReferenceAreNotKept) {
  const std::string body =
      R"({"name":"def","framework":{"name":"keras"},"training_data_reference":[{"connection":)"
      R"({"endpoint_url":"http://s3","aws_secret_access_key":"hush-1","secret_access_key":"hush-2",)"
      R"("password":{"deep":"hush-3"}}}],"password":"hush-4"})";
  const std::string extra = decode_definition_request(body).extra_json;
  EXPECT_EQ(extra.find("hush"), std::string::npos) << extra;
  EXPECT_NE(extra.find("http://s3"), std::string::npos);
}

TEST(DefinitionJson, SecretsAreKnownByAWordInTheirName) {
  Definition definition = recorded_definition();
  definition.fields.extra_json =  // as it was stored earlier
      R"({"x":{"Secret_Access_Key":"hush","apiKey":"hush","API-KEY":"hush","auth_Token":"hush",)"
      R"("userPassword":"hush","client_secret":"hush","access_key_id":"AKIA","key":"k",)"
      R"("tokenizer":"bert","max_tokens":512,"token_value":"hush","tokens":["hush"],)"
      R"("access_key":"hush","private_key":"hush","privateKey":"hush","passphrase":"hush",)"
      R"("pass":"hush","db_pass":"hush","dbPwd":"hush","credentials":{"a":"hush"},)"
      R"("bypass":"yes","compass":"north","pass_count":2,"passes":"3"}})";
  const json shown = json::parse(encode(definition, kBase))["entity"]["x"];
  EXPECT_EQ(shown.dump().find("hush"), std::string::npos) << shown;
  EXPECT_EQ(shown["apiKey"], "***");
  EXPECT_EQ(shown["access_key_id"], "AKIA");
  EXPECT_EQ(shown["key"], "k");
  EXPECT_EQ(shown["tokenizer"], "bert");
  EXPECT_EQ(shown["max_tokens"], 512);
  EXPECT_EQ(shown["bypass"], "yes");
  EXPECT_EQ(shown["compass"], "north");
  EXPECT_EQ(shown["pass_count"], 2);
  EXPECT_EQ(shown["passes"], "3");
}

TEST(DefinitionJson, TheLoginsOfUrlsAreNotShown) {
  Definition definition = recorded_definition();
  const auto shown = [&](const std::string& text) {
    definition.fields.extra_json = json{{"x", {text}}}.dump();
    return json::parse(encode(definition, kBase))["entity"]["x"][0].get<std::string>();
  };
  EXPECT_EQ(shown("https://u:hush@h/p?q"), "https://***@h/p?q");
  EXPECT_EQ(shown("https://u:h@sh@h"), "https://***@h");
  EXPECT_EQ(shown("a ftp://hush@h:1, b http://u:hush@i/@x"), "a ftp://***@h:1, b http://***@i/@x");
  for (const char* text :
       {"https://h/@a", "http://@h", "a@b", "http://", "s3://b/k@1", "x://h y@z"}) {
    EXPECT_EQ(shown(text), text);
  }
}

TEST(DefinitionJson, ARequestCannotSayWhatOnlyTheServiceSays) {
  const DefinitionRequest request = decode_definition_request(
      R"({"name":"d","framework":{"name":"k"},"training_definition_version":{"guid":"mine"}})");
  Definition definition = recorded_definition();
  definition.fields = request;
  EXPECT_EQ(decode_definition(encode(definition, kBase)).version_id, definition.version_id);
}

TEST(DefinitionJson, ABadRequestNamesItsField) {
  const auto problem = [](std::string_view body) -> std::string {
    try {
      decode_definition_request(body);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(problem("{}"), "training definition: field \"name\" is missing");
  EXPECT_EQ(problem(R"({"name":"d","framework":{"name":"k","version":1.5}})"),
            "training definition: field \"framework.version\" must be a text");
  EXPECT_EQ(problem(R"({"name":"d","framework":"k"})"),
            "training definition: field \"framework\" must be an object");
  for (const char* reference : {R"({"connection":{"secret_access_key":"***"}})",
                                R"([{"connection":{"password":"***"}}])"}) {
    EXPECT_EQ(problem(std::string(R"({"name":"d","framework":{"name":"k"},)") +
                      R"("training_data_reference":)" + reference + "}"),
              "training definition: field \"training_data_reference\" has \"***\", as answers show "
              "keys: send the key itself")
        << reference;
  }
  EXPECT_EQ(problem(json{{"name", std::string(1'001, 'n')}, {"framework", json::object()}}.dump()),
            "training definition: field \"name\" must have at most 1000 bytes");
}

TEST(DefinitionJson, AnUrlNamesADefinitionAndPerhapsAVersion) {
  const auto place = [](std::string_view href) {
    const DefinitionPlace found = definition_place(href);
    return found.id + " " + found.version;
  };
  EXPECT_EQ(place("http://h/v3/ml_assets/training_definitions/d"), "d ");
  EXPECT_EQ(place("/v3/ml_assets/training_definitions/d/versions/v"), "d v");
  EXPECT_EQ(place("h/v3/ml_assets/experiments/d/versions/v/content?x=1"), "d v");
  EXPECT_EQ(place("http://h/v3/ml_assets/training_definitions/d?x=1"), "d ");
  EXPECT_EQ(place("http://h/v3/models/d/versions/v"), " ");
  EXPECT_EQ(place("http://h/v3/ml_assets/training_definitions/"), " ");
  EXPECT_EQ(place(""), " ");
}

TEST(DefinitionJson, ALaterVersionTellsWhenItCame) {
  Definition definition = recorded_definition();
  definition.modified_at = definition.created_at + std::chrono::hours(1);
  const json metadata = json::parse(encode(definition, kBase))["metadata"];
  EXPECT_EQ(metadata["created_at"], "2019-04-03T14:39:22.427Z");
  EXPECT_EQ(metadata["modified_at"], "2019-04-03T15:39:22.427Z");
}

TEST(DefinitionJson, ListsReadBackWithTheirNextPage) {
  const std::vector<Definition> definitions{recorded_definition(), recorded_definition()};
  const auto list =
      decode_definition_list(encode_definition_list(definitions, kBase, "/v3/x?start=a"));
  EXPECT_EQ(list.definitions.size(), 2u);
  EXPECT_EQ(list.next_url, "/v3/x?start=a");
  EXPECT_EQ(encode_definition_list({}, kBase, ""), R"({"resources":[]})");
}

}  // namespace
}  // namespace trainyard::wire
