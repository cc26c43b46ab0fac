#include "exporter/scrape/sample_labels.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>

#include "base/number.h"

namespace tocsin::scrape {
namespace {

bool Exposes(const std::vector<Label>& scraped, std::string_view name) {
  return std::any_of(scraped.begin(), scraped.end(),
                     [&](const Label& label) { return label.name == name; });
}

// REQUIRES: the target's labels are in `out` already.
void KeepAsExported(std::string_view name, std::string_view value, LabelsBuilder* out) {
  std::string exported(name);
  do {
    exported.insert(0, "exported_");
  } while (!out->Get(exported).empty());
  out->Set(exported, value);
}

}  // namespace

void MergeLabels(std::string_view metric_name, const std::vector<Label>& scraped, LabelsView target,
                 bool honor_labels, LabelsBuilder* out) {
  out->Clear();
  for (const Label& label : scraped) out->Set(label.name, label.value);
  std::vector<Label> conflicts;
  for (const Label& label : target) {
    if (honor_labels && Exposes(scraped, label.name)) continue;
    const auto own = std::find_if(scraped.begin(), scraped.end(),
                                  [&](const Label& l) { return l.name == label.name; });
    if (own != scraped.end() && !own->value.empty()) conflicts.push_back(*own);
    out->Set(label.name, label.value);
  }
  // Short names first: `a` takes exported_a before the prefix of a scraped exported_a is repeated.
  std::stable_sort(conflicts.begin(), conflicts.end(),
                   [](const Label& a, const Label& b) { return a.name.size() < b.name.size(); });
  for (const Label& label : conflicts) KeepAsExported(label.name, label.value, out);
  out->Set(kMetricNameLabel, metric_name);
}

// As Go's clients print it: the shortest digits that read back equal, in decimal form for exponents
// from -4 to 5 (https://pkg.go.dev/strconv#FormatFloat, format 'g'), whole numbers with ".0".
std::string NormaliseFloatLabel(std::string_view value) {
  const std::optional<double> number = ParseFloat(value);
  if (!number) return std::string(value);
  if (!std::isfinite(*number)) return FormatFloat(*number);
  if (*number == 0) return "0.0";  // -0 too
  char buffer[32];
  const auto end = std::to_chars(buffer, std::end(buffer), *number, std::chars_format::scientific);
  const std::string_view scientific(buffer, static_cast<std::size_t>(end.ptr - buffer));
  std::string_view exponent = scientific.substr(scientific.find('e') + 1);
  if (exponent.front() == '+') exponent.remove_prefix(1);
  const std::int64_t power = ParseInt(exponent).value_or(0);
  if (power < -4 || power > 5) return std::string(scientific);
  char plain[32];
  const auto plain_end = std::to_chars(plain, std::end(plain), *number, std::chars_format::fixed);
  std::string text(plain, plain_end.ptr);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

}  // namespace tocsin::scrape
