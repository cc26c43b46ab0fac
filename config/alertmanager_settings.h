// Everything alertmanager.yml can say, as plain structs: defaults are filled in, what routes
// inherit is resolved, receivers have taken from `global` what they lack. Values without a lock:
// publish them as const.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/secret.h"
#include "base/template/template_set.h"
#include "base/time.h"
#include "config/checked_keys.h"
#include "config/http_config.h"
#include "config/time_interval.h"

namespace tocsin::config {

struct AlertmanagerGlobal {
  Duration resolve_timeout{std::chrono::minutes(5)};
  HttpConfig http;
  std::optional<TlsConfig> smtp_tls;
  // Every other key, by its name in the file ("smtp_from"). Receivers hold what concerns them.
  CheckedKeys keys;
};

// A node of the routing tree.
struct AlertmanagerRoute {
  std::string receiver;
  // Names of labels, in file order. Unless group_by_all: by no label is one group.
  std::vector<std::string> group_by;
  bool group_by_all = false;                         // `...`
  Duration group_wait{std::chrono::seconds(30)};     // 0 is legal
  Duration group_interval{std::chrono::minutes(5)};  // > 0
  Duration repeat_interval{std::chrono::hours(4)};   // > 0
  Labels labels;                  // values are templates; those of the nodes above are among them
  std::vector<Matcher> matchers;  // AND; sorted; of `match` and `match_re` too
  bool continue_matching = false;
  std::vector<std::string> mute_time_intervals;
  std::vector<std::string> active_time_intervals;
  std::vector<AlertmanagerRoute> children;
  std::string place;  // "alertmanager.yml:12:5", for messages
};

struct InhibitRule {
  std::string name;
  std::vector<Matcher> source;  // sorted
  std::vector<Matcher> target;  // sorted
  std::vector<std::string> equal;
  std::string place;
};

// One item of a receiver's <type>_configs.
struct AlertmanagerIntegration {
  std::string type;       // "webhook"
  std::size_t index = 0;  // in its list
  bool send_resolved = true;
  HttpConfig http;               // its own as a whole, else global's
  std::optional<TlsConfig> tls;  // of email: its own, else global's
  // Every other key by its name, with defaults and what global gives. Names of files are as
  // written: they start at the working folder.
  CheckedKeys keys;
  std::string place;
};

struct AlertmanagerReceiver {
  std::string name;
  Labels labels;                                      // as written; `name` is not among them
  std::vector<AlertmanagerIntegration> integrations;  // by type, then in file order
  std::string place;
};

struct AlertmanagerSettings {
  AlertmanagerGlobal global;
  AlertmanagerRoute route;
  std::vector<InhibitRule> inhibit_rules;
  // Of time_intervals, then of mute_time_intervals; names are unique.
  std::vector<TimeInterval> time_intervals;
  std::vector<AlertmanagerReceiver> receivers;  // names are unique
  // glob(7) patterns to open as they are: the configuration file's folder stands in front.
  std::vector<std::string> template_patterns;
  std::vector<std::string> template_files;  // what the patterns matched, sorted, each once
  // The definitions in those files, added to the ones that the loader was given; null where it was
  // given none.
  std::shared_ptr<const gotemplate::TemplateSet> templates;
};

}  // namespace tocsin::config
