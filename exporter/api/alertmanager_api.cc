#include "exporter/api/alertmanager_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <memory>
#include <utility>
#include <variant>

#include "base/json_text.h"
#include "base/text.h"
#include "exporter/api/alertmanager_description.h"
#include "exporter/api/alertmanager_errors.h"
#include "exporter/api/alertmanager_filter.h"
#include "exporter/api/alertmanager_json.h"
#include "exporter/api/alertmanager_post.h"

namespace tocsin::api {
namespace {

using receivers::GroupView;
using receivers::PostedAlert;
using receivers::PostedAlertPtr;
using receivers::Silence;
using receivers::SilencePtr;

// A post of 10,000 alerts of a kilobyte is 10 MB; what is larger was not meant for us.
constexpr std::size_t kMaxPostedAlerts = 64 << 20;
constexpr std::size_t kMaxPostedSilence = 4 << 20;
// As JSON: so that a long list is not copied again and again while it grows.
constexpr std::size_t kTypicalAlertBytes = 640;

prometheus::Family<prometheus::Counter>& ReceivedFamily(MetricRegistry& metrics) {
  return CounterFamily(metrics, "alertmanager_alerts_received_total",
                       "Alerts that were posted, by their state.");
}

http::Response Empty() {
  http::Response response;
  response.content_type.clear();
  return response;
}

// With its dashes or without any.
bool IsUuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  const bool dashes = text.size() == kForm.size();
  std::size_t at = 0;
  for (const char form : kForm) {
    if (form == '-' && !dashes) continue;
    if (at == text.size()) return false;
    const char c = text[at++];
    if (form == '-' ? c != '-' : HexDigit(c) < 0) return false;
  }
  return at == text.size();
}

std::optional<http::Response> RequireUuid(std::string_view id) {
  if (IsUuid(id)) return std::nullopt;
  return CodedError(kWrongFormat,
                    fmt::format("silenceID in path must be of type uuid: {}", QuoteForMessage(id)));
}

// Each matcher of a filter must be one of the silence's own.
bool HasAll(const Silence& silence, const std::vector<Matcher>& filter) {
  return std::all_of(filter.begin(), filter.end(), [&](const Matcher& wanted) {
    return std::find(silence.matchers.begin(), silence.matchers.end(), wanted) !=
           silence.matchers.end();
  });
}

http::Response SilenceIdAnswer(const std::string& id) {
  return JsonAnswer(fmt::format(R"({{"silenceID":{}}})", JsonString(id)) + "\n");
}

// A change of a silence is answered when it is durable.
class Commit {
 public:
  receivers::Silences::Committed Callback() {
    return [done = done_](const Status& status) { done->set_value(status); };
  }
  // A store that cannot write keeps the change and tries again: the silence is in force, so that
  // is no error of the request.
  void Wait() { (void)done_->get_future().get(); }

 private:
  std::shared_ptr<std::promise<Status>> done_ = std::make_shared<std::promise<Status>>();
};

}  // namespace

AlertStatus StatusOf(const PostedAlert& alert, const AlertmanagerSources& sources,
                     const receivers::PipelineGraph& graph, Timestamp now) {
  AlertStatus status;
  status.silenced_by = sources.silences.MutedBy(alert.labels, now);
  if (alert.native != nullptr && alert.native->state == AlertState::kAcknowledged) {
    status.silenced_by.push_back(alert.native->id);
  }
  if (receivers::PostedAcknowledgements* posted = sources.dispatcher.acknowledgements()) {
    const auto known = posted->Of(alert, now);
    if (known != nullptr) status.silenced_by.push_back(known->id);
  }
  std::sort(status.silenced_by.begin(), status.silenced_by.end());
  status.inhibited_by = graph.inhibitor.MutedBy(alert.labels, now);
  if (alert.native != nullptr && sources.dispatcher.CoolsUntil(*alert.native)) {
    status.muted_by.emplace_back("cooldown");
  }
  return status;
}

