#include "exporter/host/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>
#include <sys/utsname.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/exporter/host/host_world.h"

namespace tocsin::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// One gauge, and whatever status a test wants.
class FakeSource final : public Source {
 public:
  FakeSource(std::string_view name, std::string_view family, std::function<Status()> collect)
      : name_(name),
        family_(family, MetricType::kGauge, "A value."),
        collect_(std::move(collect)) {}

  std::string_view name() const override { return name_; }
  Status Collect(Round& round) override {
    round.emit.Add(family_, 1);
    return collect_();
  }

 private:
  const std::string_view name_;
  const Family family_;
  const std::function<Status()> collect_;
};

struct CollectorTest : ::testing::Test {
  CollectorTest() {
    std::vector<std::unique_ptr<Source>> sources;
    sources.push_back(std::make_unique<FakeSource>("first", "node_first", [this] {
      world.clock.Advance(Duration(250));
      return first;
    }));
    sources.push_back(
        std::make_unique<FakeSource>("second", "node_second", [] { return Status(); }));
    world.Use(std::move(sources));
  }
  std::string MetricText() const {
    return prometheus::TextSerializer().Serialize(world.metrics.Collect());
  }

  HostWorld world;
  Status first;  // what the first source says
};

TEST_F(CollectorTest, TellsHowLongEachCollectorTookAndThatItSucceeded) {
  const Timestamp now = world.clock.Now();
  world.collector().Collect(now);
  EXPECT_EQ(world.Node("node_scrape_collector_duration_seconds", {{"collector", "first"}}), "0.25");
  EXPECT_EQ(world.Node("node_scrape_collector_duration_seconds", {{"collector", "second"}}), "0");
  EXPECT_EQ(world.Success("first"), "1");
  EXPECT_EQ(world.Success("second"), "1");
  EXPECT_EQ(world.Count("node_exporter_build_info"), 1U);
  EXPECT_EQ(world.sink.batches(), 1U) << "a round is one batch";
  for (const auto& appended : world.sink.appended()) {
    EXPECT_EQ(appended.origin, Origin::kHost);
    EXPECT_EQ(appended.sample.timestamp, now) << "the round's time, however long it took";
  }
}

TEST_F(CollectorTest, ASourceThatFailsLeavesTheOthersAlone) {
  first = Error{"no such thing"};
  world.Collect();
  EXPECT_EQ(world.Success("first"), "0");
  EXPECT_EQ(world.Node("node_first"), "1") << "what it had before it failed stays";
  EXPECT_EQ(world.Success("second"), "1");
  EXPECT_EQ(world.Node("node_second"), "1");
  EXPECT_FALSE(world.collector().healthy());
  first = Status();
  world.Collect();
  EXPECT_TRUE(world.collector().healthy());
}

TEST_F(CollectorTest, IsHealthyBeforeTheFirstRound) { EXPECT_TRUE(world.collector().healthy()); }

TEST_F(CollectorTest, LogsAFailureOnlyWhenItChanges) {
  world.Collect();
  EXPECT_THAT(world.log.lines(), IsEmpty());
  first = Error{"no such thing"};
  world.Collect();
  world.Collect();
  EXPECT_THAT(world.log.lines(), ElementsAre(HasSubstr("no such thing")));
  first = Error{"something else"};
  world.Collect();
  world.Collect();
  EXPECT_THAT(world.log.lines(), SizeIs(2));
  first = Status();
  world.Collect();
  world.Collect();
  ASSERT_THAT(world.log.lines(), SizeIs(3));
  EXPECT_THAT(world.log.lines()[2], HasSubstr("level=info"));
  EXPECT_THAT(world.log.lines()[2], HasSubstr("collector=first"));
}

TEST_F(CollectorTest, CountsRoundsAndFailures) {
  EXPECT_THAT(MetricText(),
              HasSubstr("tocsin_host_collector_failures_total{collector=\"first\"} 0"));
  first = Error{"no such thing"};
  world.Collect();
  world.Collect();
  EXPECT_THAT(MetricText(), HasSubstr("tocsin_host_rounds_total 2"));
  EXPECT_THAT(MetricText(),
              HasSubstr("tocsin_host_collector_failures_total{collector=\"first\"} 2"));
  EXPECT_THAT(MetricText(),
              HasSubstr("tocsin_host_collector_failures_total{collector=\"second\"} 0"));
}

TEST_F(CollectorTest, LogsOnceThatTheStoreIsFull) {
  world.sink.SetMaxSeries(1);
  world.Collect();
  world.Collect();
  EXPECT_THAT(world.log.lines(), ElementsAre(HasSubstr("reason=too_many_series")));
  world.sink.SetMaxSeries(1000);
  world.Collect();
  EXPECT_THAT(world.log.lines(), SizeIs(2));
}

