// Telegram, of alertmanager.yml: one message of a bot to a chat.
// https://core.telegram.org/bots/api#sendmessage
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/number.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/telegram_call.h"
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

// ---- delivery

class GroupTelegram final : public VendorApi {
 public:
  explicit GroupTelegram(config::CheckedKeys keys) : keys_(std::move(keys)) {}

  Result<VendorCall> Prepare(const GroupNotification& /*notification*/,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    const std::string token = settings.Secret("bot_token");
    const std::string url = settings.SecretUrl("api_url");
    const JsonValue message = Message(settings);
    if (!settings.status()) return settings.status().error();
    return TelegramCall(url, token, message);
  }

 private:
  const config::CheckedKeys keys_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupTelegram(const config::AlertmanagerIntegration& settings,
                                      const ChannelContext& /*context*/) {
  BuiltVendor vendor{std::make_unique<GroupTelegram>(settings.keys)};
  // Alertmanager does not tell Telegram's answers apart.
  vendor.retried.all = true;
  return vendor;
}

}  // namespace tocsin::receivers
