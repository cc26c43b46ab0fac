// A message to WeChat Work (WeCom), with an access token that is asked for first, and what the
// answers mean. Shared by the receivers of both configuration files.
// https://developer.work.weixin.qq.com/document/path/90236
//
// A token is kept for the messages to come, and used until WeChat does not take it any more: then
// the same attempt fetches another and sends once more. That way no clock decides whether it is
// still good, and a token that WeChat withdraws early, or that belonged to a secret that is gone,
// delays nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/json_value.h"
#include "receivers/channels/vendor_call.h"

namespace tocsin::receivers {

class KeptWechatToken;

// Who sends.
struct WechatSender {
  std::string api_url;
  std::string corp_id;
  std::string api_secret;
};

// What follows a message that was taken: the file is uploaded, and `message` sent with the number
// that WeChat gives it. https://developer.work.weixin.qq.com/document/path/90253
struct WechatPicture {
  std::shared_ptr<const std::string> bytes;
  JsonValue message;  // of the type image, without its media_id
};

// One for each integration. The dispatcher's thread calls it.
class WechatCalls {
 public:
  WechatCalls();

  // The first request of an attempt: the message, or one for a token where none is kept.
  VendorCall Call(const WechatSender& sender, JsonValue message,
                  std::optional<WechatPicture> picture = std::nullopt) const;

 private:
  const std::shared_ptr<KeptWechatToken> kept_;  // also held by the judges that are under way
};

}  // namespace tocsin::receivers
