// What a change of state costs to make durable, with an empty history and with a million events:
// the row of an alert and its event, committed alone as an alert's is, and the same without an
// event.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "evaluator/persist/sqlite_database.h"

namespace tocsin::evaluator {
namespace {

class SilentSink final : public LogSink {
 public:
  bool Enabled(LogLevel) const override { return false; }
  void Write(LogLevel, std::string_view, std::string_view,
             std::initializer_list<LogField>) override {}
};

constexpr int kRules = 200;

Event MakeEvent(int number) {
  static constexpr const char* kTypes[] = {"alert.pending", "alert.active", "alert.resolved",
                                           "notification.delivered"};
  Event event;
  event.at = FromUnixMillis(1'700'000'000'000 + number);
  event.type = kTypes[number % 4];
  event.alert_id = RandomUuid();
  event.rule_id = UuidFromName(std::to_string(number % kRules));
  if (number % 4 == 3) event.receiver = "ops";
  event.labels = Labels{{"alertname", "High CPU Usage"},
                        {"host", "web-server-" + std::to_string(number % 1000)},
                        {"severity", "critical"}};
  event.body = "{\"text\":\"" + std::string(1'100, 'x') + "\"}";
  return event;
}

void Commit(StateStore& store, WriteBatch batch) {
  std::promise<void> done;
  store.Submit(std::move(batch), [&](const Status& status) {
    CHECK(status.ok());
    done.set_value();
  });
  done.get_future().wait();
}

void ChangeOfState(benchmark::State& state) {
  const auto folder = std::filesystem::temp_directory_path() / ("tocsin-bench-" + RandomUuid());
  std::filesystem::create_directory(folder);
  {
    SystemClock clock;
    SilentSink log;
    MetricRegistry registry;
    auto store = *OpenSqliteStore((folder / "state.db").string(), StoreRole::kDaemon, clock,
                                  Logger(log, "store"), registry);
    int number = 0;
    while (number < state.range(0)) {
      WriteBatch batch;
      for (int i = 0; i < 1'000; ++i) batch.Record(MakeEvent(number++));
      Commit(*store, std::move(batch));
    }
    std::int64_t row = 0;
    for (auto _ : state) {
      WriteBatch batch;
      batch.Put(StateTable::kAlerts, "alert-" + std::to_string(++row % 1'000),
                std::string(1'100, 'x'));
      if (state.range(1) != 0) batch.Record(MakeEvent(number++));
      Commit(*store, std::move(batch));
    }
  }
  std::filesystem::remove_all(folder);
}
BENCHMARK(ChangeOfState)
    ->ArgNames({"events", "recorded"})
    ->Args({0, 0})
    ->Args({0, 1})
    ->Args({1'000'000, 1})
    ->Iterations(5'000)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tocsin::evaluator
