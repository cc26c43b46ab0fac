#include "exporter/intake/intakes.h"

#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/recording_sample_sink.h"

namespace tocsin::intake {
namespace {

TEST(Intakes, AnswerTogetherUnderOneRouter) {
  testing::RecordingSampleSink sink;
  testing::MemoryStateStore state;
  testing::FakeClock clock;
  testing::NullLogSink log;
  MetricRegistry registry;
  const Context context{sink, state, clock, Logger(log, "test"), registry};
  PushStore push_store(context);
  const std::vector<std::unique_ptr<Intake>> intakes = MakeIntakes(context, push_store);

  http::Router router;
  for (const std::unique_ptr<Intake>& intake : intakes) {
    for (http::Route& route : intake->Routes()) router.Add(std::move(route));
  }
  const auto send = [&](const char* method, const char* path, std::string body) {
    http::Request request;
    request.method = method;
    request.raw_path = path;
    request.body = std::move(body);
    const http::Router::Match match = router.Find(request);
    return match.route == nullptr ? match.error : match.route->handler(request);
  };
  EXPECT_EQ(send("POST", "/alerting/metrics", R"({"metric_name":"a","value":1})").status, 200);
  EXPECT_EQ(send("PUT", "/metrics/job/x", "b 2\n").status, 200);
  // The push is the daemon's store's.
  EXPECT_EQ(push_store.Families().size(), 3U);  // with the group's two times
}

}  // namespace
}  // namespace tocsin::intake
