// /sys/class/hwmon: temperatures.
//
// A sensor may sit on a slow bus, so that reading it takes milliseconds. Sensors are therefore read
// at most every 15 s, and what they said is told again in the rounds between.
#include <chrono>
#include <climits>
#include <cstdlib>
#include <optional>
#include <vector>

#include "base/text.h"
#include "exporter/host/field_families.h"
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

constexpr std::chrono::seconds kReadingAge{15};
constexpr double kDegreesPerUnit = 0.001;

// Lower case; other characters than letters, digits, `:` and `_` become `_`; none at the ends.
std::string CleanName(std::string_view text) {
  std::string name = ToLowerAscii(text);
  for (char& c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':';
    if (!good) c = '_';
  }
  const std::size_t begin = name.find_first_not_of('_');
  if (begin == std::string::npos) return "";
  return name.substr(begin, name.find_last_not_of('_') - begin + 1);
}

// Without links; empty where there is no such path.
std::string RealPath(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) != nullptr ? std::string(resolved) : std::string();
}

// hwmon3 is another chip after the next boot, so chips are named by the place of their device, as
// node_exporter names them: .../platform/coretemp.0 is platform_coretemp_0. Chips without a device
// have only the name that their driver gave them.
std::string ChipName(const std::string& folder, std::string_view driver_name) {
  const std::string device = RealPath(JoinPath(folder, "device"));
  const std::vector<std::string_view> parts = Split(device, '/');
  if (parts.size() >= 2) {
    return CleanName(parts[parts.size() - 2]) + "_" + CleanName(parts.back());
  }
  return driver_name.empty() ? std::string() : CleanName(driver_name);
}

std::unique_ptr<const Family> MakeTemperatureFamily(std::string_view element) {
  const std::string middle = element == "input" ? "" : "_" + std::string(element);
  return std::make_unique<const Family>(MapMetricName("node_hwmon_temp" + middle + "_celsius"),
                                        MetricType::kGauge,
                                        "Temperature sensor: " + std::string(element) + ".",
                                        std::initializer_list<std::string_view>{"chip", "sensor"});
}

// What one file said.
struct Reading {
  const Family* family = nullptr;
  std::vector<std::string> labels;
  double value = 0;
};

class HwmonSource final : public Source {
 public:
  explicit HwmonSource(const HostPaths& paths) : chips_(JoinPath(paths.sysfs, "class/hwmon")) {}

  std::string_view name() const override { return "hwmon"; }

  Status Collect(Round& round) override {
    if (!read_at_ || round.monotonic - *read_at_ >= kReadingAge) {
      if (Status status = ReadAll(); !status) return status;
      read_at_ = round.monotonic;
    }
    for (const Reading& reading : readings_) {
      const std::vector<std::string_view> labels(reading.labels.begin(), reading.labels.end());
      round.emit.Add(*reading.family, labels, reading.value);
    }
    return Status();
  }

 private:
  Status ReadAll() {
    readings_.clear();
    Status status;
    const Result<bool> listed = chips_.ForEach([&](const char* hwmon) {
      const Status chip = ReadChip(JoinPath(chips_.path(), hwmon));
      if (!chip) status = chip;
    });
    return listed ? status : Status(listed.error());
  }

  Status ReadChip(const std::string& folder) {
    AttributeFolder attributes(folder);
    if (!attributes.exists()) return Status();  // gone by now
    const std::string driver_name(attributes.Text("name").value_or(""));
    const std::string chip = ChipName(folder, driver_name);
    if (chip.empty()) return Status();
    if (!driver_name.empty()) readings_.push_back({&chip_names_, {chip, driver_name}, 1});
    FolderLister files(folder);
    const Result<bool> listed =
        files.ForEach([&](const char* file) { ReadSensor(file, chip, attributes); });
    return listed ? Status() : Status(listed.error());
  }

  void ReadSensor(const char* file, const std::string& chip, AttributeFolder& attributes) {
    const std::optional<SensorFile> parsed = ParseSensorFile(file);
    if (!parsed || parsed->kind != "temp") return;
    const std::string sensor(parsed->sensor);
    if (parsed->element == "label") {
      const std::string label(attributes.Text(file).value_or(""));
      if (!label.empty()) readings_.push_back({&sensor_labels_, {chip, label, sensor}, 1});
      return;
    }
    // Flags and settings are no temperatures; but crit_alarm is served as one by node_exporter,
    // divided by a thousand like the others, and dashboards know it so.
    if (parsed->element == "type" || parsed->element == "alarm" || parsed->element == "fault" ||
        parsed->element == "beep") {
      return;
    }
    const std::optional<double> value = attributes.Number(file);
    if (!value) return;
    const Family* family = temperatures_.Find(parsed->element);
    readings_.push_back({family, {chip, sensor}, *value * kDegreesPerUnit});
  }

  FolderLister chips_;
  std::optional<std::chrono::nanoseconds> read_at_;
  std::vector<Reading> readings_;
  FieldFamilies temperatures_{MakeTemperatureFamily};

  const Family chip_names_{"node_hwmon_chip_names",
                           MetricType::kGauge,
                           "What the driver calls each chip; always 1.",
                           {"chip", "chip_name"}};
  const Family sensor_labels_{"node_hwmon_sensor_label",
                              MetricType::kGauge,
                              "What the driver calls each sensor; always 1.",
                              {"chip", "label", "sensor"}};
};

}  // namespace

std::unique_ptr<Source> MakeHwmonSource(const HostPaths& paths) {
  return std::make_unique<HwmonSource>(paths);
}

}  // namespace tocsin::host