TEST_F(CollectorTest, EndMarksEverySeriesStale) {
  world.Collect();
  ASSERT_THAT(world.sink.Living(), ::testing::Not(IsEmpty()));
  world.clock.Advance(Duration(1000));
  world.collector().End(world.clock.Now());
  EXPECT_THAT(world.sink.Living(), IsEmpty());
  const std::size_t batches = world.sink.batches();
  world.collector().End(world.clock.Now());
  EXPECT_EQ(world.sink.batches(), batches) << "there is nothing left to end";
}

TEST_F(CollectorTest, EndBeforeTheFirstRoundSaysNothing) {
  world.collector().End(world.clock.Now());
  EXPECT_EQ(world.sink.batches(), 0U);
}

TEST(HostIdentity, TakesTheMachinesNameWhereTheSettingsAreSilent) {
  utsname machine{};
  ASSERT_EQ(::uname(&machine), 0);
  config::HostSettings settings;
  EXPECT_EQ(HostIdentity(settings).job, "node");
  EXPECT_EQ(HostIdentity(settings).instance, machine.nodename);
  settings.job = "hosts";
  settings.instance = "db-1";
  EXPECT_EQ(HostIdentity(settings).job, "hosts");
  EXPECT_EQ(HostIdentity(settings).instance, "db-1");
  EXPECT_EQ(HostIdentity(settings).host, machine.nodename) << "dotted names tell the machine";
}

TEST(AllSources, AnEmptyHostHasNoFamiliesAndNoFailures) {
  HostWorld world;
  for (const char* folder : {"proc", "sys", "root"}) world.MakeFolder(folder);
  world.Use(MakeSources(world.paths()));
  world.Collect();
  EXPECT_TRUE(world.collector().healthy());
  EXPECT_THAT(world.log.lines(), IsEmpty());
  EXPECT_EQ(world.Count("node_cpu_seconds_total"), 0U);
  EXPECT_EQ(world.Count("node_time_seconds"), 1U);
}

TEST(AllSources, AMalformedFileFailsItsOwnSourceOnly) {
  HostWorld world;
  const std::pair<const char*, const char*> files[] = {
      {"stat", "proc/stat"},
      {"loadavg", "proc/loadavg"},
      {"meminfo", "proc/meminfo"},
      {"vmstat", "proc/vmstat"},
      {"pressure", "proc/pressure/io"},
      {"schedstat", "proc/schedstat"},
      {"diskstats", "proc/diskstats"},
      {"filesystem", "proc/1/mountinfo"},
      {"netdev", "proc/net/dev"},
      {"netstat", "proc/net/snmp"},
      {"sockstat", "proc/net/sockstat"},
      {"softnet", "proc/net/softnet_stat"},
      {"arp", "proc/net/arp"},
      {"udp_queues", "proc/net/udp"},
      {"conntrack", "proc/sys/net/netfilter/nf_conntrack_max"},
      {"entropy", "proc/sys/kernel/random/poolsize"},
      {"filefd", "proc/sys/fs/file-nr"},
      {"processes", "proc/sys/kernel/pid_max"}};
  world.Use(MakeSources(world.paths()));
  for (const auto& [source, file] : files) {
    world.Write(file, "cpu0 x\nsome x\nwhat is this\n");
    world.Collect();
    EXPECT_EQ(world.Success(source), "0") << source;
    for (const auto& [other, unused] : files) {
      const bool shared = std::string(file) == "proc/loadavg" && std::string(other) == "processes";
      if (std::string(other) == source || shared) continue;
      EXPECT_NE(world.Success(other), "0") << other << " with a bad " << file;
    }
    world.Write(file, "");
    world.Remove(file);
    world.Use(MakeSources(world.paths()));  // lets go of the open files
  }
}

// The whole of this machine: whatever it has, both namings are of the same reading.
TEST(AllSources, BothNamingsAgree) {
  testing::FakeClock clock;
  testing::RecordingSampleSink sink;
  testing::NullLogSink log;
  MetricRegistry metrics;
  HostCollector collector(HostPaths(), Identity{"node", "here", "here"}, sink, clock,
                          Logger(log, "host"), metrics);
  collector.Collect(clock.Now());
  const std::string node = R"({instance="here", job="node"})";
  const std::string dotted = R"({host="here", instance="here", job="node"})";
  const std::pair<const char*, const char*> pairs[] = {
      {"node_load1", "system_load_1m"},
      {"node_load1", "system_load_average"},
      {"node_load5", "system_load_5m"},
      {"node_load15", "system_load_15m"},
      {"node_memory_MemTotal_bytes", "system_memory_total"},
      {"node_memory_MemAvailable_bytes", "system_memory_available"},
      {"node_processes_pids", "system_process_count"}};
  for (const auto& [name, seed_name] : pairs) {
    ASSERT_TRUE(sink.Newest(name + node).has_value()) << name;
    EXPECT_EQ(sink.Newest(name + node), sink.Newest(seed_name + dotted)) << seed_name;
  }
}

}  // namespace
}  // namespace tocsin::host
