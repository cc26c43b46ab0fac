#include "exporter/host/kernel_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/exporter/host/host_world.h"

namespace tocsin::host {
namespace {

TEST(JoinPath, PutsExactlyOneSlashBetween) {
  EXPECT_EQ(JoinPath("/proc", "stat"), "/proc/stat");
  EXPECT_EQ(JoinPath("/", "/"), "/");
  EXPECT_EQ(JoinPath("/host/", "/home"), "/host/home");
}

TEST(KernelFile, ReadsFromTheStartInEachRoundWithoutOpeningAgain) {
  HostWorld world;
  world.Write("proc/x", "first");
  KernelFile file(world.Path("proc/x"));
  std::string buffer;
  EXPECT_EQ(**file.Read(&buffer), "first");
  world.Write("proc/x", "2nd");
  EXPECT_EQ(**file.Read(&buffer), "2nd");
  world.Remove("proc/x");  // still open
  EXPECT_EQ(**file.Read(&buffer), "2nd");
}

TEST(KernelFile, IsAbsentUntilItAppears) {
  HostWorld world;
  KernelFile file(world.Path("proc/x"));
  std::string buffer;
  const Result<Contents> before = file.Read(&buffer);
  ASSERT_TRUE(before.ok());
  EXPECT_FALSE(before->has_value());
  world.Write("proc/x", "now");
  EXPECT_EQ(**file.Read(&buffer), "now");
}

TEST(KernelFile, GrowsTheBufferForALongFile) {
  HostWorld world;
  const std::string text(100'000, 'x');
  world.Write("proc/x", text);
  KernelFile file(world.Path("proc/x"));
  std::string buffer;
  EXPECT_EQ(**file.Read(&buffer), text);
}

TEST(KernelFile, NamesTheFileThatCannotBeRead) {
  HostWorld world;
  world.MakeFolder("proc/x");
  KernelFile file(world.Path("proc/x"));
  std::string buffer;
  const Result<Contents> read = file.Read(&buffer);
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.message(), ::testing::HasSubstr(world.Path("proc/x")));
}

std::vector<std::string> Names(FolderLister& folder) {
  std::vector<std::string> names;
  EXPECT_TRUE(folder.ForEach([&](const char* name) { names.emplace_back(name); }).ok());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(FolderLister, SeesWhatComesAndGoes) {
  HostWorld world;
  FolderLister folder(world.Path("sys/class"));
  EXPECT_FALSE(*folder.ForEach([](const char*) {}));
  world.Write("sys/class/a", "");
  world.Write("sys/class/b", "");
  EXPECT_EQ(Names(folder), (std::vector<std::string>{"a", "b"}));
  world.Remove("sys/class/a");
  world.Write("sys/class/c", "");
  EXPECT_EQ(Names(folder), (std::vector<std::string>{"b", "c"}));
}

TEST(AttributeFolder, TrimsTextAndReadsNumbers) {
  HostWorld world;
  world.Write("sys/dev/mtu", "1500\n");
  world.Write("sys/dev/speed", "-1\n");
  world.Write("sys/dev/state", " up \n");
  world.Write("sys/dev/statistics/drops", "3\n");
  AttributeFolder attributes(world.Path("sys/dev"));
  ASSERT_TRUE(attributes.exists());
  EXPECT_EQ(attributes.Number("mtu"), 1500);
  EXPECT_EQ(attributes.Number("speed"), -1);
  EXPECT_EQ(attributes.Text("state"), "up");
  EXPECT_EQ(attributes.Number("statistics/drops"), 3);
  EXPECT_EQ(attributes.Number("state"), std::nullopt);
  EXPECT_EQ(attributes.Text("missing"), std::nullopt);
}

TEST(AttributeFolder, OfADeviceThatIsGoneDoesNotExist) {
  HostWorld world;
  world.Write("sys/file", "");
  EXPECT_FALSE(AttributeFolder(world.Path("sys/dev")).exists());
  EXPECT_FALSE(AttributeFolder(world.Path("sys/file")).exists());
}

}  // namespace
}  // namespace tocsin::host
