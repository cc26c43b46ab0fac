#include "config/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/config/config_world.h"

namespace tocsin::config {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct EnvironmentResult {
  EnvironmentSettings settings;
  std::vector<std::string> problems;
};
EnvironmentResult ReadAll(std::map<std::string_view, std::string_view> variables,
                          MemoryFiles files = {}) {
  Diagnostics diagnostics;
  EnvironmentResult read;
  read.settings = ReadEnvironment(MakeEnvironment(std::move(variables)), files, diagnostics);
  read.problems = Lines(diagnostics);
  return read;
}

TEST(Environment, WithoutVariablesNothingIsSetButTheDatabase) {
  const EnvironmentResult read = ReadAll({});
  EXPECT_EQ(read.settings.database_path, "alerting.db");
  EXPECT_EQ(read.settings.extra_metrics_port, std::nullopt);
  EXPECT_THAT(read.settings.receivers, IsEmpty());
  EXPECT_THAT(read.problems, IsEmpty());
}

TEST(Environment, AVariableSetToNothingIsNotSet) {
  const EnvironmentResult read =
      ReadAll({{"DATABASE_URL", ""}, {"WEBHOOK_URL", ""}, {"TOCSIN_API_KEYS", ""}});
  EXPECT_EQ(read.settings.database_path, "alerting.db");
  EXPECT_THAT(read.problems, IsEmpty());
}

TEST(DatabaseUrl, NamesASqliteFileOrMemory) {
  const std::pair<std::string_view, std::string_view> forms[] = {
      {"sqlite:///alerting.db", "alerting.db"},
      {"sqlite:///state/alerting.db", "state/alerting.db"},
      {"sqlite:////var/lib/tocsin/alerting.db", "/var/lib/tocsin/alerting.db"},
      {"sqlite://", ":memory:"},
      {"sqlite:///:memory:", ":memory:"},
      {"sqlite+aiosqlite:///alerting.db", "alerting.db"},
      {"sqlite+pysqlite:////abs.db", "/abs.db"},
  };
  for (const auto& [url, path] : forms) {
    const EnvironmentResult read = ReadAll({{"DATABASE_URL", url}});
    EXPECT_EQ(read.settings.database_path, path) << url;
    EXPECT_THAT(read.problems, IsEmpty()) << url;
  }
}

TEST(DatabaseUrl, OtherFormsAreRefusedWithTheListOfGoodOnes) {
  for (const char* url :
       {"mysql://h/db", "alerting.db", "sqlite:/alerting.db", "sqlite:///", "sqlite://relative.db",
        "sqlite:///a.db?mode=ro", "SQLITE:///a.db", "://", "oracle+x://h"}) {
    EXPECT_THAT(ReadAll({{"DATABASE_URL", url}}).problems,
                ElementsAre("DATABASE_URL: supported forms: sqlite:///relative.db, "
                            "sqlite:////absolute.db, sqlite:// (memory), "
                            "postgresql://user:password@host:port/database"))
        << url;
  }
}

TEST(DatabaseUrl, NamesAPostgresDatabaseInEverySpelling) {
  for (const char* url :
       {"postgresql://u:hunter2@h:5433/db", "postgres://u:hunter2@h:5433/db",
        "postgresql+psycopg2://u:hunter2@h:5433/db", "postgresql+asyncpg://u:hunter2@h:5433/db"}) {
    const EnvironmentResult read = ReadAll({{"DATABASE_URL", url}});
    EXPECT_THAT(read.problems, IsEmpty()) << url;
    ASSERT_TRUE(read.settings.postgres.has_value()) << url;
    EXPECT_EQ(read.settings.postgres->shown, "postgresql://u@h:5433/db");
    EXPECT_EQ(read.settings.postgres->password.Reveal(), "hunter2");
  }
  EXPECT_FALSE(ReadAll({}).settings.postgres.has_value());
}

TEST(DatabaseUrl, OfPostgresThatCannotBeReadIsRefusedWithoutItsPassword) {
  const EnvironmentResult read = ReadAll({{"DATABASE_URL", "postgresql://u:hunter2/x@h/db"}});
  ASSERT_EQ(read.problems.size(), 1U);
  EXPECT_THAT(read.problems[0], HasSubstr("DATABASE_URL: "));
  EXPECT_THAT(read.problems[0], Not(HasSubstr("hunter2")));
}

TEST(PrometheusPort, IsAPort) {
  EXPECT_EQ(ReadAll({{"PROMETHEUS_PORT", "8001"}}).settings.extra_metrics_port, 8001);
  EXPECT_EQ(ReadAll({{"PROMETHEUS_PORT", "65535"}}).settings.extra_metrics_port, 65535);
  for (const char* port : {"0", "65536", "-1", "80x", "http"}) {
    const EnvironmentResult read = ReadAll({{"PROMETHEUS_PORT", port}});
    EXPECT_EQ(read.settings.extra_metrics_port, std::nullopt) << port;
    EXPECT_THAT(read.problems,
                ElementsAre(fmt::format(
                    "PROMETHEUS_PORT must be a number from 1 to 65535, not \"{}\"", port)));
  }
}

TEST(WebhookUrl, MakesAReceiverOfThatName) {
  const EnvironmentResult read =
      ReadAll({{"WEBHOOK_URL", "https://example.org/hook/token"},
               {"WEBHOOK_HEADERS", R"({"X-Team": "ops", "Authorization": "Bearer t"})"}});
  EXPECT_THAT(read.problems, IsEmpty());
  ASSERT_EQ(read.settings.receivers.size(), 1U);
  const ReceiverSettings& receiver = read.settings.receivers[0];
  EXPECT_EQ(receiver.name, "webhook");
  EXPECT_EQ(receiver.source, "environment WEBHOOK_URL");
  ASSERT_EQ(receiver.channels.size(), 1U);
  EXPECT_EQ(receiver.channels[0].type, "webhook");
  const WebhookSettings& webhook = receiver.channels[0].webhook;
  EXPECT_EQ(webhook.url.Reveal(), "https://example.org/hook/token");
  EXPECT_EQ(webhook.format, WebhookFormat::kSeed);
  ASSERT_EQ(webhook.headers.size(), 2U);
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : webhook.headers) headers[name] = value.Reveal();
  EXPECT_EQ(headers["X-Team"], "ops");
  EXPECT_EQ(headers["Authorization"], "Bearer t");
}

