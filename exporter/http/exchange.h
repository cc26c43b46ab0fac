// One request and its answer on a connection: head checked, body read, route found, handler run,
// answer written, connection left in a state in which the next request may follow or closed.
//
// A worker's; used for one request at a time. What it keeps between requests is memory: the strings
// of a request, the bytes of an answer.
#pragma once

#include <civetweb.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/log.h"
#include "exporter/http/body_reader.h"
#include "exporter/http/connection_counts.h"
#include "exporter/http/http.h"
#include "exporter/http/http_metrics.h"
#include "exporter/http/request_head.h"
#include "exporter/http/response_writer.h"
#include "exporter/http/stream_loop.h"
#include "exporter/http/transfer_watchdog.h"

namespace tocsin::http {

// What all workers share. Everything in it synchronises itself or is constant.
struct ServerCore {
  const ServerOptions options;
  const Router& router;
  const Logger log;
  HttpMetrics metrics;
  TransferWatchdog watchdog;
  ConnectionCounts counts;
  StreamLoop* const streams;                // null: none are served
  std::atomic<std::uint16_t> port{0};       // that is listened on
  std::atomic<bool> stopping{false};        // new requests are answered with 503
  std::atomic<std::size_t> connections{0};  // that hold a thread

  // Whether a connection may stay open behind its answer: the last quarter of the threads is for
  // those that are yet to come.
  bool MayIdle() const { return connections <= (options.workers + options.spare_threads) * 3 / 4; }
};

class Exchange {
 public:
  explicit Exchange(ServerCore& core) : core_(core), lane_(core.watchdog.AddLane()) {}

  // Answers the request that civetweb has the head of; returns the answer's status.
  int Serve(mg_connection* connection);
  // Answers what civetweb itself refuses, before there is a request: a malformed or late head.
  void Refuse(mg_connection* connection, int status, const char* reason);
  // The connection is about to be closed.
  void EndConnection();

 private:
  // How the connection stands once the handler has run.
  struct Rest {
    bool keep = false;         // the client may send its next request
    bool unread_body = false;  // bytes of this one are still on their way
    bool taken = false;        // the connection is the stream thread's now; no answer is due
  };

  // Counts the connection with its first request; false where its address has too many.
  bool CountConnection(const char* address);
  Response Answer(const Router::Match& match, Rest* rest);
  // 503, and the connection is closed behind it.
  Response TurnAway(ErrorStyle errors, std::string_view why, Rest* rest) const;
  // Makes the connection ready for the next request where the body is not wanted.
  void PassOverBody(ErrorStyle errors, Rest* rest);
  // Reads the body into the request, or says why not.
  std::optional<Response> TakeBody(std::size_t max_bytes, ErrorStyle errors, Rest* rest);
  Response Run(const Route& route) const;
  // Hands the connection over to the stream thread, or says why not.
  Response OpenStream(const Route& route, Rest* rest);
  template <typename Handle>
  std::invoke_result_t<Handle> Guarded(const Route& route, Handle handle) const;
  Response HandOver(const Route& route, StreamOffer offer, StreamLoop::Seat seat, Rest* rest);
  void Send(const Router::Match& match, Response response, const Rest& rest);
  // An answer that must not go out: the log has it, the client an id.
  Response Withhold(ErrorStyle style, const std::string& fault) const;
  void Write(const Response& response, bool keep);
  bool WriteAll(const Response& response);
  bool SendAll(std::string_view bytes);
  void DiscardUnreadBody();
  void ReleaseLargeBuffers();

  ServerCore& core_;
  TransferWatchdog::Lane& lane_;
  ResponseWriter writer_;
  Request request_;
  std::string out_;

  // of the connection
  bool is_counted_ = false;
  std::string counted_address_;

  // of the request under way
  bool has_place_ = true;
  mg_connection* connection_ = nullptr;
  RequestHead head_;
  Endpoint peer_;
  int answered_ = 0;  // status
};

}  // namespace tocsin::http
