#include "receivers/templates/message_card.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "receivers/templates/ending.h"
#include "receivers/templates/rule_text.h"

namespace tocsin::receivers {
namespace {

constexpr std::size_t kMaxOthers = 10;
// Labels that the facts tell already, or that say nothing to people.
constexpr std::string_view kToldLabels[] = {"alertname", "severity", "pynomaly_severity",
                                            "priority"};

bool IsOver(const Alert& alert) { return alert.state == AlertState::kResolved; }

// Of the alert's labels, those that tell where.
std::vector<CardFact> Where(const Alert& alert) {
  std::vector<CardFact> labels;
  for (const Label& label : alert.metadata) {
    const bool told = std::find(std::begin(kToldLabels), std::end(kToldLabels), label.name) !=
                      std::end(kToldLabels);
    if (!told) labels.push_back({std::string(label.name), std::string(label.value)});
  }
  return labels;
}

std::vector<CardFact> Facts(const Alert& alert) {
  const ThresholdRule& rule = *alert.rule;
  std::vector<CardFact> facts = {{"Severity", SeverityWord(rule.severity)}};
  // One that others have posted compares no metric.
  if (!rule.metric_name.empty()) {
    facts.push_back({"Metric", fmt::format("{}: {}", rule.metric_name, ValueText(alert))});
    facts.push_back({"Threshold", rule.threshold_text});
    facts.push_back(
        {"Condition",
         fmt::format("{} {} {}{}", rule.metric_name, ConditionSymbol(rule.condition),
                     rule.threshold_text,
                     rule.duration.count() == 0 ? "" : " for " + FormatDuration(rule.duration))});
  }
  if (alert.triggered_at) facts.push_back({"Triggered", FormatRfc3339(*alert.triggered_at)});
  if (!IsOver(alert) || !alert.resolved_at) return facts;
  facts.push_back({"Resolved", FormatRfc3339(*alert.resolved_at)});
  if (alert.triggered_at) {
    const auto lasted =
        std::chrono::floor<std::chrono::seconds>(*alert.resolved_at - *alert.triggered_at);
    facts.push_back({"Duration", FormatDuration(std::max(Duration(lasted), Duration(0)))});
  }
  if (alert.resolved_reason != ResolveReason::kNone) {
    facts.push_back({"Reason", std::string(ReasonWords(alert.resolved_reason))});
  }
  if (!alert.resolved_by.empty()) facts.push_back({"Resolved by", alert.resolved_by});
  return facts;
}

// What senders write into annotations is no address until it looks like one.
void AddLink(std::string_view text, const std::string& url, std::vector<CardLink>* links) {
  if (url.empty() || !CheckRuleUrl(url)) return;
  links->push_back({std::string(text), url});
}

std::vector<CardLink> Links(const Notification& notification) {
  std::vector<CardLink> links;
  const std::size_t head = HeadOf(notification);
  const Alert& alert = *notification.alerts[head];
  AddLink("Alert", AlertUrl(alert, notification.external_url), &links);
  if (head >= notification.links.size()) return links;
  const AlertLinks& own = notification.links[head];
  AddLink("Runbook", own.runbook, &links);
  AddLink("Dashboard", own.dashboard, &links);
  AddLink("Source", own.source, &links);
  return links;
}

// "resolved: ", or "resolved (no data): " where the value has not recovered.
std::string OverText(const Alert& alert) {
  if (!IsOver(alert)) return "";
  if (EndingSentence(alert).empty()) return "resolved: ";
  return fmt::format("resolved ({}): ", ReasonWords(alert.resolved_reason));
}

// High CPU Usage (host=web-2): 91.0 > 80.0
std::string Line(const Alert& alert) {
  const ThresholdRule& rule = *alert.rule;
  std::string line = OverText(alert) + rule.name;
  std::string where;
  for (const CardFact& label : Where(alert)) {
    where += fmt::format("{}{}={}", where.empty() ? "" : ", ", label.name, label.value);
  }
  if (!where.empty()) line += fmt::format(" ({})", where);
  if (!rule.metric_name.empty()) {
    line += fmt::format(": {} {} {}", ValueText(alert), ConditionSymbol(rule.condition),
                        rule.threshold_text);
  }
  return line;
}

}  // namespace

std::string SeverityWord(Severity severity) {
  std::string word(SeverityName(severity));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  return word;
}

std::uint32_t CardColor(Severity severity, bool resolved) {
  if (resolved) return 0x36A64F;
  switch (severity) {
    case Severity::kCritical:
      return 0xFF0000;
    case Severity::kHigh:
      return 0xFF8000;
    case Severity::kMedium:
      return 0xFFFF00;
    case Severity::kLow:
      return 0x00FF00;
    case Severity::kInfo:
      return 0x0080FF;
  }
  return 0x808080;
}

std::size_t HeadOf(const Notification& notification) {
  const std::vector<AlertPtr>& alerts = notification.alerts;
  const auto is_worse = [](const AlertPtr& a, const AlertPtr& b) {
    if (IsOver(*a) != IsOver(*b)) return !IsOver(*a);
    return a->rule->severity < b->rule->severity;
  };
  return static_cast<std::size_t>(std::min_element(alerts.begin(), alerts.end(), is_worse) -
                                  alerts.begin());
}

void ShortenCard(std::size_t max_message_bytes, MessageCard* card) {
  card->message = TruncateUtf8(card->message, max_message_bytes);
  card->labels.clear();
  card->untold += card->others.size();
  card->others.clear();
}

MessageCard MakeMessageCard(const Notification& notification,
                            const std::vector<std::string>& messages) {
  const std::size_t head = HeadOf(notification);
  const Alert& alert = *notification.alerts[head];
  const ThresholdRule& rule = *alert.rule;
  MessageCard card;
  card.resolved = notification.status == NotificationStatus::kResolved;
  card.severity = rule.severity;
  card.color = CardColor(rule.severity, card.resolved);
  card.title = rule.name;
  card.heading = (card.resolved ? "✅ RESOLVED: " : "🚨 ") + rule.name;
  card.message = WithEnding(alert, head < messages.size() ? messages[head] : "");
  card.ending = EndingSentence(alert);
  card.facts = Facts(alert);
  card.labels = Where(alert);
  card.links = Links(notification);
  card.at = ChangedAt(alert);
  for (std::size_t i = 0; i < notification.alerts.size(); ++i) {
    if (card.others.size() == kMaxOthers) break;
    if (i != head) card.others.push_back(Line(*notification.alerts[i]));
  }
  card.untold = notification.alerts.size() - 1 - card.others.size();
  if (notification.alerts.size() > 1) {
    card.heading += fmt::format(" (+{} more)", notification.alerts.size() - 1);
  }
  return card;
}

}  // namespace tocsin::receivers
