// StreamLoop: the stream thread, and all connections that stay.
//
// One thread serves them all, with sockets that do not block: a connection costs a few kilobytes
// and no thread, a client that reads nothing delays nobody, and however many there are, requests
// keep their workers. The thread is started by the first connection.
//
// Owned by the composition root; outlives the servers that hand connections over.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "exporter/http/stream.h"
#include "exporter/http/stream_connection.h"

namespace tocsin::http {

struct StreamOptions {
  std::size_t max_streams = 128;
  // Of one remote address. Loopback, where everything on this machine and every proxy comes from,
  // has no limit of its own.
  std::size_t max_per_address = 64;
  std::size_t max_per_key = 64;  // of one API key
  StreamLimits limits;
  Duration goodbye{std::chrono::seconds(2)};      // for clients to hear that the daemon stops
  Duration tick{std::chrono::milliseconds(250)};  // while there are connections
};

class StreamLoop {
 public:
  // A place among the streams, taken before a request is accepted; given back by its destruction.
  // May outlive the loop's connections, not the loop.
  class Seat {
   public:
    Seat(Seat&& other) noexcept : loop_(std::exchange(other.loop_, nullptr)) {
      address_.swap(other.address_);
      key_id_.swap(other.key_id_);
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    Seat& operator=(Seat&&) = delete;
    ~Seat() {
      if (loop_ != nullptr) loop_->GiveBack(address_, key_id_);
    }

   private:
    friend class StreamLoop;
    Seat(StreamLoop& loop, std::string address, std::string key_id)
        : loop_(&loop), address_(std::move(address)), key_id_(std::move(key_id)) {}
    StreamLoop* loop_;
    std::string address_;
    std::string key_id_;
  };

  // `clock` and `metrics` outlive the object.
  StreamLoop(StreamOptions options, const Clock& clock, Logger log, MetricRegistry& metrics);
  ~StreamLoop();  // stops
  StreamLoop(const StreamLoop&) = delete;
  StreamLoop& operator=(const StreamLoop&) = delete;

  // Called on the stream thread about every StreamOptions::tick while there are connections.
  // REQUIRES: before the first Adopt.
  void OnTick(std::function<void(Timestamp now)> tick) { on_tick_ = std::move(tick); }

  // Any thread. Nothing where all seats are taken, or all that one address or one key may have; an
  // empty `key_id` is no key.
  std::optional<Seat> Reserve(const std::string& remote_address, const std::string& key_id)
      EXCLUDES(mu_);
  // Any thread. Takes the socket in any case. `head` is the answer to the request. Fails where
  // there is no descriptor left, or the daemon stops.
  Status Adopt(int socket, StreamKind kind, std::string head, std::unique_ptr<Stream> stream,
               Seat seat) EXCLUDES(mu_);
  // Any thread. Runs on the stream thread, in the order of the calls, once there is one; never
  // after Stop. Callers see to it that not too much waits.
  void Post(std::function<void()> run) EXCLUDES(mu_);

  // Tells all clients (1001), waits a little for them to hear it, ends the thread. Idempotent.
  void Stop() EXCLUDES(mu_);

  // Any thread.
  std::size_t open(StreamKind kind) const { return gauges(kind).open; }
  std::size_t limit() const { return options_.max_streams; }

 private:
  struct OfKind {
    std::atomic<std::size_t> open{0};
    prometheus::Gauge* clients = nullptr;
    prometheus::Counter* sent = nullptr;
  };
  struct Member {
    std::unique_ptr<StreamConnection> connection;
    Seat seat;
    bool watches_writes = false;
    bool is_counted = false;  // among those that were dropped
  };
  using Id = std::uint64_t;

  using Holders = std::map<std::string, std::size_t>;  // how many seats each has

  void GiveBack(const std::string& address, const std::string& key_id) EXCLUDES(mu_);
  Status StartThread() REQUIRES_LOCK(mu_);
  void Wake() const;
  void Count(StreamKind kind, bool opened);
  const OfKind& gauges(StreamKind kind) const {
    return kind == StreamKind::kWebSocket ? web_sockets_ : event_streams_;
  }

  // The stream thread's.
  void Run() EXCLUDES(mu_);
  void RunPosted() EXCLUDES(mu_);
  void Add(std::unique_ptr<StreamConnection> connection, Seat seat);
  void HandleEvents(int timeout_ms);
  void TickIfDue();
  void WriteAll();
  void Settle(Id id, Member* member);
  void CountDrop(Member* member);
  void Remove(Id id);
  void SayGoodbye() EXCLUDES(mu_);

  const StreamOptions options_;
  const Clock& clock_;
  const Logger log_;
  std::function<void(Timestamp)> on_tick_;

  // synchronise themselves
  OfKind web_sockets_;
  OfKind event_streams_;
  prometheus::Gauge& web_socket_connections_;
  prometheus::Family<prometheus::Counter>& dropped_;
  prometheus::Counter& refused_;

  // guarded by mu_
  mutable Mutex mu_;
  std::size_t seats_ GUARDED_BY(mu_) = 0;
  Holders of_address_ GUARDED_BY(mu_);
  Holders of_key_ GUARDED_BY(mu_);
  std::vector<std::function<void()>> posted_ GUARDED_BY(mu_);
  bool started_ GUARDED_BY(mu_) = false;
  bool stopping_ GUARDED_BY(mu_) = false;

  // constant once the thread runs
  int epoll_ = -1;
  int wake_ = -1;

  // the stream thread's own
  std::unordered_map<Id, Member> members_;
  Id last_id_ = 0;
  std::chrono::nanoseconds next_tick_{0};
  bool running_ = true;

  std::thread thread_;
};

}  // namespace tocsin::http
