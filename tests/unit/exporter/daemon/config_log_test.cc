#include "exporter/daemon/config_log.h"

#include <gtest/gtest.h>

#include "tests/support/null_log.h"

namespace tocsin::daemon {
namespace {

using config::Diagnostic;

config::Diagnostics ThreeFindings() {
  config::Diagnostics diagnostics;
  diagnostics.Add({Diagnostic::Level::kError, "tocsin.yml", 3, 1, "unknown key \"scrap\""});
  diagnostics.Add({Diagnostic::Level::kWarning, "rules.d/a.yml", 7, 5, "never fires"});
  diagnostics.Add({Diagnostic::Level::kInfo, "rules.d/b.yml", 1, 1, "loaded from spec.groups"});
  return diagnostics;
}

TEST(ConfigLog, WritesOneLineAFindingAtItsLevel) {
  testing::RecordingLogSink sink;
  LogDiagnostics(ThreeFindings(), Logger(sink, "config"));
  const std::vector<std::string> lines = sink.lines();
  ASSERT_EQ(lines.size(), 3U);
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"level=error", "tocsin.yml:3:1: unknown key"},
      {"level=warn", "rules.d/a.yml:7:5: "},
      {"level=info", "rules.d/b.yml:1:1: "}};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NE(lines[i].find(wanted[i].first), std::string::npos) << lines[i];
    EXPECT_NE(lines[i].find(wanted[i].second), std::string::npos) << lines[i];
    EXPECT_NE(lines[i].find("component=config"), std::string::npos) << lines[i];
  }
}

TEST(ConfigLog, NothingFoundIsNothingLogged) {
  testing::RecordingLogSink sink;
  LogDiagnostics(config::Diagnostics(), Logger(sink, "config"));
  EXPECT_TRUE(sink.lines().empty());
}

TEST(ErrorTexts, AreThoseOfTheErrorsAlone) {
  EXPECT_EQ(ErrorTexts(ThreeFindings()),
            (std::vector<std::string>{"tocsin.yml:3:1: unknown key \"scrap\""}));
  EXPECT_TRUE(ErrorTexts(config::Diagnostics()).empty());
}

}  // namespace
}  // namespace tocsin::daemon
