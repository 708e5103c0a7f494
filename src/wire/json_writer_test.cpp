#include "wire/json_writer.hpp"

#include <gtest/gtest.h>

#include <limits>

#include <nlohmann/json.hpp>

namespace trainyard::wire {
namespace {

TEST(JsonWriter, PutsCommasBetweenAndNowhereElse) {
  JsonWriter out;
  out.begin_object().field("a", 1).key("b").begin_array();
  out.begin_object().end_object().begin_array().end_array().value("x").value(true);
  out.end_array().field("c", "d").end_object();
  EXPECT_EQ(out.take(), R"({"a":1,"b":[{},[],"x",true],"c":"d"})");
}

TEST(JsonWriter, WritesEachKindOfValue) {
  JsonWriter out;
  out.begin_object()
      .field("text", std::string("t"))
      .field("texts", std::vector<std::string>{"a", "b"})
      .field("no", false)
      .field("least", std::numeric_limits<std::int64_t>::min())
      .field("most", std::numeric_limits<std::uint64_t>::max())
      .field("half", 0.5)
      .field("endless", std::numeric_limits<double>::infinity())
      .field("at", *parse_time("2019-04-03T15:11:54.204Z"))
      .field("there", std::optional(3))
      .field("absent", std::optional<int>())
      .text_unless_empty("full", "x")
      .text_unless_empty("empty", "")
      .key("raw")
      .raw("[1]")
      .end_object();
  EXPECT_EQ(out.take(), R"({"text":"t","texts":["a","b"],"no":false,"least":-9223372036854775808,)"
                        R"("most":18446744073709551615,"half":0.5,"endless":null,)"
                        R"("at":"2019-04-03T15:11:54.204Z","there":3,"full":"x","raw":[1]})");
}

TEST(JsonWriter, EveryTextReadsBackAsItWas) {
  std::string every_ascii;
  for (int c = 0; c < 128; ++c) every_ascii += static_cast<char>(c);
  for (const std::string& text : {every_ascii, std::string("a\"b\\c\nd\te\rf"),
                                  std::string("pi \xCF\x80 \xF0\x9F\x9A\x82")}) {
    JsonWriter out;
    out.value(text);
    EXPECT_EQ(nlohmann::json::parse(out.take()).get<std::string>(), text);
  }
}

TEST(JsonWriter, BytesThatAreNoTextBecomeReplacementCharacters) {
  JsonWriter out;
  out.value("loss\xFF: 1\n");
  EXPECT_EQ(out.take(), "\"loss\xEF\xBF\xBD: 1\\n\"");
}

}  // namespace
}  // namespace trainyard::wire
