#include "base/json_value.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(JsonValue, WritesWhatItWasMadeOf) {
  JsonValue list = JsonValue::List({1, true, "a"});
  list.Append(JsonValue());
  JsonValue object = JsonValue::Object({{"b", list}, {"a", std::int64_t{-5}}});
  object.Set("c", JsonValue::Object());
  object.Set("d", JsonValue::List());
  object.Set("e", JsonValue::Written(R"({"x":[1.5]})"));
  EXPECT_EQ(object.Write(), R"({"b":[1,true,"a",null],"a":-5,"c":{},"d":[],"e":{"x":[1.5]}})");
}

TEST(JsonValue, EscapesTextsAndNames) {
  EXPECT_EQ(JsonValue::Object({{"a\"<", "&\n\xff"}}).Write(), R"({"a\"\u003c":"\u0026\n)"
                                                              "\xEF\xBF\xBD\"}");
}

TEST(JsonValue, ReplacesMembersAndLeavesOutWhatIsEmpty) {
  JsonValue object = JsonValue::Object({{"a", 1}});
  object.Set("a", "2");
  object.SetUnlessEmpty("b", "");
  object.SetUnlessEmpty("c", JsonValue::List());
  object.SetUnlessEmpty("d", JsonValue::Object());
  object.SetUnlessEmpty("e", JsonValue());
  object.SetUnlessEmpty("f", false);
  object["g"] = 3;
  EXPECT_EQ(object.Write(), R"({"a":"2","f":false,"g":3})");
}

}  // namespace
}  // namespace tocsin
