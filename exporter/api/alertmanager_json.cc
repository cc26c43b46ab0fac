#include "exporter/api/alertmanager_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/json_text.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

template <typename Pairs>
void AppendPairs(const Pairs& pairs, std::string* out) {
  out->push_back('{');
  bool first = true;
  for (const auto& [name, value] : pairs) {
    if (!first) out->push_back(',');
    first = false;
    AppendJsonString(name, out);
    out->push_back(':');
    AppendJsonString(value, out);
  }
  out->push_back('}');
}

template <typename Items, typename Append>
void AppendList(const Items& items, Append append, std::string* out) {
  out->push_back('[');
  bool first = true;
  for (const auto& item : items) {
    if (!first) out->push_back(',');
    first = false;
    append(item);
  }
  out->push_back(']');
}

void AppendTime(std::string_view name, Timestamp t, std::string* out) {
  out->push_back('"');
  *out += name;
  *out += R"(":")";
  AppendRfc3339Millis(t, out);
  out->push_back('"');
}

void AppendStatus(const AlertStatus& status, std::string* out) {
  *out += status.suppressed() ? R"({"state":"suppressed","silencedBy":)"
                              : R"({"state":"active","silencedBy":)";
  const auto append_text = [out](const std::string& text) { AppendJsonString(text, out); };
  AppendList(status.silenced_by, append_text, out);
  *out += R"(,"inhibitedBy":)";
  AppendList(
      status.inhibited_by, [&](std::uint64_t source) { append_text(FormatHex64(source)); }, out);
  *out += R"(,"mutedBy":)";
  AppendList(status.muted_by, append_text, out);
  out->push_back('}');
}

void AppendMatcher(const Matcher& matcher, std::string* out) {
  using Op = Matcher::Op;
  *out += R"({"name":)";
  AppendJsonString(matcher.name(), out);
  *out += R"(,"value":)";
  AppendJsonString(matcher.value(), out);
  const bool regex = matcher.op() == Op::kRegex || matcher.op() == Op::kNotRegex;
  const bool equal = matcher.op() == Op::kEqual || matcher.op() == Op::kRegex;
  fmt::format_to(std::back_inserter(*out), R"(,"isRegex":{},"isEqual":{}}})", regex, equal);
}

bool SilenceComesBefore(const receivers::Silence& a, const receivers::Silence& b, Timestamp now) {
  const auto rank = [now](const receivers::Silence& silence) {
    switch (silence.StateAt(now)) {
      case receivers::SilenceState::kActive:
        return 0;
      case receivers::SilenceState::kPending:
        return 1;
      case receivers::SilenceState::kExpired:
        break;
    }
    return 2;
  };
  const int rank_of_a = rank(a);
  if (rank_of_a != rank(b)) return rank_of_a < rank(b);
  if (rank_of_a == 1) return a.starts_at < b.starts_at;
  return rank_of_a == 0 ? a.ends_at < b.ends_at : a.ends_at > b.ends_at;
}

}  // namespace

void SortSilences(Timestamp now, std::vector<receivers::SilencePtr>* silences) {
  std::stable_sort(silences->begin(), silences->end(),
                   [now](const receivers::SilencePtr& a, const receivers::SilencePtr& b) {
                     return SilenceComesBefore(*a, *b, now);
                   });
}

void AppendLabels(LabelsView labels, std::string* out) { AppendPairs(labels, out); }

void AppendAlert(const receivers::PostedAlert& alert, const AlertStatus& status,
                 const std::vector<std::string>& receivers, std::string* out) {
  *out += R"({"annotations":)";
  AppendPairs(alert.annotations, out);
  out->push_back(',');
  AppendTime("endsAt", alert.ends_at, out);
  fmt::format_to(std::back_inserter(*out), R"(,"fingerprint":"{}","receivers":)",
                 FormatHex64(alert.fingerprint));
  AppendList(
      receivers,
      [out](const std::string& name) {
        *out += R"({"name":)";
        AppendJsonString(name, out);
        out->push_back('}');
      },
      out);
  out->push_back(',');
  AppendTime("startsAt", alert.starts_at, out);
  *out += R"(,"status":)";
  AppendStatus(status, out);
  out->push_back(',');
  AppendTime("updatedAt", alert.updated_at, out);
  if (!alert.generator_url.empty()) {
    *out += R"(,"generatorURL":)";
    AppendJsonString(alert.generator_url, out);
  }
  *out += R"(,"labels":)";
  AppendPairs(alert.labels, out);
  out->push_back('}');
}

void AppendSilence(const receivers::Silence& silence, Timestamp now, std::string* out) {
  *out += R"({"id":)";
  AppendJsonString(silence.id, out);
  fmt::format_to(std::back_inserter(*out), R"(,"status":{{"state":"{}"}},)",
                 receivers::SilenceStateName(silence.StateAt(now)));
  AppendTime("updatedAt", silence.updated_at, out);
  *out += R"(,"comment":)";
  AppendJsonString(silence.comment, out);
  *out += R"(,"createdBy":)";
  AppendJsonString(silence.created_by, out);
  out->push_back(',');
  AppendTime("endsAt", silence.ends_at, out);
  *out += R"(,"matchers":)";
  AppendList(
      silence.matchers, [out](const Matcher& m) { AppendMatcher(m, out); }, out);
  out->push_back(',');
  AppendTime("startsAt", silence.starts_at, out);
  *out += R"(,"annotations":)";
  AppendPairs(silence.annotations, out);
  out->push_back('}');
}

}  // namespace tocsin::api
