#include "exporter/http/stream_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tocsin::http {
namespace {

// Room in the kernel for one client: beyond it, what waits is ours to see and to bound.
constexpr int kSendBufferBytes = 128 << 10;
// A peer that confirms nothing for so long is gone.
constexpr unsigned kPeerTimeoutMillis = 60'000;
constexpr std::uint64_t kWakeId = 0;

void Prepare(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kPeerTimeoutMillis, sizeof kPeerTimeoutMillis);
}

bool IsLoopback(const std::string& address) { return address.starts_with("127."); }

Error OutOf(const char* what) {
  return Error{std::string("cannot serve a stream: no ") + what + ": " +
               std::strerror(errno)};  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

StreamLoop::StreamLoop(StreamOptions options, const Clock& clock, Logger log,
                       MetricRegistry& metrics)
    : options_(options),
      clock_(clock),
      log_(std::move(log)),
      web_socket_connections_(GaugeFamily(metrics, "alerting_websocket_connections",
                                          "WebSocket clients that are connected.")
                                  .Add({})),
      dropped_(CounterFamily(metrics, "tocsin_stream_dropped_total",
                             "Stream clients that were dropped, by reason.")),
      refused_(CounterFamily(metrics, "tocsin_stream_refused_total",
                             "Stream clients that were refused because there were too many.")
                   .Add({})) {
  auto& clients =
      GaugeFamily(metrics, "tocsin_stream_clients", "Stream clients that are connected, by kind.");
  auto& sent = CounterFamily(metrics, "tocsin_stream_messages_sent_total",
                             "Messages that stream clients have taken, by kind.");
  for (const StreamKind kind : {StreamKind::kWebSocket, StreamKind::kServerSentEvents}) {
    OfKind& of = kind == StreamKind::kWebSocket ? web_sockets_ : event_streams_;
    const std::string name(StreamKindName(kind));
    of.clients = &clients.Add({{"kind", name}});
    of.sent = &sent.Add({{"kind", name}});
  }
  for (const StreamDrop drop : {StreamDrop::kSlow, StreamDrop::kSilent, StreamDrop::kProtocol,
                                StreamDrop::kTooBig, StreamDrop::kStopping}) {
    dropped_.Add({{"reason", std::string(StreamDropName(drop))}});
  }
}

StreamLoop::~StreamLoop() {
  Stop();
  // Not sooner: a Post that came before may still be about to wake the thread.
  if (epoll_ >= 0) close(epoll_);
  if (wake_ >= 0) close(wake_);
}

std::optional<StreamLoop::Seat> StreamLoop::Reserve(const std::string& remote_address,
                                                    const std::string& key_id) {
  const auto has_fewer = [](const Holders& holders, const std::string& holder, std::size_t most) {
    const auto found = holders.find(holder);
    return (found == holders.end() ? 0 : found->second) < most;
  };
  {
    MutexLock lock(mu_);
    if (seats_ < options_.max_streams && !stopping_ &&
        (IsLoopback(remote_address) ||
         has_fewer(of_address_, remote_address, options_.max_per_address)) &&
        (key_id.empty() || has_fewer(of_key_, key_id, options_.max_per_key))) {
      ++seats_;
      ++of_address_[remote_address];
      ++of_key_[key_id];
      return Seat(*this, remote_address, key_id);
    }
  }
  refused_.Increment();
  return std::nullopt;
}

void StreamLoop::GiveBack(const std::string& address, const std::string& key_id) {
  const auto take_one = [](Holders& holders, const std::string& holder) {
    const auto found = holders.find(holder);
    if (--found->second == 0) holders.erase(found);
  };
  MutexLock lock(mu_);
  --seats_;
  take_one(of_address_, address);
  take_one(of_key_, key_id);
}

Status StreamLoop::Adopt(int socket, StreamKind kind, std::string head,
                         std::unique_ptr<Stream> stream, Seat seat) {
  Prepare(socket);
  auto connection = std::make_unique<StreamConnection>(socket, kind, std::move(head),
                                                       std::move(stream), options_.limits, clock_);
  // std::function copies what it holds.
  struct Arrival {
    std::unique_ptr<StreamConnection> connection;
    Seat seat;
  };
  auto arrival = std::make_shared<Arrival>(Arrival{std::move(connection), std::move(seat)});
  {
    MutexLock lock(mu_);
    if (stopping_) return Error{"the daemon stops"};
    if (!started_) {
      if (Status started = StartThread(); !started) return started;
    }
    posted_.push_back(
        [this, arrival] { Add(std::move(arrival->connection), std::move(arrival->seat)); });
  }
  Wake();
  return {};
}

Status StreamLoop::StartThread() {
  if (epoll_ < 0) epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return OutOf("epoll descriptor");
  if (wake_ < 0) wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) return OutOf("event descriptor");
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u64 = kWakeId;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &wanted) != 0) return OutOf("room in epoll");
  thread_ = std::thread([this] { Run(); });
  started_ = true;
  return {};
}

void StreamLoop::Post(std::function<void()> run) {
  bool wake = false;
  {
    MutexLock lock(mu_);
    if (stopping_) return;
    wake = started_ && posted_.empty();
    posted_.push_back(std::move(run));
  }
  if (wake) Wake();
}

