#include "exporter/security/access_guard.h"

#include "base/bytes.h"
#include "tests/unit/exporter/security/security_world.h"

namespace tocsin::security {
namespace {

using http::Access;
using http::ErrorStyle;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Scopes kRead{Scope::kRead};
const Scopes kPush{Scope::kPush};
const Scopes kOperate{Scope::kOperate};
const Scopes kAdmin{Scope::kAdmin};

class AccessGuardTest : public ::testing::Test {
 protected:
  AccessGuardTest() {
    Add("GET", "/rules", Access::kByMethod);
    Add("DELETE", "/rules/{id}", Access::kByMethod);
    Add("GET", "/healthy", Access::kOpen);
    Add("POST", "/metrics", Access::kPush);
    Add("POST", "/api/v2/alerts", Access::kPushOrOperate, ErrorStyle::kCoded);
    Add("POST", "/ack/{id}", Access::kOperate);
    Add("GET", "/keys", Access::kAdmin);
    Add("GET", "/-/healthy", Access::kOpen, ErrorStyle::kPlain, /*is_probe=*/true);
    guard_.Guard(&router_);
  }

  void Add(const char* method, const char* pattern, Access access,
           ErrorStyle errors = ErrorStyle::kJson, bool is_probe = false) {
    http::Route route;
    route.is_probe = is_probe;
    route.method = method;
    route.pattern = pattern;
    route.handler = [](const http::Request&) { return http::Response(); };
    route.errors = errors;
    route.access = access;
    router_.Add(std::move(route));
  }

  // As the server does it.
  http::Response Send(const std::string& method, const std::string& path,
                      std::vector<std::pair<std::string, std::string>> headers = {},
                      std::string body = "") {
    request_ = {};
    request_.method = method;
    request_.raw_path = path;
    request_.headers = std::move(headers);
    request_.remote_address = "10.0.0.1";
    const http::Router::Match match = router_.Find(request_);
    std::optional<http::Response> refused = router_.Refuse(request_, match.errors);
    http::Response response;
    if (refused) {
      response = *std::move(refused);
    } else if (match.route == nullptr) {
      response = match.error;
    } else {
      request_.body = std::move(body);
      response = answer_ ? *answer_ : match.route->handler(request_);
    }
    router_.Finish(request_, &response);
    return response;
  }
  int StatusWith(const Scopes& scopes, const std::string& method, const std::string& path) {
    const MadeKey made = world_.Make(scopes);
    return Send(method, path, {{"X-API-Key", made.token.Reveal()}}).status;
  }

  static std::pair<std::string, std::string> Basic(const std::string& credentials) {
    return {"Authorization", "Basic " + Base64Encode(credentials)};
  }
  // ann, whose password is "secret"; the hash is of the least cost.
  static std::shared_ptr<const config::WebFileSettings> FileOfAnn() {
    config::WebFileSettings file;
    file.users["ann"] = Secret("$2y$04$NsjO39EkpN4TgIsusM.8w.e7KYfEtXW9pqlNXaGVGjTXGKfMTCGCK");
    return std::make_shared<const config::WebFileSettings>(std::move(file));
  }

