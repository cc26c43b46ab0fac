// Microsoft Teams, of alertmanager.yml: the Adaptive Card that workflows take (msteamsv2), and the
// MessageCard of connectors, which the vendor has retired (msteams).
// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
#include <utility>

#include "receivers/channels/json_body.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- message

// Alertmanager's colours.
// https://github.com/prometheus/alertmanager/blob/main/notify/msteams/msteams.go
JsonValue MessageCardJson(bool fires, SettingTexts& settings) {
  return JsonValue::Object({{"@context", "http://schema.org/extensions"},
                            {"type", "MessageCard"},
                            {"title", settings.Text("title")},
                            {"summary", settings.Text("summary")},
                            {"text", settings.Text("text")},
                            {"themeColor", fires ? "8C1A1A" : "2DC72D"}});
}

// https://adaptivecards.io/explorer/TextBlock.html
JsonValue AdaptiveCard(bool fires, SettingTexts& settings) {
  const JsonValue title = JsonValue::Object({{"type", "TextBlock"},
                                             {"text", settings.Text("title")},
                                             {"weight", "Bolder"},
                                             {"size", "Medium"},
                                             {"wrap", true},
                                             {"style", "heading"},
                                             {"color", fires ? "Attention" : "Good"}});
  const JsonValue text =
      JsonValue::Object({{"type", "TextBlock"}, {"text", settings.Text("text")}, {"wrap", true}});
  const JsonValue content =
      JsonValue::Object({{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                         {"type", "AdaptiveCard"},
                         {"version", "1.2"},
                         {"body", JsonValue::List({title, text})},
                         {"msteams", JsonValue::Object({{"width", "full"}})}});
  const JsonValue attachment =
      JsonValue::Object({{"contentType", "application/vnd.microsoft.card.adaptive"},
                         {"contentUrl", JsonValue()},
                         {"content", content}});
  return JsonValue::Object({{"type", "message"}, {"attachments", JsonValue::List({attachment})}});
}

// ---- delivery

class GroupTeams final : public VendorApi {
 public:
  using MakeCard = JsonValue (*)(bool fires, SettingTexts& settings);
  GroupTeams(config::CheckedKeys keys, MakeCard make_card)
      : keys_(std::move(keys)), make_card_(make_card) {}

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    const bool fires = notification.status() == NotificationStatus::kFiring;
    std::string url = settings.SecretUrl("webhook_url");
    VendorCall call{PostJson(std::move(url), make_card_(fires, settings)), nullptr};
    if (!settings.status()) return settings.status().error();
    return call;
  }

 private:
  const config::CheckedKeys keys_;
  const MakeCard make_card_;
};

}  // namespace

// ---- kinds

Result<BuiltVendor> MakeGroupTeams(const config::AlertmanagerIntegration& settings,
                                   const ChannelContext& /*context*/) {
  return BuiltVendor{std::make_unique<GroupTeams>(settings.keys, MessageCardJson)};
}

Result<BuiltVendor> MakeGroupTeamsV2(const config::AlertmanagerIntegration& settings,
                                     const ChannelContext& /*context*/) {
  return BuiltVendor{std::make_unique<GroupTeams>(settings.keys, AdaptiveCard)};
}

}  // namespace tocsin::receivers
