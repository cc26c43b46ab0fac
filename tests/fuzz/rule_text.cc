// Any bytes as a file of native rules.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/template/braces.h"
#include "base/text.h"
#include "config/loader.h"

namespace {

void CheckRule(const tocsin::ThresholdRule& rule) {
  CHECK(rule.id.size() == 36);
  CHECK(!rule.name.empty() && tocsin::IsValidUtf8(rule.name));
  CHECK(tocsin::IsLegacyMetricName(rule.series_name));
  CHECK(std::isfinite(rule.threshold) && !rule.threshold_text.empty());
  CHECK(rule.duration.count() >= 0 && rule.cooldown.count() >= 0);
  CHECK(!rule.stale_after || rule.stale_after->count() > 0);
  CHECK(tocsin::BracesTemplate::Parse(rule.notification_template).ok());
  CHECK(rule.source_line >= 1);
  for (const tocsin::Matcher& matcher : rule.matchers) {
    CHECK(tocsin::IsLegacyLabelName(matcher.name()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const tocsin::config::LoadedRules loaded = tocsin::config::LoadRuleText("r.yml", text);
  for (const tocsin::config::Diagnostic& diagnostic : loaded.diagnostics.list()) {
    CHECK(!diagnostic.message.empty() && tocsin::IsValidUtf8(diagnostic.message));
    CHECK(diagnostic.message.find('\n') == std::string::npos);
    CHECK((diagnostic.line == 0) == (diagnostic.column == 0));
  }
  std::set<std::string> ids;
  for (const std::shared_ptr<const tocsin::ThresholdRule>& rule : loaded.rules) {
    CheckRule(*rule);
    CHECK(ids.insert(rule->id).second);
  }
  return 0;
}
