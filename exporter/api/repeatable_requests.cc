#include "exporter/api/repeatable_requests.h"

#include <fmt/format.h>

#include "base/group_key.h"
#include "base/json_library.h"
#include "base/json_row.h"
#include "base/uuid.h"
#include "exporter/api/durable.h"
#include "exporter/api/faults.h"

namespace tocsin::api {
namespace {

using http::Access;
using http::ErrorStyle;
using http::Request;
using http::Response;

constexpr std::string_view kHeader = "Idempotency-Key";
// Submits a sample, but by hand.
constexpr std::string_view kDemoTrigger = "/demo/trigger-alert";
constexpr int kAnswerVersion = 1;  // of a row
// How long a request waits for another with the same key.
constexpr Duration kTurnPatience = std::chrono::seconds(10);

// Texts whose borders cannot be mistaken.
std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (std::string_view part : parts) {
    joined += std::to_string(part.size());
    joined.push_back(':');
    joined += part;
  }
  return joined;
}

std::string_view WithoutSlashAtEnd(std::string_view path) {
  if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path;
}

Response KeyRefused(ErrorStyle errors, const std::string& why, const std::string& type) {
  if (errors != ErrorStyle::kJson) return http::ErrorResponse(422, errors, why);
  return Unprocessable(Json::array({Fault({"header", kHeader}, why, type)}));
}

// SIMD parsers read behind the end of a body.
Request CopyOf(const Request& request) {
  Request copy = request;
  copy.body.reserve(copy.body.size() + http::kBodyPadding);
  return copy;
}

}  // namespace

bool TakesIdempotencyKey(const http::Route& route) {
  if (route.method != "POST" || route.pattern.starts_with("/-/")) return false;
  switch (route.access) {
    case Access::kOpen:
    case Access::kPushOrOperate:
      return false;
    case Access::kPush:
      return route.pattern.ends_with(kDemoTrigger);
    default:
      return true;
  }
}

struct RepeatableRequests::Answer {
  std::string request;
  int status = 200;
  std::string content_type;
  std::string body;
  bool is_withheld = false;  // the body was a secret, or too long
  Timestamp at;
};

// A request's turn: others with its key wait until it is over.
class RepeatableRequests::Claim {
 public:
  Claim(RepeatableRequests& requests, const std::string& name)
      : requests_(requests), name_(name), holds_(requests.Begin(name)) {}
  ~Claim() {
    if (holds_) requests_.End(name_);
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  bool holds() const { return holds_; }

 private:
  RepeatableRequests& requests_;
  const std::string& name_;
  const bool holds_;
};

std::string RepeatableRequests::Row(const Answer& answer) {
  return JsonRow()
      .Number("v", kAnswerVersion)
      .Text("request", answer.request)
      .Number("status", answer.status)
      .Text("content_type", answer.content_type)
      .Text("body", answer.body)
      .Flag("withheld", answer.is_withheld)
      .Time("at", answer.at)
      .Finish();
}

Result<RepeatableRequests::Answer> RepeatableRequests::ParseRow(std::string_view text) {
  try {
    const nlohmann::json row = ParseJsonOrThrow(text);
    if (row.at("v").get<int>() != kAnswerVersion) return Error{"written by another version"};
    Answer answer;
    answer.request = row.at("request").get<std::string>();
    answer.status = row.at("status").get<int>();
    answer.content_type = row.at("content_type").get<std::string>();
    answer.body = row.at("body").get<std::string>();
    answer.is_withheld = row.at("withheld").get<bool>();
    answer.at = FromUnixMillis(row.at("at").get<std::int64_t>());
    return answer;
  } catch (const nlohmann::json::exception& e) {
    return Error{e.what()};
  }
}

Status RepeatableRequests::Restore() {
  const Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kIdempotencyKeys);
  if (!rows) return rows.error();
  MutexLock lock(mu_);
  for (const auto& [name, text] : *rows) {
    Result<Answer> answer = ParseRow(text);
    if (answer) {
      Put(name, std::make_shared<const Answer>(*std::move(answer)));
    } else {
      log_.Error("a kept answer cannot be read and is left as it is",
                 {{"key", name}, {"err", answer.message()}});
    }
  }
  return {};
}

http::Route RepeatableRequests::Remember(http::Route route) {
  if (!TakesIdempotencyKey(route)) return route;
  route.handler = [this, handler = std::move(route.handler),
                   errors = route.errors](const Request& request) {
    const std::string_view key = request.Header(kHeader);
    return key.empty() ? handler(request) : Deal(request, key, handler, errors);
  };
  return route;
}

