#include "exporter/api/stream_hub.h"

#include <memory>

namespace tocsin::api {

struct StreamHub::Page {
  bool is_readable = true;
  std::uint64_t newest = 0;  // at least, when the page was read
  std::vector<StreamEventPtr> events;
};

StreamHub::StreamHub(const StateStore& store, Post post, Executor& executor,
                     StreamHubOptions options)
    : store_(store), post_(std::move(post)), executor_(executor), options_(options) {}

void StreamHub::TakeEvents(std::span<const Event> events) {
  // Whoever joins later than this asks for the last number later still, and finds these behind it.
  if (interested_ == 0) return;
  bool tell = false;
  {
    MutexLock lock(mu_);
    for (const Event& event : events) {
      overflowed_ = overflowed_ || inbox_.size() >= options_.max_inbox;
      if (overflowed_) break;
      inbox_.push_back(event);
    }
    tell = !std::exchange(is_told_, true);
  }
  if (tell) post_([this] { DrainInbox(); });
}

Result<bool> StreamHub::Holds(std::uint64_t sequence) const {
  const std::uint64_t newest = store_.LastEvent();
  if (sequence >= newest) return sequence == newest;
  EventQuery query;
  query.after = sequence;
  query.limit = 1;
  query.without_body = true;
  const Result<std::vector<Event>> next = store_.Events(query);
  if (!next) return next.error();
  return !next->empty() && next->front().sequence == sequence + 1;
}

// ---- the stream thread

void StreamHub::DrainInbox() {
  std::vector<Event> events;
  bool overflowed = false;
  {
    MutexLock lock(mu_);
    events.swap(inbox_);
    overflowed = std::exchange(overflowed_, false);
    is_told_ = false;
  }
  if (followers_.empty()) return;
  for (Event& event : events) {
    const auto shared = std::make_shared<StreamEvent>(std::move(event));
    Remember(shared);
    Forward(shared);
  }
  // Memory ends before the present then: nobody goes live from it.
  if (overflowed) ForgetRecent();
  for (const auto& [id, follower] : followers_) {
    if (overflowed && follower->last_ < store_.LastEvent()) follower->is_live_ = false;
    if (!follower->is_live_) CatchUp(*follower);
  }
}

void StreamHub::Remember(const StreamEventPtr& event) {
  if (!recent_.empty() && event->event().sequence != recent_.back()->event().sequence + 1) {
    ForgetRecent();
  }
  recent_.push_back(event);
  recent_bytes_ += event->bytes();
  while (recent_.size() > options_.max_recent ||
         (recent_bytes_ > options_.max_recent_bytes && recent_.size() > 1)) {
    recent_bytes_ -= recent_.front()->bytes();
    recent_.pop_front();
  }
}

void StreamHub::Forward(const StreamEventPtr& event) {
  const std::uint64_t sequence = event->event().sequence;
  for (const auto& [id, follower] : followers_) {
    if (!follower->is_live_ || sequence <= follower->last_) continue;
    if (sequence == follower->last_ + 1) {
      Give(*follower, *event);
    } else {
      follower->is_live_ = false;
    }
  }
}

void StreamHub::Give(EventFollower& follower, StreamEvent& event) {
  follower.last_ = event.event().sequence;
  follower.Deliver(event);
  InsertIfDue(follower);
}

void StreamHub::InsertIfDue(EventFollower& follower) {
  if (!follower.insertion_ || follower.insertion_->after > follower.last_) return;
  const auto insertion = std::exchange(follower.insertion_, std::nullopt);
  insertion->send();
}

void StreamHub::Add(EventFollower& follower, std::uint64_t last) {
  AddHeld(follower);
  GoOn(follower, last);
}

void StreamHub::AddHeld(EventFollower& follower) {
  follower.id_ = ++last_id_;
  follower.is_live_ = false;
  follower.is_waiting_ = true;
  followers_.emplace(follower.id_, &follower);
}

void StreamHub::Hold(EventFollower& follower) {
  follower.is_live_ = false;
  follower.is_waiting_ = true;
}

void StreamHub::GoOn(EventFollower& follower, std::uint64_t last) {
  follower.last_ = last;
  follower.is_waiting_ = false;
  CatchUp(follower);
}

void StreamHub::GoOnTo(EventFollower& follower, std::uint64_t after, std::function<void()> send) {
  follower.insertion_ = {after, std::move(send)};
  InsertIfDue(follower);
  GoOn(follower, follower.last_);
}

void StreamHub::Remove(EventFollower& follower) {
  followers_.erase(follower.id_);
  if (followers_.empty()) ForgetRecent();
}

void StreamHub::ForgetRecent() {
  recent_.clear();
  recent_bytes_ = 0;
}

void StreamHub::CatchUp(EventFollower& follower) {
  if (follower.is_live_ || follower.is_waiting_ || GiveRecent(follower)) return;
  if (follower.last_ == store_.LastEvent()) return GoLive(follower);
  if (follower.waiting_bytes() <= options_.low_water) AskForPage(follower);
}

bool StreamHub::GiveRecent(EventFollower& follower) {
  if (recent_.empty() || recent_.front()->event().sequence > follower.last_ + 1 ||
      recent_.back()->event().sequence <= follower.last_) {
    return false;
  }
  std::size_t next = follower.last_ + 1 - recent_.front()->event().sequence;
  for (; next < recent_.size(); ++next) {
    if (follower.waiting_bytes() > options_.low_water) return true;  // goes on when drained
    Give(follower, *recent_[next]);
  }
  GoLive(follower);
  return true;
}

void StreamHub::GoLive(EventFollower& follower) {
  follower.is_live_ = true;
  follower.CaughtUp(follower.last_);
}

void StreamHub::AskForPage(EventFollower& follower) {
  follower.is_waiting_ = executor_.TrySubmit(
      [this, id = follower.id_, after = follower.last_, write = follower.Writer()] {
        auto page = std::make_shared<Page>(ReadPage(after, write));
        post_([this, id, page] { TakePage(id, *page); });
      });
}

StreamHub::Page StreamHub::ReadPage(std::uint64_t after,
                                    const std::function<void(StreamEvent&)>& write) const {
  Page page;
  page.newest = store_.LastEvent();
  EventQuery query;
  query.after = after;
  query.limit = options_.page;
  Result<std::vector<Event>> events = store_.Events(query);
  if (!events) {
    page.is_readable = false;
    return page;
  }
  for (Event& event : *events) {
    page.events.push_back(std::make_shared<StreamEvent>(std::move(event)));
    write(*page.events.back());
  }
  return page;
}

void StreamHub::TakePage(std::uint64_t id, const Page& page) {
  EventFollower* const follower = Find(id);
  if (follower == nullptr) return;
  follower->is_waiting_ = false;
  if (!page.is_readable) return follower->Fail();
  const bool is_next =
      !page.events.empty() && page.events.front()->event().sequence == follower->last_ + 1;
  if (!is_next) {
    // Pruned meanwhile, or told of but not written yet: then memory may have it.
    if (page.newest > follower->last_ && !GiveRecent(*follower)) return Lose(*follower);
    return CatchUp(*follower);
  }
  for (const StreamEventPtr& event : page.events) Give(*follower, *event);
  CatchUp(*follower);
}

void StreamHub::Lose(EventFollower& follower) {
  follower.insertion_.reset();
  Hold(follower);
  follower.StartOver();
}

EventFollower* StreamHub::Find(std::uint64_t id) const {
  const auto found = followers_.find(id);
  return found == followers_.end() ? nullptr : found->second;
}

void StreamHub::Tell(std::uint64_t follower_id, std::function<void()> then) {
  post_([this, follower_id, then = std::move(then)] {
    if (Find(follower_id) != nullptr) then();
  });
}

void StreamHub::Tick(Timestamp now) {
  for (const auto& [id, follower] : followers_) {
    // Where the executor had no room before.
    if (!follower->is_live_) CatchUp(*follower);
    follower->Tick(now);
  }
}

}  // namespace tocsin::api
