// Every file in faulty/ is loaded and must give exactly the problems that its first lines say, as
// `# line:column: message`: those of a configuration file in faulty/tocsin, those of a rule file in
// faulty/rules, those of an alertmanager.yml in faulty/alertmanager.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "config/alertmanager_file.h"
#include "config/files.h"
#include "config/loader.h"
#include "config/receivers.h"
#include "config/rule_file.h"
#include "tests/unit/config/config_world.h"
#include "tests/unit/config/disk_files.h"

namespace tocsin::config {
namespace {

using ::testing::ElementsAreArray;

std::string FileName(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

std::string ReadOrDie(const std::string& path) {
  return DiskFiles().Read(path, kMaxRuleFileBytes).value();
}

std::vector<std::string> ExpectedProblems(const std::string& path, std::string_view text) {
  std::vector<std::string> expected;
  for (std::string_view line : Split(text, '\n')) {
    if (line.substr(0, 2) != "# ") break;
    expected.push_back(FileName(path) + ":" + std::string(line.substr(2)));
  }
  return expected;
}

std::vector<std::string> FaultyFiles(const std::string& folder) {
  std::vector<std::string> paths = DiskFiles().Match(TOCSIN_FAULTY_FOLDER, folder + "/*.yml");
  CHECK(!paths.empty());
  return paths;
}

class FaultyConfiguration : public ::testing::TestWithParam<std::string> {};

TEST_P(FaultyConfiguration, IsReportedWithAllItsProblemsAndTheirPlaces) {
  const std::string text = ReadOrDie(GetParam());
  const std::vector<std::string> expected = ExpectedProblems(GetParam(), text);
  MemoryFiles none;
  const Loaded loaded = LoadConfigurationText(FileName(GetParam()), text, EmptyEnvironment(), none);
  EXPECT_FALSE(expected.empty());
  EXPECT_THAT(Lines(loaded.diagnostics), ElementsAreArray(expected));
  EXPECT_EQ(loaded.settings == nullptr, loaded.diagnostics.has_errors());
}

INSTANTIATE_TEST_SUITE_P(Faulty, FaultyConfiguration, ::testing::ValuesIn(FaultyFiles("tocsin")),
                         FileTestName);

class FaultyRuleFile : public ::testing::TestWithParam<std::string> {};

TEST_P(FaultyRuleFile, IsReportedWithAllItsProblemsAndTheirPlaces) {
  const std::string text = ReadOrDie(GetParam());
  const std::vector<std::string> expected = ExpectedProblems(GetParam(), text);
  const ReceiverNames receivers(
      std::vector<ReceiverSettings>{{"ops", {}, ""}, {"console", {}, ""}});
  Diagnostics diagnostics;
  FileReport report(FileName(GetParam()), diagnostics);
  ReadRuleFile(text, {"rules.d/faulty.yml", &receivers, std::chrono::minutes(5)}, report);
  diagnostics.Sort();
  EXPECT_FALSE(expected.empty());
  EXPECT_THAT(Lines(diagnostics), ElementsAreArray(expected));
}

INSTANTIATE_TEST_SUITE_P(Faulty, FaultyRuleFile, ::testing::ValuesIn(FaultyFiles("rules")),
                         FileTestName);

class FaultyAlertmanagerFile : public ::testing::TestWithParam<std::string> {};

TEST_P(FaultyAlertmanagerFile, IsReportedWithAllItsProblemsAndTheirPlaces) {
  const std::string text = ReadOrDie(GetParam());
  const std::vector<std::string> expected = ExpectedProblems(GetParam(), text);
  MemoryFiles none;
  const LoadedAlertmanager loaded =
      LoadAlertmanagerText(FileName(GetParam()), text, AlertmanagerFileOptions(), none);
  EXPECT_FALSE(expected.empty());
  EXPECT_THAT(Lines(loaded.diagnostics), ElementsAreArray(expected));
  EXPECT_EQ(loaded.settings == nullptr, loaded.diagnostics.has_errors());
}

INSTANTIATE_TEST_SUITE_P(Faulty, FaultyAlertmanagerFile,
                         ::testing::ValuesIn(FaultyFiles("alertmanager")), FileTestName);

}  // namespace
}  // namespace tocsin::config
