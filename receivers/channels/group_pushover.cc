// Pushover, of alertmanager.yml: one message to a user or a group of users. Everything stands in
// the query of the address, as Alertmanager sends it, so that the address holds the secrets.
// https://pushover.net/api
#include <fmt/format.h>

#include <chrono>
#include <map>
#include <utility>

#include "base/go_duration.h"
#include "base/text.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

constexpr char kUrl[] = "https://api.pushover.net/1/messages.json";

// ---- limits

// https://pushover.net/api#limits
constexpr std::size_t kMaxTitleRunes = 250;
constexpr std::size_t kMaxMessageRunes = 1024;
constexpr std::size_t kMaxUrlRunes = 512;

// ---- message

// Pushover refuses messages without a text.
constexpr char kNoText[] = "(no details)";

using Parameters = std::map<std::string, std::string>;

// https://url.spec.whatwg.org/#concept-urlencoded-serializer, but that Go's net/url, which
// Alertmanager uses, leaves ~ and escapes *.
std::string FormText(std::string_view text) {
  std::string encoded;
  for (const char& c : text) {
    encoded += c == ' ' ? "+" : PercentEncode(std::string_view(&c, 1));
  }
  return encoded;
}

std::string Query(const Parameters& parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    // Pushover takes nothing but UTF-8.
    query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, FormText(ToValidUtf8(value)));
  }
  return query;
}

// Whole seconds; 0 where the key is absent.
std::int64_t SecondsOf(std::string_view key, const config::CheckedKeys& keys) {
  const std::string text = keys.Text(key);
  std::optional<Duration> duration = ParseGoDuration(text);
  if (!duration) duration = ParseDuration(text);
  return std::chrono::duration_cast<std::chrono::seconds>(duration.value_or(Duration(0))).count();
}

// In Alertmanager's order: what is cut has its blanks counted.
std::string MessageText(SettingTexts& settings) {
  const std::string text =
      settings.IsTrue("html") ? settings.Html("message") : settings.Text("message");
  const std::string cut = TruncateRunes(text, kMaxMessageRunes);
  const std::string_view trimmed = TrimSpace(cut);
  return std::string(trimmed.empty() ? kNoText : trimmed);
}

Parameters Message(SettingTexts& settings) {
  const config::CheckedKeys& keys = settings.keys();
  Parameters parameters = {{"token", settings.FilledSecret("token")},
                           {"user", settings.FilledSecret("user_key")},
                           {"title", TruncateRunes(settings.Text("title"), kMaxTitleRunes)},
                           {"message", MessageText(settings)},
                           {"url", TruncateRunes(settings.Text("url"), kMaxUrlRunes)},
                           {"retry", fmt::to_string(SecondsOf("retry", keys))},
                           {"expire", fmt::to_string(SecondsOf("expire", keys))}};
  for (const char* key : {"url_title", "priority", "device", "sound"}) {
    parameters[key] = settings.Text(key);
  }
  for (const char* flag : {"html", "monospace"}) {
    if (settings.IsTrue(flag)) parameters[flag] = "1";
  }
  // Without one a message stays.
  const std::int64_t ttl = SecondsOf("ttl", keys);
  if (ttl > 0) parameters["ttl"] = fmt::to_string(ttl);
  return parameters;
}

// ---- delivery

class GroupPushover final : public VendorApi {
 public:
  explicit GroupPushover(config::CheckedKeys keys) : keys_(std::move(keys)) {}

  Result<VendorCall> Prepare(const GroupNotification& /*notification*/,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    VendorCall call;
    call.request.method = "POST";
    call.request.url = kUrl + Query(Message(settings));
    call.request.headers.emplace_back("Content-Type", "text/plain");
    call.secrets = {settings.FilledSecret("token"), settings.FilledSecret("user_key")};
    if (!settings.status()) return settings.status().error();
    return call;
  }

 private:
  const config::CheckedKeys keys_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupPushover(const config::AlertmanagerIntegration& settings,
                                      const ChannelContext& /*context*/) {
  const config::CheckedKeys& keys = settings.keys;
  if (keys.Text("html") == "true" && keys.Text("monospace") == "true") {
    return Error{"at most one of monospace & html must be configured"};
  }
  return BuiltVendor{std::make_unique<GroupPushover>(keys)};
}

}  // namespace tocsin::receivers
