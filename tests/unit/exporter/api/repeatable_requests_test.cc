// POSTs with an Idempotency-Key: carried out once, answered as often as they come.
#include "exporter/api/repeatable_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "exporter/api/alerting_json.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"

namespace tocsin::api {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

struct Sent {
  std::string path = "/things";
  std::string body = "{}";
  std::string key = "k1";
  std::string holder = "anna";  // of the API key
};

std::string HeaderOf(const http::Response& response, const std::string& wanted) {
  for (const auto& [name, value] : response.headers) {
    if (name == wanted) return value;
  }
  return "";
}

class RepeatableRequestsTest : public ::testing::Test {
 protected:
  RepeatableRequestsTest() { Start(); }

  // As a new process does, with what the store holds.
  void Start() {
    repeatable_.emplace(store_, clock_, Logger(log_, "test"));
    EXPECT_TRUE(repeatable_->Restore().ok());
    router_.emplace();
    Add("POST", "/things", http::Access::kOperate);
    Add("POST", "/other", http::Access::kOperate);
    Add("POST", "/metrics", http::Access::kPush);
    Add("POST", "/demo/trigger-alert", http::Access::kPush);
    Add("PUT", "/things", http::Access::kOperate);
    Add("POST", "/-/reload", http::Access::kAdmin);
  }
  void Add(const char* method, const char* path, http::Access access,
           http::ErrorStyle errors = http::ErrorStyle::kJson) {
    http::Route route = JsonRoute(
        method, path, [this](const http::Request& request) { return Handle(request); }, access);
    route.errors = errors;
    router_->Add(repeatable_->Remember(std::move(route)));
  }
  http::Response Handle(const http::Request& request) {
    EXPECT_GE(request.body.capacity(), request.body.size() + http::kBodyPadding);
    creation_ids_.push_back(request.creation_id);
    http::Response response;
    response.status = status_;
    response.content_type = "application/json";
    response.is_secret = is_secret_;
    response.body = "{\"made\":" + std::to_string(++carried_out_) + "}";
    return response;
  }
  http::Response Send(const Sent& sent, const std::string& method = "POST",
                      const std::string& query = "") {
    http::Request request;
    request.method = method;
    request.raw_path = sent.path;
    request.query = query;
    request.body.reserve(sent.body.size() + http::kBodyPadding);
    request.body = sent.body;
    if (!sent.key.empty()) request.headers.emplace_back("idempotency-key", sent.key);
    request.actor = {sent.holder, sent.holder};
    const http::Router::Match match = router_->Find(request);
    return match.route == nullptr ? match.error : match.route->handler(request);
  }

  std::map<std::string, std::string> Rows() const {
    return store_.tables()[StateTable::kIdempotencyKeys];
  }

  testing::FakeClock clock_;
  testing::MemoryStateStore store_;
  testing::RecordingLogSink log_;
  std::optional<RepeatableRequests> repeatable_;
  std::optional<http::Router> router_;
  int carried_out_ = 0;
  int status_ = 200;
  bool is_secret_ = false;
  std::vector<std::string> creation_ids_;
};

TEST_F(RepeatableRequestsTest, TheSameRequestIsCarriedOutOnceAndAnsweredAlike) {
  const http::Response first = Send({});
  const http::Response again = Send({});
  EXPECT_EQ(carried_out_, 1);
  EXPECT_EQ(first.body, R"({"made":1})");
  EXPECT_FALSE(first.is_repeated);
  EXPECT_EQ(again.status, first.status);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.content_type, first.content_type);
  EXPECT_TRUE(again.is_repeated);
  EXPECT_EQ(HeaderOf(again, "Idempotency-Replayed"), "true");
  EXPECT_EQ(Send({.path = "/things/"}).body, first.body);  // the same path
}

TEST_F(RepeatableRequestsTest, ADemonstrationIsTriggeredOnceToo) {
  const http::Response first = Send({.path = "/demo/trigger-alert"}, "POST", "value=95");
  EXPECT_EQ(Send({.path = "/demo/trigger-alert"}, "POST", "value=95").body, first.body);
  EXPECT_EQ(carried_out_, 1);
  EXPECT_EQ(Send({.path = "/demo/trigger-alert"}, "POST", "value=96").status, 422);
}

