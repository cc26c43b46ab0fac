#include "exporter/http/civetweb_server.h"

#include <civetweb.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/number.h"
#include "exporter/http/exchange.h"
#include "exporter/http/listen_address.h"
#include "exporter/http/process_sockets.h"

namespace tocsin::http {
namespace {

// https://github.com/civetweb/civetweb/blob/v1.15/docs/UserManual.md#configuration-options
std::vector<std::pair<const char*, std::string>> Settings(const ServerOptions& options,
                                                          const ListenAddress& address) {
  return {
      {"listening_ports", fmt::format("{}:{}", address.ip, address.port)},
      {"num_threads", std::to_string(options.workers + options.spare_threads)},
      {"connection_queue", "128"},
      {"listen_backlog", "512"},
      {"enable_keep_alive", "yes"},
      {"keep_alive_timeout_ms", std::to_string(options.keep_alive.count())},
      {"request_timeout_ms", std::to_string(options.silence_timeout.count())},
      {"linger_timeout_ms", "1000"},  // the last bytes of an answer reach the client
      {"tcp_nodelay", "1"},
      {"max_request_size", std::to_string(kMaxHeadBytes)},
      {"decode_url", "no"},  // the raw path arrives intact; the router decodes part by part
      {"enable_directory_listing", "no"},
      {"enable_auth_domain_check", "no"},   // else it judges requests by their host name
      {"access_control_allow_origin", ""},  // else it answers preflights itself
  };
}

// civetweb's words end in "...: 98 (Address already in use)".
int ErrnoIn(std::string_view message) {
  const std::size_t open = message.rfind(" (");
  if (open == std::string_view::npos) return 0;
  const std::string_view before = message.substr(0, open);
  return static_cast<int>(ParseInt(before.substr(before.rfind(' ') + 1)).value_or(0));
}

Error CannotListen(const std::string& listen_address, std::string_view reason) {
  std::string_view remedy = "choose another --web.listen-address";
  switch (ErrnoIn(reason)) {
    case EADDRINUSE:
      reason = "the address is in use by another program";
      remedy = "stop that program (`ss -ltnp` names it) or choose another --web.listen-address";
      break;
    case EACCES:
      reason = "permission denied";
      remedy = "ports below 1024 need a privilege: choose a --web.listen-address with a higher one";
      break;
    case EADDRNOTAVAIL:
      reason = "this machine has no such address";
      break;
    default:
      break;
  }
  return Error{fmt::format("cannot listen on {}: {}; {}", listen_address, reason, remedy)};
}

std::size_t MostPerAddress(const ServerOptions& options) {
  if (options.max_connections_per_address > 0) return options.max_connections_per_address;
  return std::max<std::size_t>(1, (options.workers + options.spare_threads) / 2);
}

std::vector<IpNetwork> Uncounted(const ServerOptions& options) {
  std::vector<IpNetwork> networks = options.uncounted;
  networks.insert(networks.end(), options.trusted_proxies.begin(), options.trusted_proxies.end());
  return networks;
}

class CivetwebServer final : public Server {
 public:
  CivetwebServer(const ServerOptions& options, const Router& router, Logger log,
                 MetricRegistry& metrics, StreamLoop* streams)
      : core_{options,
              router,
              std::move(log),
              HttpMetrics(metrics, router),
              TransferWatchdog(std::min(Duration(1000), options.transfer_timeout / 4)),
              ConnectionCounts(MostPerAddress(options), Uncounted(options)),
              streams} {
    mg_init_library(MG_FEATURES_DEFAULT);
  }
  ~CivetwebServer() override {
    Stop();
    mg_exit_library();
  }

  Status Start(const ListenAddress& address) EXCLUDES(mu_);

  std::uint16_t port() const override { return address_.port; }
  std::string address() const override { return fmt::format("{}:{}", address_.ip, address_.port); }
  void Stop() override {
    std::call_once(stopped_, [this] { StopOnce(); });
  }

 private:
  static CivetwebServer& Of(const mg_connection* connection) {
    return *static_cast<CivetwebServer*>(mg_get_user_context_data(connection));
  }
  static Exchange& ExchangeOf(const mg_connection* connection) {
    return *static_cast<Exchange*>(mg_get_thread_pointer(connection));
  }

  // civetweb's callbacks. They are called from C: nothing may be thrown through them.
  static void* OnThreadStart(const mg_context* context, int kind) noexcept;
  static void OnThreadEnd(const mg_context* context, int kind, void* thread_pointer) noexcept;
  static int OnConnection(const mg_connection* connection, void** data) noexcept;
  static void OnConnectionEnd(const mg_connection* connection) noexcept;
  static int OnRequest(mg_connection* connection) noexcept;
  static int OnError(mg_connection* connection, int status, const char* reason) noexcept;
  static int OnLog(const mg_connection* connection, const char* message) noexcept;

  void BeginRequest();
  void EndRequest() EXCLUDES(mu_);
  void StopOnce() EXCLUDES(mu_);

  // constant after Start
  ListenAddress address_;
  mg_context* context_ = nullptr;

  // synchronise themselves
  ServerCore core_;
  std::atomic<int> in_flight_{0};
  std::once_flag stopped_;