TEST(WebhookUrl, IsCheckedAndStandsInNoMessage) {
  for (const char* url : {"ftp://secret.example/", "secret", "https://u:secret@example.org/",
                          "http://example.org/secret\r\nX: y"}) {
    const EnvironmentResult read = ReadAll({{"WEBHOOK_URL", url}});
    EXPECT_EQ(read.problems.size(), 1U) << url;
    EXPECT_THAT(read.problems, Each(HasSubstr("WEBHOOK_URL: "))) << url;
    EXPECT_THAT(read.problems, Each(Not(HasSubstr("secret")))) << url;
  }
}

TEST(WebhookHeaders, AreAJsonObjectOfStrings) {
  const auto problems = [](std::string_view headers) {
    return ReadAll({{"WEBHOOK_URL", "http://h/"}, {"WEBHOOK_HEADERS", headers}}).problems;
  };
  for (const char* text : {"X-Team: ops", "[]", "\"x\"", "{", "null"}) {
    EXPECT_THAT(problems(text), ElementsAre("WEBHOOK_HEADERS must be a JSON object, such as "
                                            "{\"X-Team\": \"ops\"}"))
        << text;
  }
  EXPECT_THAT(problems(R"({"X-Team": 1})"),
              ElementsAre("WEBHOOK_HEADERS: the value of \"X-Team\" must be a string"));
  EXPECT_THAT(problems(R"({"X Team": "ops"})"),
              ElementsAre("WEBHOOK_HEADERS: \"X Team\" is not a valid header name"));
  EXPECT_THAT(problems(R"({"X-Team": "ops\r\nX-Other: x"})"),
              ElementsAre("WEBHOOK_HEADERS: the value of \"X-Team\" holds a line break or control "
                          "character"));
  EXPECT_THAT(
      problems(R"({"content-length": "1"})"),
      ElementsAre(
          "WEBHOOK_HEADERS: the header Content-Length is set by the daemon itself; leave it out"));
}

