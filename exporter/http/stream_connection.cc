#include "exporter/http/stream_connection.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace tocsin::http {
namespace {

constexpr std::size_t kReadBytes = 16 << 10;
// Of one turn: then others have theirs.
constexpr std::size_t kMaxVectors = 64;
constexpr std::size_t kWriteTurn = 256 << 10;
constexpr std::string_view kHeartbeat = ":\n\n";

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

StreamText Text(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

std::string ErrorEvent(std::string_view reason) {
  return std::string("event: error\ndata: {\"type\":\"error\",\"detail\":\"")
      .append(reason)
      .append("\"}\n\n");
}

}  // namespace

std::string_view StreamKindName(StreamKind kind) {
  return kind == StreamKind::kWebSocket ? "websocket" : "sse";
}

std::string_view StreamDropName(StreamDrop drop) {
  switch (drop) {
    case StreamDrop::kNone:
      return "none";
    case StreamDrop::kSlow:
      return "slow";
    case StreamDrop::kSilent:
      return "silent";
    case StreamDrop::kProtocol:
      return "protocol";
    case StreamDrop::kTooBig:
      return "too_big";
    case StreamDrop::kStopping:
      return "stopping";
  }
  return "none";
}

StreamConnection::StreamConnection(int socket, StreamKind kind, std::string head,
                                   std::unique_ptr<Stream> stream, const StreamLimits& limits,
                                   const Clock& clock)
    : socket_(socket),
      kind_(kind),
      stream_(std::move(stream)),
      limits_(limits),
      clock_(clock),
      reader_(limits.max_message),
      last_received_(clock.Monotonic()),
      last_ping_(last_received_),
      last_queued_(last_received_),
      last_progress_(last_received_) {
  Queue({{}, Text(std::move(head)), false, false});
}

StreamConnection::~StreamConnection() {
  if (opened_) stream_->Closed();
  close(socket_);
}

void StreamConnection::Send(StreamText text, Weight weight) {
  if (state_ != State::kOpen) return;
  Outgoing outgoing{{}, std::move(text), weight == Weight::kCounted, true};
  if (kind_ == StreamKind::kWebSocket) {
    outgoing.head = MakeFrameHead(Opcode::kText, outgoing.text->size());
  }
  Queue(std::move(outgoing));
}

void StreamConnection::Queue(Outgoing outgoing) {
  const std::size_t size = outgoing.size();
  if (outgoing.is_counted) {
    if (counted_messages_ >= limits_.max_waiting_messages ||
        counted_bytes_ + size > limits_.max_waiting_bytes) {
      return Drop(StreamDrop::kSlow, CloseCode::kTryAgainLater, "too slow; resume with since");
    }
    ++counted_messages_;
    counted_bytes_ += size;
  }
  const Moment now = clock_.Monotonic();
  if (waiting_.empty()) last_progress_ = now;
  last_queued_ = now;
  waiting_bytes_ += size;
  waiting_.push_back(std::move(outgoing));
}

void StreamConnection::QueueFrame(Opcode opcode, std::string payload) {
  const FrameHead head = MakeFrameHead(opcode, payload.size());
  // Counted: a client may send pings and never read the answers.
  Queue({head, Text(std::move(payload)), opcode == Opcode::kPong, false});
}

void StreamConnection::Close(CloseCode code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  BeginToClose();
  if (kind_ == StreamKind::kWebSocket) {
    QueueFrame(Opcode::kClose, ClosePayload(code, reason));
  } else if (code != CloseCode::kNormal) {
    Queue({{}, Text(ErrorEvent(reason)), false, false});
  }
}

void StreamConnection::Drop(StreamDrop why, CloseCode code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  drop_ = why;
  // Part of the first may be sent already: without its end nothing behind it could be read.
  while (waiting_.size() > (first_sent_ > 0 ? 1U : 0U)) {
    waiting_bytes_ -= waiting_.back().size();
    waiting_.pop_back();
  }
  counted_bytes_ = 0;
  counted_messages_ = 0;
  for (Outgoing& left : waiting_) left.is_counted = false;
  Close(code, reason);
}

void StreamConnection::BeginToClose() {
  state_ = State::kClosing;
  closing_since_ = clock_.Monotonic();
}

void StreamConnection::GoAway() {
  if (state_ != State::kOpen) return;
  drop_ = StreamDrop::kStopping;
  Close(kind_ == StreamKind::kWebSocket ? CloseCode::kGoingAway : CloseCode::kNormal,
        "the daemon stops");
}

void StreamConnection::ReadSome() {
  std::array<char, kReadBytes> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const ssize_t n = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (n < 0 && WouldBlock()) return;
  if (n <= 0) {
    state_ = State::kDone;
    return;
  }
  last_received_ = clock_.Monotonic();
  // What comes after the last words, or on an event stream, is read only to be out of the way.
  if (state_ != State::kOpen || kind_ != StreamKind::kWebSocket) return;
  const auto fault = reader_.Feed({bytes.data(), static_cast<std::size_t>(n)},
                                  [this](const FrameMessage& message) { TakeMessage(message); });
  if (!fault || state_ != State::kOpen) return;
  drop_ = fault->code == CloseCode::kTooBig ? StreamDrop::kTooBig : StreamDrop::kProtocol;
  Close(fault->code, fault->reason);
}

void StreamConnection::TakeMessage(const FrameMessage& message) {
  if (state_ != State::kOpen) return;
  switch (message.opcode) {
    case Opcode::kText:
      return stream_->Received(message.payload);
    case Opcode::kPing:
      return QueueFrame(Opcode::kPong, std::string(message.payload));
    case Opcode::kClose:
      // The code goes back as it came. https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
      BeginToClose();
      return QueueFrame(
          Opcode::kClose,
          message.close_code ? ClosePayload(static_cast<CloseCode>(*message.close_code), "") : "");
    default:
      return;
  }
}

void StreamConnection::WriteSome() {
  if (state_ == State::kClosing && waiting_.empty()) return Leave();
  std::size_t turn = 0;
  while (wants_to_write() && turn < kWriteTurn) {
    std::array<iovec, kMaxVectors> vectors;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    std::size_t count = 0;
    std::size_t skip = first_sent_;
    const auto add = [&](const char* data, std::size_t size) {
      const std::size_t skipped = std::min(skip, size);
      skip -= skipped;
      if (skipped == size) return;
      // sendmsg does not write to what it sends.
      char* const base = const_cast<char*>(data);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
      vectors.at(count++) = {base + skipped, size - skipped};
    };
    for (const Outgoing& outgoing : waiting_) {
      if (count + 2 > vectors.size()) break;
      add(outgoing.head.bytes.data(), outgoing.head.size);
      add(outgoing.text->data(), outgoing.text->size());
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t n = sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
      if (!WouldBlock()) state_ = State::kDone;
      return;
    }
    turn += static_cast<std::size_t>(n);
    Sent(static_cast<std::size_t>(n));
  }
}

void StreamConnection::Sent(std::size_t bytes) {
  last_progress_ = clock_.Monotonic();
  first_sent_ += bytes;
  while (!waiting_.empty() && first_sent_ >= waiting_.front().size()) {
    const Outgoing& first = waiting_.front();
    const std::size_t size = first.size();
    first_sent_ -= size;
    waiting_bytes_ -= size;
    if (first.is_message) ++sent_;
    if (first.is_counted) {
      --counted_messages_;
      counted_bytes_ -= size;
    }
    waiting_.pop_front();
  }
  if (!waiting_.empty()) return;
  if (state_ == State::kOpen) return stream_->Drained();
  if (state_ == State::kClosing) Leave();
}

void StreamConnection::Leave() {
  // The client closes once it has read the last words; closing first, with bytes of it unread,
  // would reset the connection and could lose them.
  state_ = State::kLeaving;
  shutdown(socket_, SHUT_WR);
}

bool StreamConnection::ShouldStall(Moment now) const {
  return !waiting_.empty() && now - last_progress_ > limits_.longest_stall;
}

void StreamConnection::Tick() {
  const Moment now = clock_.Monotonic();
  if (state_ == State::kClosing || state_ == State::kLeaving) {
    if (now - closing_since_ >= limits_.farewell) state_ = State::kDone;
    return;
  }
  if (state_ != State::kOpen) return;
  if (ShouldStall(now)) {
    return Drop(StreamDrop::kSlow, CloseCode::kTryAgainLater, "too slow; resume with since");
  }
  if (kind_ == StreamKind::kServerSentEvents) {
    if (now - last_queued_ >= limits_.heartbeat) {
      Queue({{}, Text(std::string(kHeartbeat)), false, false});
    }
    return;
  }
  if (now - last_received_ >= limits_.longest_silence) {
    drop_ = StreamDrop::kSilent;
    state_ = State::kDone;
  } else if (now - std::max(last_received_, last_ping_) >= limits_.ping) {
    last_ping_ = now;
    QueueFrame(Opcode::kPing, "");
  }
}

}  // namespace tocsin::http
