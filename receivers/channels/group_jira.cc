// Jira, of alertmanager.yml: one issue for each group.
// https://developer.atlassian.com/cloud/jira/platform/rest/v2/
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/
//
// An issue is known by a label that holds the hash of the group's key. An attempt looks for it,
// then creates it or edits what it found, then moves that to another status where it has the wrong
// one:
//
//     POST search -> POST issue
//                 -> PUT issue/OPS-1 -> GET issue/OPS-1/transitions -> POST issue/OPS-1/transitions
//
// A group that is over and has no issue needs none. Whatever the requests say is rendered before
// the first of them is sent; an attempt that is repeated finds what the one before has done.
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/text.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/jira_answer.h"
#include "receivers/channels/jira_issue.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/url_path.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- delivery

// What the requests of one attempt are made of.
struct Plan {
  std::string api_url;
  JiraIssueTexts texts;
  bool fires = false;
  std::string transition;  // that gives an issue the status it should have; empty: none does
  std::string transition_key;
};
using PlanPtr = std::shared_ptr<const Plan>;

HttpClientRequest Ask(std::string method, std::string url, const JsonValue* json = nullptr) {
  HttpClientRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers = {{"Content-Type", "application/json"}, {"Accept-Language", "en"}};
  if (json != nullptr) request.body = json->Write() + "\n";
  return request;
}

// How a step has failed, if it has.
std::optional<Outcome> FailureOf(const char* step, const HttpClientResult& result, Timestamp now) {
  Outcome outcome = HttpOutcome(result, now);
  if (outcome.kind == Outcome::Kind::kDelivered) return std::nullopt;
  outcome.reason = fmt::format("{}: {}", step, outcome.reason);
  return outcome;
}

Outcome Unreadable(const char* step, int status) {
  Outcome outcome =
      Outcome::GiveUp(Failure::kOther, fmt::format("{}: Jira's answer cannot be read", step),
                      "check that api_url is that of Jira's REST API, such as "
                      "https://company.atlassian.net/rest/api/2");
  outcome.http_status = status;
  return outcome;
}

// The issue says by now what it should: who repeats the attempt repeats that.
VendorStep AfterWriting(Outcome outcome) {
  outcome.may_have_arrived = true;
  return outcome;
}

std::string TransitionsUrl(const Plan& plan, const JiraIssue& issue) {
  return JoinUrlPath(plan.api_url, fmt::format("issue/{}/transitions", issue.key));
}

VendorStep OnMoved(const HttpClientResult& result, Timestamp now) {
  if (auto failed = FailureOf("moving the issue", result, now)) return AfterWriting(*failed);
  return Outcome::Delivered(result.response->status);
}

VendorStep OnTransitions(const PlanPtr& plan, const JiraIssue& issue,
                         const HttpClientResult& result, Timestamp now) {
  constexpr char kStep[] = "looking for a transition";
  if (auto failed = FailureOf(kStep, result, now)) return AfterWriting(*failed);
  const int status = result.response->status;
  const auto id = ReadTransitionId(result.response->body, plan->transition);
  if (!id) return AfterWriting(Unreadable(kStep, status));
  if (id->empty()) {
    Outcome missing = Outcome::GiveUp(
        Failure::kClientError,
        fmt::format("Jira has no transition {} for issue {} as it is",
                    QuoteForMessage(plan->transition), issue.key),
        fmt::format("check {}; names depend on the language of the account", plan->transition_key));
    missing.http_status = status;
    return AfterWriting(std::move(missing));
  }
  const JsonValue move = JsonValue::Object({{"transition", JsonValue::Object({{"id", *id}})}});
  return VendorCall{Ask("POST", TransitionsUrl(*plan, issue), &move), OnMoved};
}

bool HasWrongStatus(const Plan& plan, const JiraIssue& issue) {
  if (plan.transition.empty() || issue.status_category.empty()) return false;
  return plan.fires == (issue.status_category == "done");
}

VendorStep OnEdited(const PlanPtr& plan, const JiraIssue& issue, const HttpClientResult& result,
                    Timestamp now) {
  if (auto failed = FailureOf("editing the issue", result, now)) return *std::move(failed);
  if (!HasWrongStatus(*plan, issue)) return Outcome::Delivered(result.response->status);
  return VendorCall{Ask("GET", TransitionsUrl(*plan, issue)),
                    [plan, issue](const HttpClientResult& answer, Timestamp later) {
                      return OnTransitions(plan, issue, answer, later);
                    }};
}

VendorStep OnCreated(const HttpClientResult& result, Timestamp now) {
  if (auto failed = FailureOf("creating the issue", result, now)) return *std::move(failed);
  return Outcome::Delivered(result.response->status);
}

VendorStep OnFound(const PlanPtr& plan, const HttpClientResult& result, Timestamp now) {
  constexpr char kStep[] = "looking for the issue";
  if (auto failed = FailureOf(kStep, result, now)) {
    failed->may_have_arrived = false;  // it was only asked for
    return *std::move(failed);
  }
  const int status = result.response->status;
  const std::optional<JiraIssue> issue = ReadFoundIssue(result.response->body);
  if (!issue) return Unreadable(kStep, status);
  if (issue->key.empty() && !plan->fires) return Outcome::Delivered(status);
  if (issue->key.empty()) {
    return VendorCall{Ask("POST", JoinUrlPath(plan->api_url, "issue"), &plan->texts.created),
                      OnCreated};
  }
  return VendorCall{Ask("PUT", JoinUrlPath(plan->api_url, fmt::format("issue/{}", issue->key)),
                        &plan->texts.edited),
                    [plan, found = *issue](const HttpClientResult& answer, Timestamp later) {
                      return OnEdited(plan, found, answer, later);
                    }};
}

class GroupJira final : public VendorApi {
 public:
  GroupJira(config::CheckedKeys keys, JiraSettings jira)
      : keys_(std::move(keys)), jira_(std::move(jira)) {}

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    auto plan = std::make_shared<Plan>();
    plan->api_url = settings.SecretUrl("api_url");
    plan->fires = notification.status() == NotificationStatus::kFiring;
    plan->transition_key = plan->fires ? "reopen_transition" : "resolve_transition";
    plan->transition = settings.Plain(plan->transition_key);
    plan->texts = MakeJiraIssue(notification, jira_, settings);
    const JsonValue search = JiraSearch(notification, jira_, settings);
    if (!settings.status()) return settings.status().error();
    return VendorCall{Ask("POST", JiraSearchUrl(plan->api_url, jira_.is_cloud), &search),
                      [plan = PlanPtr(plan)](const HttpClientResult& result, Timestamp now) {
                        return OnFound(plan, result, now);
                      }};
  }

 private:
  const config::CheckedKeys keys_;
  const JiraSettings jira_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupJira(const config::AlertmanagerIntegration& settings) {
  Result<JiraSettings> jira = ReadJiraSettings(settings.keys);
  if (!jira) return jira.error();
  BuiltVendor vendor{std::make_unique<GroupJira>(settings.keys, *std::move(jira))};
  vendor.retried.statuses = {429};
  return vendor;
}

}  // namespace tocsin::receivers
