#include "wire/json_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.hpp"

namespace trainyard::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

JsonObject parse(std::string_view text) { return JsonObject::parse(text, "thing", 4096); }

std::string problem(const std::function<void()>& call, ErrorKind kind = ErrorKind::InvalidInput) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind);
    return e.what();
  }
  return "no error";
}

TEST(JsonReader, ReadsEachKindOfField) {
  const JsonObject in =
      parse(R"({"text":"t","texts":["a","b"],"yes":true,"n":-3,"real":2.5,"whole":2,)"
            R"("at":"2019-04-03T15:11:54.204Z","o":{"x":1},"list":[{"x":2},{"x":3}],"null":null})");
  EXPECT_EQ(in.text("text"), "t");
  EXPECT_THAT(in.texts("texts"), ElementsAre("a", "b"));
  EXPECT_TRUE(in.flag("yes"));
  EXPECT_EQ(in.number<int>("n"), -3);
  EXPECT_EQ(in.optional_real("real"), 2.5);
  EXPECT_EQ(in.optional_real("whole"), 2.0);
  EXPECT_EQ(format_millis(in.time("at")), "2019-04-03T15:11:54.204Z");
  EXPECT_EQ(in.object("o").number<unsigned>("x"), 1u);
  ASSERT_EQ(in.objects("list").size(), 2u);
  EXPECT_EQ(in.objects("list")[1].number<unsigned>("x"), 3u);
}

TEST(JsonReader, AbsentAndNullAreTheSame) {
  const JsonObject in = parse(R"({"null":null})");
  for (const char* key : {"null", "absent"}) {
    EXPECT_FALSE(in.has(key));
    EXPECT_FALSE(in.optional_text(key));
    EXPECT_EQ(in.text_or_empty(key), "");
    EXPECT_TRUE(in.texts(key).empty());
    EXPECT_FALSE(in.optional_number<int>(key));
    EXPECT_FALSE(in.optional_real(key));
    EXPECT_FALSE(in.flag(key));
    EXPECT_FALSE(in.optional_time(key));
    EXPECT_FALSE(in.optional_object(key));
    EXPECT_TRUE(in.objects(key).empty());
    EXPECT_THAT(problem([&] { in.text(key); }), HasSubstr("is missing"));
  }
}

TEST(JsonReader, ErrorsNameTheDocumentAndThePathOfTheField) {
  const JsonObject in = parse(R"({"a":{"list":[{},{"n":"1"}]}})");
  EXPECT_EQ(problem([&] { in.object("a").objects("list")[1].number<unsigned>("n"); }),
            "thing: field \"a.list[1].n\" must be a whole number from 0 to 4294967295");
}

TEST(JsonReader, RefusesOtherTypes) {
  const JsonObject in = parse(R"({"n":1,"t":"x","l":["x",1]})");
  EXPECT_EQ(problem([&] { in.text("n"); }), "thing: field \"n\" must be a text");
  EXPECT_EQ(problem([&] { in.flag("n"); }), "thing: field \"n\" must be true or false");
  EXPECT_EQ(problem([&] { in.object("t"); }), "thing: field \"t\" must be an object");
  EXPECT_EQ(problem([&] { in.objects("t"); }), "thing: field \"t\" must be a list of objects");
  EXPECT_EQ(problem([&] { in.objects("l"); }), "thing: field \"l[0]\" must be an object");
  EXPECT_EQ(problem([&] { in.texts("l"); }), "thing: field \"l\" must be a list of texts");
  EXPECT_EQ(problem([&] { in.optional_real("t"); }), "thing: field \"t\" must be a number");
  EXPECT_THAT(problem([&] { in.time("t"); }), HasSubstr("must be a time like"));
}

TEST(JsonReader, NumbersMustFitTheirType) {
  const JsonObject in = parse(
      R"({"neg":-1,"big":4294967296,"huge":18446744073709551615,"half":1.5,"least":-2147483648})");
  EXPECT_THAT(problem([&] { in.number<unsigned>("neg"); }), HasSubstr("from 0 to"));
  EXPECT_THAT(problem([&] { in.number<unsigned>("big"); }), HasSubstr("to 4294967295"));
  EXPECT_THAT(problem([&] { in.number<std::uint64_t>("huge"); }),
              HasSubstr("to 9223372036854775807"));
  EXPECT_THAT(problem([&] { in.number<int>("half"); }), HasSubstr("whole number"));
  EXPECT_EQ(in.number<int>("least"), std::numeric_limits<int>::min());
  EXPECT_EQ(in.number<std::uint64_t>("big"), 4294967296u);
}

TEST(JsonReader, RefusesWhatIsNoJsonObject) {
  EXPECT_EQ(problem([] { parse("{\"a\":"); }),
            "thing: is not JSON (at byte 6); it must be a JSON object");
  EXPECT_THAT(problem([] { parse(""); }), HasSubstr("is not JSON"));
  EXPECT_THAT(problem([] { parse("{\"a\":\"\xFF\"}"); }), HasSubstr("is not JSON"));
  EXPECT_EQ(problem([] { parse("[]"); }), "thing: must be a JSON object");
  EXPECT_EQ(problem([] { parse("{\"a\":1e999}"); }), "thing: holds a number that is too large");
}

TEST(JsonReader, BoundsSizeAndDepth) {
  EXPECT_EQ(problem([] { parse(std::string(4097, ' ')); }, ErrorKind::TooLarge),
            "thing: 4 KiB is more than the 4 KiB that are taken");
  const auto nested = [](int levels) {
    return "{\"a\":" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  EXPECT_NO_THROW(parse(nested(kMaxDepth - 1)));
  EXPECT_EQ(problem([&] { parse(nested(2000)); }), "thing: is nested deeper than 32 levels");
}

TEST(JsonReader, OneObjectOrAList) {
  const auto count = [](std::string_view text) {
    return JsonObject::parse_one_or_more(text, "thing", 4096).size();
  };
  EXPECT_EQ(count("{}"), 1u);
  EXPECT_EQ(count("[{},{}]"), 2u);
  for (const char* bad : {"[]", "[1]", "[{},[]]", "3"}) {
    EXPECT_EQ(problem([&] { count(bad); }), "thing: must be a JSON object or a list of them")
        << bad;
  }
}

}  // namespace
}  // namespace trainyard::wire
