#include "evaluator/persist/sqlite_foreign_tables.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/check.h"
#include "tests/support/temp_dir.h"

namespace tocsin::evaluator {
namespace {

namespace fs = std::filesystem;
using Kind = ForeignValue::Kind;

// As the original made them (its types and defaults matter to nobody here).
constexpr const char* kTables =
    "CREATE TABLE alert_rules (id, name, description, metric_name, condition, threshold, duration,"
    " severity, enabled, notification_channels, notification_template, cooldown_period, created_at,"
    " updated_at, created_by);"
    "CREATE TABLE alerts (id, rule_id, name, description, severity, status, metric_name,"
    " metric_value, threshold, triggered_at, acknowledged_at, resolved_at, metadata, fingerprint,"
    " notifications_sent, last_notification_at);";

// A connection of the program that wrote the file.
class Original {
 public:
  explicit Original(const std::string& path) {
    CHECK(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK);
  }
  ~Original() { sqlite3_close(handle_); }
  Original(const Original&) = delete;
  Original& operator=(const Original&) = delete;

  void Run(const std::string& sql) {
    const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    CHECK(code == SQLITE_OK);
  }

 private:
  sqlite3* handle_ = nullptr;
};

class ForeignTablesTest : public ::testing::Test {
 protected:
  std::string Path() const { return dir_.path() + "/old app?.db"; }
  void Make(const std::string& sql) const { Original(Path()).Run(sql); }
  std::string WhyNot() const {
    const auto opened = ForeignTables::Open(Path());
    return opened ? "it opens" : opened.message();
  }
  std::string Bytes() const {
    std::ifstream file(Path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t FilesBeside() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir_.path()), {})) - 1;
  }
  // Of all rules.
  std::vector<ForeignValue> Column(const char* column) const {
    std::vector<ForeignValue> values;
    const auto opened = ForeignTables::Open(Path());
    if (!opened) {
      ADD_FAILURE() << opened.message();
      return values;
    }
    const Status visited =
        (*opened)->VisitRules([&](const ForeignRow& row) { values.push_back(row[column]); });
    EXPECT_TRUE(visited.ok());
    return values;
  }

  testing::TempDir dir_;
};

TEST_F(ForeignTablesTest, GivesWhatStandsInEachColumnOfWhateverKind) {
  Make(kTables);
  Make(
      "INSERT INTO alert_rules (id, name, threshold, duration, severity, created_by) VALUES"
      " ('a', 'n' || char(0) || 'x', 80.5, 60, x'ff00', NULL)");
  EXPECT_EQ(Column("id").at(0).text, "a");
  EXPECT_EQ(Column("name").at(0).text, std::string("n\0x", 3));
  EXPECT_EQ(Column("threshold").at(0).kind, Kind::kReal);
  EXPECT_EQ(Column("threshold").at(0).real, 80.5);
  EXPECT_EQ(Column("duration").at(0).integer, 60);
  EXPECT_EQ(Column("severity").at(0).kind, Kind::kBytes);
  EXPECT_TRUE(Column("created_by").at(0).is_null());
}

TEST_F(ForeignTablesTest, DoesNotKeepTextsWithoutEnd) {
  Make(kTables);
  Make(
      "INSERT INTO alert_rules (id, name) VALUES"
      " ('fits', printf('%.*c', 1048576, 'x')), ('not', printf('%.*c', 1048577, 'x'))");
  const std::vector<ForeignValue> names = Column("name");
  EXPECT_EQ(names.at(0).text.size(), 1048576U);
  EXPECT_EQ(names.at(1).kind, Kind::kTooLong);
  EXPECT_TRUE(names.at(1).text.empty());
}

TEST_F(ForeignTablesTest, ReadsAFileOfAnotherEncodingAsUtf8) {
  Make("PRAGMA encoding = 'UTF-16'");
  Original original(Path());
  original.Run("PRAGMA encoding = 'UTF-16';" + std::string(kTables));
  original.Run("INSERT INTO alert_rules (id, name) VALUES ('a', 'zu heiß')");
  EXPECT_EQ(Column("name").at(0).text, "zu heiß");
}

TEST_F(ForeignTablesTest, NamesEveryTableAndColumnThatIsMissing) {
  Make("CREATE TABLE Alert_Rules (ID, name, condition, severity)");
  const std::string why = WhyNot();
  for (const char* part :
       {"its table alert_rules has no column metric_name",
        "its table alert_rules has no column threshold", "it has no table alerts"}) {
    EXPECT_NE(why.find(part), std::string::npos) << why;
  }
  EXPECT_EQ(why.find("column id"), std::string::npos) << why;
}