TEST(WebhookHeaders, AloneHaveNoEffect) {
  EXPECT_THAT(ReadAll({{"WEBHOOK_HEADERS", "{}"}}).problems,
              ElementsAre("warning: WEBHOOK_HEADERS has no effect without WEBHOOK_URL"));
}

TEST(EnvironmentFiles, HoldTheValueWithoutItsLineEnd) {
  const MemoryFiles files = FilesOf({{"/run/secrets/hook", "https://example.org/hook\r\n"}});
  const EnvironmentResult read = ReadAll({{"WEBHOOK_URL_FILE", "/run/secrets/hook"}}, files);
  EXPECT_THAT(read.problems, IsEmpty());
  ASSERT_EQ(read.settings.receivers.size(), 1U);
  EXPECT_EQ(read.settings.receivers[0].channels[0].webhook.url.Reveal(),
            "https://example.org/hook");
  EXPECT_THAT(read.settings.files_read, ElementsAre("/run/secrets/hook"));
}

TEST(EnvironmentFiles, ServeEveryVariable) {
  const MemoryFiles files = FilesOf(
      {{"/db", "sqlite:////x.db\n"}, {"/port", "9100"}, {"/url", "http://h/"}, {"/headers", "{}"}});
  const EnvironmentResult read = ReadAll({{"DATABASE_URL_FILE", "/db"},
                                          {"PROMETHEUS_PORT_FILE", "/port"},
                                          {"WEBHOOK_URL_FILE", "/url"},
                                          {"WEBHOOK_HEADERS_FILE", "/headers"}},
                                         files);
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_EQ(read.settings.database_path, "/x.db");
  EXPECT_EQ(read.settings.extra_metrics_port, 9100);
  EXPECT_THAT(read.settings.files_read,
              ::testing::UnorderedElementsAre("/db", "/port", "/url", "/headers"));
}

TEST(EnvironmentFiles, TheVariableItselfWinsAndTheConflictIsTold) {
  const MemoryFiles files = FilesOf({{"/db", "sqlite:///of-file.db"}});
  const EnvironmentResult read =
      ReadAll({{"DATABASE_URL", "sqlite:///of-name.db"}, {"DATABASE_URL_FILE", "/db"}}, files);
  EXPECT_EQ(read.settings.database_path, "of-name.db");
  EXPECT_THAT(read.problems, ElementsAre("warning: DATABASE_URL and DATABASE_URL_FILE are both "
                                         "set; DATABASE_URL is used"));
}

