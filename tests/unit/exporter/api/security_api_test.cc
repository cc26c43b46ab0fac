#include "exporter/api/security_api.h"

#include <gtest/gtest.h>

#include "base/json_library.h"
#include "tests/unit/exporter/security/security_world.h"

namespace tocsin::api {
namespace {

using nlohmann::json;

class SecurityApiTest : public ::testing::Test {
 protected:
  SecurityApiTest() {
    for (http::Route& route : api_.Routes()) {
      EXPECT_EQ(route.access, http::Access::kAdmin) << route.pattern;
      router_.Add(std::move(route));
    }
  }
  http::Response Send(const std::string& method, const std::string& path,
                      const std::string& body = "", const std::string& query = "") {
    http::Request request;
    request.method = method;
    request.raw_path = "/api/v1/alerting" + path;
    request.query = query;
    request.body = body;
    request.actor = {"1234", "ann"};
    const http::Router::Match match = router_.Find(request);
    return match.route == nullptr ? match.error : match.route->handler(request);
  }

  security::SecurityWorld world_;
  SecurityApi api_{world_.keys, world_.audit, world_.clock};
  http::Router router_;
};

TEST_F(SecurityApiTest, MakesAKeyWhoseTokenIsShownOnce) {
  const http::Response made =
      Send("POST", "/keys", R"({"name":"ci","scopes":["push","read"],"expires_in":"1h","more":1})");
  ASSERT_EQ(made.status, 200) << made.body;
  const json key = ParseJson(made.body);
  EXPECT_EQ(key["name"], "ci");
  EXPECT_EQ(key["scopes"], json({"read", "push"}));
  EXPECT_EQ(key["created_by"], "ann");
  EXPECT_EQ(key["state"], "active");
  EXPECT_EQ(key["expires_at"], "2023-11-14T23:13:20Z");
  const std::string token = key["token"];
  EXPECT_NE(world_.keys.Find(token, world_.clock.Now()), nullptr);
  EXPECT_EQ(Send("GET", "/keys").body.find(token), std::string::npos);
  ASSERT_NE(made.change, nullptr);
  EXPECT_EQ(made.change->action, "key.create");
  EXPECT_EQ(made.change->target, key["id"]);
  EXPECT_EQ(made.change->after.find(token), std::string::npos);
}

TEST_F(SecurityApiTest, ListsKeysWithTheirLastUse) {
  const security::MadeKey made = world_.Make({Scope::kRead});
  ASSERT_NE(world_.keys.Find(made.token.Reveal(), world_.clock.Now()), nullptr);
  const json list = ParseJson(Send("GET", "/keys").body);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["last_used_at"], "2023-11-14T22:13:20Z");
  EXPECT_FALSE(list[0].contains("hash"));
  EXPECT_FALSE(list[0].contains("token"));
}

TEST_F(SecurityApiTest, RevokesAlsoWhatAnotherProcessHasJustMade) {
  const security::MadeKey made =
      security::MakeKey({"cli", {Scope::kRead}, "", std::nullopt}, world_.clock.Now());
  world_.WriteRow(made.key);
  EXPECT_EQ(Send("DELETE", "/keys/" + made.key.id).status, 200);
  EXPECT_EQ(ParseJson(Send("GET", "/keys").body)[0]["state"], "revoked");
  EXPECT_EQ(Send("DELETE", "/keys/" + made.key.id).status, 200);
  EXPECT_EQ(Send("DELETE", "/keys/0123456789abcdef").status, 404);
}

TEST_F(SecurityApiTest, KeysOfTheEnvironmentAreListedAndCannotBeDeleted) {
  world_.keys.SetEnvironment({{{Scope::kAdmin}, Secret("s3cret-of-the-operator")}});
  const http::Response list = Send("GET", "/keys");
  EXPECT_EQ(ParseJson(list.body)[0]["source"], "environment");
  EXPECT_EQ(list.body.find("s3cret"), std::string::npos);
  const http::Response refused = Send("DELETE", "/keys/environment-1");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.body, R"({"detail":"API key is defined in TOCSIN_API_KEYS"})");
}

TEST_F(SecurityApiTest, SaysEverythingThatIsWrongWithAnOrder) {
  const http::Response refused = Send("POST", "/keys", R"({"scopes":"root","expires_in":"soon"})");
  EXPECT_EQ(refused.status, 422);
  const json detail = ParseJson(refused.body)["detail"];
  ASSERT_EQ(detail.size(), 3U);
  EXPECT_EQ(detail[0]["loc"], json({"body", "name"}));
  EXPECT_EQ(detail[1]["loc"], json({"body", "scopes"}));
  EXPECT_EQ(detail[2]["loc"], json({"body", "expires_in"}));
  EXPECT_EQ(world_.keys.List().size(), 0U);
  for (const char* body :
       {"", "{", "[]", R"({"name":"","scopes":"read"})", R"({"name":"x","scopes":["read",7]})",
        R"({"name":"x","scopes":"read","expires_in":1e300})",
        R"({"name":"x","scopes":"read","expires_at":"2001-01-01T00:00:00Z"})"}) {
    EXPECT_EQ(Send("POST", "/keys", body).status, 422) << body;
  }
}

TEST_F(SecurityApiTest, EachFaultOfAnOrderHasItsPlace) {
  const std::string deep(10'000, '[');
  const std::string name(256, 'x');
  for (const auto& [body, place] : std::vector<std::pair<std::string, json>>{
           {"", {"body"}},
           {R"({"name":"x",})", {"body", 12}},
           {R"({"name":)" + deep, {"body", 71}},
           {R"({"scopes":"read","name":")" + name + "\"}", {"body", "name"}},
           {R"({"scopes":"read","name":null})", {"body", "name"}},
           {R"({"name":"x","scopes":"read","expires_at":"2001-01-01T00:00:00Z"})",
            {"body", "expires_at"}}}) {
    const http::Response refused = Send("POST", "/keys", body);
    EXPECT_EQ(refused.status, 422) << body;
    EXPECT_EQ(ParseJson(refused.body)["detail"][0]["loc"], place) << refused.body;
  }
}

TEST_F(SecurityApiTest, ListsTheAuditLog) {
  security::AuditRecord record;
  record.action = "rule.delete";
  record.outcome = "200";
  world_.clock.Advance(std::chrono::seconds(60));
  world_.audit.Append(record);
  const json all = ParseJson(Send("GET", "/audit").body);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["action"], "rule.delete");
  const auto count = [this](const std::string& query) {
    return ParseJson(Send("GET", "/audit", "", query).body).size();
  };
  EXPECT_EQ(count("limit=1"), 1U);
  EXPECT_EQ(count("since=2023-11-14T22:14:00Z"), 1U);
  EXPECT_EQ(count("since=1700000060"), 1U);
  EXPECT_EQ(count("since=1699999999.5"), 2U);
  for (const char* query : {"limit=0", "limit=1001", "limit=x", "since=now", "since=-1"}) {
    EXPECT_EQ(Send("GET", "/audit", "", query).status, 422) << query;
  }
}

}  // namespace
}  // namespace tocsin::api
