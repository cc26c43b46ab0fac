// Publish of Amazon SNS: who sends, what a message may hold, the signed request and what its answer
// means. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
//
// Requests are signed here, without AWS's SDK, with the keys that the SDK would find
// (aws_plan.h, aws_credentials.h).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "config/checked_keys.h"
#include "config/environment.h"
#include "config/http_config.h"
#include "receivers/channels/aws_credentials.h"
#include "receivers/channels/aws_plan.h"
#include "receivers/channels/vendor_call.h"

namespace tocsin::receivers {

// A topic, an endpoint of an app or a phone: the setting, and the parameter that it becomes.
struct SnsTarget {
  const char* key;
  const char* parameter;
};
// REQUIRES: the settings have one of the three.
SnsTarget SnsTargetOf(const config::CheckedKeys& keys);
bool IsPhone(const SnsTarget& target);

struct SnsMessage {
  std::string subject;  // one line is made of it; empty: none
  std::string message;
  std::map<std::string, std::string> attributes;
  // Of a topic in order (.fifo), which takes one message of each id within five minutes.
  // https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
  std::string group_id;
  std::string id;
};

// Who sends. One for each integration; the dispatcher's thread calls it.
class SnsSender {
 public:
  // Fails on a proxy that is none. What the context refers to outlives all requests.
  static Result<std::shared_ptr<const SnsSender>> Make(
      const config::CheckedKeys& keys, const config::HttpConfig& http,
      const ChannelContext& context,
      const config::Environment& environment = config::ProcessEnvironment());

  // To an address of the target's kind. Of a message that is too long the rest is cut off, and the
  // attribute `truncated` says so. `api_url` empty: the region's own. A signature is good for five
  // minutes: for each attempt anew. Fails on an address that is none, and where there can be no
  // keys.
  Result<VendorCall> Publish(const std::string& address, const SnsMessage& message,
                             const std::string& api_url) const;

  const SnsTarget& target() const { return target_; }

 private:
  SnsSender(const config::CheckedKeys& keys, std::shared_ptr<AwsCredentials> credentials,
            const ChannelContext& context, config::Environment environment);

  const SnsTarget target_;
  const AwsSettings settings_;
  const std::shared_ptr<AwsCredentials> credentials_;
  const Clock& clock_;
  const config::Environment environment_;
};

}  // namespace tocsin::receivers
