// Publish of Amazon SNS: who sends, what a message may hold, the signed request and what its answer
// means. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
//
// Requests are signed here, without AWS's SDK: with the keys of `sigv4` or, as the SDK would, of
// the environment. Pure functions but for reading a secret's file.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "config/checked_keys.h"
#include "config/environment.h"
#include "receivers/channels/aws_signature.h"
#include "receivers/channels/vendor_call.h"

namespace tocsin::receivers {

// Who sends, and to which of AWS's places.
struct SnsAccess {
  AwsKeys keys;
  std::string region;
};

// Fails, with what to do, where only the SDK could find credentials (profiles, roles, those of the
// machine), and where there are none.
Result<SnsAccess> SnsAccessOf(const config::CheckedKeys& keys,
                              const config::Environment& environment);

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

// Of a message that is too long the rest is cut off, and the attribute `truncated` says so.
// `api_url` empty: the region's own. A signature is good for five minutes: for each attempt anew.
// Fails on an address that is none.
Result<VendorCall> PublishToSns(const SnsTarget& target, const std::string& address,
                                const SnsMessage& message, const std::string& api_url,
                                const SnsAccess& access, Timestamp now);

}  // namespace tocsin::receivers
