// Any bytes as the body of a submitted metric and of a batch: good items become sound samples, the
// others faults, and the fast reader and the exact scanner agree on what is JSON.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "exporter/intake/json_metrics_reader.h"
#include "exporter/intake/json_syntax.h"

namespace tocsin::intake {
namespace {

using Outcome = JsonMetricsReader::Outcome;

const Timestamp kNow = FromUnixMillis(1'700'000'000'000);

// Small, so that a fuzzer finds what lies beyond them.
JsonMetricsLimits Limits() {
  JsonMetricsLimits limits;
  limits.batch_items = 8;
  limits.name_characters = 16;
  limits.labels = 4;
  limits.label_name_bytes = 16;
  limits.label_value_bytes = 32;
  return limits;
}

void CheckSample(const JsonMetricsReader& reader, std::size_t at) {
  const SampleBatch& batch = reader.samples();
  const SampleBatch::Item& item = batch.items()[at];
  const LabelsView labels = batch.labels(item);
  CHECK(IsLegacyMetricName(labels.metric_name()));
  for (const Label& label : labels) {
    CHECK(IsLegacyLabelName(label.name) && IsValidUtf8(label.value));
    CHECK(label.name == kMetricNameLabel || !label.name.starts_with("__"));
  }
  CHECK(std::isfinite(item.sample.value));
  CHECK(item.sample.timestamp >= kNow - Limits().past);
  CHECK(item.sample.timestamp <= kNow + Limits().future);
  const JsonMetricsReader::Source& source = reader.sources()[at];
  CHECK(source.item < reader.items());
  CHECK(source.spelling.empty() || MapMetricName(source.spelling) == labels.metric_name());
}

void CheckResult(JsonMetricsReader& reader, Outcome outcome, const std::string& body) {
  CHECK(reader.samples().size() == reader.sources().size());
  const std::string faults = reader.faults().ToMembers("detail");
  CHECK(!FindJsonSyntaxError("{" + faults + "}"));
  if (outcome == Outcome::kRead) {
    CHECK(!FindJsonSyntaxError(body));
    CHECK(reader.faults().empty() == (reader.samples().size() == reader.items()));
    for (std::size_t i = 0; i < reader.samples().size(); ++i) CheckSample(reader, i);
    return;
  }
  CHECK(reader.samples().empty());
  CHECK(reader.faults().count() == (outcome == Outcome::kMalformed ? 1 : 0));
  CHECK(faults.find("\"Unreadable") == std::string::npos);
}

void Run(JsonMetricsReader& reader, const std::string& body) {
  CheckResult(reader, reader.ReadOne(body, Limits(), kNow), body);
  CheckResult(reader, reader.ReadBatch(body, Limits(), kNow), body);
}

}  // namespace
}  // namespace tocsin::intake

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tocsin::intake::JsonMetricsReader reader;  // as in a worker: from request to request
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // Without spare capacity the text is copied, with it it is read in place.
  std::string body(bytes);
  body.shrink_to_fit();
  tocsin::intake::Run(reader, body);
  body.reserve(size + simdjson::SIMDJSON_PADDING);
  tocsin::intake::Run(reader, body);
  return 0;
}