// A browser asks with OPTIONS before it sends what it would not send by itself; that question is
// about the origin alone, so whether the path exists plays no part in the answer.
// https://fetch.spec.whatwg.org/#http-cors-protocol
void AllowEveryOrigin(const http::Request& request, http::Response* response) {
  const bool is_preflight =
      request.method == "OPTIONS" && !request.Header("Access-Control-Request-Method").empty();
  if (is_preflight) *response = Empty();
  response->headers.emplace_back("Access-Control-Allow-Origin", "*");
  response->headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
  response->headers.emplace_back("Access-Control-Allow-Headers",
                                 "Accept, Authorization, Content-Type, Origin, X-Requested-With");
  response->headers.emplace_back("Access-Control-Expose-Headers", "Date");
}

AlertmanagerApi::AlertmanagerApi(AlertmanagerSources sources)
    : sources_(std::move(sources)),
      received_firing_(
          ReceivedFamily(sources_.metrics).Add({{"status", "firing"}, {"version", "v2"}})),
      received_resolved_(
          ReceivedFamily(sources_.metrics).Add({{"status", "resolved"}, {"version", "v2"}})),
      invalid_(CounterFamily(sources_.metrics, "alertmanager_alerts_invalid_total",
                             "Posted alerts that were refused.")
                   .Add({{"version", "v2"}})) {}

std::vector<http::Route> AlertmanagerApi::Routes(const std::string& prefix) {
  std::vector<http::Route> routes;
  const auto add = [&](const char* method, const char* path, std::size_t max_body,
                       http::Handler handler, http::Access access = http::Access::kByMethod) {
    http::Route route;
    route.method = method;
    route.pattern = prefix + "/api/v2" + path;
    route.max_body = max_body;
    route.errors = http::ErrorStyle::kCoded;
    route.access = access;
    route.handler = [handle = std::move(handler)](const http::Request& request) {
      http::Response response = handle(request);
      response.headers.emplace_back("Cache-Control", "no-store");
      return response;
    };
    routes.push_back(std::move(route));
  };
  using Reading = http::Response (AlertmanagerApi::*)(const http::Request&) const;
  using Changing = http::Response (AlertmanagerApi::*)(const http::Request&);
  const auto read = [&](const char* path, Reading handler) {
    add("GET", path, 0, [this, handler](const http::Request& r) { return (this->*handler)(r); });
  };
  const auto change = [&](const char* method, const char* path, std::size_t max_body,
                          http::Access access, Changing handler) {
    add(
        method, path, max_body,
        [this, handler](const http::Request& r) { return (this->*handler)(r); }, access);
  };
  add("GET", "/swagger.json", 0,
      [base = prefix + "/api/v2", version = sources_.identity.version](const http::Request&) {
        return JsonAnswer(DescribeAlertmanagerApi(base, version));
      });
  add("GET", "/status", 0, [this](const http::Request&) { return Status(); });
  read("/receivers", &AlertmanagerApi::Receivers);
  read("/alerts", &AlertmanagerApi::ListAlerts);
  change("POST", "/alerts", kMaxPostedAlerts, http::Access::kPushOrOperate,
         &AlertmanagerApi::PostAlerts);
  read("/alerts/groups", &AlertmanagerApi::ListGroups);
  read("/silences", &AlertmanagerApi::ListSilences);
  change("POST", "/silences", kMaxPostedSilence, http::Access::kOperate,
         &AlertmanagerApi::PostSilence);
  read("/silence/{silenceID}", &AlertmanagerApi::GetSilence);
  change("DELETE", "/silence/{silenceID}", 0, http::Access::kOperate,
         &AlertmanagerApi::DeleteSilence);
  for (const char* path : {"/status", "/receivers", "/alerts", "/alerts/groups", "/silences",
                           "/silence/{silenceID}"}) {
    add(
        "OPTIONS", path, 0, [](const http::Request&) { return Empty(); }, http::Access::kOpen);
  }
  return routes;
}

// ---- status and receivers

