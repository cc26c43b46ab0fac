// Notification: one message for one receiver, before any channel has put it into its own words.
//
// Shaped for a group of alerts; native rules make groups of one. A value: made by the dispatcher's
// thread, given to a channel, which may keep what it needs of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/alert.h"
#include "base/labels.h"

namespace tocsin::receivers {

enum class NotificationStatus : std::uint8_t { kFiring, kResolved };
// The words of Alertmanager: "firing", "resolved".
std::string_view NotificationStatusName(NotificationStatus status);

// Where a person finds more about an alert; empty where nobody said. Whatever senders wrote.
struct AlertLinks {
  std::string runbook;
  std::string dashboard;
  std::string source;
};

struct Notification {
  std::string receiver;
  std::string group_key;  // {}:{alertname="High CPU", host="a"}
  Labels group_labels;
  NotificationStatus status = NotificationStatus::kFiring;
  std::vector<AlertPtr> alerts;        // never empty
  std::vector<AlertLinks> links = {};  // of each alert
  std::string dedup_key;  // the same for all messages about one thing: the episode's id
  std::string reason = "first notification";  // in Alertmanager's words
  std::uint64_t flush_number = 1;  // grows with every new message about it, not with retries
  std::string external_url;        // where this daemon is reached; may be empty
  std::map<std::string, std::string> remembered = {};  // as in GroupNotification
  // A PNG about the alert that the message is about (HeadOf); null: there is none.
  std::shared_ptr<const std::string> picture = nullptr;

  // The same for every attempt at this message, different from any other message.
  std::string IdempotencyKey() const;
};

std::string IdempotencyKey(std::string_view dedup_key, NotificationStatus status,
                           std::uint64_t flush_number);

// The key of a group directly below the root route, as Alertmanager writes it.
// https://github.com/prometheus/alertmanager/blob/main/dispatch/dispatch.go
std::string RootGroupKey(LabelsView group_labels);

}  // namespace tocsin::receivers
