#include "exporter/http/exchange.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <exception>
#include <span>
#include <type_traits>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "base/uuid.h"
#include "exporter/http/client_address.h"
#include "exporter/http/web_socket_handshake.h"

namespace tocsin::http {
namespace {

using Connection = ResponseWriter::Connection;

// A body that no handler wants is read all the same up to this size, to keep the connection.
constexpr std::size_t kSmallBody = 64 << 10;
// Head and body up to this size are sent with one system call; larger bodies are not copied.
constexpr std::size_t kOneWrite = 64 << 10;
constexpr std::size_t kWritePiece = 1 << 20;
// Workers give larger buffers back after use: there are many workers and few large bodies.
constexpr std::size_t kKeptCapacity = 1 << 20;
// How long a refused client may go on sending before it is cut off.
constexpr Duration kDiscardTime = std::chrono::seconds(1);

void Fill(const mg_request_info& info, std::span<const IpNetwork> trusted_proxies,
          Request* request) {
  request->method = info.request_method;
  request->raw_path = info.local_uri_raw;
  request->query = info.query_string == nullptr ? "" : info.query_string;
  request->headers.resize(static_cast<std::size_t>(info.num_headers));
  for (std::size_t i = 0; i < request->headers.size(); ++i) {
    request->headers[i].first = info.http_headers[i].name;
    // civetweb leaves the blanks behind a value, which are none of it.
    // https://www.rfc-editor.org/rfc/rfc9110#section-5.5
    request->headers[i].second = TrimSpace(info.http_headers[i].value);
  }
  request->remote_address = ClientAddress(info.remote_addr, request->headers, trusted_proxies);
  request->body.clear();
  request->actor.key_id.clear();
  request->actor.name.clear();
  request->stranger = false;
}

Endpoint PeerOf(const mg_request_info& info) {
  in_addr address{};
  inet_pton(AF_INET, info.remote_addr, &address);
  return {ntohl(address.s_addr), static_cast<std::uint16_t>(info.remote_port)};
}

// The id stands in the log beside what went wrong, which is nobody else's business.
Response InternalError(ErrorStyle style, const std::string& id) {
  Response response = ErrorResponse(500, style, "internal error, logged under id " + id);
  if (style == ErrorStyle::kJson) {
    response.body = fmt::format(R"({{"detail":"Internal error","id":{}}})", JsonString(id));
  }
  return response;
}

Response TooLarge(std::size_t max_bytes, ErrorStyle style) {
  return ErrorResponse(413, style, fmt::format("Request body larger than {} bytes", max_bytes));
}

Response NoSeat(ErrorStyle style) {
  Response response =
      ErrorResponse(503, style, "Too many streams are open (see tocsin.web.max_streams)");
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

Response CannotTake(ErrorStyle style) {
  Response response = ErrorResponse(
      503, style, "The connection cannot be kept: no file descriptor is left, or /proc is missing");
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace

int Exchange::Serve(mg_connection* connection) {
  const auto begin = std::chrono::steady_clock::now();
  const mg_request_info& info = *mg_get_request_info(connection);
  connection_ = connection;
  peer_ = PeerOf(info);
  has_place_ = CountConnection(info.remote_addr);
  Fill(info, core_.options.trusted_proxies, &request_);

  const Router::Match match = core_.router.Find(request_);
  Rest rest;
  Response response = Answer(match, &rest);
  if (!rest.taken) Send(match, std::move(response), rest);
  ReleaseLargeBuffers();

  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  core_.metrics.Observe(match.route, request_.method, answered_, took.count());
  return answered_;
}

void Exchange::Send(const Router::Match& match, Response response, const Rest& rest) {
  core_.router.Finish(request_, &response);
  if (const std::optional<std::string> fault = FindFault(response)) {
    response = Withhold(match.errors, *fault);
  }
  Write(response, rest.keep && !response.close);
  if (rest.unread_body) DiscardUnreadBody();
  answered_ = response.status;
}

Response Exchange::Withhold(ErrorStyle style, const std::string& fault) const {
  const std::string id = RandomUuid();
  core_.log.Error("a response was withheld",
                  {{"id", id}, {"path", request_.raw_path}, {"err", fault}});
  return InternalError(style, id);
}

void Exchange::Refuse(mg_connection* connection, int status, const char* reason) {
  connection_ = connection;
  peer_ = PeerOf(*mg_get_request_info(connection));
  head_ = RequestHead();
  request_.method.clear();
  const Response response = ErrorResponse(
      status, ErrorStyle::kPlain,
      status == 400 ? "the head of the request is malformed, too long, or did not come in time"
                    : reason);
  Write(response, /*keep=*/false);
  core_.metrics.Observe(nullptr, "", response.status, 0);
}

bool Exchange::CountConnection(const char* address) {
  if (is_counted_) return true;
  counted_address_ = address;
  is_counted_ = core_.counts.Enter(counted_address_);
  if (!is_counted_) core_.metrics.refused_connections().Increment();
  return is_counted_;
}

void Exchange::EndConnection() {
  if (is_counted_) core_.counts.Leave(counted_address_);
  is_counted_ = false;
}

Response Exchange::TurnAway(ErrorStyle errors, std::string_view why, Rest* rest) const {
  rest->unread_body = head_.has_body() && !head_.expects_continue;
  return ErrorResponse(503, errors, why);
}

Response Exchange::Answer(const Router::Match& match, Rest* rest) {
  if (const std::optional<HeadFault> fault = ReadHead(*mg_get_request_info(connection_), &head_)) {
    return ErrorResponse(fault->status, match.errors, fault->detail);
  }
  if (core_.stopping) return TurnAway(match.errors, "the server is stopping", rest);
  if (!has_place_) {
    Response response = TurnAway(match.errors, "Too many connections from this address", rest);
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  const bool is_stream = match.route != nullptr && match.route->open && request_.method == "GET";
  // One that asks for an upgrade the server library closes, whatever the answer.
  rest->keep = head_.keep_alive && core_.MayIdle() && !is_stream;
  if (std::optional<Response> refused = core_.router.Refuse(request_, match.errors)) {
    PassOverBody(match.errors, rest);
    return *std::move(refused);
  }
  if (match.route == nullptr) {
    PassOverBody(match.errors, rest);
    return match.error;
  }
  if (is_stream && core_.streams != nullptr) return OpenStream(*match.route, rest);
  std::optional<Response> refused = TakeBody(match.route->max_body, match.errors, rest);
  return refused ? *std::move(refused) : Run(*match.route);
}

void Exchange::PassOverBody(ErrorStyle errors, Rest* rest) {
  if (head_.expects_continue) {
    rest->keep = false;
  } else {
    static_cast<void>(TakeBody(kSmallBody, errors, rest));
  }
}

std::optional<Response> Exchange::TakeBody(std::size_t max_bytes, ErrorStyle errors, Rest* rest) {
  const auto refuse = [&](Response response) {
    rest->keep = false;
    // A client that waits for "100 Continue" and gets this instead sends none.
    rest->unread_body = !head_.expects_continue;
    return response;
  };
  if (!head_.chunked && head_.content_length > max_bytes) {
    return refuse(TooLarge(max_bytes, errors));
  }
  if (head_.expects_continue && head_.has_body()) {
    if (!SendAll("HTTP/1.1 100 Continue\r\n\r\n")) {
      return refuse(ErrorResponse(400, errors, "the client is gone"));
    }
    head_.expects_continue = false;
  }
  const Duration limit = core_.options.transfer_timeout;
  lane_.Begin(TransferWatchdog::Direction::kReading, peer_, limit);
  const BodyOutcome outcome = ReadBody(connection_, head_, max_bytes, &request_.body);
  const bool in_time = lane_.End();
  if (outcome == BodyOutcome::kWhole) return std::nullopt;
  if (outcome == BodyOutcome::kTooLarge) return refuse(TooLarge(max_bytes, errors));
  rest->keep = false;
  if (!in_time) {
    return ErrorResponse(
        408, errors, fmt::format("the request body took longer than {}", FormatDuration(limit)));
  }
  return ErrorResponse(400, errors,
                       fmt::format("the request body is incomplete or its chunks are malformed; "
                                   "{} bytes of it were read",
                                   request_.body.size()));
}

Response Exchange::Run(const Route& route) const {
  return Guarded(route, [&] { return route.handler(request_); });
}

// What a handler throws is answered with 500.
template <typename Handle>
std::invoke_result_t<Handle> Exchange::Guarded(const Route& route, Handle handle) const {
  std::string what;
  try {
    return handle();
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
    what = "an exception of unknown type";
  }
  const std::string id = RandomUuid();
  core_.log.Error(
      "a request handler failed",
      {{"id", id}, {"method", request_.method}, {"route", route.pattern}, {"err", what}});
  std::invoke_result_t<Handle> failed;
  if constexpr (std::is_same_v<decltype(failed), Response>) {
    failed = InternalError(route.errors, id);
  } else {
    failed.response = InternalError(route.errors, id);
  }
  return failed;
}

Response Exchange::OpenStream(const Route& route, Rest* rest) {
  if (head_.has_body()) {
    rest->unread_body = !head_.expects_continue;
    return ErrorResponse(400, route.errors, "a request that opens a stream has no body");
  }
  if (route.stream == StreamKind::kWebSocket) {
    if (head_.old_protocol) return ErrorResponse(400, route.errors, "a WebSocket needs HTTP/1.1");
    if (auto fault = FindHandshakeFault(request_, route.errors)) return *std::move(fault);
  }
  std::optional<StreamLoop::Seat> seat =
      core_.streams->Reserve(request_.remote_address, request_.actor.key_id);
  if (!seat) return NoSeat(route.errors);
  StreamOffer offer = Guarded(route, [&] { return route.open(request_); });
  if (offer.stream == nullptr) return std::move(offer.response);
  return HandOver(route, std::move(offer), *std::move(seat), rest);
}

Response Exchange::HandOver(const Route& route, StreamOffer offer, StreamLoop::Seat seat,
                            Rest* rest) {
  const bool is_web_socket = route.stream == StreamKind::kWebSocket;
  Response head;
  head.headers = std::move(offer.response.headers);
  head.content_type = "text/event-stream";
  if (is_web_socket) {
    head.headers.emplace_back("Upgrade", "websocket");
    head.headers.emplace_back("Sec-WebSocket-Accept",
                              HandshakeAnswer(request_.Header("Sec-WebSocket-Key")));
  }
  core_.router.Finish(request_, &head);
  if (const std::optional<std::string> fault = FindFault(head)) {
    return Withhold(route.errors, *fault);
  }
  if (is_web_socket) head.status = 101;
  std::string bytes;
  writer_.AppendHead(head, is_web_socket ? Connection::kUpgrade : Connection::kStream,
                     std::time(nullptr), &bytes);
  const std::optional<int> socket = TakeConnection(core_.port, peer_);
  if (!socket) return CannotTake(route.errors);
  // What the server library has left of the connection is closed when this returns.
  mg_disable_connection_keep_alive(connection_);
  rest->taken = true;
  answered_ = head.status;
  if (Status adopted = core_.streams->Adopt(*socket, route.stream, std::move(bytes),
                                            std::move(offer.stream), std::move(seat));
      !adopted) {
    core_.log.Warn("a stream client was dropped", {{"err", adopted.message()}});
  }
  return head;
}

void Exchange::Write(const Response& response, bool keep) {
  Connection connection = Connection::kClose;
  if (keep) connection = head_.old_protocol ? Connection::kKeepOldStyle : Connection::kKeep;
  out_.clear();
  writer_.AppendHead(response, connection, std::time(nullptr), &out_);
  lane_.Begin(TransferWatchdog::Direction::kWriting, peer_, core_.options.transfer_timeout);
  const bool sent = WriteAll(response);
  if (!lane_.End() || !sent || !keep) mg_disable_connection_keep_alive(connection_);
}

bool Exchange::WriteAll(const Response& response) {
  if (request_.method == "HEAD" || !MayHaveBody(response.status)) return SendAll(out_);
  if (out_.size() + response.body.size() <= kOneWrite) {
    out_ += response.body;
    return SendAll(out_);
  }
  return SendAll(out_) && SendAll(response.body);
}

bool Exchange::SendAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kWritePiece);
    if (mg_write(connection_, piece.data(), piece.size()) != static_cast<int>(piece.size())) {
      return false;
    }
    bytes.remove_prefix(piece.size());
  }
  return true;
}

void Exchange::DiscardUnreadBody() {
  lane_.Begin(TransferWatchdog::Direction::kReading, peer_, kDiscardTime);
  DiscardBody(connection_);
  static_cast<void>(lane_.End());  // cut short or not, the connection is closed next
}

void Exchange::ReleaseLargeBuffers() {
  if (request_.body.capacity() > kKeptCapacity) std::string().swap(request_.body);
  if (out_.capacity() > kKeptCapacity) std::string().swap(out_);
}

}  // namespace tocsin::http
