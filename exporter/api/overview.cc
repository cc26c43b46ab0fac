#include "exporter/api/overview.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

// Rows shown of each list; the API has the rest.
constexpr std::size_t kMaxRows = 200;

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--line:#8884;--dim:#777}
body{font:15px/1.45 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem 1.25rem 3rem}
header{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:baseline;border-bottom:1px solid var(--line)}
h1{font-size:1.4rem;margin:.4rem 0}h2{font-size:1.05rem;margin:1.8rem 0 .4rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem .3rem 0;vertical-align:top;
border-bottom:1px solid var(--line)}th{font-weight:600;color:var(--dim);font-size:.85rem}
td{overflow-wrap:break-word}.dim{color:var(--dim)}.num{white-space:nowrap}
.tag{display:inline-block;white-space:nowrap;border-radius:.25rem;padding:0 .45rem;font-size:.85rem;font-weight:600;color:#fff;background:#666}
.critical{background:#b00020}.high{background:#c75000}.medium{background:#8a6d00}.low{background:#2e7d32}
.info{background:#1565c0}.bad{background:#b00020}.warn{background:#c75000}.good{background:#2e7d32}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.6rem;border-radius:.25rem}
.scroll{overflow-x:auto}
)css";

std::string Tag(std::string_view style, std::string_view text) {
  return fmt::format(R"(<span class="tag {}">{}</span>)", style, EscapeHtml(text));
}

std::string_view HealthStyle(std::string_view health) {
  if (health == "healthy" || health == "up") return "good";
  if (health == "degraded" || health == "unused" || health == "unknown") return "warn";
  return "bad";
}

// "3h 12m ago": two units are enough to read at a glance.
std::string Ago(Timestamp now, Timestamp then) {
  const auto seconds = std::max<std::int64_t>(
      0, std::chrono::duration_cast<std::chrono::seconds>(now - then).count());
  if (seconds < 60) return fmt::format("{}s ago", seconds);
  if (seconds < 3600) return fmt::format("{}m {}s ago", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{}h {}m ago", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d {}h ago", seconds / 86400, seconds / 3600 % 24);
}

std::string LabelsText(LabelsView labels) {
  std::string out;
  for (const Label& label : labels) {
    if (!out.empty()) out += ", ";
    out += EscapeHtml(label.name) + "=" + EscapeHtml(label.value);
  }
  return out;
}

std::string Time(Timestamp now, Timestamp t) {
  return fmt::format(R"(<time datetime="{0}" title="{0}">{1}</time>)", FormatRfc3339(t),
                     Ago(now, t));
}

// What a list of `rows` leaves out.
void AppendRest(std::size_t rows, std::string* page) {
  if (rows > kMaxRows) {
    *page += fmt::format("<p class=dim>{} more: see the API.</p>", rows - kMaxRows);
  }
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
  for (std::size_t i = 0; i < std::min(alerts.size(), kMaxRows); ++i) {
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
        LabelsText(alert.metadata), FormatFloat(alert.value),
        EscapeHtml(ConditionSymbol(alert.rule->condition)), EscapeHtml(alert.rule->threshold_text),
        Time(now, alert.triggered_at.value_or(alert.pending_since)), state);
  }
  *page += "</table></div>";
  AppendRest(alerts.size(), page);
}

void AppendRules(const evaluator::RuleIndex& index, std::string* page) {
  *page += fmt::format(
      "<h2>Rules ({})</h2><div class=scroll><table><tr><th>Severity<th>Rule<th>Condition"
      "<th>For<th>Receivers<th>File</tr>",
      index.rules().size());
  for (std::size_t i = 0; i < std::min(index.rules().size(), kMaxRows); ++i) {
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
  AppendRest(index.rules().size(), page);
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
      kStyle, Tag(HealthStyle(overall), overall), EscapeHtml(status.version), status.series,
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
      "<a href=\"/api/v1/alerting/health\">Health</a></p>";
  return page;
}

}  // namespace

http::Route OverviewRoute(AlertingSources sources) {
  http::Route route;
  route.method = "GET";
  route.pattern = "/";
  route.handler = [sources = std::move(sources)](const http::Request&) {
    http::Response response;
    response.content_type = "text/html; charset=utf-8";
    response.headers = {{"Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
                         "base-uri 'none'; form-action 'none'"},
                        {"Cache-Control", "no-store"},
                        {"Referrer-Policy", "no-referrer"}};
    response.body = Page(sources);
    return response;
  };
  return route;
}

}  // namespace tocsin::api
