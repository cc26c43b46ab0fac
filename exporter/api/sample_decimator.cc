#include "exporter/api/sample_decimator.h"

#include <cmath>
#include <utility>

#include "base/json_row.h"
#include "base/json_text.h"
#include "base/number.h"

namespace tocsin::api {
namespace {

constexpr std::size_t kSamplesOfMessage = 500;
// A series of which nothing came for so long is forgotten.
constexpr Duration kForgetAfter = std::chrono::minutes(5);

std::string ValueJson(double value) {
  if (IsStaleNan(value)) return "null";
  return std::isfinite(value) ? FormatFloat(value) : JsonString(FormatFloat(value));
}

std::string SampleJson(std::string_view label_bytes, const Sample& sample) {
  return JsonRow(128)
      .LabelMap("labels", LabelsView::FromBytes(label_bytes))
      .Text("timestamp", FormatRfc3339(sample.timestamp))
      .Json("value", ValueJson(sample.value))
      .Finish();
}

}  // namespace

void SampleDecimator::Offer(const Labels& labels, Sample sample) {
  const auto found = series_.find(labels.view().bytes());
  if (found != series_.end()) {
    found->second.waiting = sample;
  } else if (series_.size() < kMostSeries) {
    series_.emplace(labels.view().bytes(), OfSeries{sample, Timestamp()});
  }
}

std::vector<std::string> SampleDecimator::TakeDue(Timestamp now) {
  std::vector<std::string> messages;
  std::size_t in_message = 0;
  for (auto it = series_.begin(); it != series_.end();) {
    OfSeries& of = it->second;
    if (of.waiting && now >= of.due) {
      if (in_message == 0) messages.emplace_back(R"({"type":"samples","samples":[)");
      if (in_message > 0) messages.back().push_back(',');
      messages.back() += SampleJson(it->first, *of.waiting);
      if (++in_message == kSamplesOfMessage) in_message = 0;
      if (in_message == 0) messages.back() += "]}";
      of.waiting.reset();
      of.due = now + interval_;
    }
    it = !of.waiting && now - of.due > kForgetAfter ? series_.erase(it) : std::next(it);
  }
  if (in_message > 0) messages.back() += "]}";
  return messages;
}

}  // namespace tocsin::api
