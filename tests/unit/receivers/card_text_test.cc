#include "receivers/channels/card_text.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// '&' becomes four characters.
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&[;]" : std::string(1, c);
  return out;
}

std::string Link(const CardLink& link) { return fmt::format("({})", link.url); }

CardMarkup Markup(std::size_t limit = 1000) {
  return {.limit = limit,
          .length = RunesIn,
          .escape = Escape,
          .link = Link,
          .heading_begin = "{",
          .heading_end = "}",
          .name_begin = "'",
          .name_end = "'",
          .line_end = "/\n"};
}

MessageCard Card() {
  MessageCard card;
  card.severity = Severity::kCritical;
  card.heading = "Disk full";
  card.message = "It is.";
  card.facts = {{"Severity", "CRITICAL"}, {"Metric", "disk: 98"}};
  card.labels = {{"host", "a"}};
  return card;
}

TEST(CardText, TellsWhatIsWrongThenHowBadThenWhere) {
  EXPECT_EQ(CardText(Card(), Markup()),
            "{Disk full}/\nIt is.\n\n🔴 'Severity': CRITICAL/\n'Metric': disk: 98/\n'host': a");
}

TEST(CardText, TellsOfTheOthersAndEndsWithLinks) {
  MessageCard card = Card();
  card.others = {"Disk full (host=b)", "Disk full (host=c)"};
  card.untold = 7;
  card.links = {{"Alert", "http://a"}, {"Runbook", "http://r"}};
  EXPECT_THAT(CardText(card, Markup()),
              EndsWith("'host': a\n\nAlso in this group:/\n• Disk full (host=b)/\n"
                       "• Disk full (host=c)/\nand 7 more\n\n(http://a) · (http://r)"));
}

TEST(CardText, LeavesTheHeadingToVendorsThatShowItElsewhere) {
  CardMarkup markup = Markup();
  markup.has_heading = false;
  EXPECT_EQ(CardText(Card(), markup).substr(0, 8), "It is.\n\n");
  MessageCard card = Card();
  card.message = "";
  EXPECT_EQ(CardText(card, markup).substr(0, std::string("🔴 'Severity'").size()), "🔴 'Severity'");
}

TEST(CardText, HasASignForEachColour) {
  const std::pair<Severity, const char*> signs[] = {{Severity::kCritical, "🔴"},
                                                    {Severity::kHigh, "🟠"},
                                                    {Severity::kMedium, "🟡"},
                                                    {Severity::kLow, "🟢"},
                                                    {Severity::kInfo, "🔵"}};
  MessageCard card = Card();
  for (const auto& [severity, sign] : signs) {
    card.severity = severity;
    EXPECT_THAT(CardText(card, Markup()), HasSubstr(std::string(sign) + " 'Severity'"));
  }
  card.severity = Severity::kCritical;
  card.resolved = true;
  EXPECT_THAT(CardText(card, Markup()), HasSubstr("🟢 'Severity'"));
}

// A value could look like another fact.
TEST(CardText, PutsEachFactIntoOneLine) {
  MessageCard card = Card();
  card.message = "two\nlines";
  card.heading = "Disk\nfull";
  card.labels = {{"host", "a\nSeverity: LOW"}};
  card.others = {"Disk\nfull"};
  const std::string text = CardText(card, Markup());
  EXPECT_THAT(text, HasSubstr("{Disk full}/\ntwo\nlines\n\n"));
  EXPECT_THAT(text, HasSubstr("'host': a Severity: LOW"));
  EXPECT_THAT(text, HasSubstr("• Disk full"));
}

TEST(CardText, CutsTextsBeforeTheyAreEscaped) {
  MessageCard card = Card();
  card.message = std::string(1000, '&');
  for (std::size_t limit = 100; limit < 140; ++limit) {
    const std::string text = CardText(card, Markup(limit));
    EXPECT_LE(RunesIn(text), limit);
    std::string rest = text;
    for (std::size_t at = rest.find("&[;]"); at != std::string::npos; at = rest.find("&[;]")) {
      rest.erase(at, 4);
    }
    EXPECT_EQ(rest.find_first_of("&[;]"), std::string::npos) << text;
    EXPECT_THAT(text, HasSubstr("&[;]…\n\n🔴 'Severity'"));
  }
}

TEST(CardText, TakesAllOfWhatJustFits) {
  MessageCard card = Card();
  card.facts.resize(1);
  card.labels.clear();
  const std::string whole = CardText(card, Markup());
  EXPECT_EQ(CardText(card, Markup(RunesIn(whole))), whole);
  const std::string cut = CardText(card, Markup(RunesIn(whole) - 1));
  EXPECT_THAT(cut, EndsWith("'Severity': CRITIC…"));
}

TEST(CardText, LeavesOutWhatDoesNotFitButNoLinks) {
  MessageCard card = Card();
  card.links = {{"Alert", "http://a"}, {"Source", "http://" + std::string(500, 'x')}};
  card.labels.assign(100, {"name", std::string(1000, 'v')});
  card.others.assign(10, std::string(1000, 'o'));
  const std::string text = CardText(card, Markup(600));
  EXPECT_LE(RunesIn(text), 600U);
  EXPECT_THAT(text, HasSubstr("'name': vvv"));
  EXPECT_THAT(text, EndsWith("…\n\n(http://a)"));
}

TEST(CardText, HoldsFortyFactsAtMost) {
  MessageCard card = Card();
  card.labels.assign(100, {"name", "v"});
  const std::string text = CardText(card, Markup(100'000));
  std::size_t count = 0;
  for (std::size_t at = text.find("'name'"); at != std::string::npos;
       at = text.find("'name'", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 38U);
}

// As a vendor's limit may be a day, or a mistake.
TEST(CardText, IsEmptyWhereThereIsNoRoom) {
  MessageCard card = Card();
  card.links = {{"Alert", "http://a"}};
  for (std::size_t limit = 0; limit < 60; ++limit) {
    EXPECT_LE(RunesIn(CardText(card, Markup(limit))), limit);
  }
  EXPECT_EQ(CardText(card, Markup(0)), "");
  EXPECT_THAT(CardText(card, Markup(20)), Not(HasSubstr("http")));
}

}  // namespace
}  // namespace tocsin::receivers
