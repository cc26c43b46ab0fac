#include "receivers/templates/group_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json_text.h"
#include "base/text.h"
#include "receivers/templates/template_data.h"

namespace tocsin::receivers {
namespace {

// Go's zero time: the alert has not ended.
constexpr std::string_view kNotEnded = "0001-01-01T00:00:00Z";

void AppendMember(std::string_view name, std::string_view value, std::string* out) {
  AppendHtmlSafeJsonString(name, out);
  out->push_back(':');
  AppendHtmlSafeJsonString(value, out);
}

// Pairs of a name and a value, as a JSON object.
template <typename Pairs>
void AppendObject(const Pairs& pairs, std::string* out) {
  out->push_back('{');
  bool first = true;
  for (const auto& [name, value] : pairs) {
    if (!first) out->push_back(',');
    first = false;
    AppendMember(name, value, out);
  }
  out->push_back('}');
}

// As Go writes times: without zeros at the end of the fraction.
std::string Rfc3339Nano(Timestamp t) {
  std::string text = FormatRfc3339(t);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of("0Z") + 1);
  return text + "Z";
}

void AppendToldAlert(const FrozenAlert& frozen, std::string* out) {
  const PostedAlert& alert = *frozen.alert;
  *out += frozen.resolved ? R"({"status":"resolved","labels":)" : R"({"status":"firing","labels":)";
  AppendObject(alert.labels, out);
  *out += R"(,"annotations":)";
  AppendObject(alert.annotations, out);
  *out +=
      fmt::format(R"(,"startsAt":"{}","endsAt":"{}","generatorURL":)", Rfc3339Nano(alert.starts_at),
                  frozen.resolved ? Rfc3339Nano(alert.ends_at) : kNotEnded);
  AppendHtmlSafeJsonString(alert.generator_url, out);
  *out += fmt::format(R"(,"fingerprint":"{}"}})", FormatHex64(alert.fingerprint));
}

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

template <typename From>
Pairs PairsOf(const From& from) {
  Pairs pairs;
  for (const auto& [name, value] : from) pairs.emplace_back(name, value);
  return pairs;
}

// What all alerts have in common. Both lists are sorted by name.
void KeepCommon(const Pairs& other, Pairs* common) {
  std::erase_if(*common, [&](const auto& pair) {
    return !std::binary_search(other.begin(), other.end(), pair);
  });
}

}  // namespace

std::string GroupBody(const GroupNotification& notification,
                      const gotemplate::KeyValues::Entries& route_labels, std::string_view version,
                      std::size_t count) {
  const std::vector<FrozenAlert>& told = notification.alerts;
  Pairs labels = PairsOf(told.front().alert->labels);
  Pairs annotations = PairsOf(told.front().alert->annotations);
  std::string alerts;
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (i > 0) {
      if (i < count) alerts.push_back(',');
      KeepCommon(PairsOf(told[i].alert->labels), &labels);
      KeepCommon(PairsOf(told[i].alert->annotations), &annotations);
    }
    if (i < count) AppendToldAlert(told[i], &alerts);
  }
  std::string out = R"({"receiver":)";
  AppendHtmlSafeJsonString(QuoteForRegex(notification.receiver), &out);
  out += fmt::format(R"(,"status":"{}","alerts":[)", StatusOf(told));
  out += alerts;
  out += fmt::format(R"(],"notification_reason":"{}","groupLabels":)",
                     NotificationReasonText(notification.reason));
  AppendObject(notification.group_labels, &out);
  out += R"(,"commonLabels":)";
  AppendObject(labels, &out);
  out += R"(,"commonAnnotations":)";
  AppendObject(annotations, &out);
  out += R"(,"routeLabels":)";
  AppendObject(route_labels, &out);
  out += R"(,"externalURL":)";
  AppendHtmlSafeJsonString(notification.external_url, &out);
  out += fmt::format(R"(,"version":"{}","groupKey":)", version);
  AppendHtmlSafeJsonString(notification.group_key, &out);
  out += fmt::format(R"(,"truncatedAlerts":{}}})", notification.truncated_alerts);
  out.push_back('\n');
  return out;
}

}  // namespace tocsin::receivers
