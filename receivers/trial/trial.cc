#include "receivers/trial/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

#include "base/group_key.h"
#include "base/text.h"
#include "receivers/channels/pictures.h"
#include "receivers/trial/example_picture.h"
#include "receivers/trial/recording_clients.h"
#include "receivers/trial/secret_mask.h"

namespace tocsin::receivers {
namespace {

SecretMask MaskOf(const PipelineGraph& graph, const std::string& receiver) {
  SecretMask mask;
  for (const config::ReceiverSettings& native : graph.native_targets.receivers) {
    if (native.name != receiver) continue;
    for (const config::ChannelSettings& channel : native.channels) mask.Add(channel);
  }
  for (const config::AlertmanagerReceiver& one : graph.settings->receivers) {
    if (one.name != receiver) continue;
    for (const config::AlertmanagerIntegration& integration : one.integrations) {
      mask.Add(integration);
    }
  }
  return mask;
}

PostedAlert TestAlert(const TrialOrder& order, const ChannelContext& context) {
  PostedAlert alert;
  alert.labels = LabelsBuilder()
                     .Set("alertname", "TocsinTest")
                     .Set("severity", "medium")
                     .Set("instance", context.host_name)
                     .Build();
  alert.annotations = {{"description", "Nothing is wrong: somebody asked for a test message."},
                       {"summary", "Test of a receiver"}};
  alert.starts_at = context.clock.Now();
  alert.ends_at = alert.starts_at + std::chrono::minutes(5);
  alert.updated_at = alert.began_at = alert.starts_at;
  alert.generator_url = order.external_url;
  return alert;
}

// As a group of the root route: the same alerts always have the same key, so that an incident that
// a test has opened can be closed by one whose alerts are over.
GroupNotification MessageOf(const TrialOrder& order, const ChannelContext& context) {
  std::vector<PostedAlert> alerts = order.alerts;
  if (alerts.empty()) alerts.push_back(TestAlert(order, context));
  GroupNotification message;
  message.receiver = order.receiver;
  message.external_url = order.external_url;
  const Timestamp now = context.clock.Now();
  for (PostedAlert& alert : alerts) {
    alert.fingerprint = alert.labels.view().Fingerprint();
    FrozenAlert frozen;
    frozen.resolved = alert.ResolvedAt(now);
    frozen.alert = std::make_shared<const PostedAlert>(std::move(alert));
    message.alerts.push_back(std::move(frozen));
  }
  std::sort(
      message.alerts.begin(), message.alerts.end(),
      [](const FrozenAlert& a, const FrozenAlert& b) { return ComesBefore(*a.alert, *b.alert); });
  const std::string name(message.alerts.front().alert->labels.Get("alertname"));
  message.group_labels = LabelsBuilder().Set("alertname", name).Build();
  message.group_key = RootGroupKey(message.group_labels);
  message.dedup_key = Sha256Hex("test " + order.receiver + message.group_key);
  message.flush_number = static_cast<std::uint64_t>(ToUnixMillis(now));
  return message;
}

Outcome Deliver(const GroupIntegration& integration, const GroupNotification& message,
                Duration timeout) {
  std::promise<Outcome> promise;
  integration.channel->Deliver(
      message, timeout, [&promise](Outcome outcome) { promise.set_value(std::move(outcome)); });
  return promise.get_future().get();
}

// On this thread, which waits anyway.
class InlineExecutor final : public Executor {
 public:
  bool TrySubmit(Job&& job) override {
    job();
    return true;
  }
};

// ---- report

// Nothing of it can move the cursor.
std::string Plain(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = Utf8Length(text, at);
    const char32_t c = length == 0 ? 0xFFFD : Utf8CharAt(text, at);
    const bool is_control = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0);
    if (is_control || length == 0) {
      if (c != '\r') plain += "\uFFFD";
    } else {
      plain += text.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  return plain;
}

void AppendIndented(std::string_view text, std::string* out) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  if (text.empty()) return;
  for (const std::string_view line : Split(text, '\n')) {
    *out += fmt::format("      {}\n", Plain(line));
  }
}

std::string TimingOf(const TrialExchange& exchange) {
  if (!exchange.phases.began) return "";
  std::string text = "    took";
  for (const TransferPhase phase : kAllTransferPhases) {
    const double ms = static_cast<double>(exchange.phases[phase].count()) / 1000;
    if (ms > 0) text += fmt::format(" {} {:.1f} ms,", TransferPhaseName(phase), ms);
  }
  text.pop_back();
  return text + (exchange.phases.reused ? " (on an open connection)\n" : "\n");
}

void AppendExchange(const TrialExchange& exchange, bool render_only, std::string* out) {
  *out += fmt::format("  > {}\n", Plain(exchange.request));
  for (const auto& [name, value] : exchange.headers) {
    *out += fmt::format("    {}: {}\n", Plain(name), Plain(value));
  }
  AppendIndented(exchange.body, out);
  if (render_only) return;
  if (!exchange.failure.empty()) {
    *out += fmt::format("  < no answer: {}\n", Plain(exchange.failure));
  } else {
    *out += exchange.status == 0 ? std::string("  < ") : fmt::format("  < {}", exchange.status);
    *out += "\n";
    for (const auto& [name, value] : exchange.answer_headers) {
      *out += fmt::format("    {}: {}\n", Plain(name), Plain(value));
    }
  }
  AppendIndented(exchange.answer, out);
  *out += TimingOf(exchange);
}

std::string OutcomeLine(const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::kDelivered) {
    return outcome.reason.empty() ? "delivered" : Plain(outcome.reason);
  }
  std::string line = outcome.kind == Outcome::Kind::kRetry ? "failed, would be tried again: "
                                                           : "failed for good: ";
  line += Plain(outcome.reason);
  if (!outcome.advice.empty()) line += fmt::format(" ({})", Plain(outcome.advice));
  return line;
}

}  // namespace

