#include "exporter/api/alertmanager_overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/matcher_text.h"
#include "base/text.h"
#include "exporter/api/alertmanager_filter.h"
#include "exporter/api/page.h"

namespace tocsin::api {
namespace {

using page::Tag;
using page::Time;
using receivers::GroupView;
using receivers::PostedAlert;
using receivers::PostedAlertPtr;
using receivers::SilencePtr;
using receivers::SilenceState;

constexpr std::string_view kNone = R"(<p class="dim">None.</p>)";

// Senders choose the address: only what a browser opens as a page becomes a link.
std::string Link(std::string_view url, std::string_view text) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) return {};
  return fmt::format(R"(<a href="{}" rel="noreferrer">{}</a>)", EscapeHtml(url), EscapeHtml(text));
}

std::string SilenceLink(std::string_view id) {
  return fmt::format(R"(<a href="api/v2/silence/{0}">{1}</a>)", PercentEncode(id),
                     EscapeHtml(id.substr(0, 8)));
}

class Overview {
 public:
  Overview(const AlertmanagerSources& sources, std::optional<std::string> store_trouble)
      : sources_(sources),
        store_trouble_(std::move(store_trouble)),
        now_(sources.clock.Now()),
        graph_(sources.dispatcher.graph()) {}

  std::string Render() {
    AppendHead();
    AppendGroups();
    AppendSilences();
    AppendReceivers();
    AppendStatus();
    out_ +=
        "<h2>More</h2><p><a href=\"metrics\">Metrics</a> &middot; "
        "<a href=\"api/v2/alerts\">Alerts as JSON</a> &middot; "
        "<a href=\"api/v2/alerts/groups\">Groups as JSON</a> &middot; "
        "<a href=\"api/v2/silences\">Silences as JSON</a> &middot; "
        "<a href=\"api/v2/status\">Status as JSON</a> &middot; "
        "<a href=\"api/v2/swagger.json\">What the API can do</a></p>";
    return std::move(out_);
  }

 private:
  void AppendHead() {
    const AlertmanagerIdentity& identity = sources_.identity;
    out_ += fmt::format(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Tocsin: alerts</title>"
        "<meta name=viewport content=\"width=device-width,initial-scale=1\">"
        "<meta http-equiv=refresh content=30><style>{}</style><header><h1>Tocsin</h1>{}"
        "<span class=dim>in the place of Alertmanager {}, {}, started {}</span></header>",
        page::kStyle, store_trouble_ ? Tag("warn", "degraded") : "", EscapeHtml(identity.version),
        EscapeHtml(identity.revision), Time(now_, identity.started));
    if (!store_trouble_) return;
    out_ += fmt::format(
        "<h2>State cannot be written</h2><p>Alerts are told all the same; what happens now would "
        "not "
        "survive a crash.</p><pre>{}</pre>",
        EscapeHtml(*store_trouble_));
  }

  // ---- alerts

  void AppendGroups() {
    const std::vector<GroupView> groups = sources_.dispatcher.Groups();
    out_ += fmt::format("<h2>Alerts ({} groups)</h2>", groups.size());
    if (groups.empty()) out_ += kNone;
    std::size_t rows = 0;
    for (const GroupView& group : groups) {
      if (rows < page::kMaxRows) AppendGroup(group, page::kMaxRows - rows);
      rows += group.alerts.size();
    }
    page::AppendRest(rows, &out_);
  }

  void AppendGroup(const GroupView& group, std::size_t most) {
    const std::string labels = page::LabelsText(group.labels);
    out_ += fmt::format("<h3>{} <span class=dim>to {}</span>{}</h3>",
                        labels.empty() ? "<span class=dim>all</span>" : labels,
                        EscapeHtml(group.receiver), MutedText(group.muted_by));
    out_ += "<div class=scroll><table><tr><th>State<th>Alert<th>Labels<th>Since<th>Source</tr>";
    for (std::size_t i = 0; i < std::min(group.alerts.size(), most); ++i) {
      AppendAlertRow(*group.alerts[i], group.muted_by);
    }
    out_ += "</table></div>";
  }

  static std::string MutedText(const std::vector<std::string>& intervals) {
    if (intervals.empty()) return {};
    return " " + Tag("info", fmt::format("muted: {}", fmt::join(intervals, ", ")));
  }

  void AppendAlertRow(const PostedAlert& alert, const std::vector<std::string>& muted_by) {
    AlertStatus status = StatusOf(alert, sources_, *graph_, now_);
    status.muted_by.insert(status.muted_by.end(), muted_by.begin(), muted_by.end());
    std::string_view told;
    for (const auto& [name, value] : alert.annotations) {
      if (told.empty() || name == "summary") told = value;
    }
    out_ += fmt::format(
        "<tr><td>{}<td>{}<br><span class=dim>{}</span><td>{}<td class=num>{}<td>{}</tr>",
        StateText(alert, status), EscapeHtml(alert.labels.Get("alertname")), EscapeHtml(told),
        page::LabelsText(alert.labels), Time(now_, alert.starts_at),
        Link(alert.generator_url, "source"));
  }

