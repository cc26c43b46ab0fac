#include "exporter/intake/push.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"

namespace tocsin::intake {
namespace {

enum class Reason : std::uint8_t {
  kPath,
  kContentType,
  kEncoding,
  kTooLarge,
  kSyntax,
  kLimit,
  kInconsistent,
  kTooManySeries,
};
constexpr std::array<const char*, 8> kReasonNames = {"path",         "content_type",   "encoding",
                                                     "too_large",    "syntax",         "limit",
                                                     "inconsistent", "too_many_series"};

struct Refused {
  int status = 400;
  Reason reason = Reason::kPath;
  std::string message;
};

constexpr std::string_view kProtobuf = "application/vnd.google.protobuf";

std::optional<Refused> CheckContentType(const http::Request& request) {
  const std::string_view type = request.Header("Content-Type");
  // Other types are taken for text: shell scripts send application/x-www-form-urlencoded.
  if (!EqualsIgnoreCase(TrimSpace(type.substr(0, type.find(';'))), kProtobuf)) return std::nullopt;
  return Refused{415, Reason::kContentType,
                 "pushes in the protobuf format are not supported: push in the text format, "
                 "Content-Type: text/plain; version=0.0.4"};
}

// The body without its content coding: in `decoded`, or the request's own.
std::optional<Refused> Decode(const http::Request& request, std::size_t max_bytes,
                              std::string* decoded, std::string_view* body) {
  const std::string_view coding = TrimSpace(request.Header("Content-Encoding"));
  if (coding.empty() || EqualsIgnoreCase(coding, "identity")) {
    *body = request.body;
    return std::nullopt;
  }
  if (!EqualsIgnoreCase(coding, "gzip")) {
    return Refused{415, Reason::kEncoding,
                   fmt::format("Content-Encoding {} is not supported: send gzip or identity",
                               QuoteForMessage(coding))};
  }
  GzipResult result = GzipDecompress(request.body, max_bytes);
  if (result.outcome == GzipResult::Outcome::kTooLarge) {
    return Refused{413, Reason::kTooLarge, "limit push body: " + result.message};
  }
  if (!result.ok()) return Refused{400, Reason::kEncoding, result.message};
  *decoded = std::move(result.bytes);
  *body = *decoded;
  return std::nullopt;
}

Result<GroupingKey> KeyOf(const http::Request& request, const exposition::TextLimits& limits) {
  // Behind "metrics".
  const std::vector<std::string> parts(request.path.begin() + 1, request.path.end());
  return ParseGroupingKey(parts, limits);
}

std::size_t SamplesIn(const std::vector<exposition::Family>& families) {
  std::size_t samples = 0;
  for (const exposition::Family& family : families) samples += family.points.size();
  return samples;
}

Refused Because(const PushOutcome& outcome) {
  Reason reason = Reason::kInconsistent;
  if (outcome.trouble == PushTrouble::kLimit) reason = Reason::kLimit;
  if (outcome.trouble == PushTrouble::kTooManySeries) reason = Reason::kTooManySeries;
  return {400, reason, outcome.message};
}

Refused Because(const exposition::ParseError& error) {
  const bool limit = error.kind == exposition::ParseError::Kind::kLimit;
  return {400, limit ? Reason::kLimit : Reason::kSyntax, error.ToString()};
}

http::Response Empty(int status) {
  http::Response response;
  response.status = status;
  return response;
}

}  // namespace

struct PushIntake::Metrics {
  explicit Metrics(MetricRegistry& registry) {
    auto& by_method = CounterFamily(registry, "tocsin_push_requests_total",
                                    "Requests to change a pushed group, by method.");
    put = &by_method.Add({{"method", "put"}});
    post = &by_method.Add({{"method", "post"}});
    del = &by_method.Add({{"method", "delete"}});
    auto& by_reason = CounterFamily(registry, "tocsin_push_requests_refused_total",
                                    "Requests to change a pushed group that were refused.");
    for (std::size_t i = 0; i < refused.size(); ++i) {
      refused.at(i) = &by_reason.Add({{"reason", kReasonNames.at(i)}});
    }
  }

  http::Response Refuse(const Refused& why) const {
    refused.at(static_cast<std::size_t>(why.reason))->Increment();
    http::Response response;
    response.status = why.status;
    response.body = why.message + "\n";
    if (why.reason == Reason::kEncoding) {
      response.headers.emplace_back("Accept-Encoding", "gzip, identity");
    }
    return response;
  }

  prometheus::Counter* put = nullptr;
  prometheus::Counter* post = nullptr;
  prometheus::Counter* del = nullptr;
  std::array<prometheus::Counter*, kReasonNames.size()> refused{};
};

PushIntake::PushIntake(const Context& context, PushStore& store)
    : store_(store),
      admission_(context.admission),
      metrics_(std::make_unique<const Metrics>(context.metrics)) {}

PushIntake::~PushIntake() = default;

std::vector<http::Route> PushIntake::Routes() {
  std::vector<http::Route> routes;
  for (const char* pattern : {"/metrics/job/**", "/metrics/job@base64/**"}) {
    const auto add = [&](const char* method, http::Handler handler) {
      http::Route route;
      route.method = method;
      route.pattern = pattern;
      route.handler = std::move(handler);
      route.max_body = store_.limits().body_bytes;
      route.access = http::Access::kPush;
      routes.push_back(std::move(route));
    };
    add("PUT", [this](const http::Request& r) {
      metrics_->put->Increment();
      return Push(r, PushMode::kReplaceGroup);
    });
    add("POST", [this](const http::Request& r) {
      metrics_->post->Increment();
      return Push(r, PushMode::kReplaceFamilies);
    });
    add("DELETE", [this](const http::Request& r) {
      metrics_->del->Increment();
      return Delete(r);
    });
  }
  return routes;
}

http::Response PushIntake::Push(const http::Request& request, PushMode mode) {
  const Result<GroupingKey> key = KeyOf(request, store_.limits().text);
  if (!key) return metrics_->Refuse({400, Reason::kPath, key.message()});
  if (const auto refused = CheckContentType(request)) return metrics_->Refuse(*refused);

  // Taken before the body is parsed, so that a short body does not overtake a long one.
  const PushTurns::Turn turn = store_.TakeTurn(*key);
  std::string decoded;
  std::string_view body;
  if (const auto refused = Decode(request, store_.limits().body_bytes, &decoded, &body)) {
    return metrics_->Refuse(*refused);
  }
  std::vector<exposition::Family> families;
  if (const auto error = exposition::ParseFamilies(body, exposition::Dialect::kPush, &families,
                                                   store_.limits().text)) {
    return metrics_->Refuse(Because(*error));
  }
  if (admission_) {
    if (auto refused = admission_(request, SamplesIn(families), http::ErrorStyle::kPlain)) {
      return *std::move(refused);
    }
  }
  const PushOutcome outcome = store_.Push(turn, *key, mode, std::move(families));
  return outcome.ok() ? Empty(200) : metrics_->Refuse(Because(outcome));
}

http::Response PushIntake::Delete(const http::Request& request) {
  const Result<GroupingKey> key = KeyOf(request, store_.limits().text);
  if (!key) return metrics_->Refuse({400, Reason::kPath, key.message()});
  store_.Delete(store_.TakeTurn(*key), *key);
  return Empty(202);
}

std::unique_ptr<Intake> MakePush(const Context& context, PushStore& push_store) {
  return std::make_unique<PushIntake>(context, push_store);
}

}  // namespace tocsin::intake
