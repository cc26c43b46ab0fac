// Connections that stay: WebSocket and Server-Sent Events, as whoever serves them sees them.
//
// A request for a stream route is checked like any other, on a web worker; there its opener may
// still refuse it with an ordinary answer. From then on the connection belongs to the stream thread
// (stream_loop.h): no worker is held by it, and everything below is called on that one thread.
// https://www.rfc-editor.org/rfc/rfc6455
// https://html.spec.whatwg.org/multipage/server-sent-events.html
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tocsin::http {

enum class StreamKind : std::uint8_t { kWebSocket, kServerSentEvents };
std::string_view StreamKindName(StreamKind kind);  // "websocket", "sse"

// https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number
enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kInvalidText = 1007,
  kPolicyViolation = 1008,
  kTooBig = 1009,
  kTryAgainLater = 1013,
};

// Shared by all who are sent the same.
using StreamText = std::shared_ptr<const std::string>;

// The server's end of one connection. Stream thread only; gone once Stream::Closed has returned.
class StreamWriter {
 public:
  // What is free does not count against the queue's bounds: whoever sends it sees to it that little
  // of it waits at a time.
  enum class Weight : std::uint8_t { kCounted, kFree };

  virtual ~StreamWriter() = default;

  // One WebSocket message, or whole lines of an event stream. Never waits and never fails: where
  // too much waits already, all of that is thrown away and the client is told (1013) and dropped.
  virtual void Send(StreamText text, Weight weight = Weight::kCounted) = 0;
  // Bytes that are yet to be taken by the client's side.
  virtual std::size_t waiting_bytes() const = 0;
  // Once what waits is sent. `reason` has at most 123 bytes.
  virtual void Close(CloseCode code, std::string_view reason) = 0;
};

// What stands behind one connection. Called on the stream thread only, and must be short; it dies
// there too.
class Stream {
 public:
  virtual ~Stream() = default;

  virtual void Opened(StreamWriter& writer) = 0;
  // One whole text message, valid UTF-8. WebSocket only.
  virtual void Received(std::string_view text) = 0;
  // Nothing waits any more, after something did.
  virtual void Drained() = 0;
  // Last: the writer is gone when this returns.
  virtual void Closed() = 0;
};

}  // namespace tocsin::http