http::Response AlertmanagerApi::Status() const {
  const AlertmanagerIdentity& identity = sources_.identity;
  std::string out = R"({"cluster":)";
  if (identity.clustered) {
    const std::string name = JsonString(identity.peer_name);
    out += fmt::format(R"({{"name":{0},"status":"ready","peers":[{{"name":{0},"address":{1}}}]}})",
                       name, JsonString(identity.peer_address));
  } else {
    out += R"({"status":"disabled","peers":[]})";
  }
  out += fmt::format(R"(,"versionInfo":{{"version":{},"revision":{},"branch":"","buildUser":"",)"
                     R"("buildDate":"","goVersion":""}},"config":{{"original":)",
                     JsonString(identity.version), JsonString(identity.revision));
  AppendJsonString(sources_.config_original(), &out);
  out += R"(},"uptime":")";
  AppendRfc3339Millis(identity.started, &out);
  out += "\"}";
  return JsonAnswer(std::move(out));
}

http::Response AlertmanagerApi::Receivers(const http::Request& request) const {
  auto read = MatchersParameter(request, "receiver_matchers", sources_.dialect);
  if (auto* refusal = std::get_if<http::Response>(&read)) return std::move(*refusal);
  const auto& matchers = std::get<std::vector<Matcher>>(read);
  const receivers::PipelineGraphPtr graph = sources_.dispatcher.graph();
  std::string out = "[";
  for (const Labels& labels : LabelsOfReceivers(*graph)) {
    if (!MatchesAll(matchers, labels)) continue;
    if (out.size() > 1) out.push_back(',');
    out += R"({"name":)";
    AppendJsonString(labels.Get("name"), &out);
    out += R"(,"labels":)";
    AppendLabels(labels, &out);
    out.push_back('}');
  }
  out.push_back(']');
  return JsonAnswer(std::move(out));
}

// ---- alerts

http::Response AlertmanagerApi::ListAlerts(const http::Request& request) const {
  auto read = ReadAlertFilter(request, sources_.dialect);
  if (auto* refusal = std::get_if<http::Response>(&read)) return std::move(*refusal);
  const AlertFilter& filter = std::get<AlertFilter>(read);
  const receivers::PipelineGraphPtr graph = sources_.dispatcher.graph();
  const TakenReceivers taken(filter, *graph);
  const Timestamp now = sources_.clock.Now();
  std::vector<PostedAlertPtr> alerts = sources_.alerts.All();
  std::erase_if(alerts, [&](const PostedAlertPtr& alert) {
    return alert->ends_at < now || !MatchesAll(filter.matchers, alert->labels);
  });
  std::sort(alerts.begin(), alerts.end(), [](const PostedAlertPtr& a, const PostedAlertPtr& b) {
    return a->fingerprint < b->fingerprint;
  });
  std::string out = "[";
  out.reserve(alerts.size() * kTypicalAlertBytes);
  for (const PostedAlertPtr& alert : alerts) {
    const std::vector<std::string> names = graph->ReceiversOf(*alert);
    const auto is_taken = [&](const std::string& name) { return taken.Has(name); };
    if (std::none_of(names.begin(), names.end(), is_taken)) continue;
    const AlertStatus status = StatusOf(*alert, sources_, *graph, now);
    if (!filter.TakesStatus(status)) continue;
    if (out.size() > 1) out.push_back(',');
    AppendAlert(*alert, status, names, &out);
  }
  out += "]\n";
  return JsonAnswer(std::move(out));
}