TEST_F(ForeignTablesTest, DoesWithoutColumnsThatHaveADefault) {
  Make(
      "CREATE TABLE alert_rules (id, name, metric_name, condition, threshold, severity);"
      "INSERT INTO alert_rules (id) VALUES ('a');"
      "CREATE TABLE alerts (id, rule_id, name, description, severity, status, metric_name,"
      " metric_value, threshold, triggered_at, acknowledged_at, resolved_at)");
  const auto opened = ForeignTables::Open(Path());
  ASSERT_TRUE(opened.ok()) << opened.message();
  EXPECT_EQ((*opened)->notes().front(), "table alert_rules has no column description");
  EXPECT_EQ((*opened)->notes().back(), "table alerts has no column metadata");
  EXPECT_TRUE(Column("cooldown_period").at(0).is_null());
}

TEST_F(ForeignTablesTest, ComputesNothing) {
  // A view that would never end, under the name of a table.
  Make(
      "CREATE TABLE alert_rules (id, name, metric_name, condition, threshold, severity);"
      "CREATE VIEW alerts AS WITH RECURSIVE n(id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM n)"
      " SELECT id, id AS rule_id, id AS name, id AS severity, id AS status, id AS metric_name,"
      " id AS metric_value, id AS triggered_at FROM n");
  EXPECT_NE(WhyNot().find("it has no table alerts"), std::string::npos) << WhyNot();
}

TEST_F(ForeignTablesTest, SaysOfOtherFilesWhatTheyAre) {
  EXPECT_NE(WhyNot().find("No such file"), std::string::npos) << WhyNot();
  std::ofstream(Path()).flush();
  EXPECT_EQ(WhyNot(), Path() + " is no SQLite database");
  std::ofstream(Path()) << std::string(5000, 'x');
  EXPECT_EQ(WhyNot(), Path() + " is no SQLite database");
  std::ofstream(Path()) << std::string("SQLite format 3\0", 16) << std::string(5000, '\xff');
  EXPECT_EQ(WhyNot(), Path() + " is no SQLite database");
  fs::remove(Path());
  fs::create_directory(Path());
  EXPECT_EQ(WhyNot(), Path() + " is a folder");
}

TEST_F(ForeignTablesTest, RefusesADamagedFileAsAWhole) {
  Make(kTables);
  Make(
      "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
      " INSERT INTO alert_rules (id, name) SELECT i, printf('%.*c', 200, 'x') FROM n");
  std::string bytes = Bytes();
  // A page in the middle, and then a file that ends too early.
  std::string holed = bytes;
  holed.replace(8 * 4096, 4096, std::string(4096, '\xaa'));
  std::ofstream(Path(), std::ios::binary) << holed;
  EXPECT_NE(WhyNot().find("is damaged"), std::string::npos) << WhyNot();
  std::ofstream(Path(), std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  EXPECT_NE(WhyNot().find("is damaged"), std::string::npos) << WhyNot();
}

TEST_F(ForeignTablesTest, SaysThatAnotherProgramHasItLocked) {
  Make(kTables);
  Original original(Path());
  original.Run("BEGIN EXCLUSIVE");
  EXPECT_EQ(WhyNot(),
            Path() + " is locked by another program: stop the original, and import again");
}

TEST_F(ForeignTablesTest, TakesNoWriteBackThatWasBrokenOff) {
  Make(kTables);
  Make("INSERT INTO alert_rules (id, name) VALUES ('a', printf('%.*c', 100000, 'x'))");
  const std::string left = dir_.path() + "/left";
  {
    // What a process leaves that is killed once its pages are in the file.
    Original original(Path());
    original.Run("PRAGMA cache_size = 1; BEGIN; UPDATE alert_rules SET name = name || 'y'");
    fs::copy(Path(), left);
    fs::copy(Path() + "-journal", left + "-journal");
  }
  fs::rename(left, Path());
  fs::rename(left + "-journal", Path() + "-journal");
  const std::string before = Bytes();
  EXPECT_NE(WhyNot().find("was broken off"), std::string::npos) << WhyNot();
  EXPECT_EQ(Bytes(), before);
  EXPECT_EQ(FilesBeside(), 1U);
}

TEST_F(ForeignTablesTest, LeavesTheFileAndItsFolderAsTheyAre) {
  for (const char* mode : {"DELETE", "WAL"}) {
    Make("PRAGMA journal_mode = " + std::string(mode));
    Make("DROP TABLE IF EXISTS alert_rules; DROP TABLE IF EXISTS alerts;" + std::string(kTables));
    Make("INSERT INTO alert_rules (id) VALUES ('a')");
    const std::string before = Bytes();
    EXPECT_EQ(Column("id").size(), 1U) << mode;
    EXPECT_EQ(Bytes(), before) << mode;
    EXPECT_EQ(FilesBeside(), 0U) << mode;
  }
}

TEST_F(ForeignTablesTest, RefusesAFileWhoseLogIsNotBroughtIn) {
  Make("PRAGMA journal_mode = WAL");
  Original original(Path());
  original.Run(kTables);
  EXPECT_NE(WhyNot().find("-wal: the original still runs, or was killed"), std::string::npos)
      << WhyNot();
}

}  // namespace
}  // namespace tocsin::evaluator
