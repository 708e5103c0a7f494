#include "client/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard::client {
namespace {

using testing::HasSubstr;

Error failure(const std::map<std::string, std::string>& env, const fs::path& state_dir) {
  try {
    find_endpoint(env, state_dir);
  } catch (const Error& e) {
    return e;
  }
  return Error(ErrorKind::Internal, "nothing was thrown");
}

const std::map<std::string, std::string> kVariables = {{"ML_ENV", "http://host:8080//"},
                                                       {"ML_USERNAME", "ada"},
                                                       {"ML_PASSWORD", "hunter2"},
                                                       {"ML_INSTANCE", "inst"}};

void write_client_file(const TempDir& dir, const std::string& text) {
  write_file_atomic(dir.path() / "client.json", text);
}

TEST(Endpoint, VariablesComeFirst) {
  const TempDir dir;
  write_client_file(dir, R"({"url": "http://other", "username": "bob", "password": "x"})");
  const auto endpoint = find_endpoint(kVariables, dir.path());
  EXPECT_EQ(endpoint.url, "http://host:8080");
  EXPECT_EQ(endpoint.user, "ada");
  EXPECT_EQ(endpoint.password.reveal(), "hunter2");
  EXPECT_EQ(endpoint.instance_id, "inst");
}

TEST(Endpoint, WithoutVariablesTheServiceOfThisMachineIsFound) {
  const TempDir dir;
  write_client_file(dir, R"({"url": "http://127.0.0.1:4000/", "username": "bob",
                             "password": "secret", "instance_id": "i", "region": "local"})");
  const auto endpoint = find_endpoint({{"ML_INSTANCE", "alone"}}, dir.path());
  EXPECT_EQ(endpoint.url, "http://127.0.0.1:4000");
  EXPECT_EQ(endpoint.user, "bob");
  EXPECT_EQ(endpoint.password.reveal(), "secret");
  EXPECT_EQ(endpoint.instance_id, "i");
}

TEST(Endpoint, AnAddressThatIsNoUrlIsRefusedByName) {
  auto env = kVariables;
  env["ML_ENV"] = "host:8080";
  try {
    find_endpoint(env, "/nowhere");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidInput);
    EXPECT_THAT(e.what(), testing::StartsWith("ML_ENV must be the service's URL"));
  }
}

TEST(Endpoint, HalfASetOfVariablesIsRefusedNamingTheMissingOne) {
  for (const auto* missing : {"ML_ENV", "ML_USERNAME", "ML_PASSWORD"}) {
    auto env = kVariables;
    env.erase(missing);
    const auto error = failure(env, "/nowhere");
    EXPECT_EQ(error.kind(), ErrorKind::InvalidInput);
    EXPECT_THAT(error.what(), HasSubstr(std::string(missing) + " is not set"));
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("hunter2")));
  }
}

TEST(Endpoint, NoServiceSaysHowToGetOne) {
  const auto error = failure({}, "/nowhere");
  EXPECT_EQ(error.kind(), ErrorKind::NotFound);
  EXPECT_THAT(error.what(), HasSubstr("/nowhere/client.json"));
  EXPECT_THAT(error.what(), HasSubstr("trainyard serve"));
}

TEST(Endpoint, ADamagedFileIsNamed) {
  const TempDir dir;
  write_client_file(dir, "{\"url\": ");
  const auto error = failure({}, dir.path());
  EXPECT_EQ(error.kind(), ErrorKind::InvalidInput);
  EXPECT_THAT(error.what(), HasSubstr("client.json"));
}

}  // namespace
}  // namespace trainyard::client
