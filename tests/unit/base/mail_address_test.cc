#include "base/mail_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin {
namespace {

using ::testing::ElementsAre;

std::vector<MailAddress> Parse(std::string_view text) {
  const Result<std::vector<MailAddress>> list = ParseMailAddresses(text);
  return list ? *list : std::vector<MailAddress>{{"error", list.message()}};
}

TEST(MailAddresses, AreReadAloneAndWithNames) {
  EXPECT_THAT(Parse("a@example.org"), ElementsAre(MailAddress{"", "a@example.org"}));
  EXPECT_THAT(Parse(" Anna B. <a.b+c@mail.example.org> "),
              ElementsAre(MailAddress{"Anna B.", "a.b+c@mail.example.org"}));
  EXPECT_THAT(Parse(R"("B, \"C\"" <b@example.org>)"),
              ElementsAre(MailAddress{"B, \"C\"", "b@example.org"}));
  EXPECT_THAT(Parse("<root@localhost>"), ElementsAre(MailAddress{"", "root@localhost"}));
}

TEST(MailAddresses, AreReadFromListsWithEmptyItems) {
  EXPECT_THAT(Parse("a@x.org,, B <b@x.org> ,c@x.org,"),
              ElementsAre(MailAddress{"", "a@x.org"}, MailAddress{"B", "b@x.org"},
                          MailAddress{"", "c@x.org"}));
}

TEST(MailAddresses, MayHaveComments) {
  EXPECT_THAT(Parse("(the (only) one) a@x.org (on call \\) still)"),
              ElementsAre(MailAddress{"", "a@x.org"}));
}

TEST(MailAddresses, MayHoldQuotesLiteralsAndUtf8) {
  EXPECT_THAT(Parse("\"odd one\"@x.org"), ElementsAre(MailAddress{"", "\"odd one\"@x.org"}));
  EXPECT_THAT(Parse("a@[192.0.2.1]"), ElementsAre(MailAddress{"", "a@[192.0.2.1]"}));
  EXPECT_THAT(Parse("Jürgen <jürgen@bücher.example>"),
              ElementsAre(MailAddress{"Jürgen", "jürgen@bücher.example"}));
}

TEST(MailAddresses, AreRefusedWhereTheyAreNone) {
  for (const char* text : {"",
                           " , ",
                           "a",
                           "a@",
                           "@x.org",
                           "a b@x.org",
                           "a@x..org",
                           ".a@x.org",
                           "a.@x.org",
                           "a@x.org b",
                           "<a@x.org",
                           "a@x.org>",
                           "A <a@x.org> B",
                           "\"a@x.org",
                           "(a@x.org",
                           "a@b@c",
                           "a@x.org;b@x.org",
                           "a\r\nRCPT TO:<b@x.org>@x.org",
                           "\"a\r\nb\"@x.org",
                           "a@x\n.org",
                           "a@[1",
                           "A <>",
                           "a@x.org\xff"}) {
    EXPECT_FALSE(ParseMailAddresses(text).ok()) << text;
  }
  EXPECT_FALSE(ParseMailAddresses(std::string(65, 'a') + "@x.org").ok());
  EXPECT_TRUE(ParseMailAddresses(std::string(64, 'a') + "@x.org").ok());
}

}  // namespace
}  // namespace tocsin
