#include "receivers/channels/jira_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/go_quote.h"
#include "base/text.h"
#include "base/time.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/jira_answer.h"
#include "receivers/channels/multipart_form.h"
#include "receivers/channels/picture_texts.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {
namespace {

// Alertmanager's own: one is taken, the other one shows that there are more.
// https://github.com/prometheus/alertmanager/blob/main/notify/jira/jira.go
constexpr int kMaxFound = 2;

using PlanPtr = std::shared_ptr<const JiraPlan>;

const char* TransitionKey(const JiraPlan& plan) {
  return plan.fires ? "reopen_transition" : "resolve_transition";
}

std::string_view HostOf(std::string_view url) {
  url.remove_prefix(std::min(url.find("://"), url.size() - 3) + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  url.remove_prefix(url.rfind('@') + 1);  // from the beginning where there is none
  return url.substr(0, url.rfind(':'));
}

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

std::string TransitionsUrl(const JiraPlan& plan, const JiraIssue& issue) {
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
        fmt::format("check {}; names depend on the language of the account", TransitionKey(*plan)));
    missing.http_status = status;
    return AfterWriting(std::move(missing));
  }
  const JsonValue move = JsonValue::Object({{"transition", JsonValue::Object({{"id", *id}})}});
  return VendorCall{Ask("POST", TransitionsUrl(*plan, issue), &move), OnMoved};
}

bool HasWrongStatus(const JiraPlan& plan, const JiraIssue& issue) {
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

// Without the header it is refused.
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-attachments/
HttpClientRequest AttachPicture(const JiraPlan& plan, const std::string& issue) {
  MultipartForm form;
  form.AddFile("file", kPictureFile, kPictureType, *plan.picture);
  HttpClientRequest request =
      form.Post(JoinUrlPath(plan.api_url, fmt::format("issue/{}/attachments", issue)));
  request.headers.emplace_back("X-Atlassian-Token", "no-check");
  return request;
}

VendorStep OnCreated(const PlanPtr& plan, const HttpClientResult& result, Timestamp now) {
  if (auto failed = FailureOf("creating the issue", result, now)) return *std::move(failed);
  Outcome created = Outcome::Delivered(result.response->status);
  if (plan->picture == nullptr) return created;
  const std::string issue = ReadCreatedIssueKey(result.response->body);
  if (issue.empty()) return created;
  return EndingWith(std::move(created), VendorCall{AttachPicture(*plan, issue), nullptr});
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
                      [plan](const HttpClientResult& answer, Timestamp later) {
                        return OnCreated(plan, answer, later);
                      }};
  }
  return VendorCall{Ask("PUT", JoinUrlPath(plan->api_url, fmt::format("issue/{}", issue->key)),
                        &plan->texts.edited),
                    [plan, found = *issue](const HttpClientResult& answer, Timestamp later) {
                      return OnEdited(plan, found, answer, later);
                    }};
}

}  // namespace

Result<JiraApi> JiraApiOf(const config::CheckedKeys& keys) {
  const std::string type = keys.Text("api_type");
  if (type != "auto" && type != "cloud" && type != "datacenter") {
    return Error{"unknown api_type on jira_config, must be auto, cloud or datacenter"};
  }
  const std::string url = keys.Url("api_url");
  JiraApi api;
  api.is_cloud = type == "cloud" || (type == "auto" && HostOf(url).ends_with("atlassian.net"));
  // As it is joined: without slashes at its end.
  api.takes_documents = JoinUrlPath(url.substr(0, url.find_first_of("?#")), "").ends_with("/3/");
  return api;
}

std::string JiraLabel(std::string_view key) { return fmt::format("ALERT{{{}}}", key); }

std::int64_t JiraReopenMinutes(const config::CheckedKeys& keys, bool fires) {
  if (!fires || !keys.Has("reopen_transition")) return 0;
  const auto reopen = ParseDuration(keys.Text("reopen_duration")).value_or(Duration(0));
  return std::chrono::duration_cast<std::chrono::minutes>(reopen).count();
}

// https://support.atlassian.com/jira-software-cloud/docs/jql-fields/
JsonValue JiraSearch(const JiraQuery& query) {
  const std::string state =
      query.reopen_minutes > 0
          ? fmt::format("(resolutiondate is EMPTY OR resolutiondate >= -{}m)", query.reopen_minutes)
          : "statusCategory != Done";
  const std::string jql =
      fmt::format("{}{}{} and project={} and labels={} order by status ASC,resolutiondate DESC",
                  query.condition, query.condition.empty() ? "" : " and ", state,
                  GoQuote(query.project), GoQuote(query.label));
  return JsonValue::Object(
      {{"fields", JsonValue::List({"status"})}, {"jql", jql}, {"maxResults", kMaxFound}});
}

std::string JiraSearchUrl(const std::string& api_url, bool is_cloud) {
  if (!is_cloud) return JoinUrlPath(api_url, "search");
  std::string url = JoinUrlPath(api_url, "search/jql");
  constexpr std::string_view kVersion2 = "/rest/api/2/";
  const std::size_t version = url.find(kVersion2);
  if (version != std::string::npos) url.replace(version, kVersion2.size(), "/rest/api/3/");
  return url;
}

VendorCall KeepJiraIssue(JiraPlan plan) {
  const auto kept = std::make_shared<const JiraPlan>(std::move(plan));
  return {
      Ask("POST", JiraSearchUrl(kept->api_url, kept->is_cloud), &kept->search),
      [kept](const HttpClientResult& result, Timestamp now) { return OnFound(kept, result, now); }};
}

}  // namespace tocsin::receivers
