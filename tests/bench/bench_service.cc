// The whole daemon under load, measured from outside over loopback: a real process with its own
// configuration, a receiver that takes its webhooks, and clients that send samples. Durability is
// on, as always.
//
//   bench_service [TOCSIN]     default: the `tocsin` beside this program
//
// Latencies are from the first byte of the client's request to the last byte of the webhook at the
// receiver, so they hold more than the daemon's own share. Rates include the clients, which run on
// the same cores.
#include "tests/bench/service_load.h"

namespace tocsin::bench {
namespace {

constexpr int kActiveSeries = 10'000;
constexpr int kConnections = 8;
constexpr int kBatchSize = 1'000;
constexpr auto kRateTime = std::chrono::seconds(5);
constexpr int kFlips = 2'000;
constexpr int kStorms = 20;
constexpr int kStormAlerts = 100;

std::filesystem::path LoadedConfiguration(const Receiver& receiver) {
  const std::filesystem::path folder = NewFolder();
  WriteFile(folder / "tocsin.yml",
            fmt::format("tocsin:\n  host: {{enabled: false}}\n  receivers:\n  - name: hook\n"
                        "    webhook: {{url: 'http://127.0.0.1:{}/hook'}}\n",
                        receiver.port()));
  std::string rules = "rules:\n";
  for (const char* metric : {"flip", "storm"}) {
    rules += fmt::format(
        "- {{name: {0}, metric_name: {0}, condition: '>', threshold: 0.5, severity: high,\n"
        "   duration: 0, cooldown_period: 0, notification_channels: [hook]}}\n",
        metric);
  }
  WriteFile(folder / "rules.d" / "bench.yml", rules);
  return folder;
}

// ---- what is measured

void MeasureFlips(Client& client, Receiver& receiver) {
  const std::string up = Request("metrics", Metric("flip", 0, 1));
  const std::string down = Request("metrics", Metric("flip", 0, 0));
  std::vector<Seconds> spans;
  for (int i = 0; i < kFlips; ++i) {
    const std::size_t before = receiver.count();
    const auto sent = SteadyClock::now();
    PostOk(client, i % 2 == 0 ? up : down);
    spans.emplace_back(receiver.WaitFor(before + 1) - sent);
    // The next sample must be later than this one: times are milliseconds.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  const Spread spread(spans);
  fmt::print(
      "sample to webhook, {} active series    p50 {:.2f} ms, p99 {:.2f} ms, most {:.2f} ms\n",
      kActiveSeries, spread.p50, spread.p99, spread.most);
}

void MeasureStorms(Client& client, Receiver& receiver) {
  const std::string up = Batch("storm", 0, kStormAlerts, 1);
  const std::string down = Batch("storm", 0, kStormAlerts, 0);
  std::vector<Seconds> spans;
  for (int i = 0; i < kStorms; ++i) {
    const std::size_t before = receiver.count();
    const auto sent = SteadyClock::now();
    PostOk(client, i % 2 == 0 ? up : down);
    spans.emplace_back(receiver.WaitFor(before + kStormAlerts) - sent);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  const Spread spread(spans);
  fmt::print("one batch of {} alerts to the last webhook  p50 {:.1f} ms, most {:.1f} ms\n",
             kStormAlerts, spread.p50, spread.most);
}

// Each connection sends its requests in turn; returns the requests per second of all.
double MeasureRate(std::uint16_t port, int connections,
                   const std::function<std::vector<std::string>(int connection)>& make_requests) {
  std::atomic<std::uint64_t> total{0};
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(connections));
  const auto deadline = SteadyClock::now() + kRateTime;
  for (int c = 0; c < connections; ++c) {
    threads.emplace_back([&, requests = make_requests(c)] {
      Client client(port);
      std::uint64_t done = 0;
      for (; SteadyClock::now() < deadline; ++done)
        PostOk(client, requests[done % requests.size()]);
      total += done;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(total) / Seconds(kRateTime).count();
}

void MeasureRates(std::uint16_t port) {
  const double singles = MeasureRate(port, kConnections, [](int connection) {
    std::vector<std::string> requests;
    for (int i = 0; i < kActiveSeries / kConnections; ++i) {
      requests.push_back(
          Request("metrics", Metric("active", connection * kActiveSeries / kConnections + i, i)));
    }
    return requests;
  });
  fmt::print("POST /metrics, {} keep-alive connections  {:.0f} requests/s\n", kConnections,
             singles);
  const double batches = MeasureRate(port, 2, [](int connection) {
    std::vector<std::string> requests;
    for (int i = 0; i < kActiveSeries / kBatchSize / 2; ++i) {
      const int first = (connection * kActiveSeries / kBatchSize / 2 + i) * kBatchSize;
      requests.push_back(Batch("active", first, kBatchSize, i));
    }
    return requests;
  });
  fmt::print("POST /metrics/batch, {} samples each  {:.0f} samples/s\n", kBatchSize,
             batches * kBatchSize);
}

void MeasureUnderLoad(const std::string& binary) {
  Receiver receiver;
  const Daemon daemon(binary, LoadedConfiguration(receiver));
  Client client(daemon.port());
  for (int first = 0; first < kActiveSeries; first += kBatchSize) {
    PostOk(client, Batch("active", first, kBatchSize, 1));
  }
  MeasureFlips(client, receiver);
  MeasureStorms(client, receiver);
  MeasureRates(daemon.port());
}

void MeasureMemory(const std::string& binary) {
  const std::filesystem::path folder = NewFolder();
  WriteFile(folder / "tocsin.yml", "{}\n");
  const Daemon daemon(binary, folder);
  std::this_thread::sleep_for(std::chrono::seconds(12));  // two rounds of the host collector
  fmt::print("resident after start, default settings  {:.1f} MiB\n", daemon.ResidentMiB());
}

}  // namespace
}  // namespace tocsin::bench

int main(int argc, char** argv) {
  const std::string binary = tocsin::bench::BinaryOf(argc, argv);
  tocsin::bench::MeasureUnderLoad(binary);
  tocsin::bench::MeasureMemory(binary);
}
