// StreamHub: leads every stream client through the events, each in their order, without a gap and
// without a repetition.
//
// A client knows the number of the last event it has seen. As long as the next one to happen is the
// next one for it, it is live: events go to it as they come. Otherwise (it comes back and asks for
// what it has missed; more happened at once than there was room for) it catches up: from the events
// that are still in memory, else from the store, a page at a time and only as fast as the client
// takes them, until it is live. What neither has is lost to it, and it is told so.
//
// A client may be held: it is given nothing until something that is made aside (a snapshot, which
// shows events up to some number) takes its place among the events. So whatever a client is sent,
// in the order of the numbers it is.
//
// Events come on the store's writer thread, which copies them into a bounded inbox and goes on: of
// what finds that full only the fact is kept, since the store has it. The store is read, and long
// texts are written, on an executor. Everything else is the stream thread's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/state_store.h"
#include "base/worker_pool.h"
#include "exporter/api/stream_event.h"

namespace tocsin::api {

struct StreamHubOptions {
  std::size_t max_inbox = 8192;   // events
  std::size_t max_recent = 1024;  // events in memory, for those that come a moment too late
  std::size_t max_recent_bytes = 2 << 20;
  std::size_t page = 200;             // events read from the store at once
  std::size_t low_water = 256 << 10;  // bytes that wait for a client that is given more
};

class StreamHub;

// One client's way through the events. Its functions are called on the stream thread.
class EventFollower {
 public:
  virtual ~EventFollower() = default;

  // The next one, whether the client wants it or not.
  virtual void Deliver(StreamEvent& event) = 0;
  // It has seen everything up to this number; what comes next comes as it happens.
  virtual void CaughtUp(std::uint64_t sequence) = 0;
  // What it missed is not kept any more. It is held until StreamHub::GoOn says from where it goes
  // on.
  virtual void StartOver() = 0;
  // The history cannot be read.
  virtual void Fail() = 0;
  virtual std::size_t waiting_bytes() const = 0;
  virtual void Tick(Timestamp now) = 0;
  // Aside: writes what Deliver will send.
  virtual std::function<void(StreamEvent&)> Writer() const = 0;

 private:
  friend class StreamHub;
  std::uint64_t id_ = 0;
  std::uint64_t last_ = 0;  // the number of the last event it has seen
  bool is_live_ = false;
  bool is_waiting_ = false;  // for a page, or because it is held
  struct Insertion {
    std::uint64_t after = 0;
    std::function<void()> send;
  };
  std::optional<Insertion> insertion_;  // not before the event of that number
};

class StreamHub {
 public:
  using Post = std::function<void(std::function<void()>)>;

  // Says that events are wanted, from before the last one's number is asked for.
  class Interest {
   public:
    Interest(Interest&& other) noexcept : hub_(std::exchange(other.hub_, nullptr)) {}
    Interest(const Interest&) = delete;
    Interest& operator=(const Interest&) = delete;
    Interest& operator=(Interest&&) = delete;
    ~Interest() {
      if (hub_ != nullptr) --hub_->interested_;
    }

   private:
    friend class StreamHub;
    explicit Interest(StreamHub& hub) : hub_(&hub) { ++hub.interested_; }
    StreamHub* hub_;
  };

  // `post` runs functions on the stream thread, in order. Everything outlives the object, which
  // outlives what was posted and submitted.
  StreamHub(const StateStore& store, Post post, Executor& executor, StreamHubOptions options = {});

  // The listener for StateStore::ListenToEvents.
  void TakeEvents(std::span<const Event> events) EXCLUDES(mu_);
  // Any thread.
  Interest Join() { return Interest(*this); }
  // Any thread; reads the store. Whether every event after this one can still be had.
  Result<bool> Holds(std::uint64_t sequence) const;

  // ---- the stream thread's

  // `last` is what the follower has seen. It stays valid until Remove.
  void Add(EventFollower& follower, std::uint64_t last);
  // The same, held.
  void AddHeld(EventFollower& follower);
  // Not from within a function of a follower.
  void Remove(EventFollower& follower);
  static bool IsLive(const EventFollower& follower) { return follower.is_live_; }
  // REQUIRES: it is live.
  static void Hold(EventFollower& follower);
  // REQUIRES: it is held. It has seen everything up to `last`, whatever it had seen before.
  void GoOn(EventFollower& follower, std::uint64_t last);
  // REQUIRES: it is held, and has seen no event after this one. `send` is called after that event
  // and before the next one; never, if the follower has to start over meanwhile.
  void GoOnTo(EventFollower& follower, std::uint64_t after, std::function<void()> send);
  // There is room for more.
  void Drained(EventFollower& follower) { CatchUp(follower); }
  void Tick(Timestamp now);
  // Any thread. False where too much waits to be run.
  bool RunAside(std::function<void()> work) { return executor_.TrySubmit(std::move(work)); }
  // Any thread: runs `then` on the stream thread if that follower is still there.
  void Tell(std::uint64_t follower_id, std::function<void()> then);
  static std::uint64_t IdOf(const EventFollower& follower) { return follower.id_; }

 private:
  struct Page;

  void DrainInbox() EXCLUDES(mu_);
  void Remember(const StreamEventPtr& event);
  // The next one for the follower.
  static void Give(EventFollower& follower, StreamEvent& event);
  static void InsertIfDue(EventFollower& follower);
  void ForgetRecent();
  void Forward(const StreamEventPtr& event);
  void CatchUp(EventFollower& follower);
  // False where memory does not have what comes next for it.
  bool GiveRecent(EventFollower& follower);
  void GoLive(EventFollower& follower);
  void AskForPage(EventFollower& follower);
  Page ReadPage(std::uint64_t after, const std::function<void(StreamEvent&)>& write) const;
  void TakePage(std::uint64_t id, const Page& page);
  static void Lose(EventFollower& follower);
  EventFollower* Find(std::uint64_t id) const;

  const StateStore& store_;
  const Post post_;
  Executor& executor_;
  const StreamHubOptions options_;

  std::atomic<std::size_t> interested_{0};

  Mutex mu_;
  std::vector<Event> inbox_ GUARDED_BY(mu_);
  bool overflowed_ GUARDED_BY(mu_) = false;
  bool is_told_ GUARDED_BY(mu_) = false;  // the stream thread will look

  // the stream thread's own
  std::map<std::uint64_t, EventFollower*> followers_;
  std::uint64_t last_id_ = 0;
  std::deque<StreamEventPtr> recent_;  // without a gap
  std::size_t recent_bytes_ = 0;
};

}  // namespace tocsin::api
