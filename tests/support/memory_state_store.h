// A StateStore in memory. Batches wait until the test commits or fails them, or are committed at
// once. A second store made from Rows() is what a restart after kill -9 finds.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/state_store.h"

namespace tocsin::testing {

class MemoryStateStore final : public StateStore {
 public:
  using Tables = std::map<StateTable, std::map<std::string, std::string>>;

  explicit MemoryStateStore(bool commit_at_once = true, Tables tables = {})
      : commit_at_once_(commit_at_once), tables_(std::move(tables)) {}

  void Submit(WriteBatch batch, Committed committed) override {
    {
      MutexLock lock(mu_);
      waiting_.emplace_back(std::move(batch), std::move(committed));
    }
    if (commit_at_once_) CommitAll();
  }

  // Makes everything that waits durable, in order.
  void CommitAll() {
    while (true) {
      Committed committed;
      {
        MutexLock lock(mu_);
        if (waiting_.empty()) return;
        Apply(waiting_.front().first);
        committed = std::move(waiting_.front().second);
        waiting_.pop_front();
      }
      if (committed) committed(Status());
    }
  }

  // Tells everything that waits that it could not be written.
  void FailAll(const std::string& why) {
    std::deque<std::pair<WriteBatch, Committed>> failed;
    {
      MutexLock lock(mu_);
      failed.swap(waiting_);
    }
    for (auto& [batch, committed] : failed) {
      if (committed) committed(Error{why});
    }
  }

  Result<std::vector<Row>> Scan(StateTable table) const override {
    MutexLock lock(mu_);
    std::vector<Row> rows;
    if (auto it = tables_.find(table); it != tables_.end()) {
      rows.assign(it->second.begin(), it->second.end());
    }
    return rows;
  }
  std::optional<std::string> Trouble() const override { return std::nullopt; }

  // From now on events cannot be read; "": they can.
  void FailReadingEvents(const std::string& why) {
    MutexLock lock(mu_);
    why_unreadable_ = why;
  }
  std::size_t readings_failed() const {
    MutexLock lock(mu_);
    return readings_failed_;
  }

  Result<std::vector<Event>> Events(const EventQuery& query) const override {
    {
      MutexLock lock(mu_);
      if (!why_unreadable_.empty()) {
        ++readings_failed_;
        return Error{why_unreadable_};
      }
    }
    std::vector<Event> found = events();
    std::erase_if(found, [&](const Event& event) { return !EventMatches(query, event); });
    if (query.newest_first) std::reverse(found.begin(), found.end());
    if (found.size() > query.limit) found.resize(query.limit);
    if (query.without_body) {
      for (Event& event : found) event.body.clear();
    }
    return found;
  }
  std::uint64_t LastEvent() const override {
    MutexLock lock(mu_);
    return events_.empty() ? 0 : events_.back().sequence;
  }
  // Hears of each batch's events with the lock held: must not ask the store.
  void ListenToEvents(EventListener listener) override {
    MutexLock lock(mu_);
    listeners_.push_back(std::move(listener));
  }
  void PruneEvents(Timestamp from, std::size_t keep_most) override {
    MutexLock lock(mu_);
    while (events_.size() > 1 && (events_.front().at < from || events_.size() > keep_most)) {
      events_.erase(events_.begin());
    }
  }

  // What was recorded, in order.
  std::vector<Event> events() const {
    MutexLock lock(mu_);
    return events_;
  }

  // What is durable now.
  Tables tables() const {
    MutexLock lock(mu_);
    return tables_;
  }
  std::size_t waiting() const {
    MutexLock lock(mu_);
    return waiting_.size();
  }

 private:
  void Apply(const WriteBatch& batch) REQUIRES_LOCK(mu_) {
    for (const WriteBatch::Operation& op : batch.operations()) {
      if (op.value) {
        tables_[op.table][op.key] = *op.value;
      } else {
        tables_[op.table].erase(op.key);
      }
    }
    const std::size_t before = events_.size();
    for (const Event& event : batch.events()) {
      const std::uint64_t last = events_.empty() ? 0 : events_.back().sequence;
      events_.push_back(event);
      events_.back().sequence = last + 1;
    }
    if (events_.size() == before) return;
    for (const EventListener& listener : listeners_) listener(std::span(events_).subspan(before));
  }

  const bool commit_at_once_;
  mutable Mutex mu_;
  Tables tables_ GUARDED_BY(mu_);
  std::vector<Event> events_ GUARDED_BY(mu_);
  std::vector<EventListener> listeners_ GUARDED_BY(mu_);
  std::string why_unreadable_ GUARDED_BY(mu_);
  mutable std::size_t readings_failed_ GUARDED_BY(mu_) = 0;
  std::deque<std::pair<WriteBatch, Committed>> waiting_ GUARDED_BY(mu_);
};

}  // namespace tocsin::testing
