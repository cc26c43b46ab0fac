// What vendors answer: a first line with the status, the content type and the Retry-After, then the
// body. Whatever they answer, an attempt ends or goes on with a request that can be sent; a failure
// has a reason on one line, which repeats nothing that was sent in secret.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/http_client.h"
#include "base/number.h"
#include "base/text.h"
#include "receivers/channels/answer_words.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/jira_answer.h"
#include "receivers/channels/jira_calls.h"
#include "receivers/channels/rocketchat_call.h"
#include "receivers/channels/sent_secrets.h"
#include "receivers/channels/slack_answer.h"
#include "receivers/channels/telegram_call.h"
#include "receivers/channels/wechat_call.h"

namespace tocsin::receivers {
namespace {

const Timestamp kNow = FromUnixMillis(1'700'000'000'000);
// Of every request below.
constexpr std::string_view kSecret = "T0k3nThatNobodyMayRead";
constexpr int kMostRequests = 8;  // of one attempt that is told the same again and again

void CheckReason(const std::string& reason) {
  CHECK(!reason.empty() && reason.size() < 1000 && IsValidUtf8(reason));
  CHECK(reason.find('\n') == std::string::npos);
}

bool Carries(const VendorCall& call) {
  const std::vector<std::string> secrets = SecretsIn(call.request);
  return std::count(secrets.begin(), secrets.end(), kSecret) > 0 ||
         std::count(call.secrets.begin(), call.secrets.end(), kSecret) > 0;
}

void CheckOutcome(const Outcome& outcome) {
  const bool is_delivered = outcome.kind == Outcome::Kind::kDelivered;
  CHECK(is_delivered == (outcome.failure == Failure::kNone));
  CHECK(!outcome.retry_after || outcome.retry_after->count() >= 0);
  if (is_delivered) return;
  CheckReason(outcome.reason);
  CHECK(outcome.kind != Outcome::Kind::kGiveUp || !outcome.advice.empty());
}

VendorStep Judge(const VendorCall& call, HttpClientResult result) {
  std::vector<std::string> secrets = SecretsIn(call.request);
  secrets.insert(secrets.end(), call.secrets.begin(), call.secrets.end());
  StrikeOut(secrets, &result.response->body);
  return call.judge ? call.judge(result, kNow) : VendorStep(HttpOutcome(result, kNow));
}

// As a server that gives each request the same answer.
void CheckAttempt(VendorCall call, const HttpClientResult& answer) {
  for (int requests = 1;; ++requests) {
    CHECK(requests <= kMostRequests && CheckUrl(call.request.url).ok());
    VendorStep step = Judge(call, answer);
    if (step.next == nullptr) {
      // What a request did not carry its answer does not repeat.
      CHECK(!Carries(call) || step.outcome.reason.find(kSecret) == std::string::npos);
      return CheckOutcome(step.outcome);
    }
    call = std::move(*step.next);
  }
}

void CheckSlack(const HttpClientResult& answer) {
  const std::string url = "https://hooks.slack.com/services/T0/B0/" + std::string(kSecret);
  VendorCall call;
  call.request.url = url;
  call.judge = SlackJudge(url);
  CheckAttempt(std::move(call), answer);
  const std::optional<SlackPlace> place = SlackPlaceIn(*answer.response);
  CHECK(!place || (!place->channel.empty() && !place->timestamp.empty()));
  (void)IsGoneFromSlack(*answer.response);
}

JiraPlan PlanOf(bool fires) {
  JiraPlan plan;
  plan.api_url = "https://jira.example/rest/api/2/";
  plan.search = JsonValue::Object({{"jql", "labels = x"}});
  plan.texts = {JsonValue::Object(), JsonValue::Object()};
  plan.fires = fires;
  plan.transition = "Done";
  return plan;
}

void CheckJira(const HttpClientResult& answer) {
  for (const bool fires : {true, false}) CheckAttempt(KeepJiraIssue(PlanOf(fires)), answer);
  const auto is_step = [](const std::string& key) {
    return PercentEncode(key) == key && key.find_first_of("./~") == std::string::npos;
  };
  const std::string& body = answer.response->body;
  const std::optional<JiraIssue> found = ReadFoundIssue(body);
  CHECK(!found || is_step(found->key));
  CHECK(is_step(ReadCreatedIssueKey(body)));
  CHECK(!found || IsJson(body));
  CHECK(!ReadTransitionId(body, "Done") || IsJson(body));
}

void CheckOthers(const HttpClientResult& answer) {
  const JsonValue message = JsonValue::Object({{"text", "hot"}});
  const std::string secret(kSecret);
  const Result<VendorCall> telegram = TelegramCall("https://api.telegram.org", secret, message);
  CHECK(telegram.ok());
  CheckAttempt(*telegram, answer);
  CheckAttempt(RocketchatCall("https://chat.example", {secret, secret}, message), answer);
  const WechatCalls wechat;
  for (int attempt = 0; attempt < 2; ++attempt) {
    CheckAttempt(wechat.Call({"https://qyapi.weixin.qq.com/cgi-bin/", "corp", secret}, message),
                 answer);
  }
}

void CheckAnswer(const HttpClientResult& answer) {
  CheckSlack(answer);
  CheckJira(answer);
  CheckOthers(answer);
  CHECK(AnswerWords(*answer.response).size() <= 400);
}

void CheckText(std::string_view text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  const std::size_t blank = std::min(line.find(' '), line.size());
  const std::string_view headers = line.substr(std::min(blank + 1, line.size()));
  const std::size_t bar = std::min(headers.find('|'), headers.size());
  const std::string_view wait = headers.substr(std::min(bar + 1, headers.size()));
  HttpClientResult result;
  HttpClientResponse& response = result.response.emplace();
  const std::int64_t status = ParseInt(line.substr(0, blank)).value_or(200);
  response.status = static_cast<int>(std::clamp<std::int64_t>(status, 100, 999));
  response.headers = {{"content-type", std::string(headers.substr(0, bar))},
                      {"retry-after", std::string(wait)}};
  response.body = text.substr(std::min(end + 1, text.size()));
  CheckAnswer(result);
  if (const std::optional<Duration> span = ParseRetryAfter(wait, kNow)) CHECK(span->count() >= 0);
}

}  // namespace
}  // namespace tocsin::receivers

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tocsin::receivers::CheckText({reinterpret_cast<const char*>(data), size});
  return 0;
}
