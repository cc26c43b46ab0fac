#include "receivers/templates/default_templates.h"

#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/template/alertmanager_functions.h"
#include "base/time_zone.h"
#include "receivers/templates/default_texts.h"

namespace tocsin::receivers {
namespace {

std::optional<gotemplate::ZoneAt> FindZone(std::string_view name, std::int64_t unix_seconds) {
  const Result<TimeZone> zone = TimeZone::Find(name);
  if (!zone) return std::nullopt;
  constexpr std::int64_t kMost = std::int64_t{1} << 40U;  // some 35,000 years: milliseconds fit
  if (unix_seconds < -kMost || unix_seconds > kMost) return std::nullopt;
  const Timestamp t{std::chrono::seconds(unix_seconds)};
  return gotemplate::ZoneAt{static_cast<int>(zone->OffsetAt(t).count()), zone->AbbreviationAt(t)};
}

// It is in the set so that texts that call it can be parsed; each message brings its own.
gotemplate::Function NoRouteLabels() {
  return {1, 1, [](const gotemplate::Values&, gotemplate::Budget&) -> Result<gotemplate::Value> {
            return Error{"there is no route here"};
          }};
}

}  // namespace

gotemplate::TemplateSet MakeDefaultTemplates(const Clock& clock) {
  gotemplate::FunctionMap functions =
      gotemplate::AlertmanagerFunctions({[&clock] { return clock.Now(); }, FindZone});
  functions.emplace("routeLabels", NoRouteLabels());
  gotemplate::TemplateSet templates(std::move(functions));
  for (const auto& [name, text] :
       {std::pair("default texts", kDefaultTexts), std::pair("default mail", kDefaultMail)}) {
    const Status added = templates.Add(name, std::string(text));
    CHECK(added.ok());
  }
  return templates;
}

}  // namespace tocsin::receivers
