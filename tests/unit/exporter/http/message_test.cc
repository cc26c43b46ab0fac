#include <gtest/gtest.h>

#include "exporter/http/http.h"

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

}  // namespace
}  // namespace tocsin::http