http::Response AlertmanagerApi::PostAlerts(const http::Request& request) {
  if (std::optional<http::Response> refusal = RequireJson(request)) return *std::move(refusal);
  const Timestamp now = sources_.clock.Now();
  const Duration resolve_timeout = sources_.dispatcher.graph()->settings->global.resolve_timeout;
  auto read = ReadPostedAlerts(request.body, now, resolve_timeout, sources_.dialect);
  if (auto* refusal = std::get_if<http::Response>(&read)) {
    invalid_.Increment();
    return std::move(*refusal);
  }
  ReadAlerts& posted = std::get<ReadAlerts>(read);
  const std::size_t count = posted.alerts.size();
  const std::size_t refused = sources_.alerts.TakeOutBeyondLimit(&posted.alerts);
  const auto resolved =
      std::count_if(posted.alerts.begin(), posted.alerts.end(),
                    [now](const PostedAlert& alert) { return alert.ResolvedAt(now); });
  received_resolved_.Increment(static_cast<double>(resolved));
  received_firing_.Increment(static_cast<double>(posted.alerts.size()) -
                             static_cast<double>(resolved));
  Commit commit;
  sources_.dispatcher.Accept(std::move(posted.alerts),
                             [done = commit.Callback()] { done(::tocsin::Status()); });
  commit.Wait();
  invalid_.Increment(static_cast<double>(posted.invalid.size()));
  if (refused > 0) {
    posted.invalid.push_back(
        fmt::format("{} of {} alerts refused: {} are stored and there is room for no more; those "
                    "that are known were updated",
                    refused, count, sources_.alerts.max_alerts()));
    return PlainJsonError(429, fmt::format("{}", fmt::join(posted.invalid, "\n")));
  }
  if (posted.invalid.empty()) return Empty();
  return PlainJsonError(400, fmt::format("{}", fmt::join(posted.invalid, "\n")));
}

http::Response AlertmanagerApi::ListGroups(const http::Request& request) const {
  auto read = ReadAlertFilter(request, sources_.dialect);
  if (auto* refusal = std::get_if<http::Response>(&read)) return std::move(*refusal);
  const AlertFilter& filter = std::get<AlertFilter>(read);
  const receivers::PipelineGraphPtr graph = sources_.dispatcher.graph();
  const TakenReceivers taken(filter, *graph);
  const Timestamp now = sources_.clock.Now();
  const std::vector<GroupView> groups = sources_.dispatcher.Groups();
  std::string out = "[";
  for (const GroupView& group : groups) {
    if (!taken.Has(group.receiver)) continue;
    std::string alerts;
    for (const PostedAlertPtr& alert : group.alerts) {
      if (alert->ends_at < now || !MatchesAll(filter.matchers, alert->labels)) continue;
      AlertStatus status = StatusOf(*alert, sources_, *graph, now);
      status.muted_by.insert(status.muted_by.end(), group.muted_by.begin(), group.muted_by.end());
      if (!filter.TakesStatus(status)) continue;
      if (!alerts.empty()) alerts.push_back(',');
      AppendAlert(*alert, status, {group.receiver}, &alerts);
    }
    if (alerts.empty()) continue;
    if (out.size() > 1) out.push_back(',');
    out += R"({"labels":)";
    AppendLabels(group.labels, &out);
    out += R"(,"routeLabels":)";
    AppendLabels(group.route_labels, &out);
    out += fmt::format(R"(,"receiver":{{"name":{}}},"alerts":[)", JsonString(group.receiver));
    out += alerts;
    out += "]}";
  }
  out += "]\n";
  return JsonAnswer(std::move(out));
}

// ---- silences

http::Response AlertmanagerApi::ListSilences(const http::Request& request) const {
  auto filter = MatchersParameter(request, "filter", sources_.dialect);
  if (auto* refusal = std::get_if<http::Response>(&filter)) return std::move(*refusal);
  const auto& matchers = std::get<std::vector<Matcher>>(filter);
  const Timestamp now = sources_.clock.Now();
  const bool wanted[] = {BoolParameter(request, "pending"), BoolParameter(request, "active"),
                         BoolParameter(request, "expired")};
  std::vector<SilencePtr> silences = sources_.silences.All();
  if (sources_.acknowledgements != nullptr) {
    const std::vector<SilencePtr> acknowledged = sources_.acknowledgements->All();
    silences.insert(silences.end(), acknowledged.begin(), acknowledged.end());
  }
  std::erase_if(silences, [&](const SilencePtr& silence) {
    return !wanted[static_cast<std::size_t>(silence->StateAt(now))] || !HasAll(*silence, matchers);
  });
  SortSilences(now, &silences);
  std::string out = "[";
  for (const SilencePtr& silence : silences) {
    if (out.size() > 1) out.push_back(',');
    AppendSilence(*silence, now, &out);
  }
  out += "]\n";
  return JsonAnswer(std::move(out));
}