  // guarded by mu_
  Mutex mu_;
  CondVar idle_;
  bool starting_ GUARDED_BY(mu_) = true;
  std::string start_trouble_ GUARDED_BY(mu_);  // what civetweb said meanwhile
};

Status CivetwebServer::Start(const ListenAddress& address) {
  const auto settings = Settings(core_.options, address);
  std::vector<const char*> list;
  for (const auto& [name, value] : settings) {
    list.push_back(name);
    list.push_back(value.c_str());
  }
  list.push_back(nullptr);

  mg_callbacks callbacks{};
  callbacks.init_thread = OnThreadStart;
  callbacks.exit_thread = OnThreadEnd;
  callbacks.init_connection = OnConnection;
  callbacks.connection_close = OnConnectionEnd;
  callbacks.begin_request = OnRequest;
  callbacks.http_error = OnError;
  callbacks.log_message = OnLog;
  context_ = mg_start(&callbacks, this, list.data());

  MutexLock lock(mu_);
  starting_ = false;
  mg_server_port bound{};
  if (context_ == nullptr || mg_get_server_ports(context_, 1, &bound) != 1) {
    return CannotListen(core_.options.listen_address,
                        start_trouble_.empty() ? "the HTTP server did not start" : start_trouble_);
  }
  address_ = {address.ip, static_cast<std::uint16_t>(bound.port)};
  core_.port = address_.port;
  core_.watchdog.Start(address_.port);
  return {};
}

void* CivetwebServer::OnThreadStart(const mg_context* context, int kind) noexcept {
  constexpr int kWorker = 1;  // civetweb.h, at init_thread
  if (kind != kWorker) return nullptr;
  return std::make_unique<Exchange>(static_cast<CivetwebServer*>(mg_get_user_data(context))->core_)
      .release();
}

void CivetwebServer::OnThreadEnd(const mg_context* /*context*/, int /*kind*/,
                                 void* thread_pointer) noexcept {
  delete static_cast<Exchange*>(thread_pointer);
}

int CivetwebServer::OnConnection(const mg_connection* connection, void** /*data*/) noexcept {
  constexpr int kGoOn = 0;  // civetweb.h, at init_connection
  ++Of(connection).core_.connections;
  return kGoOn;
}

void CivetwebServer::OnConnectionEnd(const mg_connection* connection) noexcept {
  --Of(connection).core_.connections;
  ExchangeOf(connection).EndConnection();
}

// Instead of a handler for "/": it sees every request, those that ask for an upgrade too, and
// spares the lock that civetweb takes to find a handler.
int CivetwebServer::OnRequest(mg_connection* connection) noexcept {
  CivetwebServer& server = Of(connection);
  server.BeginRequest();
  int status = 500;
  try {
    status = ExchangeOf(connection).Serve(connection);
  } catch (const std::exception& e) {
    // Not a handler's, those are caught: there was no memory to answer with.
    mg_disable_connection_keep_alive(connection);
    server.core_.log.Error("a request was dropped", {{"err", e.what()}});
  }
  server.EndRequest();
  return status;
}

int CivetwebServer::OnError(mg_connection* connection, int status, const char* reason) noexcept {
  constexpr int kAnswered = 0;  // civetweb.h, at http_error
  ExchangeOf(connection).Refuse(connection, status, reason);
  return kAnswered;
}

int CivetwebServer::OnLog(const mg_connection* connection, const char* message) noexcept {
  constexpr int kLogged = 1;  // civetweb.h, at log_message
  CivetwebServer& server = Of(connection);
  {
    MutexLock lock(server.mu_);
    if (server.starting_) {
      // The first line tells the cause, those after it only that it failed.
      if (server.start_trouble_.empty()) server.start_trouble_ = message;
      return kLogged;
    }
  }
  server.core_.log.Warn("trouble with a connection", {{"err", message}});
  return kLogged;
}

void CivetwebServer::BeginRequest() {
  ++in_flight_;
  core_.metrics.in_flight().Increment();
}

void CivetwebServer::EndRequest() {
  core_.metrics.in_flight().Decrement();
  if (--in_flight_ == 0 && core_.stopping) {
    MutexLock lock(mu_);
    idle_.NotifyAll();
  }
}

void CivetwebServer::StopOnce() {
  core_.stopping = true;
  if (context_ == nullptr) return;
  const auto deadline = std::chrono::steady_clock::now() + core_.options.silence_timeout;
  {
    MutexLock lock(mu_);
    while (in_flight_ > 0) {
      const auto left = std::chrono::ceil<Duration>(deadline - std::chrono::steady_clock::now());
      if (left <= Duration(0) || !idle_.WaitFor(mu_, left)) break;
    }
  }
  // Wakes the accepting thread, which would otherwise look up only every two seconds.
  ShutDownListener(address_.port);
  mg_stop(context_);
  core_.watchdog.Stop();
}

}  // namespace

Result<std::unique_ptr<Server>> StartCivetwebServer(const ServerOptions& options,
                                                    const Router& router, Logger log,
                                                    MetricRegistry& metrics, StreamLoop* streams) {
  Result<ListenAddress> address = ParseListenAddress(options.listen_address);
  if (!address) return address.error();
  auto server = std::make_unique<CivetwebServer>(options, router, std::move(log), metrics, streams);
  if (Status started = server->Start(*address); !started) return started.error();
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace tocsin::http
