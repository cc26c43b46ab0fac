// /sys/class/hwmon.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/unit/exporter/host/host_world.h"

namespace tocsin::host {
namespace {

// One chip of a platform device, as the kernel links it.
struct HwmonTest : ::testing::Test {
  HwmonTest() {
    world.MakeFolder("sys/devices/platform/coretemp.0/hwmon/hwmon3");
    world.MakeFolder("sys/class/hwmon");
    std::filesystem::create_directory_symlink(world.Path("sys/devices/platform/coretemp.0"),
                                              world.Path(device + "/device"));
    std::filesystem::create_directory_symlink(world.Path(device),
                                              world.Path("sys/class/hwmon/hwmon3"));
    Attribute("name", "coretemp");
    Attribute("temp1_input", "45000");
    world.Use(MakeHwmonSource(world.paths()));
  }
  void Attribute(const std::string& file, const std::string& text) {
    world.Write(device + "/" + file, text + "\n");
  }
  std::optional<std::string> Temperature(std::string_view family) const {
    return world.Node(family, {{"chip", "platform_coretemp_0"}, {"sensor", "temp1"}});
  }

  const std::string device = "sys/devices/platform/coretemp.0/hwmon/hwmon3";
  HostWorld world;
};

TEST_F(HwmonTest, TellsTemperaturesUnderTheNameOfTheirDevice) {
  Attribute("temp1_max", "80000");
  Attribute("temp1_crit", "100500");
  Attribute("temp1_crit_alarm", "0");
  Attribute("temp1_label", "Package id 0");
  Attribute("temp1_type", "4");
  Attribute("fan1_input", "900");
  world.Collect();
  EXPECT_EQ(Temperature("node_hwmon_temp_celsius"), "45");
  EXPECT_EQ(Temperature("node_hwmon_temp_max_celsius"), "80");
  EXPECT_EQ(Temperature("node_hwmon_temp_crit_celsius"), "100.5");
  EXPECT_EQ(Temperature("node_hwmon_temp_crit_alarm_celsius"), "0");
  EXPECT_EQ(Temperature("node_hwmon_temp_type_celsius"), std::nullopt);
  EXPECT_EQ(world.Node("node_hwmon_chip_names",
                       {{"chip", "platform_coretemp_0"}, {"chip_name", "coretemp"}}),
            "1");
  EXPECT_EQ(
      world.Node("node_hwmon_sensor_label",
                 {{"chip", "platform_coretemp_0"}, {"label", "Package id 0"}, {"sensor", "temp1"}}),
      "1");
}

TEST_F(HwmonTest, ReadsSlowSensorsAtMostEveryFifteenSeconds) {
  world.Collect();
  Attribute("temp1_input", "46000");
  world.CollectAfter(Duration(14'999));
  EXPECT_EQ(Temperature("node_hwmon_temp_celsius"), "45");
  world.CollectAfter(Duration(1));
  EXPECT_EQ(Temperature("node_hwmon_temp_celsius"), "46");
}

TEST_F(HwmonTest, AChipThatIsGoneEnds) {
  world.Collect();
  world.Remove("sys/class/hwmon/hwmon3");
  world.CollectAfter(Duration(15'000));
  EXPECT_EQ(Temperature("node_hwmon_temp_celsius"), "stale");
}

}  // namespace
}  // namespace tocsin::host
