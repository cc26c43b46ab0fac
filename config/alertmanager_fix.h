// Rewrites what an alertmanager.yml says in a deprecated or misspelt way and what can be said
// rightly without a doubt. The text is edited line by line where the problem stands: comments and
// layout of all other lines stay.
//
//   match, match_re, source_match..., target_match...  ->  matchers
//   mute_time_intervals at the top level               ->  time_intervals
//   subject in email_configs                           ->  headers: {Subject: ...}
//   body in email_configs, where it is HTML            ->  html
//
// What cannot be rewritten safely is named and left. Pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::config {

struct Fix {
  int line = 0;  // of the text as it was, from 1
  std::string what;
  std::vector<std::string> before;  // lines; empty where the fix is left to a human
  std::vector<std::string> after;
};

struct FixedText {
  std::string text;
  std::vector<Fix> fixes;  // by line
};

// Unchanged where it is no YAML.
FixedText FixAlertmanagerText(std::string_view text);

}  // namespace tocsin::config
