// What a receiver is told: a group of alerts, and the ways to tell it.
//
// A GroupChannel renders a notification and sends it once; when, how often and why is the
// dispatcher's business. Owned by a GroupIntegration; Deliver is called by the dispatcher's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/egress_policy.h"
#include "base/labels.h"
#include "base/time.h"
#include "config/delivery_limits.h"
#include "receivers/alerts/posted_alert.h"
#include "receivers/channels/channel.h"
#include "receivers/notification.h"
#include "receivers/pipeline/notification_log.h"

namespace tocsin::receivers {

// Who deals with an alert, and what they said; both may be empty.
struct AlertAcknowledgement {
  std::string actor;
  std::string note;
};

// An alert whose state stands still while the message about it is sent.
struct FrozenAlert {
  PostedAlertPtr alert;
  bool resolved = false;
  bool muted = false;  // told only to who knows that it fired
  // That somebody deals with it is what is told; null: something else is.
  std::shared_ptr<const AlertAcknowledgement> acknowledged = nullptr;
};

struct GroupNotification {
  std::string receiver;
  std::string group_key;
  Labels group_labels;
  Labels route_labels;
  std::vector<FrozenAlert> alerts;   // in the order of ComesBefore; never empty
  std::size_t truncated_alerts = 0;  // that the receiver does not want to hear of
  NotificationReason reason = NotificationReason::kFirstNotification;
  std::string external_url;
  // What the channel wanted to be remembered of earlier messages or attempts (Outcome::remember).
  std::map<std::string, std::string> remembered = {};
  // Of the full daemon. The same for every attempt at this message, together different from any
  // other message; 0: there is none.
  std::string dedup_key;
  std::uint64_t flush_number = 0;

  NotificationStatus status() const;
};

class GroupChannel {
 public:
  virtual ~GroupChannel() = default;
  // As Channel::Deliver.
  virtual void Deliver(const GroupNotification& notification, Duration timeout,
                       Channel::Done done) = 0;
  // Where a message goes, if that depends on it: the address without user, query and fragment. It
  // may hold a secret. Empty: all go to one place.
  virtual std::string Endpoint(const GroupNotification& /*notification*/) const { return ""; }
  // Ends what is under way, as far as it can: `done` hears of a failure. REQUIRES: Deliver is
  // not called any more.
  virtual void Cancel() {}
  // Whether what `other` could not deliver is in vain here too. A channel that cannot tell is
  // asked.
  virtual bool HasSettingsOf(const GroupChannel& /*other*/) const { return false; }
};

// One item of a receiver's <type>_configs.
struct GroupIntegration {
  std::string receiver;
  std::string type;  // "webhook"
  std::string id;    // "webhook[0]", of tocsin.yml "webhook": unique within the receiver
  bool send_resolved = true;
  bool hears_acknowledgements = false;
  config::DeliveryLimits limits = {};                    // of the outbox
  std::shared_ptr<const EgressPolicy> egress = nullptr;  // where it may send; null: anywhere
  std::unique_ptr<GroupChannel> channel;

  std::string lane() const { return receiver + "/" + id; }
  bool HasSettingsOf(const GroupIntegration& other) const {
    return this == &other || (MaySendAs(other) && channel->HasSettingsOf(*other.channel));
  }
  bool MaySendAs(const GroupIntegration& other) const {
    if (egress == nullptr || other.egress == nullptr) return egress == other.egress;
    return *egress == *other.egress;
  }
};
using GroupIntegrationPtr = std::shared_ptr<const GroupIntegration>;

}  // namespace tocsin::receivers
