// A small host for tests: /proc, /sys and / in a temporary folder, written by the test, and a
// collector over some of the sources that read them.
#pragma once

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "exporter/host/collector.h"
#include "exporter/host/sources.h"
#include "tests/support/fake_clock.h"
#include "tests/support/null_log.h"
#include "tests/support/recording_sample_sink.h"
#include "tests/support/temp_dir.h"

namespace tocsin::host {

class HostWorld {
 public:
  using LabelList = std::initializer_list<Label>;

  HostPaths paths() const { return {Path("proc"), Path("sys"), Path("root")}; }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  // Below the folder: "proc/stat". An existing file keeps its identity, as kernel files do.
  void Write(const std::string& name, std::string_view text) {
    const std::filesystem::path path = Path(name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  void MakeFolder(const std::string& name) { std::filesystem::create_directories(Path(name)); }
  void Remove(const std::string& name) { std::filesystem::remove_all(Path(name)); }

  void Use(std::unique_ptr<Source> source) {
    std::vector<std::unique_ptr<Source>> sources;
    sources.push_back(std::move(source));
    Use(std::move(sources));
  }
  void Use(std::vector<std::unique_ptr<Source>> sources) {
    collector_.emplace(std::move(sources), Identity{"node", "web-1:9095", "web-1"}, sink, clock,
                       Logger(log, "host"), metrics);
  }

  HostCollector& collector() { return *collector_; }
  void Collect() { collector_->Collect(clock.Now()); }
  void CollectAfter(Duration span) {
    clock.Advance(span);
    Collect();
  }

  // The newest value of a node_* series; "stale" where it ended, nothing where there never was one.
  std::optional<std::string> Node(std::string_view name, LabelList labels = {}) const {
    return Newest(name, labels, "");
  }
  // The same of a series of a dotted name, which carries the host too.
  std::optional<std::string> System(std::string_view name, LabelList labels = {}) const {
    return Newest(name, labels, "web-1");
  }
  std::optional<std::string> Success(std::string_view collector) const {
    return Node("node_scrape_collector_success", {{"collector", collector}});
  }
  MetricType TypeOf(const std::string& family) const {
    return sink.Metadata(family).value_or(FamilyMetadata()).type;
  }
  // Living series of this name.
  std::size_t Count(std::string_view name) const {
    std::size_t count = 0;
    for (const std::string& series : sink.Living()) {
      count += series.substr(0, series.find('{')) == name ? 1 : 0;
    }
    return count;
  }

  testing::FakeClock clock;
  testing::RecordingSampleSink sink;
  testing::RecordingLogSink log;
  MetricRegistry metrics;

 private:
  std::optional<std::string> Newest(std::string_view name, LabelList labels,
                                    std::string_view host) const {
    LabelsBuilder builder;
    builder.Set(kMetricNameLabel, name).Set("job", "node").Set("instance", "web-1:9095");
    builder.Set("host", host);
    for (const Label& label : labels) builder.Set(label.name, label.value);
    return sink.Newest(builder.Build().ToString());
  }

  testing::TempDir folder_;
  std::optional<HostCollector> collector_;
};

}  // namespace tocsin::host