TEST_F(RepeatableRequestsTest, AnswersSurviveARestart) {
  Send({});
  Start();
  EXPECT_EQ(Send({}).body, R"({"made":1})");
  EXPECT_EQ(carried_out_, 1);
}

TEST_F(RepeatableRequestsTest, WithoutAKeyAndWithAnotherItIsAnotherRequest) {
  Send({});
  EXPECT_EQ(Send({.key = ""}).body, R"({"made":2})");
  EXPECT_EQ(Send({.key = ""}).body, R"({"made":3})");
  EXPECT_EQ(Send({.key = "k2"}).body, R"({"made":4})");
  EXPECT_EQ(creation_ids_[1], "");
  EXPECT_NE(creation_ids_[0], "");
  EXPECT_NE(creation_ids_[0], creation_ids_[3]);
}

TEST_F(RepeatableRequestsTest, AKeyBelongsToItsHolder) {
  Send({});
  EXPECT_EQ(Send({.holder = "bob"}).body, R"({"made":2})");
  EXPECT_NE(creation_ids_[0], creation_ids_[1]);
}

TEST_F(RepeatableRequestsTest, AnotherRequestWithTheKeyIsRefused) {
  Send({});
  const http::Response refused = Send({.body = R"({"x":1})"});
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(nlohmann::json::parse(refused.body), nlohmann::json::parse(R"({"detail": [
      {"loc": ["header", "Idempotency-Key"], "msg": "this key was used for another request",
       "type": "value_error.idempotency_key"}]})"));
  EXPECT_EQ(Send({.path = "/other"}).status, 422);
  EXPECT_EQ(Send({}, "POST", "a=b").status, 422);
  EXPECT_EQ(carried_out_, 1);
}

TEST_F(RepeatableRequestsTest, RefusalsAreInTheStyleOfTheRoute) {
  Add("POST", "/silences", http::Access::kOperate, http::ErrorStyle::kCoded);
  Send({.path = "/silences"});
  const http::Response refused = Send({.path = "/silences", .body = "[]"});
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(nlohmann::json::parse(refused.body).at("message"),
            "this key was used for another request");
}

TEST_F(RepeatableRequestsTest, WhatWasRefusedMayBeMended) {
  status_ = 422;
  Send({});
  status_ = 503;
  Send({});
  status_ = 200;
  EXPECT_EQ(Send({.body = R"({"mended":true})"}).body, R"({"made":3})");
  EXPECT_EQ(Send({.body = R"({"mended":true})"}).body, R"({"made":3})");
}

// A process that was killed between the change and its answer finds the change by its id.
TEST_F(RepeatableRequestsTest, WhatAKilledRequestMadeIsAskedForUnderTheSameId) {
  Send({});
  WriteBatch lost;
  for (const auto& [name, row] : Rows()) {
    lost.Delete(StateTable::kIdempotencyKeys, name);
  }
  store_.Submit(std::move(lost), nullptr);
  Start();
  Send({});
  ASSERT_EQ(creation_ids_.size(), 2U);
  EXPECT_EQ(creation_ids_[0], creation_ids_[1]);
  EXPECT_EQ(creation_ids_[0].size(), 36U);
}

TEST_F(RepeatableRequestsTest, AnswersAreKeptForADay) {
  Send({});
  clock_.Advance(RepeatableRequests::kKept - Duration(1));
  repeatable_->Tend(clock_.Now());
  EXPECT_TRUE(Send({}).is_repeated);
  clock_.Advance(Duration(1));
  EXPECT_EQ(Send({}).body, R"({"made":2})");  // also before anybody has tidied up
  clock_.Advance(RepeatableRequests::kKept);
  repeatable_->Tend(clock_.Now());
  EXPECT_TRUE(Rows().empty());
}

