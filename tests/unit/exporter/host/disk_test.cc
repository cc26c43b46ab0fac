// /proc/diskstats.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/exporter/host/host_world.h"

namespace tocsin::host {
namespace {

TEST(DiskSource, TellsEveryCounterInBytesAndSeconds) {
  HostWorld world;
  world.Write("proc/diskstats",
              "   8       0 sda 1 2 3 4000 5 6 7 8000 9 10000 11000 12 13 14 15000 16 17000\n");
  world.Use(MakeDiskSource(world.paths()));
  world.Collect();
  const std::pair<const char*, const char*> expected[] = {
      {"node_disk_reads_completed_total", "1"},
      {"node_disk_reads_merged_total", "2"},
      {"node_disk_read_bytes_total", "1536"},
      {"node_disk_read_time_seconds_total", "4"},
      {"node_disk_writes_completed_total", "5"},
      {"node_disk_writes_merged_total", "6"},
      {"node_disk_written_bytes_total", "3584"},
      {"node_disk_write_time_seconds_total", "8"},
      {"node_disk_io_now", "9"},
      {"node_disk_io_time_seconds_total", "10"},
      {"node_disk_io_time_weighted_seconds_total", "11"},
      {"node_disk_discards_completed_total", "12"},
      {"node_disk_discards_merged_total", "13"},
      {"node_disk_discarded_sectors_total", "14"},
      {"node_disk_discard_time_seconds_total", "15"},
      {"node_disk_flush_requests_total", "16"},
      {"node_disk_flush_requests_time_seconds_total", "17"}};
  for (const auto& [family, value] : expected) {
    EXPECT_EQ(world.Node(family, {{"device", "sda"}}), value) << family;
    const bool gauge = std::string(family) == "node_disk_io_now";
    EXPECT_EQ(world.TypeOf(family), gauge ? MetricType::kGauge : MetricType::kCounter) << family;
  }
}

TEST(DiskSource, HasNoFamiliesForWhatAnOldKernelDoesNotCount) {
  HostWorld world;
  world.Write("proc/diskstats", "8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n");
  world.Use(MakeDiskSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_disk_io_time_weighted_seconds_total", {{"device", "sda"}}), "0.011");
  EXPECT_EQ(world.Count("node_disk_discards_completed_total"), 0U);
  EXPECT_EQ(world.Count("node_disk_flush_requests_total"), 0U);
}

TEST(DiskSource, LeavesOutPartitionsAndMemoryDisks) {
  HostWorld world;
  std::string text;
  for (const char* device : {"sda", "sda1", "nvme0n1", "nvme0n1p2", "vdb", "vdb12", "xvda1", "ram0",
                             "zram0", "loop7", "fd0", "dm-0", "md0", "sr0"}) {
    text += std::string("8 0 ") + device + " 1 2 3 4 5 6 7 8 9 10 11\n";
  }
  world.Write("proc/diskstats", text);
  world.Use(MakeDiskSource(world.paths()));
  world.Collect();
  for (const char* device : {"sda", "nvme0n1", "vdb", "dm-0", "md0", "sr0"}) {
    EXPECT_EQ(world.Node("node_disk_io_now", {{"device", device}}), "9") << device;
  }
  EXPECT_EQ(world.Count("node_disk_io_now"), 6U);
}

TEST(DiskSource, TellsRatesAndTotalsOfAllDisksWithoutCountingStackedOnesTwice) {
  HostWorld world;
  const auto write = [&world](int sda_read, int sdb_read, int sda_written) {
    world.Write("proc/diskstats", "8 0 sda 0 0 " + std::to_string(sda_read) + " 0 0 0 " +
                                      std::to_string(sda_written) + " 0 0 0 0\n8 16 sdb 0 0 " +
                                      std::to_string(sdb_read) + " 0 0 0 0 0 0 0 0\n" +
                                      "253 0 dm-0 0 0 " + std::to_string(sda_read) +
                                      " 0 0 0 0 0 0 0 0\n");
  };
  write(10, 20, 0);
  world.Use(MakeDiskSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.System("system_disk_read_bytes_total"), "15360");
  EXPECT_EQ(world.System("system_disk_read_bytes"), std::nullopt);
  write(30, 40, 10);  // 40 sectors more in 4 s
  world.CollectAfter(Duration(4000));
  EXPECT_EQ(world.System("system_disk_read_bytes"), "5120");
  EXPECT_EQ(world.System("system_disk_write_bytes"), "1280");
  EXPECT_EQ(world.System("system_disk_read_bytes_total"), "35840");
  EXPECT_EQ(world.System("system_disk_write_bytes_total"), "5120");
  EXPECT_EQ(world.TypeOf("system_disk_read_bytes"), MetricType::kGauge);
  EXPECT_EQ(world.TypeOf("system_disk_read_bytes_total"), MetricType::kCounter);
}

TEST(DiskSource, ADiskThatIsGoneEnds) {
  HostWorld world;
  world.Write("proc/diskstats",
              "8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n8 16 sdb 1 2 3 4 5 6 7 8 9 10 11\n");
  world.Use(MakeDiskSource(world.paths()));
  world.Collect();
  world.Write("proc/diskstats", "8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n");
  world.CollectAfter(Duration(1000));
  EXPECT_EQ(world.Node("node_disk_reads_completed_total", {{"device", "sdb"}}), "stale");
  EXPECT_EQ(world.Node("node_disk_reads_completed_total", {{"device", "sda"}}), "1");
}

TEST(DiskSource, TellsWhatUdevKnows) {
  HostWorld world;
  world.Write("proc/diskstats",
              "8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n8 16 sdb 1 2 3 4 5 6 7 8 9 10 11\n");
  world.Write("root/run/udev/data/b8:0",
              "S:disk/by-id/x\nE:ID_MODEL=Fast Disk\nE:ID_SERIAL_SHORT=S1\nE:ID_PATH=pci-0\n"
              "E:ID_WWN=0x5\nE:ID_REVISION=R2\n");
  world.Use(MakeDiskSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_disk_info", {{"device", "sda"},
                                          {"major", "8"},
                                          {"minor", "0"},
                                          {"path", "pci-0"},
                                          {"wwn", "0x5"},
                                          {"model", "Fast Disk"},
                                          {"serial", "S1"},
                                          {"revision", "R2"}}),
            "1");
  EXPECT_EQ(world.Node("node_disk_info", {{"device", "sdb"}, {"major", "8"}, {"minor", "16"}}),
            "1");
}

}  // namespace
}  // namespace tocsin::host
