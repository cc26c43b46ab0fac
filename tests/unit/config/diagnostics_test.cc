#include "config/diagnostics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_world.h"

namespace tocsin::config {
namespace {

using ::testing::ElementsAre;

TEST(Diagnostics, AreWrittenAsCompilersWriteThem) {
  EXPECT_EQ((Diagnostic{Diagnostic::Level::kError, "a.yml", 3, 7, "wrong"}).ToString(),
            "a.yml:3:7: wrong");
  EXPECT_EQ((Diagnostic{Diagnostic::Level::kWarning, "a.yml", 3, 7, "odd"}).ToString(),
            "a.yml:3:7: warning: odd");
  EXPECT_EQ((Diagnostic{Diagnostic::Level::kInfo, "a.yml", 3, 7, "so"}).ToString(),
            "a.yml:3:7: info: so");
  EXPECT_EQ((Diagnostic{Diagnostic::Level::kError, "a.yml", 0, 0, "unreadable"}).ToString(),
            "a.yml: unreadable");
  EXPECT_EQ((Diagnostic{Diagnostic::Level::kWarning, "", 0, 0, "NAME has no effect"}).ToString(),
            "warning: NAME has no effect");
}

TEST(Diagnostics, AreSortedByPlaceAndStayInOrderAtOnePlace) {
  Diagnostics diagnostics;
  diagnostics.Add({Diagnostic::Level::kError, "b.yml", 1, 1, "4"});
  diagnostics.Add({Diagnostic::Level::kError, "a.yml", 10, 1, "3"});
  diagnostics.Add({Diagnostic::Level::kError, "a.yml", 2, 9, "1"});
  diagnostics.Add({Diagnostic::Level::kWarning, "a.yml", 2, 9, "2"});
  diagnostics.Add({Diagnostic::Level::kWarning, "", 0, 0, "0"});
  diagnostics.Sort();
  EXPECT_THAT(Lines(diagnostics), ElementsAre("warning: 0", "a.yml:2:9: 1", "a.yml:2:9: warning: 2",
                                              "a.yml:10:1: 3", "b.yml:1:1: 4"));
}

TEST(Diagnostics, WarningsAreNoErrors) {
  Diagnostics diagnostics;
  diagnostics.Add({Diagnostic::Level::kWarning, "a.yml", 1, 1, "odd"});
  diagnostics.Add({Diagnostic::Level::kInfo, "a.yml", 1, 1, "so"});
  EXPECT_FALSE(diagnostics.has_errors());
  diagnostics.Add({Diagnostic::Level::kError, "a.yml", 1, 1, "wrong"});
  EXPECT_TRUE(diagnostics.has_errors());
}

TEST(FileReport, CountsItsErrorsOnly) {
  Diagnostics diagnostics;
  FileReport first("a.yml", diagnostics);
  first.Warning({1, 1}, "odd");
  first.Error({1, 1}, "wrong");
  FileReport second("b.yml", diagnostics);
  EXPECT_EQ(first.errors(), 1U);
  EXPECT_EQ(second.errors(), 0U);
  EXPECT_EQ(first.PlaceName({2, 5}), "a.yml:2:5");
}

}  // namespace
}  // namespace tocsin::config
