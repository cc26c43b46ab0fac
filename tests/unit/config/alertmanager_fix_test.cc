// Whole files before and after; whatever loads before loads to the same settings after.
#include "config/alertmanager_fix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "config/alertmanager_print.h"
#include "tests/unit/config/alertmanager_loading.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kTail = R"(
receivers:
- name: ops
time_intervals:
- name: night
  time_intervals: [{months: ['1:12']}]
)";

// What becomes of a route's children.
std::string FixedRoutes(const std::string& routes) {
  const std::string head = "route:\n  receiver: ops\n  routes:\n";
  const std::string file = head + routes + std::string(kTail);
  const FixedText fixed = FixAlertmanagerText(file);
  EXPECT_EQ(PrintAlertmanagerConfig(GoodAlertmanager(file)),
            PrintAlertmanagerConfig(GoodAlertmanager(fixed.text)));
  EXPECT_TRUE(fixed.text.starts_with(head));
  EXPECT_TRUE(fixed.text.ends_with(kTail));
  return fixed.text.substr(head.size(), fixed.text.size() - head.size() - kTail.size());
}

std::size_t Done(const FixedText& fixed) {
  return static_cast<std::size_t>(std::count_if(fixed.fixes.begin(), fixed.fixes.end(),
                                                [](const Fix& fix) { return !fix.after.empty(); }));
}

TEST(AlertmanagerFix, TurnsMapsOfMatchersIntoLists) {
  struct Case {
    const char* before;
    const char* after;
  };
  const Case cases[] = {
      {"  - match:\n      severity: page  # day and night\n      team: \"d'b\"\n    continue: true",
       "  - matchers:\n      - 'severity=\"page\"'  # day and night\n      - 'team=\"d''b\"'\n"
       "    continue: true"},
      {"  # first\n  - receiver: ops\n    match_re:  # old\n      env: produ.*|stag",
       "  # first\n  - receiver: ops\n    matchers:  # old\n      - 'env=~\"^(?:produ.*|stag)$\"'"},
      {"  - match: {severity: page, team: 'a, b'}  # one line\n    receiver: ops",
       "  - matchers: ['severity=\"page\"', 'team=\"a, b\"']  # one line\n    receiver: ops"},
      {"  - match:\n      a: b\n    # and\n    match_re:  # too\n      c: d",
       "  - matchers:\n      - 'a=\"b\"'\n    # and\n    # too\n      - 'c=~\"^(?:d)$\"'"},
      {"  - match:\n      a: b\n    routes:\n    - match:\n        c: d",
       "  - matchers:\n      - 'a=\"b\"'\n    routes:\n    - matchers:\n        - 'c=\"d\"'"},
      {"  - match:\n      a: 'say \"hi\" \\'\n",
       "  - matchers:\n      - 'a=\"say \\\"hi\\\" \\\\\"'\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(FixedRoutes(c.before), c.after);
}

TEST(AlertmanagerFix, NamesAndLeavesWhatIsNotPlain) {
  for (const char* routes :
       {"  - matchers: ['x=\"y\"']\n    match:\n      a: b",  // would need merging
        "  - match:\n      a: b\n    receiver: ops\n    match_re:\n      c: d",  // not side by side
        "  - match: {a: b}\n    match_re: {c: d}", "  - match:\n      a: several\n        lines",
        "  - match:\n      a: |\n        block", "  - match:\n      a: \"several\n        lines\"",
        "  - match: {a: b,\n      c: d}", "  - match: {a: &x b}", "  - \"match\": {a: b}",
        "  - match:\n      a:"}) {
    EXPECT_EQ(FixedRoutes(routes), routes);
    const FixedText fixed =
        FixAlertmanagerText(std::string("route:\n  receiver: ops\n  routes:\n") + routes);
    ASSERT_EQ(fixed.fixes.size(), 1U) << routes;
    EXPECT_TRUE(fixed.fixes[0].after.empty()) << routes;
    EXPECT_NE(fixed.fixes[0].what.find("deprecated"), std::string::npos) << routes;
  }
}

TEST(AlertmanagerFix, RewritesInhibitionAndTheNameOfIntervals) {
  const std::string before = R"(route: {receiver: ops}
receivers: [{name: ops}]
# who mutes whom
inhibit_rules:
  - source_match:
      severity: critical
    target_match_re:
      severity: warning|info
    equal: [cluster]
mute_time_intervals:   # nights
- name: night
  time_intervals: [{months: ['1:12']}]
)";
  const std::string after = R"(route: {receiver: ops}
receivers: [{name: ops}]
# who mutes whom
inhibit_rules:
  - source_matchers:
      - 'severity="critical"'
    target_matchers:
      - 'severity=~"^(?:warning|info)$"'
    equal: [cluster]
time_intervals:   # nights
- name: night
  time_intervals: [{months: ['1:12']}]
)";
  const FixedText fixed = FixAlertmanagerText(before);
  EXPECT_EQ(fixed.text, after);
  ASSERT_EQ(fixed.fixes.size(), 3U);
  EXPECT_EQ(fixed.fixes[0].line, 5);
  EXPECT_EQ(fixed.fixes[0].what, "source_match becomes source_matchers");
  EXPECT_EQ(fixed.fixes[2].line, 10);
  EXPECT_EQ(PrintAlertmanagerConfig(GoodAlertmanager(before)),
            PrintAlertmanagerConfig(GoodAlertmanager(after)));
}

TEST(AlertmanagerFix, PutsSubjectAndBodyOfMailsWhereTheyBelong) {
  const std::string before = R"(global: {smtp_smarthost: 'mail:25', smtp_from: a@b}
route: {receiver: ops}
receivers:
- name: ops
  email_configs:
  - to: a@b
    subject: '{{ .Status }}: alert'  # short
    body: |
      <p>{{ .Status }}</p>
  - to: c@d
    body: plain
)";
  const std::string after = R"(global: {smtp_smarthost: 'mail:25', smtp_from: a@b}
route: {receiver: ops}
receivers:
- name: ops
  email_configs:
  - to: a@b
    headers:
      Subject: '{{ .Status }}: alert'  # short
    html: |
      <p>{{ .Status }}</p>
  - to: c@d
    body: plain
)";
  const FixedText fixed = FixAlertmanagerText(before);
  EXPECT_EQ(fixed.text, after);
  EXPECT_EQ(Done(fixed), 2U);
  EXPECT_EQ(fixed.fixes.size(), 3U);
  EXPECT_EQ(LoadAlertmanager(before).settings, nullptr);
}

TEST(AlertmanagerFix, HasNothingToSayOfAGoodFileAndOfNone) {
  for (const char* text :
       {"", "\n", "route: {receiver: ops}\nreceivers: [{name: ops}]\n", "a: [", "- 1", "text",
        "route: {receiver: ops}\r\nreceivers:\r\n- name: ops\r\n"}) {
    const FixedText fixed = FixAlertmanagerText(text);
    EXPECT_EQ(fixed.text, text);
    EXPECT_TRUE(fixed.fixes.empty()) << text;
  }
}

}  // namespace
}  // namespace tocsin::config
