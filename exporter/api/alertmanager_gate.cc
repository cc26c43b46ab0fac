#include "exporter/api/alertmanager_gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::size_t kLeastConcurrency = 8;
// Threads for answers that may come too late, and how many requests may wait for one.
constexpr std::size_t kThreads = 32;
constexpr std::size_t kWaiting = 1'000;

std::size_t Concurrency(std::size_t wanted) {
  if (wanted > 0) return wanted;
  return std::max<std::size_t>(kLeastConcurrency, std::thread::hardware_concurrency());
}

// Those of Alertmanager: seconds, and powers of ten from 100 bytes.
prometheus::Histogram::BucketBoundaries SecondsBounds() {
  return {0.05, 0.1, 0.25, 0.5, 0.75, 1, 2, 5, 20, 60};
}
prometheus::Histogram::BucketBoundaries BytesBounds() {
  return {1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

http::Response Unavailable(std::string text) {
  http::Response response;
  response.status = 503;
  response.body = std::move(text);
  return response;
}

}  // namespace

class AlertmanagerGate::Turn {
 public:
  explicit Turn(AlertmanagerGate& gate) : gate_(gate) { gate_.in_flight_.Increment(); }
  ~Turn() {
    gate_.in_flight_.Decrement();
    --gate_.turns_;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  AlertmanagerGate& gate_;
};

// A request that may outlive the wait for its answer.
struct AlertmanagerGate::Call {
  Call(const http::Request& r, const http::Handler& h, std::shared_ptr<Turn> t)
      : request(r), turn(std::move(t)), answer([this, h] { return Answer(h); }) {
    // A copied text has no spare capacity, which parsers need.
    request.body.reserve(request.body.size() + http::kBodyPadding);
  }

  // Whoever has the answer may ask again at once: the turn ends before that.
  http::Response Answer(const http::Handler& handler) {
    http::Response response = handler(request);
    turn.reset();
    return response;
  }

  http::Request request;
  std::shared_ptr<Turn> turn;
  std::packaged_task<http::Response()> answer;
};

AlertmanagerGate::AlertmanagerGate(AlertmanagerGateOptions options, MetricRegistry& metrics)
    : get_concurrency_(Concurrency(options.get_concurrency)),
      timeout_(options.timeout),
      seconds_(HistogramFamily(metrics, "alertmanager_http_request_duration_seconds",
                               "How long handlers take.")),
      bytes_(HistogramFamily(metrics, "alertmanager_http_response_size_bytes",
                             "How large their answers are.")),
      refused_(CounterFamily(metrics, "alertmanager_http_concurrency_limit_exceeded_total",
                             "GETs that were refused because too many were under way.")
                   .Add({{"method", "get"}})),
      in_flight_(GaugeFamily(metrics, "alertmanager_http_requests_in_flight", "GETs under way.")
                     .Add({{"method", "get"}})) {
  if (timeout_ > Duration(0)) pool_.emplace(kThreads, kWaiting);
}

http::Route AlertmanagerGate::Guard(http::Route route, const std::string& handler_label) {
  http::Handler handler = Measured(std::move(route.handler), handler_label, route.method);
  route.handler = [this, handler = std::move(handler)](const http::Request& request) {
    std::shared_ptr<Turn> turn;
    if (request.method == "GET") {
      turn = TakeTurn();
      if (turn == nullptr) return TooMany();
    }
    return pool_ ? RunInTime(handler, request, std::move(turn)) : handler(request);
  };
  return route;
}

http::Handler AlertmanagerGate::Measured(http::Handler handler, const std::string& handler_label,
                                         const std::string& method) {
  const prometheus::Labels labels = {{"handler", handler_label}, {"method", Lower(method)}};
  prometheus::Histogram& seconds = seconds_.Add(labels, SecondsBounds());
  prometheus::Histogram& bytes = bytes_.Add(labels, BytesBounds());
  return [handler = std::move(handler), &seconds, &bytes](const http::Request& request) {
    const auto begin = std::chrono::steady_clock::now();
    http::Response response = handler(request);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    seconds.Observe(took.count());
    bytes.Observe(static_cast<double>(response.body.size()));
    return response;
  };
}

http::Response AlertmanagerGate::RunInTime(const http::Handler& handler,
                                           const http::Request& request,
                                           std::shared_ptr<Turn> turn) {
  auto call = std::make_shared<Call>(request, handler, std::move(turn));
  std::future<http::Response> answer = call->answer.get_future();
  if (!pool_->TrySubmit([call = std::move(call)] { call->answer(); })) return TooLate();
  if (answer.wait_for(timeout_) != std::future_status::ready) return TooLate();
  return answer.get();  // throws what the handler threw: the server's business
}

std::shared_ptr<AlertmanagerGate::Turn> AlertmanagerGate::TakeTurn() {
  if (++turns_ <= get_concurrency_) return std::make_shared<Turn>(*this);
  --turns_;
  refused_.Increment();
  return nullptr;
}

http::Response AlertmanagerGate::TooMany() const {
  return Unavailable(fmt::format(
      "Limit of concurrent GET requests reached ({}), try again later.\n\n", get_concurrency_));
}

http::Response AlertmanagerGate::TooLate() const {
  return Unavailable(fmt::format("Exceeded configured timeout of {}.\n", FormatDuration(timeout_)));
}

}  // namespace tocsin::api
