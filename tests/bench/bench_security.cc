// What the guard costs a submission of one metric: two daemons, one without any key or limit and
// one that looks up a stored key, compares scopes and keeps three rates, are sent the same requests
// in turns, so that what else the machine does meets both.
//
//   bench_security [TOCSIN]     default: the `tocsin` beside this program
#include <cstdio>

#include "tests/bench/service_load.h"

namespace tocsin::bench {
namespace {

constexpr int kConnections = 4;
constexpr int kSeries = 1'000;
constexpr int kRounds = 7;
constexpr auto kRound = std::chrono::seconds(2);

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

// Requests per second.
double MeasureRound(std::uint16_t port, const std::vector<std::string>& requests) {
  std::atomic<std::uint64_t> total{0};
  std::vector<std::thread> threads;
  const auto begin = SteadyClock::now();
  for (int c = 0; c < kConnections; ++c) {
    threads.emplace_back([&, c] {
      Client client(port);
      std::uint64_t done = 0;
      for (; SteadyClock::now() < begin + kRound; ++done) {
        PostOk(client, requests[(done + static_cast<std::uint64_t>(c) * 250) % requests.size()]);
      }
      total += done;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(total) / Seconds(SteadyClock::now() - begin).count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Measure(const std::string& binary) {
  const std::filesystem::path guarded_folder = Configuration(
      "rate_limit: {requests_per_second: 10000000, samples_per_second: 10000000, "
      "bytes_per_second: 100GB}");
  const std::string token = MakeKey(binary, guarded_folder);
  const Daemon open_daemon(binary, Configuration(""));
  const Daemon guarded(binary, guarded_folder);
  std::vector<std::string> plain;
  std::vector<std::string> with_key;
  for (int i = 0; i < kSeries; ++i) {
    plain.push_back(Request("metrics", Metric("active", i, i)));
    with_key.push_back(WithKey(plain.back(), token));
  }
  std::vector<double> rates;
  std::vector<double> guarded_rates;
  std::vector<double> ratios;
  for (int round = 0; round < kRounds; ++round) {
    rates.push_back(MeasureRound(open_daemon.port(), plain));
    guarded_rates.push_back(MeasureRound(guarded.port(), with_key));
    ratios.push_back(guarded_rates.back() / rates.back());
  }
  fmt::print("POST /metrics without keys and limits   {:.0f} requests/s (median of {} rounds)\n",
             Median(rates), kRounds);
  fmt::print("POST /metrics with key and three limits {:.0f} requests/s\n", Median(guarded_rates));
  fmt::print("ratio of neighbouring rounds            {:.3f} (median)\n", Median(ratios));
}

}  // namespace
}  // namespace tocsin::bench

int main(int argc, char** argv) { tocsin::bench::Measure(tocsin::bench::BinaryOf(argc, argv)); }
