#include "exporter/api/stream_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/json_library.h"
#include "base/matcher_text.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::size_t kMostConditions = 64;  // of one kind
constexpr double kMostSamplesPerSecond = 10;
constexpr double kFewestSamplesPerSecond = 0.001;
constexpr double kLongestAcknowledgement = 10.0 * 365 * 24 * 3600;  // seconds

// Reads the members of one message; the first fault counts.
class Reader {
 public:
  Reader(const nlohmann::json& body, ClientMessage* message) : body_(body), message_(*message) {}

  void Text(const char* name, std::string* value, bool required) {
    const nlohmann::json* found = Find(name);
    if (found != nullptr && found->is_string()) {
      *value = found->get<std::string>();
    } else if (found != nullptr) {
      Blame(name, "a text is expected");
    }
    if (required && value->empty()) Blame(name, "field required");
  }

  // Seconds, or a duration as Prometheus writes it.
  void Lasting(const char* name, std::optional<Duration>* value) {
    const nlohmann::json* found = Find(name);
    if (found == nullptr) return;
    std::optional<Duration> read;
    if (found->is_string()) {
      read = ParseDuration(found->get<std::string>());
    } else if (found->is_number() && found->get<double>() > 0 &&
               found->get<double>() <= kLongestAcknowledgement) {
      read = Duration(static_cast<std::int64_t>(found->get<double>() * 1000));
    }
    if (read && *read > Duration(0)) {
      *value = read;
    } else {
      Blame(name, "a number of seconds greater than 0, or a duration, is expected");
    }
  }

  void Rate(const char* name, double* value) {
    const nlohmann::json* found = Find(name);
    if (found == nullptr) return;
    const double read = found->is_number() ? found->get<double>() : 0;
    if (read >= kFewestSamplesPerSecond && read <= kMostSamplesPerSecond) {
      *value = read;
    } else {
      Blame(name, fmt::format("a number of samples a second from {} to {} is expected",
                              kFewestSamplesPerSecond, kMostSamplesPerSecond));
    }
  }

  // Calls take(text), which says what is wrong with it, if anything. True where there is a list.
  template <typename Take>
  bool Texts(const char* name, Take take) {
    const nlohmann::json* found = Find(name);
    if (found == nullptr) return false;
    if (!found->is_array() || found->size() > kMostConditions) {
      Blame(name, fmt::format("a list of at most {} texts is expected", kMostConditions));
      return false;
    }
    for (const nlohmann::json& item : *found) {
      const std::string fault =
          item.is_string() ? take(item.get<std::string>()) : "a text is expected";
      if (!fault.empty()) Blame(name, fault);
    }
    return true;
  }

 private:
  const nlohmann::json* Find(const char* name) const {
    const auto found = body_.find(name);
    return found == body_.end() || found->is_null() ? nullptr : &*found;
  }
  void Blame(const char* name, std::string_view what) {
    if (message_.kind == ClientMessage::Kind::kWrong) return;
    message_.kind = ClientMessage::Kind::kWrong;
    message_.fault = fmt::format("{}: {}", name, what);
  }

  const nlohmann::json& body_;
  ClientMessage& message_;
};

// cpu{host="a"}, {__name__=~"cpu.*"}, cpu
Result<std::vector<Matcher>> ParseSelector(std::string_view text) {
  const std::size_t brace = std::min(text.find('{'), text.size());
  const std::string_view name = TrimSpace(text.substr(0, brace));
  std::vector<Matcher> matchers;
  if (!name.empty()) matchers.push_back(Matcher::Equal("__name__", std::string(name)));
  if (brace < text.size()) {
    if (!text.ends_with('}')) return Error{"a selector ends with its closing brace"};
    Result<ParsedMatchers> parsed = ParseMatcherList(text.substr(brace), MatcherDialect::kFallback);
    if (!parsed) return parsed.error();
    std::move(parsed->matchers.begin(), parsed->matchers.end(), std::back_inserter(matchers));
  }
  if (matchers.empty()) return Error{"a metric name or a matcher is expected"};
  return matchers;
}

void ReadCommand(Reader& reader, ClientMessage* message) {
  reader.Text("alert_id", &message->alert_id, /*required=*/true);
  reader.Text("actor", &message->actor, /*required=*/false);
  reader.Text("note", &message->note, /*required=*/false);
  if (message->kind == ClientMessage::Kind::kAcknowledge) {
    reader.Lasting("expires_in", &message->expires_in);
  }
}