void StreamLoop::Wake() const {
  const std::uint64_t one = 1;
  // Full only when it is awake already.
  static_cast<void>(write(wake_, &one, sizeof one));
}

void StreamLoop::Stop() {
  bool started = false;
  {
    MutexLock lock(mu_);
    stopping_ = true;
    started = std::exchange(started_, false);
  }
  if (!started) return;
  Wake();
  thread_.join();
}

void StreamLoop::Count(StreamKind kind, bool opened) {
  OfKind& of = kind == StreamKind::kWebSocket ? web_sockets_ : event_streams_;
  of.open += opened ? 1 : static_cast<std::size_t>(-1);
  of.clients->Increment(opened ? 1 : -1);
  if (kind == StreamKind::kWebSocket) web_socket_connections_.Increment(opened ? 1 : -1);
}

// ---- the stream thread

void StreamLoop::Run() {
  while (running_) {
    int timeout_ms = -1;
    if (!members_.empty()) {
      const auto left = next_tick_ - clock_.Monotonic();
      timeout_ms =
          static_cast<int>(std::max<std::int64_t>(0, std::chrono::ceil<Duration>(left).count()));
    }
    HandleEvents(timeout_ms);
    RunPosted();
    TickIfDue();
    WriteAll();
  }
  SayGoodbye();
}

void StreamLoop::HandleEvents(int timeout_ms) {
  std::array<epoll_event, 64> events;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    const std::uint64_t id = event.data.u64;  // a copy: the kernel's struct is packed
    if (id == kWakeId) {
      std::uint64_t times = 0;
      static_cast<void>(read(wake_, &times, sizeof times));
      continue;
    }
    const auto found = members_.find(id);
    if (found == members_.end()) continue;
    StreamConnection& connection = *found->second.connection;
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) connection.ReadSome();
    if ((event.events & EPOLLOUT) != 0) connection.WriteSome();
  }
}

void StreamLoop::RunPosted() {
  std::vector<std::function<void()>> posted;
  {
    MutexLock lock(mu_);
    posted.swap(posted_);
    if (stopping_) running_ = false;
  }
  for (const std::function<void()>& run : posted) run();
}

void StreamLoop::Add(std::unique_ptr<StreamConnection> connection, Seat seat) {
  const Id id = ++last_id_;
  if (members_.empty()) next_tick_ = clock_.Monotonic() + options_.tick;
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLRDHUP;
  wanted.data.u64 = id;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->socket(), &wanted) != 0) {
    log_.Warn("a stream client was dropped", {{"err", OutOf("room in epoll").message}});
    return;
  }
  Count(connection->kind(), true);
  StreamConnection& added = *connection;
  members_.emplace(id, Member{std::move(connection), std::move(seat)});
  added.Open();
}

void StreamLoop::TickIfDue() {
  if (members_.empty() || clock_.Monotonic() < next_tick_) return;
  next_tick_ = clock_.Monotonic() + options_.tick;
  if (on_tick_) on_tick_(clock_.Now());
  for (auto& [id, member] : members_) member.connection->Tick();
}

void StreamLoop::WriteAll() {
  std::vector<Id> done;
  for (auto& [id, member] : members_) {
    // A socket that is full says itself when it has room again.
    if (!member.watches_writes) member.connection->WriteSome();
    Settle(id, &member);
    if (member.connection->done()) done.push_back(id);
  }
  for (const Id id : done) Remove(id);
}

void StreamLoop::Settle(Id id, Member* member) {
  StreamConnection& connection = *member->connection;
  if (const std::uint64_t sent = connection.TakeSentCount(); sent > 0) {
    const OfKind& of = gauges(connection.kind());
    of.sent->Increment(static_cast<double>(sent));
  }
  CountDrop(member);
  const bool wants = connection.wants_to_write();
  if (wants == member->watches_writes || connection.done()) return;
  member->watches_writes = wants;
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLRDHUP | (wants ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
  wanted.data.u64 = id;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket(), &wanted);
}

// As soon as it is known, not when the client has taken the last words.
void StreamLoop::CountDrop(Member* member) {
  const StreamConnection& connection = *member->connection;
  if (member->is_counted || connection.drop() == StreamDrop::kNone) return;
  member->is_counted = true;
  const std::string reason(StreamDropName(connection.drop()));
  dropped_.Add({{"reason", reason}}).Increment();
  if (connection.drop() == StreamDrop::kStopping) return;
  log_.Info("a stream client was dropped",
            {{"kind", StreamKindName(connection.kind())}, {"reason", reason}});
}

void StreamLoop::Remove(Id id) {
  const auto found = members_.find(id);
  CountDrop(&found->second);
  Count(found->second.connection->kind(), false);
  members_.erase(found);
}

void StreamLoop::SayGoodbye() {
  for (auto& [id, member] : members_) member.connection->GoAway();
  const auto deadline = clock_.Monotonic() + options_.goodbye;
  WriteAll();
  while (!members_.empty() && clock_.Monotonic() < deadline) {
    HandleEvents(static_cast<int>(options_.tick.count()));
    WriteAll();
  }
  while (!members_.empty()) Remove(members_.begin()->first);
  // What was posted since is not run, but may hold connections: they end here, on this thread.
  std::vector<std::function<void()>> posted;
  MutexLock lock(mu_);
  posted.swap(posted_);
}

}  // namespace tocsin::http
