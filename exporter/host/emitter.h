// Families and the Emitter: from a value that a source has read to a sample in the round's batch.
//
// A source describes its families once, as members, and then says per round and series: this
// family, these label values, this value. The emitter keeps the finished label set of every series
// it has seen, so that a steady round builds no label set, and knows which series were missing from
// a round, so that they end with a staleness marker. Owned by the HostCollector, used by the thread
// that collects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/labels.h"
#include "base/sample.h"
#include "base/time.h"

namespace tocsin::host {

// What all series of one metric name share. Constant after construction. The emitter tells families
// apart by address: keep one object for each name, and keep it where it is.
class Family {
 public:
  Family(std::string_view name, MetricType type, std::string_view help,
         std::initializer_list<std::string_view> label_names = {})
      : Family(name, "", type, help, label_names) {}
  // Of a seed name with dots ("system.cpu.usage"): stored under its mapped name, and its series
  // carry the label `host` too.
  static Family Dotted(std::string_view name, MetricType type, std::string_view help,
                       std::initializer_list<std::string_view> label_names = {}) {
    return Family(MapMetricName(name), name, type, help, label_names);
  }

  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  const FamilyMetadata& metadata() const { return metadata_; }
  const std::vector<std::string>& label_names() const { return label_names_; }
  bool dotted() const { return spelling_ != 0; }
  std::uint32_t spelling() const { return spelling_; }

 private:
  Family(std::string_view name, std::string_view original_name, MetricType type,
         std::string_view help, std::initializer_list<std::string_view> label_names);

  FamilyMetadata metadata_;
  std::vector<std::string> label_names_;
  std::uint32_t spelling_ = 0;  // 0: not dotted
};

// Labels that every series of the host carries.
struct Identity {
  std::string job;
  std::string instance;
  std::string host;  // on dotted names
};

class Emitter {
 public:
  explicit Emitter(Identity identity);

  void Begin(Timestamp now);
  // One value for each label name of the family. The first value of a series in a round counts:
  // kernel files that list a thing twice (stacked mounts) mean the same thing.
  void Add(const Family& family, double value) {
    Add(family, std::span<const std::string_view>(), value);
  }
  void Add(const Family& family, std::initializer_list<std::string_view> label_values,
           double value) {
    Add(family, std::span(label_values.begin(), label_values.size()), value);
  }
  void Add(const Family& family, std::span<const std::string_view> label_values, double value);
  // Ends the series that this round did not have. The batch is valid until the next Begin.
  const SampleBatch& Finish();

 private:
  struct Series {
    const Family* family = nullptr;
    Labels labels;
    std::uint64_t round = 0;  // the last one that had it
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  Series& Create(const Family& family, std::span<const std::string_view> label_values);
  Labels BuildLabels(const Family& family, std::span<const std::string_view> label_values);

  const Identity identity_;
  SampleBatch batch_{Origin::kHost};
  Timestamp now_;
  std::uint64_t round_ = 0;
  std::size_t emitted_ = 0;  // series of this round
  // By family address and label values, see MakeKey.
  std::unordered_map<std::string, Series, Hash, std::equal_to<>> series_;
  // Living series of each family: its metadata goes out with the first of them.
  std::unordered_map<const Family*, std::size_t> living_;
  std::string key_;
  LabelsBuilder builder_;
};

}  // namespace tocsin::host