  SecurityWorld world_;
  RateLimiter limits_{world_.clock};
  WebUsers users_{std::make_shared<const config::WebFileSettings>()};
  AccessGuard guard_{world_.keys, limits_, world_.audit, world_.clock, world_.metrics, &users_};
  http::Router router_;
  http::Request request_;
  std::optional<http::Response> answer_;
};

TEST_F(AccessGuardTest, WithoutAnyKeyEverybodyMayDoEverything) {
  EXPECT_EQ(Send("GET", "/rules").status, 200);
  EXPECT_EQ(Send("DELETE", "/rules/7").status, 200);
  EXPECT_EQ(Send("GET", "/keys", {{"X-API-Key", "anything"}}).status, 200);
  EXPECT_EQ(Send("GET", "/nowhere").status, 404);
  EXPECT_FALSE(request_.actor.known());
  EXPECT_FALSE(request_.stranger);
}

TEST_F(AccessGuardTest, EachScopeOpensWhatItNamesAndNoMore) {
  struct Row {
    const char* method;
    const char* path;
    bool read, push, operate, admin;
  };
  const Row rows[] = {
      {"GET", "/rules", true, false, true, true},
      {"HEAD", "/rules", true, false, true, true},
      {"DELETE", "/rules/7", false, false, false, true},
      {"POST", "/metrics", false, true, false, true},
      {"POST", "/api/v2/alerts", false, true, true, true},
      {"POST", "/ack/7", false, false, true, true},
      {"GET", "/keys", false, false, false, true},
      {"GET", "/healthy", true, true, true, true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(StatusWith(kRead, row.method, row.path) == 200, row.read) << row.path;
    EXPECT_EQ(StatusWith(kPush, row.method, row.path) == 200, row.push) << row.path;
    EXPECT_EQ(StatusWith(kOperate, row.method, row.path) == 200, row.operate) << row.path;
    EXPECT_EQ(StatusWith(kAdmin, row.method, row.path) == 200, row.admin) << row.path;
  }
  EXPECT_EQ(StatusWith(kRead, "POST", "/metrics"), 403);
}

TEST_F(AccessGuardTest, SaysWhyItRefusesInTheRoutesStyle) {
  const MadeKey reader = world_.Make(kRead);
  const http::Response missing = Send("GET", "/rules");
  EXPECT_EQ(missing.status, 401);
  EXPECT_EQ(missing.body, R"({"detail":"Missing API key"})");
  EXPECT_THAT(
      missing.headers,
      ElementsAre(std::make_pair("WWW-Authenticate", R"(Bearer realm="tocsin")"),
                  std::make_pair("WWW-Authenticate", R"(Basic realm="tocsin", charset="UTF-8")")));
  const http::Response invalid = Send("GET", "/rules", {{"X-API-Key", "guess"}});
  EXPECT_EQ(invalid.status, 401);
  EXPECT_EQ(invalid.body, R"({"detail":"Invalid API key"})");
  const http::Response forbidden =
      Send("DELETE", "/rules/7", {{"Authorization", "Bearer " + reader.token.Reveal()}});
  EXPECT_EQ(forbidden.status, 403);
  EXPECT_EQ(forbidden.body, R"({"detail":"Not permitted"})");
  EXPECT_EQ(Send("POST", "/api/v2/alerts").body, R"({"code":401,"message":"Missing API key"})");
}

TEST_F(AccessGuardTest, TellsStrangersNotWhichPathsExist) {
  const MadeKey pusher = world_.Make(kPush);
  EXPECT_EQ(Send("GET", "/nowhere").status, 401);
  EXPECT_EQ(Send("PATCH", "/rules").status, 401);
  EXPECT_EQ(Send("GET", "/nowhere", {{"X-API-Key", pusher.token.Reveal()}}).status, 404);
}

TEST_F(AccessGuardTest, TellsHandlersWhoAsks) {
  const MadeKey made = world_.Make(kOperate, "ann");
  Send("POST", "/ack/7", {{"Authorization", "Basic " + Base64Encode("x:" + made.token.Reveal())}});
  EXPECT_EQ(request_.actor.name, "ann");
  EXPECT_EQ(request_.actor.key_id, made.key.id);
  EXPECT_FALSE(request_.stranger);
  EXPECT_EQ(Send("GET", "/healthy").status, 200);
  EXPECT_TRUE(request_.stranger);
  EXPECT_EQ(Send("GET", "/healthy", {{"X-API-Key", "guess"}}).status, 200);
  EXPECT_TRUE(request_.stranger);
  Send("GET", "/healthy", {{"X-API-Key", made.token.Reveal()}});
  EXPECT_FALSE(request_.stranger);
}

TEST_F(AccessGuardTest, HoldsClientsToTheirRates) {
  limits_.Apply({2, std::nullopt, std::nullopt, std::nullopt});
  EXPECT_EQ(Send("GET", "/rules").status, 200);
  EXPECT_EQ(Send("GET", "/nowhere").status, 404);
  const http::Response refused = Send("GET", "/rules");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, R"({"detail":"Rate limit exceeded"})");
  EXPECT_THAT(refused.headers, ElementsAre(std::make_pair("Retry-After", "1")));
  EXPECT_EQ(Send("POST", "/api/v2/alerts").body, R"({"code":429,"message":"Rate limit exceeded"})");
  EXPECT_EQ(Send("GET", "/healthy").status, 429);    // open to everybody, and to as many
  EXPECT_EQ(Send("GET", "/-/healthy").status, 200);  // probes decide whether we live
}

TEST_F(AccessGuardTest, RatesOfOpenRoutesAreOfTheKeyThatComesAlong) {
  const MadeKey made = world_.Make(kRead);
  limits_.Apply({1, std::nullopt, std::nullopt, std::nullopt});
  EXPECT_EQ(Send("GET", "/healthy").status, 200);
  EXPECT_EQ(Send("GET", "/healthy").status, 429);
  EXPECT_EQ(Send("GET", "/healthy", {{"X-API-Key", made.token.Reveal()}}).status, 200);
  EXPECT_EQ(Send("GET", "/healthy", {{"X-API-Key", made.token.Reveal()}}).status, 429);
}

TEST_F(AccessGuardTest, GuessingIsLimitedToo) {
  world_.Make(kRead);
  limits_.Apply({2, std::nullopt, std::nullopt, std::nullopt});
  EXPECT_EQ(Send("GET", "/rules", {{"X-API-Key", "guess 1"}}).status, 401);
  EXPECT_EQ(Send("GET", "/rules", {{"X-API-Key", "guess 2"}}).status, 401);
  EXPECT_EQ(Send("GET", "/rules", {{"X-API-Key", "guess 3"}}).status, 429);
}

TEST_F(AccessGuardTest, CountsBytesByWhatIsAnnouncedOrElseByWhatCame) {
  limits_.Apply({std::nullopt, std::nullopt, 100, std::nullopt});
  EXPECT_EQ(Send("POST", "/metrics", {{"Content-Length", "90"}}, std::string(90, 'x')).status, 200);
  EXPECT_EQ(Send("POST", "/metrics", {{"Content-Length", "20"}}).status, 429);
  EXPECT_EQ(Send("POST", "/metrics", {}, std::string(250, 'x')).status, 200);  // chunked
  world_.clock.Advance(std::chrono::seconds(2));
  EXPECT_EQ(Send("POST", "/metrics", {{"Content-Length", "1"}}).status, 429);
}

TEST_F(AccessGuardTest, CountsSamplesWhereTheIntakeSaysHowMany) {
  limits_.Apply({std::nullopt, 10, std::nullopt, std::nullopt});
  Send("POST", "/metrics");
  EXPECT_EQ(guard_.TakeSamples(request_, 10, ErrorStyle::kJson), std::nullopt);
  const auto refused = guard_.TakeSamples(request_, 1, ErrorStyle::kPlain);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(refused->body, "Rate limit exceeded\n");
}

TEST_F(AccessGuardTest, AuditsWhatChangesSomethingAndNothingElse) {
  const MadeKey admin = world_.Make(kAdmin, "ann");
  const std::vector<std::pair<std::string, std::string>> key = {
      {"X-API-Key", admin.token.Reveal()}};
  Send("GET", "/rules", key);
  Send("POST", "/metrics", key);
  Send("POST", "/api/v2/alerts", key);
  Send("GET", "/healthy");
  EXPECT_THAT(world_.Entries(), IsEmpty());
  Send("DELETE", "/rules/7", key);
  ASSERT_EQ(world_.Entries().size(), 1U);
  const nlohmann::json entry = world_.Entries()[0];
  EXPECT_EQ(entry["action"], "DELETE /rules/{id}");
  EXPECT_EQ(entry["target"], "7");
  EXPECT_EQ(entry["actor"], "ann");
  EXPECT_EQ(entry["key_id"], admin.key.id);
  EXPECT_EQ(entry["from"], "10.0.0.1");
  EXPECT_EQ(entry["outcome"], "200");
}

TEST_F(AccessGuardTest, AuditsWhatAHandlerSaysOfItsChange) {
  answer_ = http::Response();
  http::NoteChange({"rule.delete", "rule 7", R"({"name":"a"})", ""}, &*answer_);
  Send("DELETE", "/rules/7");
  const nlohmann::json entry = world_.Entries().at(0);
  EXPECT_EQ(entry["action"], "rule.delete");
  EXPECT_EQ(entry["target"], "rule 7");
  EXPECT_EQ(entry["before"]["name"], "a");
  EXPECT_TRUE(entry["after"].is_null());
  EXPECT_TRUE(entry["actor"].is_null());
}

TEST_F(AccessGuardTest, ARequestThatFailedForItsOwnFaultHasChangedNothing) {
  for (const int status : {400, 404, 409, 422}) {
    answer_ = http::Response();
    answer_->status = status;
    Send("DELETE", "/rules/7");
  }
  EXPECT_THAT(world_.Entries(), IsEmpty());
  answer_->status = 500;
  Send("DELETE", "/rules/7");
  EXPECT_EQ(world_.Entries().at(0)["outcome"], "500");
}

TEST_F(AccessGuardTest, AuditsWhomItRefusesWithoutWhatTheySent) {
  const MadeKey reader = world_.Make(kRead, "bob");
  Send("GET", "/rules");
  Send("GET", "/rules", {{"X-API-Key", "s3cret-guess"}});
  Send("DELETE", "/rules/7", {{"X-API-Key", reader.token.Reveal()}});
  const std::vector<nlohmann::json> entries = world_.Entries();
  ASSERT_EQ(entries.size(), 3U);
  const char* outcomes[] = {"401", "401", "403"};
  const char* reasons[] = {"missing key", "invalid key", "scope"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(entries[i]["action"], "access.refused");
    EXPECT_EQ(entries[i]["outcome"], outcomes[i]);
    EXPECT_EQ(entries[i]["after"]["reason"], reasons[i]);
    EXPECT_EQ(entries[i].dump().find("s3cret"), std::string::npos);
  }
  EXPECT_EQ(entries[2]["actor"], "bob");
  EXPECT_EQ(entries[2]["target"], "DELETE /rules/7");
  for (int i = 0; i < 1'000; ++i) Send("GET", "/rules?token=x");
  EXPECT_EQ(world_.Entries().size(), 3U);
}

// ---- pages of other sites

TEST_F(AccessGuardTest, PreflightsOfAllowedOriginsNeedNoKeyAndAreLimited) {
  const http::Cors cors({"https://status.example.org"});
  http::Router router;
  std::swap(router, router_);
  Add("DELETE", "/rules/{id}", Access::kByMethod);
  guard_.Guard(&router_, &cors);
  const MadeKey admin = world_.Make(kAdmin);
  limits_.Apply({3, std::nullopt, std::nullopt, std::nullopt});
  const auto preflight = [this](const char* origin) {
    return Send("OPTIONS", "/rules/7",
                {{"Origin", origin}, {"Access-Control-Request-Method", "DELETE"}});
  };
  const http::Response answer = preflight("https://status.example.org");
  EXPECT_EQ(answer.status, 204);
  EXPECT_THAT(answer.headers, ::testing::Contains(std::make_pair("Access-Control-Allow-Origin",
                                                                 "https://status.example.org")));
  EXPECT_EQ(preflight("https://evil.example").status, 401);
  // What follows needs its key.
  EXPECT_EQ(Send("DELETE", "/rules/7", {{"Origin", "https://status.example.org"}}).status, 401);
  EXPECT_EQ(preflight("https://status.example.org").status, 429);
  EXPECT_EQ(Send("DELETE", "/rules/7", {{"X-API-Key", admin.token.Reveal()}}).status, 200);
}

// ---- users of the web configuration file

TEST_F(AccessGuardTest, AUserOfTheFileMayDoWhatAnAdminKeyMay) {
  users_.Apply(FileOfAnn());
  EXPECT_TRUE(guard_.asks());
  EXPECT_EQ(Send("GET", "/rules").status, 401);
  EXPECT_EQ(Send("GET", "/rules", {Basic("ann:guess")}).status, 401);
  EXPECT_EQ(Send("GET", "/nowhere").status, 401);
  EXPECT_EQ(Send("GET", "/healthy").status, 200);
  EXPECT_TRUE(request_.stranger);
  for (int i = 0; i < 2; ++i) {  // compared, and remembered
    for (const auto& [method, path] :
         {std::pair("GET", "/rules"), std::pair("POST", "/metrics"), std::pair("POST", "/ack/7"),
          std::pair("GET", "/keys"), std::pair("DELETE", "/rules/7"),
          std::pair("GET", "/healthy")}) {
      EXPECT_EQ(Send(method, path, {Basic("ann:secret")}).status, 200) << path;
      EXPECT_EQ(request_.actor.name, "ann");
      EXPECT_FALSE(request_.stranger);
    }
  }
}

TEST_F(AccessGuardTest, KeysAndPasswordsBothOpen) {
  const MadeKey reader = world_.Make(kRead, "bob");
  users_.Apply(FileOfAnn());
  EXPECT_EQ(Send("GET", "/rules", {{"X-API-Key", reader.token.Reveal()}}).status, 200);
  EXPECT_EQ(request_.actor.name, "bob");
  // A token for a password opens what the token does, also under a user's name.
  EXPECT_EQ(Send("GET", "/rules", {Basic("ann:" + reader.token.Reveal())}).status, 200);
  EXPECT_EQ(request_.actor.name, "bob");
  EXPECT_EQ(Send("GET", "/keys", {Basic("ann:" + reader.token.Reveal())}).status, 403);
  EXPECT_EQ(Send("GET", "/keys", {Basic("ann:secret")}).status, 200);
  // Another client's stale key in front of good credentials is no obstacle.
  EXPECT_EQ(Send("GET", "/keys", {Basic("ann:secret"), {"X-API-Key", "gone"}}).status, 200);
}

TEST_F(AccessGuardTest, AuditsUsersByTheirNames) {
  users_.Apply(FileOfAnn());
  Send("DELETE", "/rules/7", {Basic("ann:secret")});
  Send("DELETE", "/rules/7", {Basic("ann:guess-of-eve")});
  const std::vector<nlohmann::json> entries = world_.Entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0]["actor"], "ann");
  EXPECT_EQ(entries[0]["action"], "DELETE /rules/{id}");
  EXPECT_EQ(entries[1]["action"], "access.refused");
  EXPECT_EQ(entries[1]["after"]["reason"], "invalid key");
  for (const nlohmann::json& entry : entries) {
    EXPECT_EQ(entry.dump().find("secret"), std::string::npos);
    EXPECT_EQ(entry.dump().find("eve"), std::string::npos);
  }
}

TEST_F(AccessGuardTest, APasswordIsComparedOnlyWithinTheRateOfTheAddress) {
  users_.Apply(FileOfAnn());
  limits_.Apply({2, std::nullopt, std::nullopt, std::nullopt});
  EXPECT_EQ(Send("GET", "/rules", {Basic("ann:guess 1")}).status, 401);
  EXPECT_EQ(Send("GET", "/rules", {Basic("ann:secret")}).status, 200);
  EXPECT_EQ(Send("GET", "/rules", {Basic("ann:guess 2")}).status, 429);
  EXPECT_FALSE(users_.Recall(Basic("ann:guess 2").second).has_value());
  // Whoever is known by now has a bucket of their own.
  EXPECT_EQ(Send("GET", "/rules", {Basic("ann:secret")}).status, 200);
}

TEST_F(AccessGuardTest, AUserMayStayUntilThePasswordChanges) {
  users_.Apply(FileOfAnn());
  Send("GET", "/rules", {Basic("ann:secret")});
  const Caller ann{request_.actor, "10.0.0.1"};
  EXPECT_FALSE(guard_.MayStay({{}, "10.0.0.1"}));
  EXPECT_TRUE(guard_.MayStay(ann));
  EXPECT_TRUE(guard_.Permit(ann, Scope::kOperate, "WebSocket resolve"));
  users_.Apply(std::make_shared<const config::WebFileSettings>());
  EXPECT_FALSE(guard_.MayStay(ann));
  EXPECT_FALSE(guard_.Permit(ann, Scope::kOperate, "WebSocket resolve"));
}

// ---- connections that stay

TEST_F(AccessGuardTest, WithoutAnyKeyEverybodyMayStayAndOperate) {
  const Caller anybody{{}, "10.0.0.1"};
  EXPECT_TRUE(guard_.MayStay(anybody));
  EXPECT_TRUE(guard_.Permit(anybody, Scope::kOperate, "WebSocket resolve"));
  world_.Make(kAdmin);
  EXPECT_FALSE(guard_.MayStay(anybody));
  EXPECT_FALSE(guard_.Permit(anybody, Scope::kOperate, "WebSocket resolve"));
}

TEST_F(AccessGuardTest, JudgesThoseWhoStayByWhatTheirKeyAllowsNow) {
  const MadeKey reader = world_.Make(kRead, "bob");
  const MadeKey operating = world_.Make(kOperate, "anna");
  const MadeKey pusher = world_.Make(kPush, "ci");
  const auto caller = [](const MadeKey& made) {
    return Caller{{made.key.id, made.key.name}, "10.0.0.1"};
  };
  EXPECT_TRUE(guard_.MayStay(caller(reader)));
  EXPECT_FALSE(guard_.MayStay(caller(pusher)));
  EXPECT_TRUE(guard_.Permit(caller(operating), Scope::kOperate, "WebSocket resolve"));
  EXPECT_THAT(world_.Entries(), IsEmpty());
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(guard_.Permit(caller(reader), Scope::kOperate, "WebSocket resolve"));
  }
  const std::vector<nlohmann::json> entries = world_.Entries();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0]["action"], "access.refused");
  EXPECT_EQ(entries[0]["target"], "WebSocket resolve");
  EXPECT_EQ(entries[0]["actor"], "bob");
  EXPECT_EQ(entries[0]["outcome"], "403");
  world_.keys.Revoke(operating.key.id, world_.clock.Now(), [](const Status&) {});
  EXPECT_FALSE(guard_.MayStay(caller(operating)));
  EXPECT_FALSE(guard_.Permit(caller(operating), Scope::kOperate, "WebSocket resolve"));
}

