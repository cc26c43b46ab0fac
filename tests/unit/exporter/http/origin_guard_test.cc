#include "exporter/http/origin_guard.h"

namespace tocsin::http {
namespace {

// The status of a request with that Origin, sent to host "tocsin:9095".
int StatusOf(const char* method, const std::string& origin,
             ErrorStyle errors = ErrorStyle::kPlain) {
  const Route guarded =
      GuardOrigin({method, "/x", [](const Request&) { return Response(); }, 1 << 20, errors},
                  {"https://ok.example"});
  Request request;
  request.method = method;
  request.headers = {{"Host", "tocsin:9095"}};
  if (!origin.empty()) request.headers.emplace_back("Origin", origin);
  return guarded.handler(request).status;
}

TEST(OriginGuard, LetsProgramsAndOwnPagesThrough) {
  EXPECT_EQ(StatusOf("POST", ""), 200);
  EXPECT_EQ(StatusOf("POST", "http://tocsin:9095"), 200);
  EXPECT_EQ(StatusOf("POST", "https://ok.example"), 200);
}

TEST(OriginGuard, RefusesOtherSites) {
  EXPECT_EQ(StatusOf("POST", "https://evil.example"), 403);
  EXPECT_EQ(StatusOf("DELETE", "null"), 403);
  EXPECT_EQ(StatusOf("POST", "http://tocsin:9095.evil.example"), 403);
}

TEST(OriginGuard, LetsEverybodyRead) { EXPECT_EQ(StatusOf("GET", "https://evil.example"), 200); }

TEST(OriginGuard, RefusesInTheRoutesStyle) {
  const Route guarded = GuardOrigin(
      {"POST", "/x", [](const Request&) { return Response(); }, 1 << 20, ErrorStyle::kJson}, {});
  Request request;
  request.headers = {{"Origin", "https://evil.example"}};
  EXPECT_EQ(guarded.handler(request).body,
            "{\"detail\":\"Not permitted: the request comes from another site (see "
            "tocsin.web.allowed_origins)\"}");
}

}  // namespace
}  // namespace tocsin::http