Result<std::vector<ChannelTrial>> TryReceiver(const PipelineGraph& graph, const TrialOrder& order,
                                              const ChannelContext& context) {
  const auto record = std::make_shared<TrialRecord>(MaskOf(graph, order.receiver));
  RecordingHttpClient http(order.render_only ? nullptr : &context.http, record);
  RecordingMailClient mail(order.render_only ? nullptr : &context.mail, record);
  std::string printed;  // what the console would show
  std::string no_picture;
  InlineExecutor executor;
  MetricRegistry uncounted;
  Pictures pictures(
      [&context](const Alert& alert) { return DrawExamplePicture(alert, context.clock.Now()); },
      executor, context.clock, [&no_picture](const std::string& why) { no_picture = why; },
      uncounted);
  const ChannelContext recorded{http,
                                mail,
                                context.clock,
                                context.metrics,
                                order.render_only
                                    ? ConsoleWriter([&printed](std::string_view text, Duration) {
                                        printed += text;
                                        return Status();
                                      })
                                    : context.console,
                                context.console_executor,
                                context.host_name,
                                graph.native_targets.egress,
                                &pictures,
                                order.render_only};
  Result<std::vector<GroupIntegrationPtr>> integrations =
      MakeIntegrationsOf(graph, order.receiver, recorded);
  if (!integrations) return integrations.error();
  if (integrations->empty()) {
    return Error{fmt::format("receiver {} has no channel", QuoteForMessage(order.receiver))};
  }
  const GroupNotification message = MessageOf(order, context);
  std::vector<ChannelTrial> trials;
  std::size_t seen = 0;
  for (const GroupIntegrationPtr& integration : *integrations) {
    ChannelTrial trial;
    trial.integration = integration->id;
    trial.outcome = Deliver(*integration, message, order.timeout);
    trial.outcome.reason = record->mask().Hide(trial.outcome.reason);
    trial.no_picture = std::exchange(no_picture, "");
    const std::vector<TrialExchange> all = record->exchanges();
    trial.exchanges.assign(all.begin() + static_cast<std::ptrdiff_t>(seen), all.end());
    seen = all.size();
    if (!printed.empty()) {
      TrialExchange& shown = trial.exchanges.emplace_back();
      shown.request = "PRINT to the console";
      shown.body = std::exchange(printed, "");
    }
    trials.push_back(std::move(trial));
  }
  return trials;
}

std::string TrialReport(const std::vector<ChannelTrial>& trials, bool render_only) {
  std::string report;
  for (const ChannelTrial& trial : trials) {
    report += fmt::format("{}\n", trial.integration);
    for (const TrialExchange& exchange : trial.exchanges) {
      AppendExchange(exchange, render_only, &report);
    }
    if (!trial.no_picture.empty()) {
      report += fmt::format("  without its picture: {}\n", Plain(trial.no_picture));
    }
    const bool is_told = !render_only || trial.exchanges.empty();
    if (is_told) report += fmt::format("  {}\n", OutcomeLine(trial.outcome));
  }
  return report;
}

}  // namespace tocsin::receivers
