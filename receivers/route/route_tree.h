// RouteTree: the routing tree of one configuration. Immutable after construction: any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "config/alertmanager_settings.h"

namespace tocsin::receivers {

// One node of it, or a direct one.
struct Route {
  config::AlertmanagerRoute settings;      // what it inherits is filled in; `children` is empty
  std::vector<std::string> group_by;       // sorted
  std::vector<std::vector<Matcher>> path;  // the matchers of each node from the root to this one
  std::vector<Route> children;
  // No node of the tree: straight to a receiver that a rule names.
  bool direct = false;
  // Of a direct one: each episode of an alert is a group, told whenever it changes.
  bool each_episode = false;

  // The part of an alert's labels that tells its group; labels it lacks are left out.
  Labels GroupLabels(LabelsView alert) const;
};

class RouteTree {
 public:
  explicit RouteTree(const config::AlertmanagerRoute& root);
  RouteTree(const RouteTree&) = delete;
  RouteTree& operator=(const RouteTree&) = delete;

  const Route& root() const { return root_; }

  // The routes that take an alert, in order of the file; never none, as the root takes what nobody
  // else does. Depth first: a node takes the alert only if no child did; the first matching child
  // without `continue` ends the scan of its siblings.
  std::vector<const Route*> Match(LabelsView alert) const;

 private:
  const Route root_;
};

}  // namespace tocsin::receivers