http::Response AlertmanagerApi::PostSilence(const http::Request& request) {
  if (std::optional<http::Response> refusal = RequireJson(request)) return *std::move(refusal);
  auto read = ReadPostedSilence(request.body, sources_.dialect);
  if (auto* refusal = std::get_if<http::Response>(&read)) return std::move(*refusal);
  Silence& posted = std::get<Silence>(read);
  if (FindAcknowledgement(posted.id) != nullptr) return ChangeAcknowledgement(posted);
  http::Change change{"silence.set", "", JsonOf(sources_.silences.Find(posted.id)), ""};
  const Timestamp now = sources_.clock.Now();
  const SilencePtr made = sources_.silences.Find(request.creation_id);
  if (made != nullptr && made->StateAt(now) != receivers::SilenceState::kExpired) {
    return SilenceIdAnswer(made->id);  // of an earlier request, whose answer was lost
  }
  std::string id;
  Commit commit;
  const std::optional<receivers::SilenceRefusal> refusal = sources_.silences.Set(
      std::move(posted), now, &id, commit.Callback(), made ? "" : request.creation_id);
  if (refusal) {
    if (refusal->kind == receivers::SilenceRefusal::Kind::kNotFound) {
      return PlainJsonError(404, refusal->message);
    }
    return PlainJsonError(400, "Failed to create silence: " + refusal->message);
  }
  commit.Wait();
  http::Response response = SilenceIdAnswer(id);
  change.target = id;
  change.after = JsonOf(sources_.silences.Find(id));
  http::NoteChange(std::move(change), &response);
  return response;
}

std::string AlertmanagerApi::JsonOf(const SilencePtr& silence) const {
  std::string json;
  if (silence != nullptr) AppendSilence(*silence, sources_.clock.Now(), &json);
  return json;
}

SilencePtr AlertmanagerApi::FindAcknowledgement(const std::string& id) const {
  return sources_.acknowledgements == nullptr ? nullptr : sources_.acknowledgements->Find(id);
}

http::Response AlertmanagerApi::ChangeAcknowledgement(const Silence& changed) {
  http::Change change{"acknowledgement.change", changed.id, JsonOf(FindAcknowledgement(changed.id)),
                      ""};
  if (const std::optional<std::string> refusal = sources_.acknowledgements->Change(changed)) {
    return PlainJsonError(400, "Failed to create silence: " + *refusal);
  }
  http::Response response = SilenceIdAnswer(changed.id);
  change.after = JsonOf(FindAcknowledgement(changed.id));
  http::NoteChange(std::move(change), &response);
  return response;
}

http::Response AlertmanagerApi::GetSilence(const http::Request& request) const {
  const std::string& id = request.captures.at(0);
  if (std::optional<http::Response> refusal = RequireUuid(id)) return *std::move(refusal);
  SilencePtr silence = sources_.silences.Find(id);
  if (silence == nullptr) silence = FindAcknowledgement(id);
  if (silence == nullptr) {
    http::Response response = Empty();
    response.status = 404;
    return response;
  }
  std::string out;
  AppendSilence(*silence, sources_.clock.Now(), &out);
  return JsonAnswer(out + "\n");
}

http::Response AlertmanagerApi::DeleteSilence(const http::Request& request) {
  const std::string& id = request.captures.at(0);
  if (std::optional<http::Response> refusal = RequireUuid(id)) return *std::move(refusal);
  Commit commit;
  http::Response response = Empty();
  const SilencePtr acknowledgement = FindAcknowledgement(id);
  const SilencePtr before = acknowledgement ? acknowledgement : sources_.silences.Find(id);
  http::NoteChange(
      {acknowledgement ? "acknowledgement.end" : "silence.expire", id, JsonOf(before), ""},
      &response);
  if (acknowledgement != nullptr) {
    const http::Actor& actor = request.actor;
    sources_.acknowledgements->End(id, actor.known() ? actor.name : "silence expired");
  } else if (sources_.silences.Expire(id, sources_.clock.Now(), commit.Callback())) {
    commit.Wait();
  } else {
    response.status = 404;
  }
  return response;
}

}  // namespace tocsin::api
