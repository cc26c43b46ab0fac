// Telegram, of alertmanager.yml: one message of a bot to a chat. The bot's token stands in the path
// of the address.
// https://core.telegram.org/bots/api#sendmessage
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "base/url_user_info.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://core.telegram.org/bots/api#sendmessage
constexpr std::size_t kMaxTextRunes = 4096;
// A cut may go through a tag, and Telegram refuses HTML with an open one.
constexpr char kTooLong[] =
    "There is a notification for this chat that is longer than Telegram takes. Its alerts are "
    "listed in Alertmanager. A shorter message template in telegram_configs makes it fit.";

// What Telegram says of a message it refuses may repeat some of it: shown, but not at length.
constexpr std::size_t kMaxReasonBytes = 120;
// Beyond a day a wait is nonsense.
constexpr std::int64_t kMaxWaitSeconds = 24LL * 3600;

// ---- message

std::string MessageText(SettingTexts& settings) {
  if (settings.Plain("parse_mode") != "HTML") {
    return TruncateRunes(settings.Text("message"), kMaxTextRunes);
  }
  const std::string html = settings.Html("message");
  return TruncateRunes(html, kMaxTextRunes) == html ? html : kTooLong;
}

// Of the file, where there is one.
std::string ChatId(SettingTexts& settings) {
  const std::string text = settings.Secret("chat_id");
  if (!settings.status()) return "";
  const std::optional<std::int64_t> id = ParseInt(text);
  if (id) return fmt::to_string(*id);
  settings.Fail(
      Error{fmt::format("chat_id_file: {} holds no whole number", settings.Plain("chat_id_file"))});
  return "";
}

// All of them texts, as Alertmanager sends them: Telegram reads them like those of a form.
JsonValue Message(SettingTexts& settings) {
  JsonValue json = JsonValue::Object({{"chat_id", ChatId(settings)}});
  if (settings.IsTrue("disable_notifications")) json.Set("disable_notification", "true");
  json.Set("disable_web_page_preview", "true");
  const std::string thread = settings.Plain("message_thread_id");
  if (thread != "0") json.SetUnlessEmpty("message_thread_id", thread);
  json.SetUnlessEmpty("parse_mode", settings.Plain("parse_mode"));
  json.Set("text", MessageText(settings));
  return json;
}

// ---- answer

// https://core.telegram.org/bots/api#making-requests
struct Answer {
  bool is_readable = false;
  bool is_ok = false;
  std::string description;
  std::optional<Duration> retry_after;
};

// https://core.telegram.org/bots/api#responseparameters
std::optional<Duration> RetryAfterIn(const nlohmann::json& json) {
  const auto parameters = json.find("parameters");
  if (parameters == json.end() || !parameters->is_object()) return std::nullopt;
  const auto seconds = parameters->find("retry_after");
  if (seconds == parameters->end() || !seconds->is_number_unsigned()) return std::nullopt;
  return std::chrono::seconds(
      std::min<std::uint64_t>(seconds->get<std::uint64_t>(), kMaxWaitSeconds));
}

Answer ReadAnswer(const std::string& body) {
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  Answer answer;
  if (!json.is_object()) return answer;
  const auto ok = json.find("ok");
  if (ok == json.end() || !ok->is_boolean()) return answer;
  answer.is_readable = true;
  answer.is_ok = ok->get<bool>();
  const auto description = json.find("description");
  if (description != json.end() && description->is_string()) {
    answer.description = description->get<std::string>();
  }
  answer.retry_after = RetryAfterIn(json);
  return answer;
}

// A success without the word of Telegram: a proxy's, perhaps.
Outcome Unreadable(int status) {
  Outcome outcome = Outcome::Retry(Failure::kOther, "Telegram's answer cannot be read");
  outcome.may_have_arrived = true;
  outcome.http_status = status;
  return outcome;
}

// What is said of it, unless that holds the token: who repeats an address repeats it.
std::string ReasonIn(const Answer& answer, const std::string& token) {
  const bool is_empty = answer.description.empty();
  if (is_empty || answer.description.find(token) != std::string::npos) return "";
  return ": " + QuoteForMessage(answer.description, kMaxReasonBytes);
}

Outcome Judge(const HttpClientResult& result, const std::string& token, Timestamp now) {
  Outcome outcome = HttpOutcome(result, now);
  if (!result.response) return outcome;
  const Answer answer = ReadAnswer(result.response->body);
  if (outcome.kind == Outcome::Kind::kDelivered) {
    if (answer.is_ok) return outcome;
    const int status = outcome.http_status;
    if (!answer.is_readable) return Unreadable(status);
    outcome = Outcome::Retry(Failure::kOther, "Telegram refuses the message");
    outcome.http_status = status;
  }
  outcome.reason += ReasonIn(answer, token);
  if (!outcome.retry_after) outcome.retry_after = answer.retry_after;
  return outcome;
}

// ---- delivery

class GroupTelegram final : public VendorApi {
 public:
  explicit GroupTelegram(config::CheckedKeys keys) : keys_(std::move(keys)) {}

  Result<VendorCall> Prepare(const GroupNotification& /*notification*/,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    const std::string token = settings.Secret("bot_token");
    std::string url = Url(token, settings);
    VendorCall call{PostJson(std::move(url), Message(settings)), nullptr};
    if (!settings.status()) return settings.status().error();
    call.judge = [token](const HttpClientResult& result, Timestamp now) {
      return VendorStep(Judge(result, token, now));
    };
    return call;
  }

 private:
  // https://core.telegram.org/bots/api#making-requests
  std::string Url(const std::string& token, SettingTexts& settings) const {
    std::string url = settings.SecretUrl("api_url");
    if (!settings.status()) return "";
    url.erase(url.find_last_not_of('/') + 1);
    url += fmt::format("/bot{}/sendMessage", token);
    if (const Status checked = CheckUrlWithUserInfo(url); !checked) {
      settings.Fail(Error{fmt::format("bot_token: {}", checked.message())});
    }
    return url;
  }

  const config::CheckedKeys keys_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupTelegram(const config::AlertmanagerIntegration& settings) {
  BuiltVendor vendor{std::make_unique<GroupTelegram>(settings.keys)};
  // Alertmanager does not tell Telegram's answers apart.
  vendor.retried.all = true;
  return vendor;
}

}  // namespace tocsin::receivers