  std::string StateText(const PostedAlert& alert, const AlertStatus& status) const {
    if (alert.ResolvedAt(now_)) return Tag("good", "resolved");
    if (!status.suppressed()) return Tag("bad", "firing");
    std::string text;
    if (!status.silenced_by.empty()) {
      text += Tag("info", "silenced");
      for (const std::string& id : status.silenced_by) text += " " + SilenceLink(id);
    }
    for (const std::uint64_t fingerprint : status.inhibited_by) {
      text += fmt::format("{}{}<span class=dim> by {}</span>", text.empty() ? "" : " ",
                          Tag("info", "inhibited"), SourceName(fingerprint));
    }
    if (text.empty()) text = Tag("info", "muted");
    return text;
  }

  std::string SourceName(std::uint64_t fingerprint) const {
    const PostedAlertPtr source = sources_.alerts.Find(fingerprint);
    if (source == nullptr) return FormatHex64(fingerprint);
    const std::string_view name = source->labels.Get("alertname");
    return EscapeHtml(name.empty() ? FormatHex64(fingerprint) : name);
  }

  // ---- silences

  void AppendSilences() {
    std::vector<SilencePtr> silences = sources_.silences.All();
    std::erase_if(silences, [this](const SilencePtr& silence) {
      return silence->StateAt(now_) == SilenceState::kExpired;
    });
    SortSilences(now_, &silences);
    out_ += fmt::format("<h2>Silences ({})</h2>", silences.size());
    if (silences.empty()) {
      out_ += kNone;
      return;
    }
    out_ +=
        "<div class=scroll><table><tr><th>State<th>Silence<th>Matchers<th>From<th>Until<th>By"
        "<th>Comment</tr>";
    for (std::size_t i = 0; i < std::min(silences.size(), page::kMaxRows); ++i) {
      const receivers::Silence& silence = *silences[i];
      const bool is_active = silence.StateAt(now_) == SilenceState::kActive;
      out_ += fmt::format("<tr><td>{}<td>{}<td>{}<td class=num>{}<td class=num>{}<td>{}<td>{}</tr>",
                          Tag(is_active ? "info" : "", is_active ? "active" : "pending"),
                          SilenceLink(silence.id), EscapeHtml(FormatMatchers(silence.matchers)),
                          Time(now_, silence.starts_at), Time(now_, silence.ends_at),
                          EscapeHtml(silence.created_by), EscapeHtml(silence.comment));
    }
    out_ += "</table></div>";
    page::AppendRest(silences.size(), &out_);
  }

  // ---- receivers and status

  void AppendReceivers() {
    const auto& receivers = graph_->settings->receivers;
    out_ += fmt::format(
        "<h2>Receivers ({})</h2><div class=scroll><table><tr><th>Receiver<th>Labels<th>Integrations"
        "</tr>",
        receivers.size());
    for (std::size_t i = 0; i < std::min(receivers.size(), page::kMaxRows); ++i) {
      out_ += fmt::format("<tr><td>{}<td>{}<td>{}</tr>", EscapeHtml(receivers[i].name),
                          page::LabelsText(receivers[i].labels), Integrations(receivers[i].name));
    }
    out_ += "</table></div>";
    page::AppendRest(receivers.size(), &out_);
  }

  std::string Integrations(const std::string& receiver) const {
    const auto found = graph_->receivers.find(receiver);
    if (found == graph_->receivers.end() || found->second.empty()) {
      return "<span class=dim>none</span>";
    }
    std::string text;
    for (const receivers::GroupIntegrationPtr& one : found->second) {
      if (!text.empty()) text += ", ";
      text += EscapeHtml(one->id);
    }
    return text;
  }

  void AppendStatus() {
    const AlertmanagerIdentity& identity = sources_.identity;
    out_ += fmt::format(
        "<h2>Status</h2><p>Cluster: {}. {} inhibition rules, {} time intervals.</p><details>"
        "<summary>Configuration</summary><pre>{}</pre></details>",
        identity.clustered ? "this instance alone, " + EscapeHtml(identity.peer_address)
                           : "disabled",
        graph_->settings->inhibit_rules.size(), graph_->settings->time_intervals.size(),
        EscapeHtml(sources_.config_original()));
  }

  const AlertmanagerSources& sources_;
  const std::optional<std::string> store_trouble_;
  const Timestamp now_;
  const receivers::PipelineGraphPtr graph_;
  std::string out_;
};

// Relative links need the slash at the end of the page's own path.
http::Response ToTheSlash(std::string_view path) {
  http::Response response;
  response.status = 302;
  response.content_type.clear();
  response.headers.emplace_back("Location", fmt::format("{}/", path.substr(path.rfind('/') + 1)));
  return response;
}

}  // namespace

http::Route AlertmanagerOverviewRoute(AlertmanagerSources sources, StoreTrouble store_trouble) {
  http::Route route;
  route.method = "GET";
  route.pattern = "/";
  route.handler = [sources = std::move(sources),
                   store_trouble = std::move(store_trouble)](const http::Request& request) {
    if (!request.raw_path.ends_with('/')) return ToTheSlash(request.raw_path);
    return page::Answer(Overview(sources, store_trouble()).Render());
  };
  return route;
}

}  // namespace tocsin::api
