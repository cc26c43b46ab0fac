#include "base/sample.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tocsin {

std::string_view MetricTypeName(MetricType type) {
  switch (type) {
    case MetricType::kUnknown:
      return "unknown";
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kGaugeHistogram:
      return "gaugehistogram";
    case MetricType::kSummary:
      return "summary";
    case MetricType::kInfo:
      return "info";
    case MetricType::kStateSet:
      return "stateset";
  }
  return "unknown";
}

std::string_view RefusalName(Refusal refusal) {
  switch (refusal) {
    case Refusal::kOutOfOrder:
      return "out_of_order";
    case Refusal::kDuplicate:
      return "duplicate";
    case Refusal::kTooManySeries:
      return "too_many_series";
    case Refusal::kNameTaken:
      return "name_taken";
  }
  return "unknown";
}

std::uint32_t SpellingOf(std::string_view original_name) {
  const std::uint64_t hash = XXH3_64bits(original_name.data(), original_name.size());
  return static_cast<std::uint32_t>(hash) | 1U;
}

void SampleBatch::AddTail(std::size_t offset, Sample sample, std::uint32_t spelling) {
  const std::string_view bytes = std::string_view(buffer_).substr(offset);
  items_.push_back({static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(bytes.size()),
                    LabelsView::FromBytes(bytes).Hash(), spelling, sample});
}

void SampleBatch::Add(LabelsView labels, Sample sample, std::uint32_t spelling) {
  const std::size_t offset = buffer_.size();
  buffer_.append(labels.bytes());
  AddTail(offset, sample, spelling);
}

void SampleBatch::Add(LabelsBuilder& labels, Sample sample, std::uint32_t spelling) {
  const std::size_t offset = buffer_.size();
  labels.AppendBytesTo(&buffer_);
  AddTail(offset, sample, spelling);
}

void SampleBatch::Clear() {
  buffer_.clear();
  items_.clear();
  metadata_.clear();
}

}  // namespace tocsin
