#include "exporter/host/emitter.h"

#include <utility>

#include "base/check.h"
#include "base/number.h"
#include "base/text.h"

namespace tocsin::host {
namespace {

void AppendBytes(const void* data, std::size_t size, std::string* out) {
  out->append(static_cast<const char*>(data), size);
}

// Address and lengths are written as they lie in memory: a key never leaves the process.
void MakeKey(const Family& family, std::span<const std::string_view> values, std::string* key) {
  const auto address = reinterpret_cast<std::uintptr_t>(&family);
  key->clear();
  AppendBytes(&address, sizeof(address), key);
  for (std::string_view value : values) {
    const std::size_t length = value.size();
    AppendBytes(&length, sizeof(length), key);
    key->append(value);
  }
}

// Names of mounts, devices and interfaces are bytes to the kernel, but labels are text: what is not
// ASCII in an invalid name is replaced.
std::string ToLabelText(std::string_view value) {
  std::string text;
  const bool valid = IsValidUtf8(value);
  for (char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0 || (byte >= 0x80 && !valid)) {
      text += "\xEF\xBF\xBD";  // U+FFFD
    } else {
      text.push_back(c);
    }
  }
  return text;
}

}  // namespace

Family::Family(std::string_view name, std::string_view original_name, MetricType type,
               std::string_view help, std::initializer_list<std::string_view> label_names)
    : label_names_(label_names.begin(), label_names.end()),
      spelling_(original_name.empty() ? 0 : SpellingOf(original_name)) {
  metadata_.name = name;
  metadata_.type = type;
  metadata_.help = help;
  metadata_.original_name = original_name;
}

Emitter::Emitter(Identity identity) : identity_(std::move(identity)) {}

void Emitter::Begin(Timestamp now) {
  batch_.Clear();
  now_ = now;
  ++round_;
  emitted_ = 0;
}

void Emitter::Add(const Family& family, std::span<const std::string_view> label_values,
                  double value) {
  CHECK(label_values.size() == family.label_names().size());
  MakeKey(family, label_values, &key_);
  auto found = series_.find(std::string_view(key_));
  Series& series = found != series_.end() ? found->second : Create(family, label_values);
  if (series.round == round_) return;
  series.round = round_;
  ++emitted_;
  batch_.Add(series.labels, {now_, NormaliseNan(value)}, family.spelling());
}

Emitter::Series& Emitter::Create(const Family& family,
                                 std::span<const std::string_view> label_values) {
  if (living_[&family]++ == 0) batch_.AddMetadata(family.metadata());
  Series& series = series_[key_];
  series.family = &family;
  series.labels = BuildLabels(family, label_values);
  return series;
}

Labels Emitter::BuildLabels(const Family& family, std::span<const std::string_view> label_values) {
  builder_.Clear();
  builder_.Set(kMetricNameLabel, family.metadata().name);
  for (std::size_t i = 0; i < label_values.size(); ++i) {
    builder_.Set(family.label_names()[i], ToLabelText(label_values[i]));
  }
  builder_.Set("job", identity_.job).Set("instance", identity_.instance);
  if (family.dotted()) builder_.Set("host", identity_.host);
  return builder_.Build();
}

const SampleBatch& Emitter::Finish() {
  if (emitted_ == series_.size()) return batch_;  // the usual round: nothing is missing
  for (auto it = series_.begin(); it != series_.end();) {
    const Series& series = it->second;
    if (series.round == round_) {
      ++it;
      continue;
    }
    batch_.Add(series.labels, {now_, StaleNan()}, series.family->spelling());
    --living_[series.family];
    it = series_.erase(it);
  }
  return batch_;
}

}  // namespace tocsin::host
