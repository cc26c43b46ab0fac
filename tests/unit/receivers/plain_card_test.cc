#include "receivers/channels/plain_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

MessageCard DiskFullCard() {
  MessageCard card;
  card.severity = Severity::kCritical;
  card.title = "Disk full";
  card.message = "no space";
  card.facts = {{"Severity", "CRITICAL"}};
  card.labels = {{"host", "a"}};
  card.links = {{"Alert", "http://t/1"}, {"Runbook", "http://r/"}};
  return card;
}

TEST(PlainCard, HasAParagraphForEachPartThatSaysSomething) {
  MessageCard card = DiskFullCard();
  EXPECT_EQ(PlainCard(card, 1000),
            "no space\n\nSeverity: CRITICAL\nhost: a\n\nAlert: http://t/1\nRunbook: http://r/");
  card.others = {"Disk full (host=b)", "Disk\nfull (host=c)"};
  card.untold = 3;
  card.links.clear();
  EXPECT_EQ(PlainCard(card, 1000),
            "no space\n\nSeverity: CRITICAL\nhost: a\n\nAlso in this group:\n- Disk full (host=b)\n"
            "- Disk full (host=c)\n- and 3 more");
  card.message.clear();
  card.others.clear();
  EXPECT_EQ(PlainCard(card, 1000), "Severity: CRITICAL\nhost: a");
  EXPECT_EQ(PlainCard(MessageCard(), 1000), "");
}

TEST(PlainCard, KeepsFactsAndLinksWhereTheTextIsTooLong) {
  MessageCard card = DiskFullCard();
  card.message = std::string(10'000, 'x');
  for (int i = 0; i < 100; ++i) card.labels.push_back({"label" + std::to_string(i), "value"});
  const std::string text = PlainCard(card, 1000);
  EXPECT_LE(text.size(), 1000U);
  EXPECT_THAT(text, StartsWith("xxx"));
  EXPECT_THAT(text, HasSubstr("…\n\nSeverity: CRITICAL\nhost: a\nlabel0: value\n"));
  EXPECT_THAT(text, Not(HasSubstr("label99")));
  EXPECT_THAT(text, EndsWith("\n\nAlert: http://t/1\nRunbook: http://r/"));
}

TEST(PlainCard, IsNeverLongerThanItMayBe) {
  MessageCard card = DiskFullCard();
  card.message = std::string(1000, 'x');
  card.labels = {{"é", std::string(500, 'y')}};
  for (std::size_t limit = 0; limit < 700; ++limit) {
    EXPECT_LE(PlainCard(card, limit).size(), limit);
    EXPECT_LE(CardMessage(card, limit).size(), limit);
  }
}

TEST(PlainCard, HoldsNoControlCharactersButLineFeeds) {
  MessageCard card = DiskFullCard();
  card.message = std::string("a\r\nb\tc\x01") + '\0' + "\x7f";
  EXPECT_EQ(CardMessage(card, 100), "a\nb c   ");
  card.title = "two\nlines\x02";
  EXPECT_EQ(CardTitle(card, 100), "[CRITICAL] twolines ");
  EXPECT_THAT(FactsWithin({{"a\nb", "c\r\nd"}}, 100),
              ::testing::ElementsAre(::testing::AllOf(::testing::Field(&CardFact::name, "a b"),
                                                      ::testing::Field(&CardFact::value, "c d"))));
}

TEST(CardTitle, CountsCharacters) {
  MessageCard card = DiskFullCard();
  card.resolved = true;
  card.title = "ééééé";
  EXPECT_EQ(CardTitle(card, 16), "[RESOLVED] ééééé");
  EXPECT_EQ(CardTitle(card, 15), "[RESOLVED] ééé…");
}

TEST(FactsWithin, LeavesOutWhatDoesNotFitAndCutsWhatIsLong) {
  const std::vector<CardFact> facts = {
      {"a", "1"}, {"long", std::string(1000, 'x')}, {"b", "2"}, {std::string(500, 'n'), "3"}};
  const std::vector<CardFact> all = FactsWithin(facts, 10'000);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[1].value, std::string(297, 'x') + "…");
  EXPECT_EQ(all[3].name, std::string(97, 'n') + "…");
  EXPECT_LE(SizeOf(all), 10'000U);
  const std::vector<CardFact> some = FactsWithin(facts, 30);
  ASSERT_EQ(some.size(), 2U);
  EXPECT_EQ(some[1].name, "b");
  EXPECT_LE(SizeOf(some), 30U);
  EXPECT_THAT(FactsWithin(facts, 0), IsEmpty());
}

}  // namespace
}  // namespace tocsin::receivers
