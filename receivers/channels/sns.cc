// The Amazon SNS channel: the message as plain text to a topic or an endpoint of an app, its short
// form to a phone. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
#include <memory>
#include <utility>

#include "base/group_key.h"
#include "receivers/channels/mail_page.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/plain_card.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/sns_publish.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// Text and attributes have 256 KB; each 64 KB are paid for as one message.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_RequestParameters
// https://aws.amazon.com/sns/pricing/
constexpr std::size_t kMaxTextBytes = 60'000;

// ---- delivery

class SnsMessages {
 public:
  SnsMessages(config::ChannelSettings settings, NativeTexts texts,
              std::shared_ptr<const SnsSender> sender)
      : settings_(std::move(settings)), texts_(std::move(texts)), sender_(std::move(sender)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const config::CheckedKeys& keys = settings_.keys;
    return sender_->Publish(keys.Text(sender_->target().key), Message(notification),
                            keys.Url("api_url"));
  }

 private:
  SnsMessage Message(const Notification& notification) const {
    const MessageCard card = texts_.Card(notification);
    SnsMessage message;
    if (IsPhone(sender_->target())) {
      message.message = CardShort(card);  // a text message has no subject
    } else {
      message.subject = MailSubject(card);
      message.message = PlainCard(card, kMaxTextBytes);
    }
    for (const config::YamlEntry& entry : EntriesOf(settings_.keys, "attributes")) {
      message.attributes[entry.key] = entry.value.text;
    }
    message.group_id = Sha256Hex(notification.group_key);
    message.id = Sha256Hex(notification.IdempotencyKey());
    return message;
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
  const std::shared_ptr<const SnsSender> sender_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeSns(const config::ChannelSettings& settings,
                             const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  Result<std::shared_ptr<const SnsSender>> sender =
      SnsSender::Make(settings.keys, settings.http, context);
  if (!sender) return sender.error();
  auto sns = std::make_shared<const SnsMessages>(settings, *std::move(texts), *std::move(sender));
  return MakeNativeHttp(settings, context, [sns](const Notification& notification) {
    return sns->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