TEST_F(AccessGuardTest, AuditsWhatIsDoneOverAConnectionThatStays) {
  guard_.NoteDone({{"k1", "anna"}, "10.0.0.1"},
                  {"alert.resolve", "a1", R"({"status":"active"})", R"({"by":"anna"})"}, 200);
  const nlohmann::json entry = world_.Entries().at(0);
  EXPECT_EQ(entry["action"], "alert.resolve");
  EXPECT_EQ(entry["target"], "a1");
  EXPECT_EQ(entry["key_id"], "k1");
  EXPECT_EQ(entry["from"], "10.0.0.1");
  EXPECT_EQ(entry["before"]["status"], "active");
  EXPECT_EQ(entry["after"]["by"], "anna");
  EXPECT_EQ(entry["outcome"], "200");
}

TEST_F(AccessGuardTest, MessagesComeOutOfTheSameBucketAsRequests) {
  config::RateLimitSettings limits;
  limits.requests_per_second = 2;
  limits_.Apply(limits);
  EXPECT_TRUE(guard_.TakeMessage({{}, "10.0.0.1"}));
  EXPECT_EQ(Send("GET", "/rules").status, 200);
  EXPECT_FALSE(guard_.TakeMessage({{}, "10.0.0.1"}));
  EXPECT_EQ(Send("GET", "/rules").status, 429);
  EXPECT_TRUE(guard_.TakeMessage({{}, "10.0.0.2"}));
}

}  // namespace
}  // namespace tocsin::security
