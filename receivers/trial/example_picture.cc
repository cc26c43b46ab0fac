#include "receivers/trial/example_picture.h"

#include <chrono>
#include <cmath>

#include "base/chart.h"

namespace tocsin::receivers {
namespace {

// Goes up and down below its threshold, and beyond it in the last minutes.
double ExampleValue(double minute) {
  const double wave = 45 + 12 * std::sin(minute / 7) + 4 * std::sin(minute * 1.9);
  return wave + (minute > 48 ? 4.5 * (minute - 48) : 0);
}

}  // namespace

Result<std::string> DrawExamplePicture(const Alert& alert, Timestamp now) {
  const Result<CairoLibrary> cairo = CairoLibrary::Load();
  if (!cairo) return cairo.error();
  ChartSpec spec;
  spec.title = alert.rule->name;
  spec.subtitle = "an example";
  spec.from = now - std::chrono::hours(1);
  spec.to = now;
  spec.threshold = 80;
  spec.severity = alert.rule->severity;
  constexpr int kSamples = 240;
  for (int i = 1; i <= kSamples; ++i) {
    spec.samples.push_back({spec.from + i * std::chrono::seconds(15), ExampleValue(i / 4.0)});
  }
  return DrawChart(*cairo, spec);
}

}  // namespace tocsin::receivers
