// Samples on their way from an intake to the series store: the first border of the pipeline.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/time.h"

namespace tocsin {

struct Sample {
  Timestamp timestamp;
  double value = 0;
};

// Who brought a series. /metrics shows those of our own collectors, pushes and JSON submissions.
enum class Origin : std::uint8_t { kHost, kPush, kJson, kScrape, kSelf };

enum class MetricType : std::uint8_t {
  kUnknown,
  kCounter,
  kGauge,
  kHistogram,
  kGaugeHistogram,
  kSummary,
  kInfo,
  kStateSet,
};
// The word of the exposition formats: "counter", "gauge", ...; "unknown" (text 0.0.4: "untyped").
std::string_view MetricTypeName(MetricType type);

// What is known about all series of one family name.
struct FamilyMetadata {
  std::string name;  // the stored (mapped) family name
  MetricType type = MetricType::kUnknown;
  std::string help;
  std::string unit;
  std::string original_name;  // the dotted spelling, where the sender used one; else empty
};

// Tells the dotted spellings apart that map to one stored name ("a.b" and "a-b" are both a_b): a
// hash of the original, never 0. A series belongs to the spelling that made it.
std::uint32_t SpellingOf(std::string_view original_name);

// What to do when a series already holds a sample with this very timestamp but another value.
enum class SameTime : std::uint8_t {
  kReplace,  // stamped on arrival: two posts within one millisecond; the later is the truth
  kRefuse,   // stamped by the sender: a contradiction
};

// A batch of samples of one origin. Label sets lie in one buffer, so that filling a batch does not
// allocate per sample. A value for one thread; Clear() keeps the memory.
class SampleBatch {
 public:
  struct Item {
    std::uint32_t offset = 0;  // of the label bytes in the buffer
    std::uint32_t length = 0;
    std::uint64_t hash = 0;      // LabelsView::Hash()
    std::uint32_t spelling = 0;  // see SpellingOf
    Sample sample;
  };

  explicit SampleBatch(Origin origin, SameTime same_time = SameTime::kReplace)
      : origin_(origin), same_time_(same_time) {}

  // Labels hold __name__. Other NaNs than the stale marker must have been normalised. `spelling` is
  // SpellingOf the name that was mapped to __name__, 0 where nothing was mapped.
  void Add(LabelsView labels, Sample sample, std::uint32_t spelling = 0);
  // The same, sparing the copy into a Labels.
  void Add(LabelsBuilder& labels, Sample sample, std::uint32_t spelling = 0);
  void AddMetadata(FamilyMetadata metadata) { metadata_.push_back(std::move(metadata)); }
  void Clear();

  Origin origin() const { return origin_; }
  SameTime same_time() const { return same_time_; }
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  const std::vector<Item>& items() const { return items_; }
  LabelsView labels(const Item& item) const {
    return LabelsView::FromBytes(std::string_view(buffer_).substr(item.offset, item.length));
  }
  const std::vector<FamilyMetadata>& metadata() const { return metadata_; }

 private:
  void AddTail(std::size_t offset, Sample sample, std::uint32_t spelling);

  Origin origin_;
  SameTime same_time_;
  std::string buffer_;
  std::vector<Item> items_;
  std::vector<FamilyMetadata> metadata_;
};

enum class Refusal : std::uint8_t {
  kOutOfOrder,     // older than the newest of its series: not stored, not evaluated
  kDuplicate,      // SameTime::kRefuse and another value at that time
  kTooManySeries,  // a new series beyond the store's cap; known series go on
  kNameTaken,      // another dotted spelling already stands for this stored name and label set
};
std::string_view RefusalName(Refusal refusal);

struct AppendReport {
  struct Refused {
    std::uint32_t index = 0;  // into batch.items()
    Refusal why = Refusal::kOutOfOrder;
    // Of kNameTaken: the name as its owner spells it; empty where that is not known (any more).
    std::string taken_by = {};
  };
  std::size_t accepted = 0;
  std::size_t new_series = 0;
  std::vector<Refused> refused;  // in batch order
};

// Takes samples and evaluates what looks at them before it returns: alerts stand as the samples
// say. Any thread may call; waits only for the rule engine (never for a disk or a notification).
class SampleSink {
 public:
  virtual ~SampleSink() = default;
  virtual AppendReport Append(const SampleBatch& batch, Timestamp now) = 0;
};

}  // namespace tocsin
