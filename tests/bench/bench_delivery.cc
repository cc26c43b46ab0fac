// What leaves the daemon, measured from outside over loopback: a real process, receivers that take
// its webhooks, and some that never answer. Durability is on, as always.
//
//   bench_delivery [TOCSIN]     default: the `tocsin` beside this program
//
// The receivers run on the same cores.
#include "tests/bench/service_load.h"

namespace tocsin::bench {
namespace {

constexpr int kMany = 10'000;
constexpr int kBatch = 1'000;
constexpr int kLiving = 9;
constexpr int kFlips = 600;
constexpr int kHanging = 100;
constexpr int kHeldAlerts = 100;

// Takes connections and never says a word.
class SilentReceiver {
 public:
  SilentReceiver() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof address;
    if (bind(listener_.fd(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_.fd(), 4096) != 0) {
      Die("the silent receiver cannot listen");
    }
    getsockname(listener_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  std::uint16_t port() const { return port_; }

 private:
  Socket listener_;
  std::uint16_t port_ = 0;
};

// A rule for `storm` whose alerts go to a webhook at each of these ports.
std::filesystem::path Configuration(const std::vector<std::uint16_t>& ports) {
  const std::filesystem::path folder = NewFolder();
  std::string receivers;
  std::string names;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    receivers += fmt::format("  - name: r{0}\n    webhook: {{url: 'http://127.0.0.1:{1}/hook'}}\n",
                             i, ports[i]);
    names += fmt::format("{}r{}", i == 0 ? "" : ", ", i);
  }
  WriteFile(folder / "tocsin.yml", "tocsin:\n  host: {enabled: false}\n  receivers:\n" + receivers);
  WriteFile(folder / "rules.d" / "bench.yml",
            fmt::format("rules:\n- {{name: storm, metric_name: storm, condition: '>', threshold: "
                        "0.5, severity: high,\n   duration: 0, cooldown_period: 0, "
                        "notification_channels: [{}]}}\n",
                        names));
  return folder;
}

void Storm(Client& client, int count, double value) {
  for (int first = 0; first < count; first += kBatch) {
    PostOk(client, Batch("storm", first, std::min(kBatch, count - first), value));
  }
}

void MeasureRate(const std::string& binary) {
  Receiver receiver;
  const Daemon daemon(binary, Configuration({receiver.port()}));
  Client client(daemon.port());
  for (const double value : {1.0, 0.0}) {
    const std::size_t before = receiver.count();
    const auto began = SteadyClock::now();
    Storm(client, kMany, value);
    const Seconds took = receiver.WaitFor(before + kMany) - began;
    fmt::print("{} notifications to one webhook ({})  {:.0f}/s\n", kMany,
               value > 0.5 ? "firing" : "resolved", kMany / took.count());
  }
}

// From the sample to the last of the nine webhooks that answer.
Spread LatencyOfNine(const std::string& binary, const std::vector<std::uint16_t>& others) {
  Receiver receiver;
  std::vector<std::uint16_t> ports(kLiving, receiver.port());
  ports.insert(ports.end(), others.begin(), others.end());
  const Daemon daemon(binary, Configuration(ports));
  Client client(daemon.port());
  std::vector<Seconds> spans;
  for (int i = 0; i < kFlips; ++i) {
    const std::size_t before = receiver.count();
    const auto sent = SteadyClock::now();
    Storm(client, 1, i % 2 == 0 ? 1 : 0);
    spans.emplace_back(receiver.WaitFor(before + kLiving) - sent);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return Spread(std::move(spans));
}

void MeasureDeadOne(const std::string& binary) {
  const SilentReceiver dead;
  const Spread without = LatencyOfNine(binary, {});
  const Spread with = LatencyOfNine(binary, {dead.port()});
  fmt::print(
      "sample to the last of nine webhooks                            p50 {:.2f} ms, p99 {:.2f} "
      "ms\n",
      without.p50, without.p99);
  fmt::print(
      "sample to the last of nine webhooks, a tenth that is dead      p50 {:.2f} ms, p99 {:.2f} "
      "ms\n",
      with.p50, with.p99);
}

void MeasureHanging(const std::string& binary) {
  std::vector<SilentReceiver> silent(kHanging);
  std::vector<std::uint16_t> ports;
  for (const SilentReceiver& one : silent) ports.push_back(one.port());
  const Daemon daemon(binary, Configuration(ports));
  Client client(daemon.port());
  PostOk(client, Batch("idle", 0, kBatch, 1));
  const double before = daemon.ResidentMiB();
  double most = before;
  for (int i = 0; i < kHeldAlerts; ++i) {
    PostOk(client, Batch("storm", i, 1, 1));
    most = std::max(most, daemon.ResidentMiB());
  }
  const auto end = SteadyClock::now() + std::chrono::seconds(15);  // past the first time-outs
  while (SteadyClock::now() < end) {
    most = std::max(most, daemon.ResidentMiB());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  fmt::print("{} receivers hang while {} alerts fire for each  {:.1f} MiB more\n", kHanging,
             kHeldAlerts, most - before);
}

}  // namespace
}  // namespace tocsin::bench

int main(int argc, char** argv) {
  const std::string binary = tocsin::bench::BinaryOf(argc, argv);
  tocsin::bench::MeasureRate(binary);
  tocsin::bench::MeasureDeadOne(binary);
  tocsin::bench::MeasureHanging(binary);
}
