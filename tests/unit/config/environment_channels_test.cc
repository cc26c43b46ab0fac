#include "config/environment_channels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_world.h"

namespace tocsin::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Variables = std::vector<std::pair<std::string, std::string>>;

struct Channels {
  std::vector<ReceiverSettings> receivers;
  std::vector<std::string> problems;

  const CheckedKeys& keys() const { return receivers.at(0).channels.at(0).keys; }
};

Channels ReadChannels(const Variables& variables) {
  const Environment environment = [&](std::string_view name) -> std::optional<std::string> {
    for (const auto& [key, value] : variables) {
      if (key == name) return value;
    }
    return std::nullopt;
  };
  MemoryFiles files;
  Diagnostics diagnostics;
  EnvironmentValues values(environment, files, diagnostics);
  Channels read;
  read.receivers = ReadEnvironmentChannels(values);
  read.problems = Lines(diagnostics);
  return read;
}

std::string NameOf(const Channels& read) {
  return read.receivers.size() == 1 ? read.receivers[0].name : "none";
}

TEST(EnvironmentChannels, AddressesMakeReceiversOfTheChannelsName) {
  for (const auto& [variable, name] :
       {std::pair("SLACK_WEBHOOK_URL", "slack"), std::pair("DISCORD_WEBHOOK_URL", "discord"),
        std::pair("TEAMS_WEBHOOK_URL", "teams")}) {
    const Channels read = ReadChannels({{variable, "https://example.org/s3cret"}});
    EXPECT_THAT(read.problems, IsEmpty());
    EXPECT_EQ(NameOf(read), name);
    EXPECT_EQ(read.receivers[0].channels[0].type, name);
    EXPECT_EQ(read.receivers[0].source, std::string("environment ") + variable);
    EXPECT_EQ(read.keys().SecretOf("webhook_url").Reveal(), "https://example.org/s3cret");
    EXPECT_FALSE(read.receivers[0].channels[0].http.follow_redirects);
  }
}

TEST(EnvironmentChannels, SlackMayHaveAChannel) {
  EXPECT_EQ(ReadChannels({{"SLACK_WEBHOOK_URL", "https://s/"}, {"SLACK_CHANNEL", "#ops"}})
                .keys()
                .Text("channel"),
            "#ops");
  EXPECT_THAT(ReadChannels({{"SLACK_CHANNEL", "#ops"}}).problems,
              ElementsAre("warning: SLACK_CHANNEL has no effect without SLACK_WEBHOOK_URL"));
}

TEST(EnvironmentChannels, BadAddressesAreReportedAndNotTold) {
  for (const char* variable : {"SLACK_WEBHOOK_URL", "DISCORD_WEBHOOK_URL", "TEAMS_WEBHOOK_URL"}) {
    const Channels read = ReadChannels({{variable, "ftp://s3cret"}});
    ASSERT_EQ(read.problems.size(), 1U);
    EXPECT_THAT(read.problems[0], HasSubstr(variable));
    EXPECT_THAT(read.problems[0], Not(HasSubstr("s3cret")));
  }
}

TEST(EnvironmentChannels, PagerDutyHasTwoSpellings) {
  for (const char* variable : {"PAGERDUTY_INTEGRATION_KEY", "PAGERDUTY_API_KEY"}) {
    const Channels read = ReadChannels({{variable, "k3y"}});
    EXPECT_EQ(NameOf(read), "pagerduty");
    EXPECT_EQ(read.keys().SecretOf("routing_key").Reveal(), "k3y");
    EXPECT_EQ(read.keys().Text("url"), "https://events.pagerduty.com/v2/enqueue");
  }
}

TEST(EnvironmentChannels, TheFirstSpellingWinsAndAConflictIsTold) {
  const Channels conflict =
      ReadChannels({{"PAGERDUTY_API_KEY", "b"}, {"PAGERDUTY_INTEGRATION_KEY", "a"}});
  EXPECT_EQ(conflict.keys().SecretOf("routing_key").Reveal(), "a");
  EXPECT_THAT(conflict.problems,
              ElementsAre("warning: PAGERDUTY_INTEGRATION_KEY and PAGERDUTY_API_KEY say different "
                          "things; PAGERDUTY_INTEGRATION_KEY is used"));
  EXPECT_THAT(
      ReadChannels({{"PAGERDUTY_API_KEY", "a"}, {"PAGERDUTY_INTEGRATION_KEY", "a"}}).problems,
      IsEmpty());
}

