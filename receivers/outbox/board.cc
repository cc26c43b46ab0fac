#include "receivers/outbox/board.h"

namespace tocsin::receivers {
namespace {

std::int64_t HourOf(Timestamp t) {
  return std::chrono::floor<std::chrono::hours>(t.time_since_epoch()).count();
}

}  // namespace

void DayCounter::Count(Timestamp now) {
  const std::int64_t hour = HourOf(now);
  Bucket& bucket = buckets_.at(static_cast<std::size_t>(hour) % buckets_.size());
  if (bucket.hour != hour) bucket = {hour, 0};
  ++bucket.count;
}

std::uint64_t DayCounter::Sum(Timestamp now) const {
  const std::int64_t hour = HourOf(now);
  std::uint64_t sum = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.hour > hour - static_cast<std::int64_t>(buckets_.size())) sum += bucket.count;
  }
  return sum;
}

void Board::PutEpisode(const std::string& id, AnnouncementView view) {
  MutexLock lock(mu_);
  episodes_[id] = std::move(view);
}

void Board::RemoveEpisode(const std::string& id) {
  MutexLock lock(mu_);
  episodes_.erase(id);
}

void Board::PutCooldown(std::uint64_t fingerprint, Timestamp until) {
  MutexLock lock(mu_);
  cooldowns_[fingerprint] = until;
}

void Board::RemoveCooldown(std::uint64_t fingerprint) {
  MutexLock lock(mu_);
  cooldowns_.erase(fingerprint);
}

std::optional<Timestamp> Board::CoolsUntil(const std::string& id, std::uint64_t fingerprint,
                                           Timestamp now) const {
  MutexLock lock(mu_);
  if (episodes_.contains(id)) return std::nullopt;
  const auto found = cooldowns_.find(fingerprint);
  if (found == cooldowns_.end() || found->second <= now) return std::nullopt;
  return found->second;
}

void Board::PutReceivers(std::vector<ReceiverView> receivers) {
  MutexLock lock(mu_);
  receivers_ = std::move(receivers);
}

void Board::PutOutbox(OutboxCounts counts) {
  MutexLock lock(mu_);
  outbox_ = counts;
}

void Board::CountDelivered(Timestamp now) {
  MutexLock lock(mu_);
  delivered_.Count(now);
}

std::optional<AnnouncementView> Board::Episode(const std::string& id) const {
  MutexLock lock(mu_);
  const auto found = episodes_.find(id);
  if (found == episodes_.end()) return std::nullopt;
  return found->second;
}

std::vector<ReceiverView> Board::Receivers() const {
  MutexLock lock(mu_);
  return receivers_;
}

OutboxCounts Board::Outbox() const {
  MutexLock lock(mu_);
  return outbox_;
}

std::uint64_t Board::DeliveredWithinDay(Timestamp now) const {
  MutexLock lock(mu_);
  return delivered_.Sum(now);
}

}  // namespace tocsin::receivers
