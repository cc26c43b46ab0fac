#include "exporter/api/alert_talk_api.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "exporter/api/alertmanager_json.h"
#include "exporter/api/command_body.h"
#include "exporter/api/durable.h"
#include "exporter/api/faults.h"
#include "exporter/api/known_alert_json.h"

namespace tocsin::api {
namespace {

using http::Request;
using http::Response;
using receivers::AlertComment;
using receivers::AlertComments;

Response AlertUnknown() { return Detail(404, "Alert not found"); }

// What the body says, else who holds the key.
std::string ReadActor(const Request& request, const nlohmann::json& body, Json* faults) {
  std::string actor = ActorOf(request);
  const auto said = body.find("actor");
  if (said != body.end() && !said->is_null()) {
    ReadRequiredText(body, "actor", AlertTalkApi::kLongestActor, &actor, faults);
  }
  return actor;
}

// ---- the body of POST silence

// Names of labels; all of the alert's where nothing is said.
std::vector<Matcher> ReadSilencedLabels(const nlohmann::json& body, LabelsView labels,
                                        Json* faults) {
  std::vector<Matcher> matchers;
  const auto said = body.find("labels");
  if (said == body.end() || said->is_null()) {
    for (const Label& label : labels) {
      matchers.push_back(Matcher::Equal(std::string(label.name), std::string(label.value)));
    }
    return matchers;
  }
  if (!said->is_array()) {
    faults->push_back(Fault({"body", "labels"}, "value is not a valid list", "type_error.list"));
    return matchers;
  }
  if (said->empty()) {
    faults->push_back(Fault({"body", "labels"}, "ensure this value has at least 1 items",
                            "value_error.list.min_items", {{"limit_value", 1}}));
  }
  for (std::size_t i = 0; i < said->size(); ++i) {
    const nlohmann::json& item = (*said)[i];
    if (!item.is_string()) {
      faults->push_back(Fault({"body", "labels", i}, "str type expected", "type_error.str"));
      continue;
    }
    const std::string name = item.get<std::string>();
    if (labels.Has(name)) {
      matchers.push_back(Matcher::Equal(name, std::string(labels.Get(name))));
    } else {
      faults->push_back(
          Fault({"body", "labels", i}, "the alert has no such label", "value_error.label"));
    }
  }
  return matchers;
}

// How long it lasts, or when it ends: one of them.
void ReadEnd(const nlohmann::json& body, Timestamp now, Timestamp* ends_at, Json* faults) {
  std::optional<Duration> duration;
  std::optional<Timestamp> end;
  const std::size_t faults_so_far = faults->size();
  ReadLasting(body, "duration", &duration, faults);
  ReadMemberTime(body, "ends_at", &end, faults);
  if (faults->size() > faults_so_far) return;
  if (duration.has_value() == end.has_value()) {
    faults->push_back(Fault({"body", "duration"}, "either duration or ends_at is required",
                            duration ? "value_error.conflict" : "value_error.missing"));
  } else if (end && *end <= now) {
    faults->push_back(
        Fault({"body", "ends_at"}, "end time must be in the future", "value_error.datetime"));
  } else {
    *ends_at = end ? *end : now + *duration;
  }
}

receivers::Silence ReadSilence(const Request& request, const KnownAlert& alert, Timestamp now,
                               Json* faults) {
  receivers::Silence silence;
  const nlohmann::json body = ReadObject(request.body, faults);
  if (!faults->empty()) return silence;
  ReadEnd(body, now, &silence.ends_at, faults);
  silence.starts_at = now;
  silence.comment = fmt::format("made from the alert {}", alert.labels().Get("alertname"));
  if (body.contains("comment") && !body["comment"].is_null()) {
    ReadRequiredText(body, "comment", AlertTalkApi::kLongestText, &silence.comment, faults);
  }
  silence.created_by = ReadActor(request, body, faults);
  silence.matchers = ReadSilencedLabels(body, alert.labels(), faults);
  return silence;
}

}  // namespace

std::vector<http::Route> AlertTalkApi::Routes() {
  std::vector<http::Route> routes;
  for (const char* mount : {"/api/v1/alerting", "/alerting"}) {
    const std::string comments = fmt::format("{}/alerts/{{id}}/comments", mount);
    const std::string silence = fmt::format("{}/alerts/{{id}}/silence", mount);
    routes.push_back(
        JsonRoute("GET", comments, [this](const Request& r) { return ListComments(r); }));
    routes.push_back(JsonRoute(
        "POST", comments, [this](const Request& r) { return Comment(r); }, http::Access::kOperate));
    routes.push_back(JsonRoute(
        "POST", silence, [this](const Request& r) { return Silence(r); }, http::Access::kOperate));
  }
  return routes;
}

Response AlertTalkApi::ListComments(const Request& request) const {
  const std::optional<KnownAlert> alert = sources_.alerts.Find(request.captures[0]);
  if (!alert) return AlertUnknown();
  return JsonResponse(200, CommentsJson(sources_.comments.Of(alert->id())));
}

Response AlertTalkApi::Comment(const Request& request) const {
  Json faults = Json::array();
  const nlohmann::json body = ReadObject(request.body, &faults);
  AlertComment comment;
  if (faults.empty()) {
    comment.actor = ReadActor(request, body, &faults);
    ReadRequiredText(body, "text", kLongestText, &comment.text, &faults);
  }
  if (!faults.empty()) return Unprocessable(faults);
  const std::optional<KnownAlert> alert = sources_.alerts.Find(request.captures[0]);
  if (!alert) return AlertUnknown();
  comment.id = request.creation_id.empty() ? sources_.make_id() : request.creation_id;
  comment.alert_id = alert->id();
  comment.at = sources_.clock.Now();
  Durable durable;
  switch (sources_.comments.Add({comment.alert_id, alert->rule_id(), alert->labels()}, comment,
                                durable.Callback())) {
    case AlertComments::Outcome::kTooManyOfAlert:
      return Detail(409, fmt::format("The alert has {} comments, which is the most",
                                     AlertComments::kMostOfOneAlert));
    case AlertComments::Outcome::kTooMany:
      return Detail(409, fmt::format("There are {} comments, which is the most; they go with "
                                     "their alerts",
                                     AlertComments::kMost));
    case AlertComments::Outcome::kDone:
      break;
  }
  const Json made = CommentJson(comment);
  Response response = durable.Wait() ? JsonResponse(200, made) : Detail(503, kNotConfirmed);
  http::NoteChange({"alert.comment", comment.alert_id, "", Dump(made)}, &response);
  return response;
}

Response AlertTalkApi::Silence(const Request& request) const {
  const std::optional<KnownAlert> alert = sources_.alerts.Find(request.captures[0]);
  if (!alert) return AlertUnknown();
  const Timestamp now = sources_.clock.Now();
  const receivers::SilencePtr made = sources_.silences.Find(request.creation_id);
  if (made != nullptr && made->StateAt(now) != receivers::SilenceState::kExpired) {
    return SilenceMade(*alert, made->id, /*is_durable=*/true);  // its answer was lost
  }
  Json faults = Json::array();
  receivers::Silence silence = ReadSilence(request, *alert, now, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  Durable durable;
  std::string id;
  const std::optional<receivers::SilenceRefusal> refusal = sources_.silences.Set(
      std::move(silence), now, &id, durable.Callback(), made ? "" : request.creation_id);
  if (refusal) return Detail(409, refusal->message);
  return SilenceMade(*alert, id, durable.Wait().ok());
}

Response AlertTalkApi::SilenceMade(const KnownAlert& alert, const std::string& id,
                                   bool is_durable) const {
  const receivers::SilencePtr silence = sources_.silences.Find(id);
  if (silence == nullptr) return Detail(409, "The silence was forgotten again");  // it was short
  Json matchers = Json::array();
  for (const Matcher& matcher : silence->matchers) matchers.push_back(matcher.ToString());
  Response response = JsonResponse(200, {{"message", "Alert silenced successfully"},
                                         {"silence_id", id},
                                         {"alert_id", alert.id()},
                                         {"matchers", std::move(matchers)},
                                         {"starts_at", FormatRfc3339(silence->starts_at)},
                                         {"ends_at", FormatRfc3339(silence->ends_at)},
                                         {"created_by", silence->created_by},
                                         {"comment", silence->comment}});
  if (!is_durable) response = Detail(503, kNotConfirmed);
  std::string after;
  AppendSilence(*silence, sources_.clock.Now(), &after);
  http::NoteChange({"alert.silence", alert.id(), "", std::move(after)}, &response);
  return response;
}

}  // namespace tocsin::api
