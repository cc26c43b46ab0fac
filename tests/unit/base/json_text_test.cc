#include "base/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tocsin {
namespace {

TEST(JsonString, EscapesWhatJsonWantsEscaped) {
  EXPECT_EQ(JsonString("a\"b\\c\nd\re\tf"), R"("a\"b\\c\nd\re\tf")");
  EXPECT_EQ(JsonString(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(JsonString("é€😀</script>"), "\"é€😀</script>\"");
}

TEST(JsonString, ReplacesBytesThatAreNoText) {
  EXPECT_EQ(JsonString("a\xff\xe2\x82z"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
}

TEST(JsonString, IsReadBackAsItWas) {
  std::string all;
  for (int c = 0; c < 128; ++c) all.push_back(static_cast<char>(c));
  all += "é€😀";
  EXPECT_EQ(nlohmann::json::parse(JsonString(all)).get<std::string>(), all);
}

TEST(HtmlSafeJsonString, EscapesAsGoDoes) {
  std::string out;
  AppendHtmlSafeJsonString("<a href=\"x\">b & c</a>\xE2\x80\xA8\xE2\x80\xA9é", &out);
  EXPECT_EQ(out, R"("\u003ca href=\"x\"\u003eb \u0026 c\u003c/a\u003e\u2028\u2029é")");
}

}  // namespace
}  // namespace tocsin