TEST_F(RepeatableRequestsTest, TheOldestGoWhereThereAreTooMany) {
  Send({.key = "oldest"});
  clock_.Advance(Duration(1));
  for (std::size_t i = 0; i < RepeatableRequests::kMostAnswers; ++i) {
    Send({.key = "key " + std::to_string(i)});
  }
  EXPECT_EQ(Rows().size(), RepeatableRequests::kMostAnswers);
  EXPECT_TRUE(Send({.key = "key 0"}).is_repeated);
  EXPECT_FALSE(Send({.key = "oldest"}).is_repeated);
}

TEST_F(RepeatableRequestsTest, ASecretIsNotKept) {
  is_secret_ = true;
  EXPECT_EQ(Send({}).body, R"({"made":1})");
  for (const auto& [name, row] : Rows()) {
    EXPECT_EQ(row.find("made"), std::string::npos) << row;
  }
  Start();
  const http::Response again = Send({});
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.body, HasSubstr("shown only once"));
  EXPECT_EQ(carried_out_, 1);
}

TEST_F(RepeatableRequestsTest, NeitherTheKeyNorTheBodyStandsInTheStore) {
  Send({.body = R"({"password":"hunter2"})", .key = "my-key"});
  for (const auto& [name, row] : Rows()) {
    EXPECT_EQ((name + row).find("hunter2"), std::string::npos);
    EXPECT_EQ((name + row).find("my-key"), std::string::npos);
  }
}

TEST_F(RepeatableRequestsTest, AKeyThatIsTooLongIsRefused) {
  EXPECT_EQ(Send({.key = std::string(255, 'k')}).status, 200);
  const http::Response refused = Send({.key = std::string(256, 'k')});
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr("at most 255 characters"));
  EXPECT_EQ(carried_out_, 1);
}

TEST_F(RepeatableRequestsTest, SubmissionsReloadsAndOtherMethodsAreNotRemembered) {
  for (const Sent& sent : {Sent{.path = "/metrics"}, Sent{.path = "/-/reload"}}) {
    Send(sent);
    EXPECT_FALSE(Send(sent).is_repeated);
  }
  Send({}, "PUT");
  EXPECT_FALSE(Send({}, "PUT").is_repeated);
  EXPECT_EQ(carried_out_, 6);
  EXPECT_TRUE(Rows().empty());
}

TEST_F(RepeatableRequestsTest, OneThatComesMeanwhileWaitsForTheFirst) {
  std::promise<void> begun;
  std::promise<void> may_end;
  router_->Add(repeatable_->Remember(JsonRoute(
      "POST", "/slow",
      [&](const http::Request& request) {
        begun.set_value();
        may_end.get_future().wait();
        return Handle(request);
      },
      http::Access::kOperate)));
  std::future<http::Response> first =
      std::async(std::launch::async, [this] { return Send({.path = "/slow"}); });
  begun.get_future().wait();
  // A second call of the handler would throw: its promise is kept already.
  std::future<http::Response> second =
      std::async(std::launch::async, [this] { return Send({.path = "/slow"}); });
  may_end.set_value();
  EXPECT_EQ(first.get().body, R"({"made":1})");
  EXPECT_EQ(second.get().body, R"({"made":1})");
  EXPECT_EQ(carried_out_, 1);
}

TEST_F(RepeatableRequestsTest, ARequestThatThrowsLetsTheNextOneTry) {
  bool fails = true;
  router_->Add(repeatable_->Remember(JsonRoute(
      "POST", "/broken",
      [&](const http::Request& request) {
        if (std::exchange(fails, false)) throw std::runtime_error("broken");
        return Handle(request);
      },
      http::Access::kOperate)));
  EXPECT_THROW(Send({.path = "/broken"}), std::runtime_error);
  EXPECT_EQ(Send({.path = "/broken"}).body, R"({"made":1})");
}

TEST_F(RepeatableRequestsTest, ARowThatCannotBeReadIsReportedAndLeftAlone) {
  WriteBatch batch;
  batch.Put(StateTable::kIdempotencyKeys, "bad", R"({"v":9})");
  store_.Submit(std::move(batch), nullptr);
  Start();
  EXPECT_EQ(Rows().count("bad"), 1U);
  ASSERT_EQ(log_.lines().size(), 1U);
  EXPECT_THAT(log_.lines()[0], HasSubstr("key=bad"));
}

}  // namespace
}  // namespace tocsin::api