void ReadSubscription(Reader& reader, ClientMessage* message) {
  StreamFilter& filter = message->filter;
  reader.Texts("severities", [&](const std::string& word) -> std::string {
    const std::optional<Severity> severity = ParseSeverity(word);
    if (!severity) return "permitted: critical, high, medium, low, info";
    filter.severities.push_back(*severity);
    return "";
  });
  reader.Texts("rule_ids", [&](const std::string& id) -> std::string {
    filter.rule_ids.push_back(id);
    return "";
  });
  reader.Texts("matchers", [&](const std::string& text) -> std::string {
    Result<ParsedMatchers> parsed = ParseMatcherList(text, MatcherDialect::kFallback);
    if (!parsed) return parsed.message();
    std::move(parsed->matchers.begin(), parsed->matchers.end(),
              std::back_inserter(filter.matchers));
    return "";
  });
  SampleSubscription samples;
  const bool wants_samples = reader.Texts("metrics", [&](const std::string& text) -> std::string {
    Result<std::vector<Matcher>> selector = ParseSelector(text);
    if (!selector) return selector.message();
    samples.selectors.push_back(*std::move(selector));
    return "";
  });
  reader.Rate("max_rate", &samples.max_rate);
  if (wants_samples && !samples.selectors.empty()) message->samples = std::move(samples);
}

Json RequestIdOf(const nlohmann::json& body) {
  const auto found = body.find("request_id");
  if (found == body.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_number_integer() ? Json(found->get<std::int64_t>()) : Json();
}

std::string TypeOf(const nlohmann::json& body) {
  const auto found = body.find("type");
  return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

bool StreamFilter::Selects(Severity severity, std::string_view rule_id, LabelsView labels) const {
  const auto is_one_of = [](const auto& wanted, const auto& value) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
  };
  return is_one_of(severities, severity) && is_one_of(rule_ids, rule_id) &&
         MatchesAll(matchers, labels);
}

bool SampleSubscription::Selects(LabelsView labels) const {
  return std::any_of(selectors.begin(), selectors.end(),
                     [&](const auto& matchers) { return MatchesAll(matchers, labels); });
}

ClientMessage ParseClientMessage(std::string_view text) {
  ClientMessage message;
  if (TrimSpace(text) == "ping") {
    message.kind = ClientMessage::Kind::kTextPing;
    return message;
  }
  const nlohmann::json body = ParseJson(text);
  if (!body.is_object()) return message;
  const std::string type = TypeOf(body);
  message.request_id = RequestIdOf(body);
  Reader reader(body, &message);
  if (type == "ping") {
    message.kind = ClientMessage::Kind::kPing;
  } else if (type == "acknowledge" || type == "resolve") {
    message.kind =
        type == "resolve" ? ClientMessage::Kind::kResolve : ClientMessage::Kind::kAcknowledge;
    ReadCommand(reader, &message);
  } else if (type == "subscribe") {
    message.kind = ClientMessage::Kind::kSubscribe;
    ReadSubscription(reader, &message);
  }
  return message;
}

std::string OkMessage(const Json& request_id) {
  return fmt::format(R"({{"type":"ok","request_id":{}}})", Dump(request_id));
}

std::string ErrorMessage(const Json& request_id, std::string_view detail) {
  return fmt::format(R"({{"type":"error","detail":{},"request_id":{}}})",
                     Dump(Json(std::string(detail))), Dump(request_id));
}

std::string AlertsMessage(std::string_view type, std::uint64_t sequence, std::uint64_t as_of,
                          const std::optional<Timestamp>& at, std::string_view alerts) {
  return fmt::format(R"({{"type":"{}","seq":{}{}{},"alerts":{}}})", type, sequence,
                     as_of != sequence ? fmt::format(R"(,"as_of":{})", as_of) : "",
                     at ? fmt::format(R"(,"timestamp":"{}")", FormatRfc3339(*at)) : "", alerts);
}

std::string MarkerMessage(std::string_view type, std::uint64_t sequence) {
  return fmt::format(R"({{"type":"{}","seq":{}}})", type, sequence);
}

}  // namespace tocsin::api
