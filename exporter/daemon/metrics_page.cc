#include "exporter/daemon/metrics_page.h"

#include <array>
#include <utility>

#include "exporter/exposition/alert_families.h"
#include "exporter/exposition/page.h"
#include "exporter/exposition/registry_families.h"
#include "exporter/exposition/series_families.h"

namespace tocsin::daemon {

http::Route MetricsRoute(MetricsPage page) {
  auto& dropped_family =
      CounterFamily(page.metrics, "tocsin_exposition_samples_dropped_total",
                    "Samples left out of /metrics because another source contradicts them.");
  std::array<prometheus::Counter*, 2> dropped{};
  for (const exposition::Dropped why :
       {exposition::Dropped::kTypeConflict, exposition::Dropped::kDuplicate}) {
    dropped.at(static_cast<std::size_t>(why)) =
        &dropped_family.Add({{"reason", std::string(exposition::DroppedName(why))}});
  }

  std::vector<exposition::FamilySource> sources;
  for (const prometheus::Collectable* own : page.own) {
    sources.emplace_back([own] { return exposition::CollectFamilies(*own); });
  }
  sources.emplace_back([alerts = std::move(page.alerts)] {
    return exposition::AlertFamilies(alerts(), exposition::kMostShownAlerts);
  });
  sources.emplace_back([&pushed = page.pushed] { return pushed.Families(); });
  sources.emplace_back(
      [&series = page.series, &clock = page.clock, staleness = std::move(page.staleness)] {
        return exposition::LatestFamilies(series, clock.Now() - staleness());
      });

  http::Route route;
  route.method = "GET";
  route.pattern = "/metrics";
  route.handler = [sources = std::move(sources), dropped](const http::Request& request) {
    return exposition::RenderPage(
        sources, request, [&dropped](exposition::Dropped why, std::size_t samples) {
          dropped.at(static_cast<std::size_t>(why))->Increment(static_cast<double>(samples));
        });
  };
  return route;
}

}  // namespace tocsin::daemon
