// Every file in good/alertmanager loads; what is printed of it loads too and prints the same.
// Their secrets hold the word hidden.
#include "config/alertmanager_print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/files.h"
#include "tests/unit/config/alertmanager_loading.h"
#include "tests/unit/config/disk_files.h"

namespace tocsin::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> GoodFiles() {
  std::vector<std::string> paths = DiskFiles().Match(TOCSIN_GOOD_FOLDER, "alertmanager/*.yml");
  CHECK(!paths.empty());
  return paths;
}

class GoodAlertmanagerFile : public ::testing::TestWithParam<std::string> {
 protected:
  std::string text() const { return DiskFiles().Read(GetParam(), 4 << 20).value(); }
};

TEST_P(GoodAlertmanagerFile, LoadsWithNoWarning) {
  const AlertmanagerResult result = LoadAlertmanager(text());
  EXPECT_NE(result.settings, nullptr);
  EXPECT_THAT(result.problems, IsEmpty());
}

TEST_P(GoodAlertmanagerFile, PrintsTheSameAfterASecondReading) {
  const std::string once = PrintAlertmanagerConfig(GoodAlertmanager(text()));
  const std::string twice = PrintAlertmanagerConfig(GoodAlertmanager(once));
  EXPECT_EQ(once, twice);
}

TEST_P(GoodAlertmanagerFile, HidesEverySecret) {
  EXPECT_THAT(PrintAlertmanagerConfig(GoodAlertmanager(text())), Not(HasSubstr("hidden")));
}

INSTANTIATE_TEST_SUITE_P(Good, GoodAlertmanagerFile, ::testing::ValuesIn(GoodFiles()),
                         FileTestName);

TEST(PrintAlertmanagerConfig, FillsDefaultsInAndShowsWhatDiffersFromTheParent) {
  const std::string printed = PrintAlertmanagerConfig(GoodAlertmanager(R"(
route:
  receiver: ops
  routes:
  - match: {a: b}
    group_wait: 30s
    routes: [{receiver: "123", group_by: [x]}]
receivers: [{name: ops}, {name: "123"}]
)"));
  EXPECT_THAT(printed, StartsWith("global:\n  http_config:\n    follow_redirects: true\n"));
  EXPECT_THAT(printed, HasSubstr(R"(
route:
  receiver: ops
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes:
  - matchers:
    - "a=\"b\""
    continue: false
    routes:
    - receiver: "123"
      group_by:
      - x
      continue: false
receivers:
- name: ops
- name: "123"
)"));
}

TEST(PrintAlertmanagerConfig, LeavesOutWhatIsYoungerThanTheOldestAlertmanager) {
  const std::string printed = PrintAlertmanagerConfig(
      GoodAlertmanager(FileWith("webhook_configs",
                                "{url: 'http://example.org/'}\n  discord_configs:\n"
                                "  - {webhook_url: 'http://example.org/'}")));
  for (const char* key : {"timeout: 0s", "slack_app_url", "rocketchat", "content:", "smtp_force"}) {
    EXPECT_THAT(printed, Not(HasSubstr(key)));
  }
}

TEST(PrintAlertmanagerConfig, ShowsOfAWebhooksAddressItsHostOnly) {
  const auto printed = [](const std::string& url) {
    return PrintAlertmanagerConfig(GoodAlertmanager(FileWith("webhook_configs", "url: " + url)));
  };
  EXPECT_THAT(printed("http://u:p@example.org:80/a?b"),
              HasSubstr("url: http://example.org:80/<secret>\n"));
  EXPECT_THAT(printed("https://example.org"), HasSubstr("url: https://example.org/<secret>\n"));
  EXPECT_THAT(printed("'{{ .CommonLabels.url }}'"), HasSubstr("url: <secret>\n"));
  EXPECT_THAT(printed("'http://{{ .CommonLabels.host }}/'"), HasSubstr("url: <secret>\n"));
}

TEST(PrintAlertmanagerConfig, KeepsAnEmptyGroupByOfAChild) {
  const AlertmanagerSettings settings = GoodAlertmanager(
      "route: {receiver: ops, group_by: [a], routes: [{group_by: []}]}\nreceivers: [{name: "
      "ops}]\n");
  const std::string printed = PrintAlertmanagerConfig(settings);
  EXPECT_THAT(printed, HasSubstr("  - group_by: []\n"));
}

}  // namespace
}  // namespace tocsin::config