TEST(EnvironmentFiles, ThatCannotBeReadOrAreEmptyAreErrors) {
  EXPECT_THAT(ReadAll({{"DATABASE_URL_FILE", "/none"}}).problems,
              ElementsAre("DATABASE_URL_FILE: cannot read /none: No such file or directory"));
  EXPECT_THAT(ReadAll({{"DATABASE_URL_FILE", "/e"}}, FilesOf({{"/e", "\n"}})).problems,
              ElementsAre("DATABASE_URL_FILE: the file /e is empty"));
  EXPECT_THAT(
      ReadAll({{"DATABASE_URL_FILE", "/big"}}, FilesOf({{"/big", std::string(70'000, 'x')}}))
          .problems,
      Contains(HasSubstr("larger than 65536 bytes")));
}

// The contract's other variables: whoever sets one is told, under whichever spelling, that it waits
// for a part of the program.
TEST(Environment, NamesWhatIsNotBuiltYet) {
  for (const char* name : {"REDIS_URL"}) {
    for (const std::string& spelling : {std::string(name), std::string(name) + "_FILE"}) {
      const EnvironmentResult read = ReadAll({{spelling, "s3cret"}});
      ASSERT_EQ(read.problems.size(), 1U) << spelling;
      EXPECT_THAT(read.problems[0], HasSubstr("warning: " + spelling + " has no effect: the "));
      EXPECT_THAT(read.problems[0], Not(HasSubstr("s3cret")));
    }
  }
}

TEST(Environment, NamesAProgramThatIsAskedHowItIs) {
  EXPECT_EQ(ReadAll({}).settings.probe_url, "");
  const EnvironmentResult read = ReadAll({{"API_URL", "http://10.0.0.5:8000/health?a=b"}});
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_EQ(read.settings.probe_url, "http://10.0.0.5:8000/health?a=b");
  for (const char* wrong : {"localhost:8000", "ftp://app", "http://user:s3cret@app/"}) {
    const EnvironmentResult refused = ReadAll({{"API_URL", wrong}});
    ASSERT_EQ(refused.problems.size(), 1U) << wrong;
    EXPECT_THAT(refused.problems[0], HasSubstr("API_URL: "));
    EXPECT_THAT(refused.problems[0], Not(HasSubstr("s3cret")));
    EXPECT_EQ(refused.settings.probe_url, "");
  }
}

TEST(ApiKeys, AreScopesWithTheirSecrets) {
  const EnvironmentResult read = ReadAll(
      {{"TOCSIN_API_KEYS", "admin:the-secret-of-the-operator, write:a:colon:is:part:of:it,"}});
  EXPECT_THAT(read.problems, IsEmpty());
  ASSERT_EQ(read.settings.api_keys.size(), 2U);
  EXPECT_EQ(read.settings.api_keys[0].scopes, Scopes{Scope::kAdmin});
  EXPECT_EQ(read.settings.api_keys[0].secret.Reveal(), "the-secret-of-the-operator");
  EXPECT_EQ(read.settings.api_keys[1].scopes, (Scopes{Scope::kPush, Scope::kOperate}));
  EXPECT_EQ(read.settings.api_keys[1].secret.Reveal(), "a:colon:is:part:of:it");
}

TEST(ApiKeys, WhatIsNoKeyIsAnErrorThatDoesNotShowIt) {
  const char* form =
      "is not of the form scope:secret, with a scope of read, push, operate, admin, or write for "
      "push and operate";
  EXPECT_THAT(
      ReadAll({{"TOCSIN_API_KEYS", "s3cret-without-scope,root:s3cret-of-somebody,read:"}}).problems,
      ElementsAre(std::string("TOCSIN_API_KEYS: key 1 ") + form,
                  std::string("TOCSIN_API_KEYS: key 2 ") + form,
                  std::string("TOCSIN_API_KEYS: key 3 ") + form,
                  "TOCSIN_API_KEYS holds no key: write scope:secret, separated by commas"));
}

TEST(ApiKeys, AShortSecretIsWarnedOf) {
  EXPECT_THAT(ReadAll({{"TOCSIN_API_KEYS", "read:short"}}).problems,
              ElementsAre("warning: TOCSIN_API_KEYS: the secret of key 1 is shorter than 16 "
                          "characters and may be guessed"));
}

TEST(ExpandVariables, ReplacesBothFormsAndKeepsOtherDollars) {
  const Environment environment = MakeEnvironment({{"A", "1"}, {"B_2", "two"}, {"EMPTY", ""}});
  const auto expand = [&environment](std::string_view text) {
    return ExpandVariables(text, environment).text;
  };
  EXPECT_EQ(expand("no dollar"), "no dollar");
  EXPECT_EQ(expand("$A-${B_2}"), "1-two");
  EXPECT_EQ(expand("$A.x${A}y"), "1.x1y");
  EXPECT_EQ(expand("$$A costs $"), "$A costs $");
  EXPECT_EQ(expand("${}${A"), "${}${A");
  EXPECT_EQ(expand("$-"), "$-");
}

TEST(ExpandVariables, NamesThoseThatWereEmpty) {
  const Expansion expansion = ExpandVariables("<$NONE|${EMPTY}>", MakeEnvironment({{"EMPTY", ""}}));
  EXPECT_EQ(expansion.text, "<|>");
  EXPECT_THAT(expansion.empty_variables, ElementsAre("NONE", "EMPTY"));
}

TEST(ExpandVariables, AValueIsNotExpandedAgain) {
  EXPECT_EQ(ExpandVariables("$A", MakeEnvironment({{"A", "$B"}, {"B", "x"}})).text, "$B");
}

}  // namespace
}  // namespace tocsin::config
