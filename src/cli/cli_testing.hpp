#pragma once
// For tests of commands: a command line in front of a scripted service.
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/hash.hpp"
#include "cli/cli.hpp"
#include "client/fake_http.hpp"

namespace trainyard::cli {

struct Outcome {
  int code = 0;
  std::string out, err;
};

class CliTest : public testing::Test {
 protected:
  CliTest() { http.with_token(); }

  Outcome run(Face face, const std::vector<std::string>& args) {
    std::ostringstream out, err;
    Context context{
        .out = out,
        .err = err,
        .env = env,
        .state_dir = dir.path() / "state",
        .working_dir = dir.path(),
        .terminal = terminal,
        .build = {"0.1.0", "90ee3d4a5c832a8c1a0d749c1a7c4883fd92b50b", "20180118.120022"},
        .http = http,
        .clock = clock,
        .stop = stop.get_token()};
    const int code = cli::run(face, args, context);
    return {code, out.str(), err.str()};
  }
  Outcome bx(const std::vector<std::string>& args) { return run(Face::Bx, args); }
  Outcome trainyard(const std::vector<std::string>& args) { return run(Face::Trainyard, args); }

  std::string write(const std::string& name, const std::string& text) {
    write_file_atomic(dir.path() / name, text);
    return (dir.path() / name).string();
  }

  client::FakeHttp http;
  client::EagerClock clock;
  std::stop_source stop;
  TempDir dir;
  std::map<std::string, std::string> env = {
      {"ML_ENV", client::FakeHttp::kUrl}, {"ML_USERNAME", "ada"}, {"ML_PASSWORD", "hunter2"}};
  bool terminal = false;
};

// A run as the service shows it; `status` holds further fields of entity.status.
inline std::string run_json(const std::string& state, const std::string& status = "",
                            const std::string& metrics = "[]") {
  return R"({"metadata":{"guid":"training-DOl4q2LkR","url":"/v3/models/training-DOl4q2LkR",)"
         R"("created_at":"2017-10-26T11:10:37.000Z","modified_at":"2017-10-26T11:10:37.000Z"},)"
         R"("entity":{"model_definition":{"framework":{"name":"tensorflow","version":"1.10"},)"
         R"("name":"tf-mnist","definition_href":"http://s/v3/ml_assets/training_definitions/)"
         R"(6f7705bb-85ee-496b-984c-14b5d6bc756e","execution":{"command":"python3 a.py\n  --x 1\n",)"
         R"("compute_configuration":{"name":"small","gpus":1}}},"training_data_reference":)"
         R"({"type":"s3","connection":{"endpoint_url":"http://h:9000"},"location":{"bucket":"in"}},)"
         R"("training_results_reference":{"type":"s3","connection":{"endpoint_url":"http://h:9000"},)"
         R"("location":{"bucket":"out","model_location":"training-DOl4q2LkR"}},)"
         R"("status":{"state":")" +
         state +
         R"(","submitted_at":"2017-10-26T11:10:37.204Z","current_at":"2017-10-26T11:10:37Z",)"
         R"("metrics":)" +
         metrics + status + "}}}";
}

// A zip with one file, stored as it is.
inline std::string tiny_zip(const std::string& name, const std::string& content) {
  const auto number = [](std::uint64_t value, int bytes) {
    std::string text;
    for (; bytes > 0; --bytes, value >>= 8) text += static_cast<char>(value);
    return text;
  };
  const auto common = number(20, 2) + number(0, 8) + number(crc32(content), 4) +
                      number(content.size(), 4) + number(content.size(), 4) +
                      number(name.size(), 2) + number(0, 2);
  const auto local = "PK\x03\x04" + common + name + content;
  const auto central = "PK\x01\x02" + number(20, 2) + common + number(0, 14) + name;
  return local + central + "PK\x05\x06" + number(0, 4) + number(1, 2) + number(1, 2) +
         number(central.size(), 4) + number(local.size(), 4) + number(0, 2);
}

// Compares with testdata/NAME; TRAINYARD_UPDATE_GOLDEN=1 writes it anew.
inline void expect_golden(const std::string& text, const std::string& name) {
  const auto path = fs::path(TRAINYARD_TESTDATA) / name;
  if (std::getenv("TRAINYARD_UPDATE_GOLDEN") != nullptr) write_file_atomic(path, text, 0644);
  EXPECT_EQ(text, read_file(path)) << name;
}

}  // namespace trainyard::cli
