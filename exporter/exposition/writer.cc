#include "exporter/exposition/writer.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "base/number.h"
#include "exporter/exposition/arrange.h"
#include "exporter/exposition/openmetrics_model.h"

namespace tocsin::exposition {
namespace {

constexpr std::string_view kInstance = "instance";

void AppendEscaped(std::string_view text, bool quotes, std::string* out) {
  const std::string_view special = quotes ? "\\\n\"" : "\\\n";
  while (true) {
    const std::size_t at = text.find_first_of(special);
    out->append(text.substr(0, at));
    if (at == std::string_view::npos) return;
    out->push_back('\\');
    out->push_back(text[at] == '\n' ? 'n' : text[at]);
    text.remove_prefix(at + 1);
  }
}

// The float of `le` and `quantile` in its one canonical spelling, as Go prints it with %g and a
// fraction added where there is none: 1.0, 0.25, 1e+06.
// https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md#considerations-canonical-numbers
std::string CanonicalFloat(double v) {
  if (std::isnan(v) || std::isinf(v)) return FormatFloat(v);
  std::array<char, 32> buffer{};
  char* const first = buffer.data();
  char* const last = first + buffer.size();
  std::string out(first, std::to_chars(first, last, v, std::chars_format::scientific).ptr);
  const int exponent = std::atoi(out.c_str() + out.find('e') + 1);
  if (exponent < -4 || exponent >= 6) return out;
  out.assign(first, std::to_chars(first, last, v, std::chars_format::fixed).ptr);
  if (out.find('.') == std::string::npos) out += ".0";
  return out;
}

void AppendLabel(std::string_view name, std::string_view value, std::string* out) {
  if (out->back() != '{') out->push_back(',');
  out->append(name);
  out->append("=\"");
  AppendEscaped(value, true, out);
  out->push_back('"');
}

// `canonical` names the label whose float is rewritten, if any.
void AppendSeries(const Point& point, std::string_view canonical, std::string* out) {
  out->append(point.name);
  bool empty_instance = point.show_empty_instance && !point.labels.Has(kInstance);
  if (point.labels.empty() && !empty_instance) return;
  out->push_back('{');
  for (const Label& label : point.labels) {
    if (empty_instance && label.name > kInstance) {
      AppendLabel(kInstance, "", out);
      empty_instance = false;
    }
    std::optional<double> number;
    if (label.name == canonical) number = ParseFloat(label.value);
    if (number) {
      AppendLabel(label.name, CanonicalFloat(*number), out);
    } else {
      AppendLabel(label.name, label.value, out);
    }
  }
  if (empty_instance) AppendLabel(kInstance, "", out);
  out->push_back('}');
}

// Text 0.0.4 has no word for the newer types: they are written as what their points look like.
std::string_view TextType(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
    case MetricType::kGauge:
    case MetricType::kHistogram:
    case MetricType::kSummary:
      return MetricTypeName(type);
    case MetricType::kInfo:
    case MetricType::kStateSet:
      return "gauge";
    case MetricType::kUnknown:
    case MetricType::kGaugeHistogram:
      return "untyped";
  }
  return "untyped";
}

void AppendComment(std::string_view keyword, std::string_view family, std::string* out) {
  out->append("# ").append(keyword).append(" ").append(family).append(" ");
}

void AppendOpenMetricsFamily(const Family& family, std::string* out) {
  const FamilyMetadata& metadata = family.metadata;
  AppendComment("TYPE", metadata.name, out);
  out->append(MetricTypeName(metadata.type)).push_back('\n');
  if (!metadata.unit.empty() && metadata.name.ends_with("_" + metadata.unit)) {
    AppendComment("UNIT", metadata.name, out);
    out->append(metadata.unit).push_back('\n');
  }
  if (!metadata.help.empty()) {
    AppendComment("HELP", metadata.name, out);
    AppendEscaped(metadata.help, true, out);
    out->push_back('\n');
  }
  const std::string_view canonical = BoundaryLabel(metadata.type);
  for (const Point& point : family.points) {
    AppendSeries(point, canonical, out);
    out->push_back(' ');
    AppendFloat(point.value, out);
    if (point.timestamp_ms) {
      out->push_back(' ');
      AppendFloat(static_cast<double>(*point.timestamp_ms) / 1000.0, out);
    }
    out->push_back('\n');
  }
}

}  // namespace

void WriteTextFamily(const Family& family, std::string* out) {
  const FamilyMetadata& metadata = family.metadata;
  if (!metadata.help.empty()) {
    AppendComment("HELP", metadata.name, out);
    AppendEscaped(metadata.help, false, out);
    out->push_back('\n');
  }
  AppendComment("TYPE", metadata.name, out);
  out->append(TextType(metadata.type)).push_back('\n');
  for (const Point& point : family.points) {
    AppendSeries(point, {}, out);
    out->push_back(' ');
    AppendFloat(point.value, out);
    if (point.timestamp_ms) fmt::format_to(std::back_inserter(*out), " {}", *point.timestamp_ms);
    out->push_back('\n');
  }
}

void WriteText(const std::vector<Family>& families, std::string* out) {
  for (const Family& family : families) WriteTextFamily(family, out);
}

std::size_t WriteOpenMetrics(std::vector<Family> families, std::string* out) {
  const std::size_t dropped = FitOpenMetrics(&families);
  for (const Family& family : families) AppendOpenMetricsFamily(family, out);
  out->append("# EOF\n");
  return dropped;
}

}  // namespace tocsin::exposition
