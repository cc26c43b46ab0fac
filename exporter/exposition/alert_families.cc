#include "exporter/exposition/alert_families.h"

#include <algorithm>
#include <utility>

namespace tocsin::exposition {
namespace {

constexpr const char* kAlertsName = "ALERTS";
constexpr const char* kLeftOutName = "tocsin_exposition_alerts_left_out";

bool IsShownBefore(const AlertPtr& a, const AlertPtr& b) {
  const bool a_waits = a->state == AlertState::kPending;
  const bool b_waits = b->state == AlertState::kPending;
  if (a_waits != b_waits) return b_waits;
  if (a->pending_since != b->pending_since) return a->pending_since < b->pending_since;
  return a->id < b->id;
}

// Returns how many went.
std::size_t LeaveOutBeyond(std::size_t most, std::vector<AlertPtr>* alerts) {
  if (alerts->size() <= most) return 0;
  const std::size_t left_out = alerts->size() - most;
  std::nth_element(alerts->begin(), alerts->begin() + static_cast<std::ptrdiff_t>(most),
                   alerts->end(), IsShownBefore);
  alerts->resize(most);
  return left_out;
}

Family GaugeNamed(const char* name, const char* help) {
  Family family;
  family.metadata.name = name;
  family.metadata.type = MetricType::kGauge;
  family.metadata.help = help;
  return family;
}

// Rules may share a name, so that their alerts are one series.
void MakeUnique(std::vector<Point>* points) {
  std::sort(points->begin(), points->end(),
            [](const Point& a, const Point& b) { return a.labels < b.labels; });
  points->erase(std::unique(points->begin(), points->end(),
                            [](const Point& a, const Point& b) { return a.labels == b.labels; }),
                points->end());
}

}  // namespace

std::vector<Family> AlertFamilies(std::vector<AlertPtr> alerts, std::size_t most) {
  const std::size_t left_out = LeaveOutBeyond(most, &alerts);
  Family shown = GaugeNamed(kAlertsName, "Alerts of threshold rules that are pending or firing.");
  shown.points.reserve(alerts.size());
  for (const AlertPtr& alert : alerts) {
    Point point;
    point.name = kAlertsName;
    point.labels =
        LabelsBuilder(alert->labels)
            .Set("alertstate", alert->state == AlertState::kPending ? "pending" : "firing")
            .Build();
    point.value = 1;
    shown.points.push_back(std::move(point));
  }
  MakeUnique(&shown.points);
  Family beyond = GaugeNamed(kLeftOutName, "Alerts that ALERTS does not show: there are too many.");
  beyond.points.emplace_back();
  beyond.points.back().name = kLeftOutName;
  beyond.points.back().value = static_cast<double>(left_out);
  std::vector<Family> families;
  families.push_back(std::move(shown));
  families.push_back(std::move(beyond));
  return families;
}

}  // namespace tocsin::exposition
