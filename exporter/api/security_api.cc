#include "exporter/api/security_api.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/json_library.h"
#include "base/json_text.h"
#include "base/number.h"
#include "base/text.h"
#include "exporter/api/alerting_json.h"
#include "exporter/api/command_body.h"
#include "exporter/api/durable.h"
#include "exporter/api/faults.h"

namespace tocsin::api {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kLongestBody = 64 << 10;
constexpr double kLongestLife = SecurityApi::kLongestLife;

Response JsonText(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

// ---- the body of POST keys

// A comma list, or a list of words; nothing where one is no scope.
std::optional<Scopes> ScopesOf(const nlohmann::json& value) {
  if (value.is_string()) return Scopes::Parse(value.get<std::string>());
  if (!value.is_array()) return std::nullopt;
  Scopes scopes;
  for (const nlohmann::json& word : value) {
    if (!word.is_string()) return std::nullopt;
    const std::optional<Scopes> one = Scopes::Parse(word.get<std::string>());
    if (!one) return std::nullopt;
    scopes.Add(*one);
  }
  return scopes;
}

void ReadScopes(const nlohmann::json& body, security::KeyOrder* order, Json* faults) {
  const auto found = body.find("scopes");
  const bool is_given = found != body.end();
  const std::optional<Scopes> scopes = is_given ? ScopesOf(*found) : std::nullopt;
  if (scopes && !scopes->empty()) {
    order->scopes = *scopes;
  } else {
    faults->push_back(Fault({"body", "scopes"},
                            fmt::format("a list of scopes is required: {}", kScopeWords),
                            is_given ? "value_error.scopes" : "value_error.missing"));
  }
}

void ReadExpiry(const nlohmann::json& body, Timestamp now, security::KeyOrder* order,
                Json* faults) {
  const auto in = body.find("expires_in");
  const auto at = body.find("expires_at");
  if (in != body.end() && !in->is_null()) {
    std::optional<Duration> life;
    if (in->is_string()) {
      life = ParseDuration(in->get<std::string>());
    } else if (in->is_number() && in->get<double>() <= kLongestLife) {
      life = Duration(static_cast<std::int64_t>(in->get<double>() * 1000));
    }
    if (life && *life > Duration(0) && life->count() <= kLongestLife * 1000) {
      order->expires_at = now + *life;
    } else {
      faults->push_back(Fault({"body", "expires_in"},
                              "ensure this value is a number of seconds greater than 0, or a "
                              "duration, of a hundred years at most",
                              "value_error.duration"));
    }
  } else if (at != body.end() && !at->is_null()) {
    order->expires_at =
        at->is_string() ? ParseRfc3339(at->get<std::string>()) : std::optional<Timestamp>();
    if (!order->expires_at) {
      faults->push_back(
          Fault({"body", "expires_at"}, "invalid datetime format", "value_error.datetime"));
    }
  }
}

security::KeyOrder ReadKeyOrder(const Request& request, Timestamp now, Json* faults) {
  security::KeyOrder order;
  order.created_by = request.actor.known() ? request.actor.name : "api";
  const nlohmann::json body = ReadObject(request.body, faults);
  if (!faults->empty()) return order;
  ReadRequiredText(body, "name", security::kLongestKeyName, &order.name, faults);
  ReadScopes(body, &order, faults);
  ReadExpiry(body, now, &order, faults);
  if (faults->empty()) {
    if (const std::optional<std::string> fault = FindFault(order, now)) {
      faults->push_back(
          Fault({"body", order.expires_at && *order.expires_at <= now ? "expires_at" : "name"},
                *fault, "value_error"));
    }
  }
  return order;
}

// ---- the query of GET audit

// RFC 3339, or seconds since 1970.
std::optional<Timestamp> ParseSince(const std::string& text) {
  if (const std::optional<Timestamp> time = ParseRfc3339(text)) return time;
  const std::optional<double> seconds = ParseFloat(text);
  if (!seconds || !(*seconds >= 0) || *seconds > 1e11) return std::nullopt;
  return FromUnixMillis(static_cast<std::int64_t>(*seconds * 1000));
}

}  // namespace

std::vector<http::Route> SecurityApi::Routes() {
  std::vector<http::Route> routes;
  for (const char* mount : {"/api/v1/alerting", "/alerting"}) {
    const auto add = [&](const char* method, const std::string& path, http::Handler handler) {
      routes.push_back(JsonRoute(method, mount + path, std::move(handler), http::Access::kAdmin));
      routes.back().max_body = kLongestBody;
    };
    add("GET", "/keys", [this](const Request&) { return ListKeys(); });
    add("POST", "/keys", [this](const Request& r) { return CreateKey(r); });
    add("DELETE", "/keys/{id}", [this](const Request& r) { return RevokeKey(r); });
    add("GET", "/audit", [this](const Request& r) { return ListAudit(r); });
  }
  return routes;
}

Response SecurityApi::ListKeys() const {
  const Timestamp now = clock_.Now();
  std::string list = "[";
  for (const security::KeyRing::View& view : keys_.List()) {
    if (list.size() > 1) list.push_back(',');
    list += KeyJson(view.key, view.last_used_at, now);
  }
  return JsonText(200, list + "]");
}

Response SecurityApi::CreateKey(const Request& request) {
  const Timestamp now = clock_.Now();
  Json faults = Json::array();
  const security::KeyOrder order = ReadKeyOrder(request, now, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  const security::MadeKey made = security::MakeKey(order, now);
  Durable durable;
  keys_.Add(made.key, durable.Callback());
  if (const Status stored = durable.Wait(); !stored) {
    return Detail(503, "The key could not be stored: use no token, and try again later");
  }
  keys_.Refresh();
  const std::string key = KeyJson(made.key, std::nullopt, now);
  std::string body = key;
  body.pop_back();
  body += ",\"token\":" + JsonString(made.token.Reveal()) + "}";
  Response response = JsonText(200, std::move(body));
  response.is_secret = true;
  http::NoteChange({"key.create", made.key.id, "", key}, &response);
  return response;
}

Response SecurityApi::RevokeKey(const Request& request) {
  const std::string& id = request.captures[0];
  const Timestamp now = clock_.Now();
  keys_.Refresh();  // another process may just have made it
  Durable durable;
  switch (keys_.Revoke(id, now, durable.Callback())) {
    case security::KeyRing::Revoking::kUnknown:
      return Detail(404, "API key not found");
    case security::KeyRing::Revoking::kOfEnvironment:
      return Detail(409, "API key is defined in TOCSIN_API_KEYS");
    case security::KeyRing::Revoking::kDone:
      break;
  }
  // It is in force already; a store that cannot write keeps it and tries again.
  static_cast<void>(durable.Wait());
  Response response = JsonResponse(200, {{"message", "API key revoked successfully"}});
  http::NoteChange({"key.revoke", id, "", ""}, &response);
  return response;
}

Response SecurityApi::ListAudit(const Request& request) const {
  Json faults = Json::array();
  std::optional<Timestamp> since;
  if (const std::optional<std::string> text = request.QueryParameter("since")) {
    since = ParseSince(*text);
    if (!since) {
      faults.push_back(
          Fault({"query", "since"}, "invalid datetime format", "value_error.datetime"));
    }
  }
  std::size_t limit = kUsualEntries;
  if (const std::optional<std::string> text = request.QueryParameter("limit")) {
    const std::optional<std::int64_t> number = ParseInt(*text);
    if (number && *number >= 1 && *number <= kMostEntries) {
      limit = static_cast<std::size_t>(*number);
    } else {
      faults.push_back(Fault({"query", "limit"},
                             fmt::format("ensure this value is between 1 and {}", kMostEntries),
                             "value_error.number"));
    }
  }
  if (!faults.empty()) return Unprocessable(faults);
  // Whoever changes something and then asks finds it there. A store that cannot write shows the
  // rest.
  Durable durable;
  audit_.WhenWritten(durable.Callback());
  static_cast<void>(durable.Wait());
  const Result<std::vector<std::string>> entries = audit_.Newest(since, limit);
  if (!entries) return Detail(503, "The audit log cannot be read now");
  std::string list = "[";
  for (const std::string& entry : *entries) {
    if (list.size() > 1) list.push_back(',');
    list += entry;
  }
  return JsonText(200, list + "]");
}

}  // namespace tocsin::api
