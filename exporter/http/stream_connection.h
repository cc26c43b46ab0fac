// One connection of the stream thread: its socket, what is read from it, and what waits to be
// written to it.
//
// Nothing here waits: the socket takes what it has room for, the rest stays in a queue that is
// bounded in messages and bytes. A client for which too much waits, or that takes nothing for a
// while, is told so (close code 1013, or an error event) and dropped; it may come again and ask for
// what it has missed.
//
// Owned and called by the stream thread (stream_loop.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/time.h"
#include "exporter/http/stream.h"
#include "exporter/http/web_socket_frame.h"

namespace tocsin::http {

struct StreamLimits {
  std::size_t max_message = 4096;           // bytes, from a client
  std::size_t max_waiting_messages = 8192;  // for one client
  std::size_t max_waiting_bytes = 4 << 20;  // for one client
  // For proxies that close what is silent, and to notice clients that are gone.
  Duration heartbeat{std::chrono::seconds(15)};  // of an event stream to which nothing was sent
  Duration ping{std::chrono::seconds(30)};       // of a WebSocket that has sent nothing
  Duration longest_silence{std::chrono::seconds(90)};  // then a WebSocket's client is gone
  Duration longest_stall{std::chrono::seconds(30)};    // a client that takes nothing is too slow
  Duration farewell{std::chrono::seconds(10)};         // for a client to take the last words
};

// Why a connection ended, where it was not the client's or the application's doing.
enum class StreamDrop : std::uint8_t { kNone, kSlow, kSilent, kProtocol, kTooBig, kStopping };
std::string_view StreamDropName(StreamDrop drop);  // "slow", ...

class StreamConnection final : public StreamWriter {
 public:
  // Takes the socket, which does not block, and closes it in the end. `head` is what goes over the
  // wire first. `clock` and `limits` outlive the object.
  StreamConnection(int socket, StreamKind kind, std::string head, std::unique_ptr<Stream> stream,
                   const StreamLimits& limits, const Clock& clock);
  ~StreamConnection() override;  // a stream that was opened hears that it is closed
  StreamConnection(const StreamConnection&) = delete;
  StreamConnection& operator=(const StreamConnection&) = delete;

  // StreamWriter
  void Send(StreamText text, Weight weight) override;
  std::size_t waiting_bytes() const override { return waiting_bytes_; }
  void Close(CloseCode code, std::string_view reason) override;

  void Open() {
    opened_ = true;
    stream_->Opened(*this);
  }
  void ReadSome();   // what has come
  void WriteSome();  // what the socket has room for
  void Tick();       // deadlines
  // The daemon stops.
  void GoAway();

  bool done() const { return state_ == State::kDone; }
  bool wants_to_write() const { return !waiting_.empty() && !done(); }
  int socket() const { return socket_; }
  StreamKind kind() const { return kind_; }
  StreamDrop drop() const { return drop_; }
  std::uint64_t TakeSentCount() { return std::exchange(sent_, 0); }

 private:
  using Moment = std::chrono::nanoseconds;  // of Clock::Monotonic
  enum class State : std::uint8_t {
    kOpen,
    kClosing,  // only what waits is still sent
    kLeaving,  // everything is sent; waits for the client to close
    kDone,
  };
  struct Outgoing {
    FrameHead head;
    StreamText text;
    bool is_counted = false;
    bool is_message = false;  // of the application
    std::size_t size() const { return head.size + text->size(); }
  };

  void Queue(Outgoing outgoing);
  void QueueFrame(Opcode opcode, std::string payload);
  void Drop(StreamDrop why, CloseCode code, std::string_view reason);
  void BeginToClose();
  void TakeMessage(const FrameMessage& message);
  void Sent(std::size_t bytes);
  void Leave();
  bool ShouldStall(Moment now) const;

  int socket_;
  const StreamKind kind_;
  const std::unique_ptr<Stream> stream_;
  const StreamLimits& limits_;
  const Clock& clock_;

  bool opened_ = false;
  State state_ = State::kOpen;
  StreamDrop drop_ = StreamDrop::kNone;
  FrameReader reader_;

  std::deque<Outgoing> waiting_;
  std::size_t first_sent_ = 0;  // bytes of the first that are gone
  std::size_t waiting_bytes_ = 0;
  std::size_t counted_bytes_ = 0;
  std::size_t counted_messages_ = 0;
  std::uint64_t sent_ = 0;  // messages, since they were last asked for

  Moment last_received_;
  Moment last_ping_;
  Moment last_queued_;
  Moment last_progress_;  // of writing: bytes taken, or the first of them queued
  Moment closing_since_{0};
};

}  // namespace tocsin::http
