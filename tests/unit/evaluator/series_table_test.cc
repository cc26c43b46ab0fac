#include "evaluator/series/series_table.h"

#include <gtest/gtest.h>

#include <string>

namespace tocsin::evaluator {
namespace {

Labels SeriesLabels(int number) {
  return Labels{{"__name__", "cpu"}, {"host", std::to_string(number)}};
}

Series* Insert(SeriesTable& table, const Labels& labels, std::uint64_t hash) {
  return table.Insert(Series::Make(labels, 0, Origin::kJson), hash);
}
Series* Insert(SeriesTable& table, const Labels& labels) {
  return Insert(table, labels, labels.view().Hash());
}
Series* Find(const SeriesTable& table, const Labels& labels) {
  return table.Find(labels, labels.view().Hash());
}

std::size_t Count(const SeriesTable& table) {
  std::size_t count = 0;
  table.ForEach([&count](const Series&) { ++count; });
  return count;
}

TEST(SeriesTable, FindsNothingWhileItIsEmpty) {
  const SeriesTable table;
  EXPECT_EQ(Find(table, SeriesLabels(1)), nullptr);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(Count(table), 0U);
}

TEST(SeriesTable, FindsEverySeriesWhereItWasWhileItGrows) {
  SeriesTable table;
  std::vector<Series*> inserted;
  for (int i = 0; i < 1'000; ++i) {
    inserted.push_back(Insert(table, SeriesLabels(i)));
    ASSERT_EQ(Find(table, SeriesLabels(i)), inserted.back());
    ASSERT_EQ(Find(table, SeriesLabels(i + 1)), nullptr);
  }
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_EQ(Find(table, SeriesLabels(i)), inserted[static_cast<std::size_t>(i)]) << i;
  }
  EXPECT_EQ(table.size(), 1'000U);
  EXPECT_EQ(Count(table), 1'000U);
}

TEST(SeriesTable, LabelSetsOfOneHashAreToldApart) {
  constexpr std::uint64_t kHash = 0xfeedfacecafebeef;
  SeriesTable table;
  std::vector<Series*> inserted;
  for (int i = 0; i < 20; ++i) inserted.push_back(Insert(table, SeriesLabels(i), kHash));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(table.Find(SeriesLabels(i), kHash), inserted[static_cast<std::size_t>(i)]) << i;
  }
  EXPECT_EQ(table.Find(SeriesLabels(20), kHash), nullptr);
}

// Different hashes that begin their probing at one slot; and at the last one, so that the probe
// goes on at the first.
TEST(SeriesTable, ProbesThatRunIntoEachOtherAndAroundTheEndFindTheirSeries) {
  const auto hash = [](int i) { return 0xffffffff00000000ULL + static_cast<std::uint64_t>(i); };
  SeriesTable table;
  std::vector<Series*> inserted;
  for (int i = 0; i < 50; ++i) inserted.push_back(Insert(table, SeriesLabels(i), hash(i)));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(table.Find(SeriesLabels(i), hash(i)), inserted[static_cast<std::size_t>(i)]) << i;
  }
  EXPECT_EQ(table.Find(SeriesLabels(1), hash(0)), nullptr);
}

TEST(SeriesTable, WhatStoodBehindAnErasedSeriesIsStillFound) {
  constexpr std::uint64_t kHash = 7;
  SeriesTable table;
  for (int i = 0; i < 20; ++i) Insert(table, SeriesLabels(i), kHash);
  const auto is_even = [](const Series& series) {
    return std::stoi(std::string(series.labels().Get("host"))) % 2 == 0;
  };
  EXPECT_EQ(table.EraseIf(is_even), 10U);
  EXPECT_EQ(table.size(), 10U);
  EXPECT_EQ(Count(table), 10U);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(table.Find(SeriesLabels(i), kHash) != nullptr, i % 2 == 1) << i;
  }
}

TEST(SeriesTable, AnErasedSeriesMayComeBack) {
  SeriesTable table;
  Insert(table, SeriesLabels(1));
  Insert(table, SeriesLabels(2));
  EXPECT_EQ(table.EraseIf([](const Series& s) { return s.labels().Get("host") == "1"; }), 1U);
  EXPECT_EQ(Find(table, SeriesLabels(1)), nullptr);
  Series* const again = Insert(table, SeriesLabels(1));
  EXPECT_EQ(Find(table, SeriesLabels(1)), again);
  EXPECT_EQ(table.size(), 2U);
}

TEST(SeriesTable, ErasingNothingOrEverythingLeavesAUsableTable) {
  SeriesTable table;
  EXPECT_EQ(table.EraseIf([](const Series&) { return true; }), 0U);
  for (int i = 0; i < 100; ++i) Insert(table, SeriesLabels(i));
  EXPECT_EQ(table.EraseIf([](const Series&) { return false; }), 0U);
  EXPECT_EQ(table.size(), 100U);
  EXPECT_EQ(table.EraseIf([](const Series&) { return true; }), 100U);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(Find(table, SeriesLabels(5)), nullptr);
  EXPECT_NE(Insert(table, SeriesLabels(5)), nullptr);
  EXPECT_NE(Find(table, SeriesLabels(5)), nullptr);
}

}  // namespace
}  // namespace tocsin::evaluator
