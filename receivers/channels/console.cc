// The console channel: one readable line for each change, for a person who watches.
//
//   2024-05-01T10:00:00.123Z  FIRING    high      High CPU Usage {host="web-1"}  85.5 > 80.0  ...
//   2024-05-01T10:02:00.123Z  RESOLVED  high      High CPU Usage {host="web-1"}  75.0  after 2m,
//   ...
//
// Writing may block (a terminal on hold, a pipe that nobody reads), so it happens on the executor.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"
#include "receivers/channels/channel.h"
#include "receivers/templates/ending.h"
#include "receivers/templates/rule_text.h"

namespace tocsin::receivers {
namespace {

// ---- limits

constexpr Duration kTimeout = std::chrono::seconds(10);

// ---- message

// Names and metadata are untrusted: nothing may move the cursor, colour the screen or break the
// line.
std::string Plain(std::string_view text) {
  const std::string quoted = QuoteForMessage(text, text.size());
  std::string out;
  // Undoes the quotes and what was escaped for their sake; control characters stay escaped.
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\' && (quoted[i + 1] == '"' || quoted[i + 1] == '\\')) ++i;
    // C1 controls, U+0080 to U+009F, are valid UTF-8 that terminals obey.
    if (quoted[i] == '\xc2' && static_cast<unsigned char>(quoted[i + 1]) < 0xa0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(quoted[++i]));
      continue;
    }
    out.push_back(quoted[i]);
  }
  return out;
}

// The labels that tell this alert from others of its rule.
std::string LabelsText(const Alert& alert) {
  return alert.metadata.empty() ? "" : " " + Plain(alert.metadata.ToString());
}

std::string FiringText(const Alert& alert, std::string_view message) {
  const ThresholdRule& rule = *alert.rule;
  if (rule.metric_name.empty()) return Plain(message);
  return fmt::format("{} {} {}  {}", ValueText(alert), ConditionSymbol(rule.condition),
                     Plain(rule.threshold_text), Plain(message));
}

std::string ResolvedText(const Alert& alert) {
  std::string text = ValueText(alert) + " ";
  if (alert.triggered_at && alert.resolved_at) {
    const auto lasted =
        std::chrono::floor<std::chrono::seconds>(*alert.resolved_at - *alert.triggered_at);
    text += fmt::format(" after {},", FormatDuration(lasted));
  }
  return text + " " + Plain(EndingWords(alert));
}

std::string Line(const Alert& alert, NotificationStatus status, std::string_view message) {
  const ThresholdRule& rule = *alert.rule;
  const bool firing = status == NotificationStatus::kFiring;
  // 24 columns hold a time with milliseconds; "critical" and "RESOLVED" are the longest words.
  return fmt::format("{:<24}  {:<8}  {:<8}  {}{}  {}\n", FormatRfc3339(ChangedAt(alert)),
                     firing ? "FIRING" : "RESOLVED", SeverityName(rule.severity), Plain(rule.name),
                     LabelsText(alert), firing ? FiringText(alert, message) : ResolvedText(alert));
}

// ---- delivery

class Console final : public Channel {
 public:
  explicit Console(const ChannelContext& context)
      : write_(context.console),
        executor_(context.console_executor),
        clock_(context.clock),
        text_(context.metrics) {}

  void Deliver(const Notification& notification, Duration timeout, Done done) override {
    auto shared_done = std::make_shared<Done>(std::move(done));
    // The time runs while the line waits for its turn, so that what waits behind a blocked console
    // ends with it, and a shutdown does not wait for one line after the other.
    const std::chrono::nanoseconds deadline = clock_.Monotonic() + timeout;
    const bool taken = executor_.TrySubmit(
        [&write = write_, &clock = clock_, text = MakeText(notification), deadline, shared_done] {
          const auto left = std::chrono::ceil<Duration>(deadline - clock.Monotonic());
          const Status written = write(text, std::max(left, Duration(0)));
          (*shared_done)(written ? Outcome::Delivered()
                                 : Outcome::Retry(Failure::kOther, written.message()));
        });
    if (!taken) {
      (*shared_done)(Outcome::Retry(Failure::kOther, "too much waits to be written"));
    }
  }

 private:
  std::string MakeText(const Notification& notification) {
    std::string text;
    for (const AlertPtr& alert : notification.alerts) {
      // A group may tell of both kinds.
      const bool over = alert->state == AlertState::kResolved;
      text += Line(*alert, over ? NotificationStatus::kResolved : NotificationStatus::kFiring,
                   text_.Render(*alert, notification.external_url));
    }
    return text;
  }

  const ConsoleWriter write_;
  Executor& executor_;
  const Clock& clock_;
  const RuleTextRenderer text_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeConsole(const config::ChannelSettings& settings,
                                 const ChannelContext& context) {
  BuiltChannel built;
  built.channel = std::make_unique<Console>(context);
  built.timeout = kTimeout;
  built.send_resolved = settings.console.send_resolved;
  return built;
}

}  // namespace tocsin::receivers
