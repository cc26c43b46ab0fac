#include "exporter/api/receivers_api.h"

#include <algorithm>
#include <utility>

#include "exporter/api/faults.h"
#include "exporter/api/receiver_body.h"

namespace tocsin::api {
namespace {

using http::Request;
using http::Response;

constexpr const char* kNoReceiver = "Receiver not found";

Json ReceiverJson(const ListedReceiver& receiver) {
  Json json = receiver.shown;
  json["source"] = receiver.source;
  json["defined_in"] = TextOrNull(receiver.defined_in);
  json["created_at"] = TimeOrNull(receiver.created_at);
  json["updated_at"] = TimeOrNull(receiver.updated_at);
  json["created_by"] = TextOrNull(receiver.created_by);
  if (!receiver.warnings.empty()) json["warnings"] = receiver.warnings;
  return json;
}

Response Answer(const ReceiverOutcome& outcome) {
  switch (outcome.kind) {
    case ReceiverOutcome::Kind::kDone:
      break;
    case ReceiverOutcome::Kind::kNotFound:
      return Detail(404, kNoReceiver);
    case ReceiverOutcome::Kind::kConflict:
      return Detail(409, outcome.detail);
    case ReceiverOutcome::Kind::kFaulty:
      return Unprocessable(outcome.faults);
    case ReceiverOutcome::Kind::kUnavailable:
      return Detail(503, outcome.detail);
    case ReceiverOutcome::Kind::kUnconfirmed:
      return Detail(503, "The change is in force, but the state store has not confirmed it yet");
    case ReceiverOutcome::Kind::kStopping:
      return Detail(503, "The daemon is stopping: nothing has changed");
  }
  if (!outcome.after) return JsonResponse(200, {{"message", "Receiver deleted successfully"}});
  return JsonResponse(200, ReceiverJson(*outcome.after));
}

// For the audit log, which gets what answers show.
Response AnswerAndNote(const char* action, const ReceiverOutcome& outcome) {
  Response response = Answer(outcome);
  if (outcome.kind != ReceiverOutcome::Kind::kDone || outcome.repeated) return response;
  http::Change change{action, "", "", ""};
  if (outcome.before) change.before = Dump(outcome.before->shown);
  if (outcome.after) change.after = Dump(outcome.after->shown);
  change.target = outcome.after ? outcome.after->name : outcome.before->name;
  http::NoteChange(std::move(change), &response);
  return response;
}

// For what nobody wrote down as an entry of tocsin.receivers.
Json EntryOf(const std::string& name, const std::vector<std::string>& types) {
  Json entry = {{"name", name}};
  for (const std::string& type : types) entry[type] = Json::object();
  return entry;
}

}  // namespace

ListedReceiver ListedFrom(const config::ReceiverSettings& receiver) {
  ListedReceiver listed;
  listed.name = receiver.name;
  listed.source = receiver.from_api                             ? "api"
                  : receiver.source.starts_with("environment ") ? "environment"
                  : receiver.source == "built in"               ? "built in"
                                                                : "file";
  if (!receiver.from_api) listed.defined_in = receiver.source;
  if (receiver.shown.is_null()) {
    std::vector<std::string> types;
    for (const config::ChannelSettings& channel : receiver.channels) types.push_back(channel.type);
    listed.shown = EntryOf(receiver.name, types);
  } else {
    listed.shown = JsonOfYaml(receiver.shown);
  }
  return listed;
}

ListedReceiver ListedFrom(const config::AlertmanagerReceiver& receiver) {
  ListedReceiver listed;
  listed.name = receiver.name;
  listed.source = "file";
  listed.defined_in = receiver.place;
  std::vector<std::string> types;
  for (const config::AlertmanagerIntegration& one : receiver.integrations) {
    types.push_back(one.type);
  }
  listed.shown = EntryOf(receiver.name, types);
  return listed;
}

std::vector<http::Route> ReceiversApi::Routes() {
  std::vector<http::Route> routes;
  for (const char* mount : {"/api/v1/alerting", "/alerting"}) {
    for (const char* word : {"/receivers", "/channels"}) {
      const auto add = [&](const char* method, const std::string& path, http::Handler handler) {
        routes.push_back(
            JsonRoute(method, mount + (word + path), std::move(handler), http::Access::kAdmin));
        routes.back().max_body = ReceiversApi::kLongestBody;
      };
      add("GET", "", [this](const Request&) { return List(); });
      add("POST", "", [this](const Request& r) { return Create(r); });
      add("GET", "/{name}", [this](const Request& r) { return Show(r.captures[0]); });
      add("PUT", "/{name}", [this](const Request& r) { return Update(r); });
      add("DELETE", "/{name}", [this](const Request& r) { return Remove(r); });
    }
  }
  return routes;
}

Response ReceiversApi::List() const {
  Json list = Json::array();
  const std::shared_ptr<const ReceiverList> receivers = sources_.receivers();
  for (const ListedReceiver& receiver : *receivers) list.push_back(ReceiverJson(receiver));
  return JsonResponse(200, list);
}

Response ReceiversApi::Show(const std::string& name) const {
  const std::shared_ptr<const ReceiverList> receivers = sources_.receivers();
  for (const ListedReceiver& receiver : *receivers) {
    if (receiver.name == name) return JsonResponse(200, ReceiverJson(receiver));
  }
  return Detail(404, kNoReceiver);
}

Response ReceiversApi::Create(const Request& request) const {
  Json faults = Json::array();
  const nlohmann::json body = ReadObject(request.body, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  return AnswerAndNote("receiver.create",
                       sources_.commands.create(body, ActorOf(request), request.creation_id));
}

Response ReceiversApi::Update(const Request& request) const {
  Json faults = Json::array();
  const nlohmann::json body = ReadObject(request.body, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  return AnswerAndNote("receiver.update",
                       sources_.commands.update(request.captures[0], body, ActorOf(request)));
}

Response ReceiversApi::Remove(const Request& request) const {
  return AnswerAndNote("receiver.delete",
                       sources_.commands.remove(request.captures[0], ActorOf(request)));
}

}  // namespace tocsin::api
