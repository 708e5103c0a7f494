#include "wire/error.hpp"

#include <gtest/gtest.h>

namespace trainyard::wire {
namespace {

TEST(ErrorJson, IsOneCompactLine) {
  const ErrorBody body =
      error_body(Error(ErrorKind::NotFound, "there is no run \"x\"\nhere"), "00ff");
  EXPECT_EQ(encode(body), R"({"trace":"00ff","errors":[{"code":"not_found",)"
                          R"("message":"there is no run \"x\"\nhere"}]})");
  EXPECT_EQ(decode_error(encode(body)), body);
}

TEST(ErrorJson, EveryPartReadsBack) {
  const ErrorBody body{
      .trace = "t",
      .errors = {
          {.code = "invalid_payload",
           .message = "bad",
           .more_info = "http://127.0.0.1/help",
           .target_type = "field",
           .target_name = "name"},
          {.code = "b", .message = "c", .more_info = {}, .target_type = {}, .target_name = {}}}};
  EXPECT_EQ(decode_error(encode(body)), body);
}

TEST(ErrorJson, TheOldSpellingOfTheListIsRead) {
  EXPECT_EQ(decode_error(R"({"error":[{"message":"quota"}]})").errors.at(0).message, "quota");
}

TEST(ErrorJson, AnyOtherBodyIsShownAsItCame) {
  const auto message = [](std::string_view body) {
    const ErrorBody decoded = decode_error(body);
    EXPECT_EQ(decoded.errors.size(), 1u);
    EXPECT_EQ(decoded.errors.at(0).code, "");
    return decoded.errors.at(0).message;
  };
  EXPECT_EQ(message("<html>502\x01</html>\n"), "<html>502\\x01</html>");
  EXPECT_EQ(message(""), "the answer has no text");
  EXPECT_EQ(message(R"({"errors":[]})"), R"({"errors":[]})");
  EXPECT_EQ(message(R"({"errors":"no"})"), R"({"errors":"no"})");
  EXPECT_LE(message(std::string(2 << 20, 'x')).size(), 200u);
}

}  // namespace
}  // namespace trainyard::wire
