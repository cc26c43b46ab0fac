#include "exporter/api/overview.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"
#include "base/text.h"
#include "exporter/api/page.h"

namespace tocsin::api {
namespace {

using page::Tag;
using page::Time;

std::string_view HealthStyle(std::string_view health) {
  if (health == "healthy" || health == "up") return "good";
  if (health == "degraded" || health == "unused" || health == "unknown") return "warn";
  return "bad";
}

void AppendAlerts(std::string_view title, const std::vector<AlertPtr>& alerts, Timestamp now,
                  std::string* page) {
  *page += fmt::format("<h2>{} ({})</h2>", title, alerts.size());
  if (alerts.empty()) {
    *page += R"(<p class="dim">None.</p>)";
    return;
  }
  *page +=
      "<div "
      "class=scroll><table><tr><th>Severity<th>Alert<th>Labels<th>Value<th>Since<th>State</tr>";
  for (std::size_t i = 0; i < std::min(alerts.size(), page::kMaxRows); ++i) {
    const Alert& alert = *alerts[i];
    const std::string_view severity = SeverityName(alert.rule->severity);
    std::string state(AlertStateName(alert.state));
    if (!alert.acknowledged_by.empty()) state += " by " + EscapeHtml(alert.acknowledged_by);
    if (alert.state == AlertState::kResolved) {
      state += fmt::format(" ({}) {}", ResolveReasonName(alert.resolved_reason),
                           Time(now, *alert.resolved_at));
    }
    *page += fmt::format(
        "<tr><td>{}<td>{}<br><span class=dim>{}</span><td>{}<td class=num>{} {} {}<td "
        "class=num>{}<td>{}</tr>",
        Tag(severity, severity), EscapeHtml(alert.rule->name), EscapeHtml(alert.rule->description),
        page::LabelsText(alert.metadata), FormatFloat(alert.value),
        EscapeHtml(ConditionSymbol(alert.rule->condition)), EscapeHtml(alert.rule->threshold_text),
        Time(now, alert.triggered_at.value_or(alert.pending_since)), state);
  }
  *page += "</table></div>";
  page::AppendRest(alerts.size(), page);
}

void AppendRules(const evaluator::RuleIndex& index, std::string* page) {
  *page += fmt::format(
      "<h2>Rules ({})</h2><div class=scroll><table><tr><th>Severity<th>Rule<th>Condition"
      "<th>For<th>Receivers<th>File</tr>",
      index.rules().size());
  for (std::size_t i = 0; i < std::min(index.rules().size(), page::kMaxRows); ++i) {
    const ThresholdRule& rule = *index.rules()[i];
    std::string channels;
    for (const std::string& channel : rule.notification_channels) {
      channels += (channels.empty() ? "" : ", ") + EscapeHtml(channel);
    }
    const std::string_view severity = SeverityName(rule.severity);
    *page +=
        fmt::format("<tr><td>{}<td>{}{}<td>{} {} {}<td class=num>{}<td>{}<td class=dim>{}:{}</tr>",
                    Tag(severity, severity), EscapeHtml(rule.name),
                    rule.enabled ? "" : " <span class=dim>(disabled)</span>",
                    EscapeHtml(rule.metric_name), EscapeHtml(ConditionSymbol(rule.condition)),
                    EscapeHtml(rule.threshold_text), FormatDuration(rule.duration),
                    channels.empty() ? "<span class=dim>default</span>" : channels,
                    EscapeHtml(rule.source_file), rule.source_line);
  }
  *page += "</table></div>";
  page::AppendRest(index.rules().size(), page);
}

void AppendReceivers(const DaemonStatus& status, std::string* page) {
  *page +=
      "<h2>Receivers</h2><div class=scroll><table><tr><th>Receiver<th>State<th>Last error</tr>";
  for (const ReceiverStatus& receiver : status.receivers) {
    *page += fmt::format("<tr><td>{}<td>{}<td>{}</tr>", EscapeHtml(receiver.name),
                         Tag(HealthStyle(receiver.health), receiver.health),
                         EscapeHtml(receiver.last_error));
  }
  *page +=
      fmt::format("</table></div><p class=dim>{} sent in 24 hours, {} waiting, {} given up.</p>",
                  status.notifications_sent_24h, status.outbox_pending, status.outbox_dead);
}

void AppendTargets(const DaemonStatus& status, std::string* page) {
  if (status.targets.empty()) return;
  *page +=
      "<h2>Scrape targets</h2><div class=scroll><table><tr><th>Job<th>Address<th>State<th>Last "
      "scrape<th>Error</tr>";
  for (const TargetStatus& target : status.targets) {
    *page +=
        fmt::format("<tr><td>{}<td>{}<td>{}<td class=num>{}<td>{}</tr>", EscapeHtml(target.job),
                    EscapeHtml(target.url), Tag(HealthStyle(target.health), target.health),
                    target.last_scrape ? Time(status.now, *target.last_scrape) : "never",
                    EscapeHtml(target.last_error));
  }
  *page += "</table></div>";
}

void AppendProblems(const DaemonStatus& status, std::string* page) {
  if (!status.reload.successful) {
    *page += "<h2>The last reload failed; the configuration before it is in force</h2><pre>";
    for (const std::string& problem : status.reload.problems) *page += EscapeHtml(problem) + "\n";
    *page += "</pre>";
  }
  if (status.store_trouble) {
    *page += "<h2>State cannot be written</h2><pre>" + EscapeHtml(*status.store_trouble) + "</pre>";
  }
}

std::string Page(const AlertingSources& sources) {
  const DaemonStatus status = sources.status();
  const std::string overall = status.overall();
  std::string page = fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><title>Tocsin</title>"
      "<meta name=viewport content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=refresh content=10><style>{}</style><header><h1>Tocsin</h1>{}"
      "<span class=dim>version {}, {} series, {} of {} rules enabled, started {}</span></header>",
      page::kStyle, Tag(HealthStyle(overall), overall), EscapeHtml(status.version), status.series,
      status.rules_enabled, status.rules_total, Time(status.now, status.started));
  AppendProblems(status, &page);
  AppendAlerts("Firing", sources.book.List({AlertState::kFiring, AlertState::kAcknowledged}),
               status.now, &page);
  AppendAlerts("Pending", sources.book.List({AlertState::kPending}), status.now, &page);
  AppendAlerts("Resolved of late", sources.book.List({AlertState::kResolved}), status.now, &page);
  AppendReceivers(status, &page);
  AppendTargets(status, &page);
  AppendRules(*sources.rules().index, &page);
  page +=
      "<h2>More</h2><p><a href=\"/metrics\">Metrics</a> &middot; "
      "<a href=\"/api/v1/alerting/alerts?status=all\">Alerts as JSON</a> &middot; "
      "<a href=\"/api/v1/alerting/rules\">Rules as JSON</a> &middot; "
      "<a href=\"/api/v1/alerting/status\">Status</a> &middot; "
      "<a href=\"/api/v1/alerting/health\">Health</a> &middot; "
      "<a href=\"/api/v1/alerting/docs\">API</a></p>";
  return page;
}

}  // namespace

http::Route OverviewRoute(AlertingSources sources) {
  http::Route route;
  route.method = "GET";
  route.pattern = "/";
  route.handler = [sources = std::move(sources)](const http::Request&) {
    return page::Answer(Page(sources));
  };
  return route;
}

}  // namespace tocsin::api
