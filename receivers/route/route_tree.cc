#include "receivers/route/route_tree.h"

#include <algorithm>
#include <utility>

namespace tocsin::receivers {
namespace {

Route MakeRoute(const config::AlertmanagerRoute& settings,
                const std::vector<std::vector<Matcher>>& parents) {
  Route route;
  route.settings = settings;
  route.settings.children.clear();
  route.group_by = settings.group_by;
  std::sort(route.group_by.begin(), route.group_by.end());
  route.path = parents;
  route.path.push_back(settings.matchers);
  for (const config::AlertmanagerRoute& child : settings.children) {
    route.children.push_back(MakeRoute(child, route.path));
  }
  return route;
}

// False where the node does not match.
bool Collect(const Route& route, LabelsView alert, std::vector<const Route*>* taken) {
  if (!MatchesAll(route.settings.matchers, alert)) return false;
  const std::size_t before = taken->size();
  for (const Route& child : route.children) {
    if (Collect(child, alert, taken) && !child.settings.continue_matching) break;
  }
  if (taken->size() == before) taken->push_back(&route);
  return true;
}

}  // namespace

Labels Route::GroupLabels(LabelsView alert) const {
  if (settings.group_by_all) return Labels(alert);
  LabelsBuilder labels;
  for (const Label& label : alert) {
    if (std::binary_search(group_by.begin(), group_by.end(), label.name)) {
      labels.Set(label.name, label.value);
    }
  }
  return labels.Build();
}

RouteTree::RouteTree(const config::AlertmanagerRoute& root) : root_(MakeRoute(root, {})) {}

std::vector<const Route*> RouteTree::Match(LabelsView alert) const {
  std::vector<const Route*> taken;
  Collect(root_, alert, &taken);
  return taken;
}

}  // namespace tocsin::receivers
