#include <nlohmann/json.hpp>

#include "exporter/http/http.h"
#include "exporter/http/json_text.h"

namespace tocsin::http {
namespace {

TEST(Request, FindsHeadersInAnyCase) {
  Request request;
  request.headers = {{"content-TYPE", "a"}, {"Content-Type", "b"}};
  EXPECT_EQ(request.Header("Content-Type"), "a");
  EXPECT_EQ(request.Header("Accept"), "");
}

TEST(Request, DecodesQueryParameters) {
  Request request;
  request.query = "a=1&b=x+y%26z&a=2&empty=&flag&n%61me=v";
  EXPECT_EQ(request.QueryParameter("a"), "1");
  EXPECT_EQ(request.QueryParameter("b"), "x y&z");
  EXPECT_EQ(request.QueryParameter("empty"), "");
  EXPECT_EQ(request.QueryParameter("flag"), "");
  EXPECT_EQ(request.QueryParameter("name"), "v");
  EXPECT_EQ(request.QueryParameter("c"), std::nullopt);
}

TEST(Request, HasNoMalformedQueryParameters) {
  Request request;
  request.query = "a=%zz&b=%ff&%zz=1&&=x&c=3";
  EXPECT_EQ(request.QueryParameter("a"), std::nullopt);
  EXPECT_EQ(request.QueryParameter("b"), std::nullopt);
  EXPECT_EQ(request.QueryParameter("c"), "3");
}

TEST(ErrorResponse, IsALineOrAnObject) {
  const Response plain = ErrorResponse(413, ErrorStyle::kPlain, "too large");
  EXPECT_EQ(plain.status, 413);
  EXPECT_EQ(plain.body, "too large\n");
  EXPECT_EQ(plain.content_type, "text/plain; charset=utf-8");
  const Response json = ErrorResponse(404, ErrorStyle::kJson, R"(no "x")");
  EXPECT_EQ(json.body, R"({"detail":"no \"x\""})");
  EXPECT_EQ(json.content_type, "application/json");
}

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

}  // namespace
}  // namespace tocsin::http
