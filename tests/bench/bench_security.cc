// What the guard costs a submission of one metric: two daemons, one without any key or limit and
// one that looks up a stored key, compares scopes and keeps three rates, are sent the same requests
// in turns, so that what else the machine does meets both.
//
//   bench_security [TOCSIN]     default: the `tocsin` beside this program
#include <cstdio>
#include <memory>

#include "tests/bench/service_load.h"

namespace tocsin::bench {
namespace {

constexpr int kConnections = 4;
constexpr int kSeries = 1'000;
constexpr int kRounds = 10;
constexpr std::size_t kRequests = 2'000;  // of each connection in a round

std::filesystem::path Configuration(const std::string& web) {
  const std::filesystem::path folder = NewFolder();
  WriteFile(folder / "tocsin.yml",
            fmt::format("tocsin:\n  host: {{enabled: false}}\n  web: {{{}}}\n", web));
  return folder;
}

// The token of a new key.
std::string MakeKey(const std::string& binary, const std::filesystem::path& folder) {
  const std::string command =
      fmt::format("'{}' keys create --name bench --scope push --storage.path '{}' 2>/dev/null",
                  binary, (folder / "data").string());
  std::FILE* out = popen(command.c_str(), "r");
  std::array<char, 256> line{};
  if (out == nullptr || std::fgets(line.data(), line.size(), out) == nullptr || pclose(out) != 0) {
    Die("cannot make a key");
  }
  std::string token = line.data();
  token.pop_back();
  return token;
}

std::string WithKey(std::string request, const std::string& token) {
  request.insert(request.find("\r\n") + 2, "Authorization: Bearer " + token + "\r\n");
  return request;
}

struct Cost {
  double wall = 0;  // microseconds of each connection for a request
  double cpu = 0;   // microseconds of the daemon's processors for a request
};

Cost MeasureRound(const Daemon& daemon, const std::vector<std::string>& requests) {
  std::vector<std::thread> threads;
  const Seconds cpu_before = daemon.CpuTime();
  const auto begin = SteadyClock::now();
  for (int c = 0; c < kConnections; ++c) {
    threads.emplace_back([&, c] {
      Client client(daemon.port());
      for (std::size_t i = 0; i < kRequests; ++i) {
        PostOk(client, requests[(i + static_cast<std::size_t>(c) * 250) % requests.size()]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Seconds wall = SteadyClock::now() - begin;
  return {wall.count() * 1e6 / kRequests,
          (daemon.CpuTime() - cpu_before).count() * 1e6 / kRequests / kConnections};
}

struct Variant {
  const char* name;
  bool has_limits = false;
  bool has_key = false;

  std::unique_ptr<Daemon> daemon = nullptr;
  std::vector<std::string> requests = {};
  Cost cost = {};
};

void Start(const std::string& binary, Variant* variant) {
  const std::filesystem::path folder = Configuration(
      variant->has_limits ? "rate_limit: {requests_per_second: 10000000, samples_per_second: "
                            "10000000, bytes_per_second: 100GB}"
                          : "");
  const std::string token = variant->has_key ? MakeKey(binary, folder) : "";
  variant->daemon = std::make_unique<Daemon>(binary, folder);
  for (int i = 0; i < kSeries; ++i) {
    std::string request = Request("metrics", Metric("active", i, i));
    variant->requests.push_back(token.empty() ? request : WithKey(std::move(request), token));
  }
}

void Measure(const std::string& binary) {
  Variant variants[] = {{"neither"}, {"limits", true}, {"key", false, true}, {"both", true, true}};
  for (Variant& variant : variants) Start(binary, &variant);
  for (int round = 0; round < kRounds; ++round) {
    for (Variant& variant : variants) {
      const Cost cost = MeasureRound(*variant.daemon, variant.requests);
      variant.cost.wall += cost.wall / kRounds;
      variant.cost.cpu += cost.cpu / kRounds;
    }
  }
  // A busy machine spoils the time that passes far more than that of the processors.
  fmt::print("POST /metrics, {} connections, means of {} rounds\n", kConnections, kRounds);
  for (const Variant& variant : variants) {
    fmt::print("{:<8} {:6.1f} us on a connection, {:5.2f} us of the daemon's CPU ({:.2f})\n",
               variant.name, variant.cost.wall, variant.cost.cpu,
               variant.cost.cpu / variants[0].cost.cpu);
  }
}

}  // namespace
}  // namespace tocsin::bench

int main(int argc, char** argv) { tocsin::bench::Measure(tocsin::bench::BinaryOf(argc, argv)); }
