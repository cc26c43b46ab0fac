// Board: what the dispatcher's thread shows to everybody else. Written by that thread, read by any;
// synchronises itself.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "receivers/outbox/announcement.h"

namespace tocsin::receivers {

// How much happened within the last 24 hours, to the hour. Not synchronised.
class DayCounter {
 public:
  void Count(Timestamp now);
  std::uint64_t Sum(Timestamp now) const;

 private:
  struct Bucket {
    std::int64_t hour = -1;  // since the epoch
    std::uint64_t count = 0;
  };
  std::array<Bucket, 24> buckets_;  // by hour modulo 24
};

class Board {
 public:
  void PutEpisode(const std::string& id, AnnouncementView view) EXCLUDES(mu_);
  void RemoveEpisode(const std::string& id) EXCLUDES(mu_);
  // A cooldown runs for this rule and label set until then.
  void PutCooldown(std::uint64_t fingerprint, Timestamp until) EXCLUDES(mu_);
  void RemoveCooldown(std::uint64_t fingerprint) EXCLUDES(mu_);
  void PutReceivers(std::vector<ReceiverView> receivers) EXCLUDES(mu_);
  void PutOutbox(OutboxCounts counts) EXCLUDES(mu_);
  void CountDelivered(Timestamp now) EXCLUDES(mu_);

  std::optional<AnnouncementView> Episode(const std::string& id) const EXCLUDES(mu_);
  // Of an episode that was not announced.
  std::optional<Timestamp> CoolsUntil(const std::string& id, std::uint64_t fingerprint,
                                      Timestamp now) const EXCLUDES(mu_);
  std::vector<ReceiverView> Receivers() const EXCLUDES(mu_);
  OutboxCounts Outbox() const EXCLUDES(mu_);
  std::uint64_t DeliveredWithinDay(Timestamp now) const EXCLUDES(mu_);

 private:
  mutable Mutex mu_;
  std::unordered_map<std::string, AnnouncementView> episodes_ GUARDED_BY(mu_);
  std::unordered_map<std::uint64_t, Timestamp> cooldowns_ GUARDED_BY(mu_);
  std::vector<ReceiverView> receivers_ GUARDED_BY(mu_);
  OutboxCounts outbox_ GUARDED_BY(mu_);
  DayCounter delivered_ GUARDED_BY(mu_);
};

}  // namespace tocsin::receivers
