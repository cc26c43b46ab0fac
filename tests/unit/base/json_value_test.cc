#include "base/json_value.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(JsonValue, WritesWhatItWasMadeOf) {
  JsonValue list = JsonValue::List({1, true, "a"});
  list.Append(JsonValue());
  JsonValue json = JsonValue::Object({{"b", list}, {"a", std::int64_t{-5}}});
  json.Set("c", JsonValue::Object());
  json.Set("d", JsonValue::List());
  json.Set("e", JsonValue::Written(R"({"x":[1.5]})"));
  EXPECT_EQ(json.Write(), R"({"b":[1,true,"a",null],"a":-5,"c":{},"d":[],"e":{"x":[1.5]}})");
}

TEST(JsonValue, EscapesTextsAndNames) {
  EXPECT_EQ(JsonValue::Object({{"a\"<", "&\n\xff"}}).Write(), R"({"a\"\u003c":"\u0026\n)"
                                                              "\xEF\xBF\xBD\"}");
}

TEST(JsonValue, ReplacesMembersAndLeavesOutWhatIsEmpty) {
  JsonValue json = JsonValue::Object({{"a", 1}});
  json.Set("a", "2");
  json.SetUnlessEmpty("b", "");
  json.SetUnlessEmpty("c", JsonValue::List());
  json.SetUnlessEmpty("d", JsonValue::Object());
  json.SetUnlessEmpty("e", JsonValue());
  json.SetUnlessEmpty("f", false);
  json["g"] = 3;
  EXPECT_EQ(json.Write(), R"({"a":"2","f":false,"g":3})");
}

}  // namespace
}  // namespace tocsin
