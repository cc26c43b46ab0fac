#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <string>

#include "tests/unit/exporter/host/host_world.h"
#include "tests/unit/exporter/host/stuck_mounts.h"

namespace tocsin::host {
namespace {

// 1000 bytes: 400 in use, 600 free, of which 100 are root's alone.
MountAnswer PartlyUsed(const std::string& /*path*/) { return {{1000, 600, 500, 50, 20}, 0}; }

struct FilesystemTest : ::testing::Test {
  void Mounts(std::string_view mountinfo) { world.Write("proc/1/mountinfo", mountinfo); }
  void Use(AskMount ask, MountProber::Limits limits = kPatient) {
    world.Use(MakeFilesystemSource(world.paths(), std::move(ask), limits));
  }
  std::optional<std::string> Of(std::string_view family, std::string_view mountpoint,
                                std::string_view device = "/dev/sda1",
                                std::string_view fstype = "ext4") const {
    return world.Node(family, {{"device", device}, {"mountpoint", mountpoint}, {"fstype", fstype}});
  }

  HostWorld world;
};

TEST_F(FilesystemTest, TellsSizesFilesAndState) {
  Mounts("1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n");
  Use(PartlyUsed);
  world.Collect();
  EXPECT_EQ(Of("node_filesystem_size_bytes", "/"), "1000");
  EXPECT_EQ(Of("node_filesystem_free_bytes", "/"), "600");
  EXPECT_EQ(Of("node_filesystem_avail_bytes", "/"), "500");
  EXPECT_EQ(Of("node_filesystem_files", "/"), "50");
  EXPECT_EQ(Of("node_filesystem_files_free", "/"), "20");
  EXPECT_EQ(Of("node_filesystem_readonly", "/"), "0");
  EXPECT_EQ(Of("node_filesystem_device_error", "/"), "0");
  EXPECT_EQ(world.TypeOf("node_filesystem_size_bytes"), MetricType::kGauge);
  EXPECT_EQ(world.Success("filesystem"), "1");
}

TEST_F(FilesystemTest, TellsTheShareInUseAsDfDoes) {
  Mounts(
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "2 1 8:2 / /home rw - ext4 /dev/sda2 rw\n");
  Use([this](const std::string& path) {
    if (path == world.Path("root/home")) return MountAnswer{{200, 100, 100, 1, 1}, 0};
    return PartlyUsed(path);
  });
  world.Collect();
  // 400 / (400 + 500), and 100 / (100 + 100).
  EXPECT_EQ(world.System("system_disk_usage", {{"mountpoint", "/"}}), "44.44444444444444");
  EXPECT_EQ(world.System("system_disk_usage", {{"mountpoint", "/home"}}), "50");
  EXPECT_EQ(world.System("system_disk_usage"), "44.44444444444444") << "the root's";
  EXPECT_EQ(world.sink.Metadata("system_disk_usage")->original_name, "system.disk.usage");
}

TEST_F(FilesystemTest, KnowsTheRootOfAContainerAlthoughOverlaysAreLeftOut) {
  Mounts("1 0 0:50 / / rw - overlay overlay rw\n");
  Use(PartlyUsed);
  world.Collect();
  EXPECT_EQ(world.System("system_disk_usage"), "44.44444444444444");
  EXPECT_EQ(world.System("system_disk_usage", {{"mountpoint", "/"}}), "44.44444444444444");
  EXPECT_EQ(world.Count("system_disk_usage"), 2U);
  EXPECT_EQ(world.Count("node_filesystem_size_bytes"), 0U);
}

TEST_F(FilesystemTest, LeavesOutSystemMountsAndKeepsTmpfs) {
  Mounts(
      "1 0 0:1 / /proc rw - proc proc rw\n"
      "2 0 0:2 / /sys/kernel/x rw - ext4 /dev/sda1 rw\n"
      "3 0 0:3 / /dev rw - tmpfs udev rw\n"
      "4 0 0:4 / /dev/shm rw - tmpfs tmpfs rw\n"
      "5 0 0:5 / /run/credentials/a.service ro - tmpfs tmpfs rw\n"
      "6 0 0:6 / /var/lib/docker/overlay2/x rw - ext4 /dev/sda1 rw\n"
      "7 0 0:7 / /var/lib/containers/storage/x rw - ext4 /dev/sda1 rw\n"
      "8 0 0:8 / /snap/x ro - squashfs /dev/loop0 ro\n"
      "9 0 0:9 / /cg rw - cgroup2 cgroup rw\n"
      "10 0 0:10 / /development rw - ext4 /dev/sda1 rw\n"
      "11 0 0:11 / /var/lib/docker rw - ext4 /dev/sda1 rw\n"
      "12 0 0:12 / /run rw - tmpfs tmpfs rw\n");
  Use(PartlyUsed);
  world.Collect();
  EXPECT_EQ(Of("node_filesystem_size_bytes", "/development"), "1000");
  EXPECT_EQ(Of("node_filesystem_size_bytes", "/var/lib/docker"), "1000");
  EXPECT_EQ(Of("node_filesystem_size_bytes", "/run", "tmpfs", "tmpfs"), "1000");
  EXPECT_EQ(world.Count("node_filesystem_size_bytes"), 3U);
}

TEST_F(FilesystemTest, ShowsBlanksOfAMountPoint) {
  Mounts("1 0 8:1 / /mnt/my\\040disk ro - ext4 /dev/sda1 rw\n");
  Use([this](const std::string& path) {
    const bool known = path == world.Path("root/mnt/my disk") || path == world.Path("root/");
    return known ? PartlyUsed(path) : MountAnswer{{}, ENOENT};
  });
  world.Collect();
  EXPECT_EQ(Of("node_filesystem_size_bytes", "/mnt/my disk"), "1000");
  EXPECT_EQ(Of("node_filesystem_readonly", "/mnt/my disk"), "1");
}

TEST_F(FilesystemTest, ShowsTheHostsMountPointsWithoutTheRootPrefix) {
  // Where process 1 may not be looked at, the host's mounts are seen below the prefix.
  const std::string root = world.Path("root");
  world.Write("proc/self/mountinfo", "1 0 8:1 / " + root + " rw - ext4 /dev/sda1 rw\n" +
                                         "2 1 8:2 / " + root + "/home rw - ext4 /dev/sda2 rw\n" +
                                         "3 1 8:3 / " + root + "-other rw - ext4 /dev/sda3 rw\n");
  std::map<std::string, int> asked;
  Use([&asked](const std::string& path) {
    ++asked[path];
    return PartlyUsed(path);
  });
  world.Collect();
  EXPECT_EQ(Of("node_filesystem_size_bytes", "/"), "1000");
  EXPECT_EQ(Of("node_filesystem_size_bytes", "/home", "/dev/sda2"), "1000");
  EXPECT_EQ(Of("node_filesystem_size_bytes", root + "-other", "/dev/sda3"), "1000")
      << "a name that only begins like the prefix is not below it";
  EXPECT_EQ(asked.count(root + "/home"), 1U);
}

TEST_F(FilesystemTest, AMountThatFailsHasADeviceErrorAndNoFigures) {
  Mounts(
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "2 0 8:2 / /broken rw - ext4 /dev/sda2 rw\n");
  Use([](const std::string& path) {
    return path.ends_with("/broken") ? MountAnswer{{}, EIO} : PartlyUsed(path);
  });
  world.Collect();
  EXPECT_EQ(Of("node_filesystem_device_error", "/broken", "/dev/sda2"), "1");
  EXPECT_EQ(Of("node_filesystem_size_bytes", "/broken", "/dev/sda2"), std::nullopt);
  EXPECT_EQ(world.System("system_disk_usage", {{"mountpoint", "/broken"}}), std::nullopt);
  EXPECT_EQ(Of("node_filesystem_device_error", "/"), "0");
  EXPECT_EQ(world.Success("filesystem"), "1") << "the list itself could be read";
}

TEST_F(FilesystemTest, AStuckMountHasADeviceErrorAndItsFiguresEnd) {
  Mounts(
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "2 0 0:50 / /nfs rw - nfs4 server:/export rw\n");
  StuckMounts mounts;
  Use(mounts.Ask(), {Duration(0), std::chrono::seconds(5), 32});
  const auto of_nfs = [this](std::string_view family) {
    return Of(family, "/nfs", "server:/export", "nfs4");
  };
  while (!of_nfs("node_filesystem_size_bytes")) world.Collect();

  mounts.Block(world.Path("root/nfs"));
  const std::size_t asked = mounts.asked(world.Path("root/nfs"));
  while (mounts.asked(world.Path("root/nfs")) == asked) world.Collect();
  mounts.AwaitBlocked(1);
  world.Collect();  // seen to be busy
  EXPECT_NE(of_nfs("node_filesystem_size_bytes"), "stale") << "told from memory for a while";
  EXPECT_EQ(of_nfs("node_filesystem_device_error"), "0");

  world.CollectAfter(Duration(5000));
  ASSERT_EQ(of_nfs("node_filesystem_device_error"), "1");
  EXPECT_EQ(of_nfs("node_filesystem_size_bytes"), "stale");
  EXPECT_EQ(Of("node_filesystem_device_error", "/"), "0") << "the others go on";

  mounts.ReleaseAll();
  while (of_nfs("node_filesystem_device_error") != "0") world.Collect();
  EXPECT_NE(of_nfs("node_filesystem_size_bytes"), "stale");
}

TEST_F(FilesystemTest, AnUnmountedFileSystemEnds) {
  Mounts(
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "2 0 8:2 / /usb rw - ext4 /dev/sda2 rw\n");
  Use(PartlyUsed);
  world.Collect();
  Mounts("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n");
  world.CollectAfter(Duration(1000));
  EXPECT_EQ(Of("node_filesystem_size_bytes", "/usb", "/dev/sda2"), "stale");
  EXPECT_EQ(Of("node_filesystem_device_error", "/usb", "/dev/sda2"), "stale");
  EXPECT_EQ(world.System("system_disk_usage", {{"mountpoint", "/usb"}}), "stale");
  EXPECT_EQ(Of("node_filesystem_size_bytes", "/"), "1000");
}

TEST_F(FilesystemTest, StackedMountsOfOneThingAreOne) {
  Mounts(
      "1 0 8:1 / /a rw - ext4 /dev/sda1 rw\n"
      "2 1 8:1 / /a rw - ext4 /dev/sda1 rw\n");
  Use(PartlyUsed);
  world.Collect();
  EXPECT_EQ(world.Count("node_filesystem_size_bytes"), 1U);
}

TEST_F(FilesystemTest, AFileSystemWithoutBlocksHasNoShareInUse) {
  Mounts("1 0 8:1 / /a rw - ext4 /dev/sda1 rw\n");
  Use([](const std::string&) { return MountAnswer(); });
  world.Collect();
  EXPECT_EQ(Of("node_filesystem_size_bytes", "/a"), "0");
  EXPECT_EQ(world.Count("system_disk_usage"), 0U);
}

TEST_F(FilesystemTest, AListThatCannotBeReadIsAFailure) {
  Mounts("what is this\n");
  Use(PartlyUsed);
  world.Collect();
  EXPECT_EQ(world.Success("filesystem"), "0");
  EXPECT_THAT(world.log.lines(),
              ::testing::ElementsAre(::testing::HasSubstr("1/mountinfo: line 1")));
}

}  // namespace
}  // namespace tocsin::host
