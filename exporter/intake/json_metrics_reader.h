// Reads the bodies of POST /metrics and /metrics/batch: JSON in, a batch of samples and a list of
// faults out. A body that is no JSON, anywhere, yields nothing but that fault.
//
// One thread's, reused from request to request: it keeps the parser's and the batch's memory.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sample.h"
#include "base/time.h"
#include "exporter/intake/json_faults.h"

namespace tocsin::intake {

struct JsonMetricsLimits {
  std::size_t single_bytes = 1 << 20;
  std::size_t batch_bytes = 16 << 20;
  std::size_t batch_items = 10'000;
  std::size_t name_characters = 255;
  std::size_t labels = 64;
  std::size_t label_name_bytes = 1024;
  std::size_t label_value_bytes = 16 * 1024;
  // Timestamps from so long ago to so far ahead are taken.
  Duration past{std::chrono::hours(1)};
  Duration future{std::chrono::minutes(5)};
};

class JsonMetricsReader {
 public:
  enum class Outcome : std::uint8_t {
    kRead,          // samples and faults tell what was in it
    kMalformed,     // no JSON, or another kind of value than expected: no sample, one fault
    kTooManyItems,  // a batch beyond the limit: no sample, no fault
  };

  // Replaces what was read before. `body` stays where it is as long as the results are used; with
  // SIMDJSON_PADDING spare capacity it is not copied.
  Outcome ReadOne(const std::string& body, const JsonMetricsLimits& limits, Timestamp now);
  Outcome ReadBatch(const std::string& body, const JsonMetricsLimits& limits, Timestamp now);

  // One for each good item, in their order.
  const SampleBatch& samples() const { return samples_; }
  struct Source {
    std::uint32_t item = 0;     // of the body, from 0
    std::string_view spelling;  // the metric_name as it came, where it had to be mapped; else empty
  };
  const std::vector<Source>& sources() const { return sources_; }  // of each sample
  JsonFaults& faults() { return faults_; }
  std::size_t items() const { return items_; }

  // Gives back what an unusually large body made it take.
  void ReleaseLargeBuffers();

 private:
  using Value = simdjson::ondemand::value;
  using Object = simdjson::ondemand::object;

  // What one item has said so far.
  struct Item {
    std::optional<std::uint32_t> place;  // in a batch
    std::string_view name;
    double value = 0;
    Timestamp timestamp;
    bool has_name = false;  // the field was there, good or not
    bool has_value = false;
    bool has_timestamp = false;
    bool has_metadata = false;
  };
  struct LabelText {
    std::string name;           // mapped
    std::string_view original;  // as it came
    std::string_view value;
  };

  void Begin(const JsonMetricsLimits& limits, Timestamp now);
  void Forget();
  // False where the body is no JSON as far as its beginning and its structure show.
  bool Open(const std::string& body, simdjson::ondemand::document* document);
  Outcome Malformed(const std::string& body);
  // Of a body that begins with another kind of value than it should.
  Outcome NotA(const std::string& body, const char* message, const char* type);

  // These return false where the text turns out to be no JSON; what is wrong with good JSON they
  // add to the faults.
  bool ReadElement(Value value);
  bool ReadItem(Object object, Item item);
  bool ReadField(std::string_view key, Value value, Item* item);
  bool ReadName(Value value, Item* item);
  bool ReadValue(Value value, Item* item);
  bool ReadTimestamp(Value value, Item* item);
  bool ReadMetadata(Value value, const Item& item);
  bool ReadLabel(std::string_view key, Value value, const Item& item);
  // Reads a value that nobody wants. `depth` containers are open around it.
  bool Skip(Value value, std::size_t depth);

  void CheckName(std::string_view name, Item* item);
  void TakeTime(double millis, Item* item);
  void AddLabel(std::string_view key, std::string_view text, const Item& item);
  void AddSample(const Item& item);

  simdjson::ondemand::parser parser_;
  simdjson::padded_string copy_;  // of a body without padding

  JsonMetricsLimits limits_;
  Timestamp now_;
  SampleBatch samples_{Origin::kJson};
  std::vector<Source> sources_;
  JsonFaults faults_;
  std::size_t items_ = 0;

  std::vector<LabelText> labels_;  // of the item being read; the first label_count_ are in use
  std::size_t label_count_ = 0;
  LabelsBuilder builder_;
};

}  // namespace tocsin::intake
