#include "exporter/api/alertmanager_gate.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/receiver_builders.h"

namespace tocsin::api {
namespace {

using testing::MetricValue;

const std::map<std::string, std::string> kGet = {{"method", "get"}};

http::Request Request(const std::string& method, const std::string& body = "") {
  http::Request request;
  request.method = method;
  request.raw_path = "/slow";
  request.body = body;
  return request;
}

http::Route RouteOf(const std::string& method, http::Handler handler) {
  http::Route route;
  route.method = method;
  route.pattern = "/slow";
  route.handler = std::move(handler);
  return route;
}

// A handler that has begun when `begun` is ready, and ends when `may_end` is.
struct SlowHandler {
  http::Handler Make() {
    return [this](const http::Request&) {
      begun.set_value();
      may_end.get_future().wait();
      http::Response response;
      response.body = "done";
      return response;
    };
  }
  std::promise<void> begun;
  std::promise<void> may_end;
};

TEST(AlertmanagerGate, TakesAsManyGetsAsThereAreProcessorsAndAtLeastEight) {
  MetricRegistry metrics;
  EXPECT_EQ(AlertmanagerGate({}, metrics).get_concurrency(),
            std::max<std::size_t>(8, std::thread::hardware_concurrency()));
  EXPECT_EQ(AlertmanagerGate({3, Duration(0)}, metrics).get_concurrency(), 3U);
}

TEST(AlertmanagerGate, RefusesGetsBeyondTheLimitAndNothingElse) {
  for (const Duration timeout : {Duration(0), Duration(std::chrono::minutes(1))}) {
    MetricRegistry metrics;
    SlowHandler slow;
    AlertmanagerGate gate({1, timeout}, metrics);
    const http::Route first = gate.Guard(RouteOf("GET", slow.Make()), "/slow");
    const http::Route second =
        gate.Guard(RouteOf("GET", [](const http::Request&) { return http::Response(); }), "/quick");

    auto answer =
        std::async(std::launch::async, [&first] { return first.handler(Request("GET")); });
    slow.begun.get_future().wait();
    EXPECT_EQ(MetricValue(metrics, "alertmanager_http_requests_in_flight", kGet), 1);
    const http::Response refused = second.handler(Request("GET"));
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.body, "Limit of concurrent GET requests reached (1), try again later.\n\n");
    EXPECT_EQ(second.handler(Request("HEAD")).status, 200);
    EXPECT_EQ(second.handler(Request("POST")).status, 200);

    slow.may_end.set_value();
    EXPECT_EQ(answer.get().body, "done");
    EXPECT_EQ(second.handler(Request("GET")).status, 200);
    EXPECT_EQ(MetricValue(metrics, "alertmanager_http_requests_in_flight", kGet), 0);
    EXPECT_EQ(MetricValue(metrics, "alertmanager_http_concurrency_limit_exceeded_total", kGet), 1);
  }
}

TEST(AlertmanagerGate, GivesUpWaitingAtTheTimeout) {
  MetricRegistry metrics;
  SlowHandler slow;
  AlertmanagerGate gate({1, Duration(20)}, metrics);
  const http::Route route = gate.Guard(RouteOf("GET", slow.Make()), "/slow");
  const http::Response late = route.handler(Request("GET"));
  EXPECT_EQ(late.status, 503);
  EXPECT_EQ(late.body, "Exceeded configured timeout of 20ms.\n");
  // It goes on, so it counts.
  EXPECT_EQ(route.handler(Request("GET")).status, 503);
  EXPECT_EQ(MetricValue(metrics, "alertmanager_http_concurrency_limit_exceeded_total", kGet), 1);
  slow.may_end.set_value();
}

TEST(AlertmanagerGate, HandsTheWholeRequestAndTheAnswerThroughWithATimeout) {
  MetricRegistry metrics;
  AlertmanagerGate gate({1, std::chrono::minutes(1)}, metrics);
  const http::Route route = gate.Guard(
      RouteOf("POST",
              [](const http::Request& request) {
                EXPECT_GE(request.body.capacity(), request.body.size() + http::kBodyPadding);
                http::Response response;
                response.status = 201;
                response.body = request.body + "!";
                return response;
              }),
      "/slow");
  const http::Response answer = route.handler(Request("POST", "a body"));
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "a body!");
}

TEST(AlertmanagerGate, LetsExceptionsThroughToTheServer) {
  MetricRegistry metrics;
  for (const Duration timeout : {Duration(0), Duration(std::chrono::minutes(1))}) {
    AlertmanagerGate gate({1, timeout}, metrics);
    const http::Route route = gate.Guard(
        RouteOf("GET",
                [](const http::Request&) -> http::Response { throw std::runtime_error("oops"); }),
        "/slow");
    EXPECT_THROW(route.handler(Request("GET")), std::runtime_error);
  }
}

TEST(AlertmanagerGate, MeasuresHandlers) {
  MetricRegistry metrics;
  AlertmanagerGate gate({}, metrics);
  const http::Route route = gate.Guard(RouteOf("GET",
                                               [](const http::Request&) {
                                                 http::Response response;
                                                 response.body = std::string(150, 'x');
                                                 return response;
                                               }),
                                       "/slow");
  (void)route.handler(Request("GET"));
  for (const prometheus::MetricFamily& family : metrics.Collect()) {
    if (family.type != prometheus::MetricType::Histogram) continue;
    ASSERT_EQ(family.metric.size(), 1U) << family.name;
    EXPECT_EQ(family.metric[0].histogram.sample_count, 1U) << family.name;
    if (family.name == "alertmanager_http_response_size_bytes") {
      EXPECT_EQ(family.metric[0].histogram.sample_sum, 150);
    }
  }
}

}  // namespace
}  // namespace tocsin::api
