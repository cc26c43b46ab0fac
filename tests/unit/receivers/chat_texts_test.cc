#include "receivers/channels/chat_texts.h"

#include <gtest/gtest.h>

#include "tests/unit/receivers/shown_text.h"

namespace tocsin::receivers {
namespace {

std::string Defused(std::string_view text) { return Shown(Defuse(text)); }
std::string Markdown(std::string_view text) { return Shown(EscapeMarkdown(text)); }

TEST(Defuse, LetsNobodyBeCalled) {
  EXPECT_EQ(Defused("@channel and @here"), "@|channel and @|here");
  EXPECT_EQ(Defused("(@all)"), "(@|all)");
  EXPECT_EQ(Defused("a.@all"), "a.@|all");
  EXPECT_EQ(Defused("<@U1> <!here> <b> </b>"), "<|@|U1> <|!here> <|b> <|/b>");
}

TEST(Defuse, LeavesAloneWhatCallsNobody) {
  EXPECT_EQ(Defused("mail ops@example.org"), "mail ops@example.org");
  EXPECT_EQ(Defused("a < b, a <= b, 5<"), "a < b, a <= b, 5<");
  EXPECT_EQ(Defused("größer & <ß"), "größer & <ß");
}

TEST(Defuse, LeavesControlCharactersOutButLineBreaksAndTabs) {
  EXPECT_EQ(Defuse(std::string_view("a\0b\r\x1b[31m\x7f\tc\nd", 14)), "ab[31m\tc\nd");
}

TEST(EscapeMarkdown, ShowsMarksAsTheyAre) {
  EXPECT_EQ(Markdown("*a* _b_ ~c~ `d` [e](f) |g| #h \\i"),
            "\\*a\\* \\_b\\_ \\~c\\~ \\`d\\` \\[e\\](f) \\|g\\| \\#h \\\\i");
  EXPECT_EQ(Markdown("85.5 > 80.0 & (more), 50% - so!"), "85.5 > 80.0 & (more), 50% - so!");
}

TEST(EscapeMarkdown, KeepsLineBreaksAndBeginsNothingAtThem) {
  EXPECT_EQ(Markdown("a\nb"), "a  \nb");
  EXPECT_EQ(Markdown("a\n---\n===\n + b\n- c - d"), "a  \n\\---  \n|===  \n \\+ b  \n\\- c - d");
  EXPECT_EQ(Markdown("-5"), "\\-5");
}

TEST(EscapeMarkdown, LetsNobodyBeCalled) {
  EXPECT_EQ(Markdown("@channel <!all>"), "@|channel <|!all>");
}

TEST(EscapeMarkdown, KeepsAddressesThatCanBeClicked) {
  EXPECT_EQ(Markdown("see https://wiki/disk_full?a=1&b=2#x_y, (http://a/b)."),
            "see https://wiki/disk_full?a=1&b=2#x_y, (http://a/b).");
  EXPECT_EQ(Markdown("xhttp://a_b"), "xhttp://a\\_b");
}

// Some servers look for calls and marks there too.
TEST(EscapeMarkdown, HidesNothingInAddresses) {
  EXPECT_EQ(Markdown("http://h/@all/_a_/~b"), "http://h/%40all/%5Fa%5F/%7Eb");
  EXPECT_EQ(Markdown("http://h/*b* http://h/](http://evil/"),
            "http://h/\\*b\\* http://h/\\](http://evil/");
  EXPECT_EQ(Markdown("http://h/<!all>"), "http://h/<|!all>");
  EXPECT_EQ(Markdown("http://h/\x01@all"), "http://h/@|all");
}

TEST(MarkdownLink, IsEndedByNothingInTheAddress) {
  EXPECT_EQ(MarkdownLink({"Source", "http://p/graph?g0.expr=a_b&x=1"}),
            "[Source](http://p/graph?g0.expr=a_b&x=1)");
  EXPECT_EQ(MarkdownLink({"Source", "http://p/a)b](c\"d'e<f>|\\`*"}),
            "[Source](http://p/a%29b%5D%28c%22d%27e%3Cf%3E%7C%5C%60%2A)");
}

}  // namespace
}  // namespace tocsin::receivers