// The key stands in what is hashed, and nowhere else: who reads the database cannot try out what
// secrets a body may have held.
RepeatableRequests::Asked RepeatableRequests::AskedBy(const Request& request,
                                                      std::string_view key) {
  Asked asked;
  asked.name = Sha256Hex(Joined({"name", request.actor.key_id, key}));
  asked.request =
      Sha256Hex(Joined({"request", request.actor.key_id, key, request.method,
                        WithoutSlashAtEnd(request.raw_path), request.query, request.body}));
  asked.creation_id = UuidFromName(Joined({"creation", key, asked.request}));
  return asked;
}

Response RepeatableRequests::Deal(const Request& request, std::string_view key,
                                  const http::Handler& handler, ErrorStyle errors) {
  if (key.size() > kLongestKey) {
    return KeyRefused(errors,
                      fmt::format("ensure this value has at most {} characters", kLongestKey),
                      "value_error.any_str.max_length");
  }
  const Asked asked = AskedBy(request, key);
  const Claim claim(*this, asked.name);
  if (!claim.holds()) {
    return http::ErrorResponse(409, errors, "A request with this Idempotency-Key is under way");
  }
  if (const AnswerPtr known = Find(asked.name, clock_.Now())) {
    return Repeated(*known, asked, errors);
  }
  Request named = CopyOf(request);
  named.creation_id = asked.creation_id;
  Response response = handler(named);
  if (response.status >= 400) return response;
  Answer answer{asked.request, response.status, response.content_type, "", false, clock_.Now()};
  answer.is_withheld = response.is_secret || response.body.size() > kLongestBody;
  if (!answer.is_withheld) answer.body = response.body;
  Keep(asked.name, std::move(answer));
  return response;
}

Response RepeatableRequests::Repeated(const Answer& answer, const Asked& asked, ErrorStyle errors) {
  if (answer.request != asked.request) {
    return KeyRefused(errors, "this key was used for another request",
                      "value_error.idempotency_key");
  }
  if (answer.is_withheld) {
    return http::ErrorResponse(
        409, errors, "This request has been carried out; what it was answered is shown only once");
  }
  Response response;
  response.status = answer.status;
  response.content_type = answer.content_type;
  response.body = answer.body;
  response.headers.emplace_back("Idempotency-Replayed", "true");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.is_repeated = true;
  return response;
}

// A store that cannot write keeps the row and tries again; meanwhile it is known here.
void RepeatableRequests::Keep(const std::string& name, Answer answer) {
  WriteBatch batch;
  batch.Put(StateTable::kIdempotencyKeys, name, Row(answer));
  {
    MutexLock lock(mu_);
    const Timestamp now = answer.at;
    Put(name, std::make_shared<const Answer>(std::move(answer)));
    ForgetSome(now, &batch);
  }
  Durable durable;
  store_.Submit(std::move(batch), durable.Callback());
  static_cast<void>(durable.Wait());
}

bool RepeatableRequests::Begin(const std::string& name) {
  MutexLock lock(mu_);
  while (under_way_.contains(name)) {
    if (!ended_.WaitFor(mu_, kTurnPatience)) return false;
  }
  under_way_.insert(name);
  return true;
}

void RepeatableRequests::End(const std::string& name) {
  {
    MutexLock lock(mu_);
    under_way_.erase(name);
  }
  ended_.NotifyAll();
}

RepeatableRequests::AnswerPtr RepeatableRequests::Find(const std::string& name,
                                                       Timestamp now) const {
  MutexLock lock(mu_);
  const auto found = answers_.find(name);
  if (found == answers_.end() || found->second->at + kKept <= now) return nullptr;
  return found->second;
}

void RepeatableRequests::Put(const std::string& name, AnswerPtr answer) {
  Forget(name);
  by_age_.emplace(answer->at, name);
  bytes_ += answer->body.size();
  answers_[name] = std::move(answer);
}

void RepeatableRequests::Forget(const std::string& name) {
  const auto found = answers_.find(name);
  if (found == answers_.end()) return;
  by_age_.erase({found->second->at, name});
  bytes_ -= found->second->body.size();
  answers_.erase(found);
}

void RepeatableRequests::ForgetSome(Timestamp now, WriteBatch* batch) {
  while (!by_age_.empty()) {
    const auto& [at, oldest] = *by_age_.begin();
    const bool is_too_much = answers_.size() > kMostAnswers || bytes_ > kMostBytes;
    if (at + kKept > now && !is_too_much) return;
    const std::string name = oldest;
    batch->Delete(StateTable::kIdempotencyKeys, name);
    Forget(name);
  }
}

void RepeatableRequests::Tend(Timestamp now) {
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    ForgetSome(now, &batch);
  }
  if (!batch.empty()) store_.Submit(std::move(batch), nullptr);
}

}  // namespace tocsin::api