TEST(EnvironmentChannels, MailReadsEverySpelling) {
  const std::vector<Variables> spellings = {{{"EMAIL_SMTP_HOST", "mail.example.org"},
                                             {"EMAIL_SMTP_PORT", "2525"},
                                             {"EMAIL_SMTP_USERNAME", "u"},
                                             {"EMAIL_SMTP_PASSWORD", "p4ss"},
                                             {"EMAIL_FROM", "Tocsin <t@example.org>"},
                                             {"EMAIL_TO", "a@example.org, b@example.org"}},
                                            {{"SMTP_SERVER", "mail.example.org"},
                                             {"SMTP_PORT", "2525"},
                                             {"SMTP_USERNAME", "u"},
                                             {"SMTP_PASSWORD", "p4ss"},
                                             {"SMTP_FROM", "Tocsin <t@example.org>"},
                                             {"EMAIL_TO", "a@example.org, b@example.org"}},
                                            {{"SMTP_HOST", "mail.example.org"},
                                             {"SMTP_PORT", "2525"},
                                             {"SMTP_USERNAME", "u"},
                                             {"SMTP_PASSWORD", "p4ss"},
                                             {"SMTP_FROM", "Tocsin <t@example.org>"},
                                             {"EMAIL_TO", "a@example.org, b@example.org"}}};
  for (const Variables& variables : spellings) {
    const Channels read = ReadChannels(variables);
    EXPECT_THAT(read.problems, IsEmpty());
    ASSERT_EQ(NameOf(read), "email");
    EXPECT_EQ(read.keys().Text("smarthost"), "mail.example.org:2525");
    EXPECT_EQ(read.keys().Text("auth_username"), "u");
    EXPECT_EQ(read.keys().SecretOf("auth_password").Reveal(), "p4ss");
    EXPECT_EQ(read.keys().Text("from"), "Tocsin <t@example.org>");
    EXPECT_EQ(read.keys().Text("to"), "a@example.org, b@example.org");
  }
}

TEST(EnvironmentChannels, MailHasDefaults) {
  const Channels read =
      ReadChannels({{"SMTP_SERVER", "::1"}, {"SMTP_USERNAME", "user@example.org"}});
  EXPECT_EQ(read.keys().Text("smarthost"), "[::1]:587");
  EXPECT_EQ(read.keys().Text("from"), "user@example.org");
  EXPECT_EQ(read.keys().Text("to"), "user@example.org");
  EXPECT_THAT(read.problems, ElementsAre("warning: EMAIL_TO is not set: mail goes to the sender's "
                                         "own address"));
}

TEST(EnvironmentChannels, MailWithoutASenderOrWithBadValuesIsRefused) {
  EXPECT_THAT(ReadChannels({{"SMTP_SERVER", "m"}, {"SMTP_USERNAME", "user"}}).problems,
              ElementsAre("EMAIL_FROM is not set, and the mail user is no address to send from"));
  EXPECT_THAT(ReadChannels({{"SMTP_SERVER", "m"},
                            {"SMTP_PORT", "mail"},
                            {"EMAIL_FROM", "nobody"},
                            {"EMAIL_TO", "a b"}})
                  .problems,
              ElementsAre("SMTP_PORT must be a number from 1 to 65535, not \"mail\"",
                          "EMAIL_FROM: \"nobody\" ends where @ belongs, in an address",
                          HasSubstr("EMAIL_TO: ")));
}

TEST(EnvironmentChannels, AHostIsNoHostAndPort) {
  EXPECT_THAT(
      ReadChannels({{"SMTP_SERVER", "m:587"}, {"EMAIL_FROM", "a@x.org"}, {"EMAIL_TO", "a@x.org"}})
          .problems,
      ElementsAre("SMTP_SERVER must be a host without a port; set EMAIL_SMTP_PORT"));
}

TEST(EnvironmentChannels, VariablesOfMailAloneHaveNoEffect) {
  EXPECT_THAT(ReadChannels({{"EMAIL_TO", "a@x.org"}}).problems,
              ElementsAre("warning: EMAIL_TO has no effect without EMAIL_SMTP_HOST"));
}

}  // namespace
}  // namespace tocsin::config
