#include "config/web_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/config/config_world.h"

namespace tocsin::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr const char* kHash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

std::vector<std::string> Problems(const LoadedWebFile& loaded) {
  std::vector<std::string> problems;
  for (const Diagnostic& diagnostic : loaded.diagnostics.list()) {
    problems.push_back(diagnostic.ToString());
  }
  return problems;
}

TEST(WebFile, ReadsUsersAndHeaders) {
  const LoadedWebFile loaded = LoadWebText("web.yml", R"(
basic_auth_users:
  ann: )" + std::string(kHash) + R"(
  "bob smith": ')" + std::string(kHash) + R"('
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    Strict-Transport-Security: max-age=31536000
    Content-Security-Policy: "default-src 'self'"
    X-XSS-Protection:
)");
  EXPECT_THAT(Problems(loaded), IsEmpty());
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_THAT(loaded.settings->users,
              ElementsAre(Pair("ann", Secret(kHash)), Pair("bob smith", Secret(kHash))));
  EXPECT_THAT(
      loaded.settings->headers,
      ElementsAre(Pair("X-Frame-Options", "deny"), Pair("X-Content-Type-Options", "nosniff"),
                  Pair("Strict-Transport-Security", "max-age=31536000"),
                  Pair("Content-Security-Policy", "default-src 'self'")));  // blank: unset
}

TEST(WebFile, MayAskForNothing) {
  for (const char* text :
       {"", "# later\n", "basic_auth_users:\n", "basic_auth_users: {}\n", "tls_server_config: {}\n",
        "tls_server_config:\n", "rate_limit:\n", "http_server_config:\n  headers:\n"}) {
    const LoadedWebFile loaded = LoadWebText("web.yml", text);
    EXPECT_THAT(Problems(loaded), IsEmpty()) << text;
    ASSERT_NE(loaded.settings, nullptr) << text;
    EXPECT_TRUE(loaded.settings->users.empty() && loaded.settings->headers.empty());
  }
  MemoryFiles none;
  EXPECT_NE(LoadWebFile("", none).settings, nullptr);
}

struct Faulty {
  std::string text;
  std::vector<std::string> problems;
};

TEST(WebFile, NamesEveryProblemAndItsPlace) {
  const std::string no_hash = " is no bcrypt hash ($2y$...), as `htpasswd -nB` makes them";
  const std::string known =
      "; those that can be are Content-Security-Policy, Strict-Transport-Security, "
      "X-Content-Type-Options, X-Frame-Options, X-XSS-Protection";
  const std::vector<Faulty> cases = {
      {"basic_auth_users:\n  ann: secret\n  bob:\n  cid: [a]\n",
       {"web.yml:2:8: the password of ann" + no_hash, "web.yml:3:3: the password of bob" + no_hash,
        "web.yml:4:8: the password of cid" + no_hash}},
      {"basic_auth_users: [ann]\n", {"web.yml:1:19: basic_auth_users must be a map, not a list"}},
      {"tls_server_config: {cert_file: a, key_file: b}\nrate_limit: {burst: 1}\n",
       {"web.yml:1:1: tls_server_config is not supported: the HTTP server that is linked here "
        "crashes on TLS; let a proxy in front speak it",
        "web.yml:2:1: rate_limit is not supported: let a proxy in front limit requests"}},
      {"http_server_config:\n  headers:\n    X-Frame-Options: maybe\n    x-frame-options: deny\n"
       "    X-XSS-Protection: \"1\\nEvil: 1\"\n",
       {"web.yml:3:22: invalid value \"maybe\" of X-Frame-Options: it is deny or sameorigin",
        "web.yml:4:5: HTTP header \"x-frame-options\" can not be configured" + known,
        "web.yml:5:23: the value of X-XSS-Protection has a line break or another control "
        "character"}},
  };
  for (const Faulty& faulty : cases) {
    const LoadedWebFile loaded = LoadWebText("web.yml", faulty.text);
    EXPECT_EQ(loaded.settings, nullptr) << faulty.text;
    EXPECT_EQ(Problems(loaded), faulty.problems);
  }
}

TEST(WebFile, IsRefusedWhereItHasKeysThatNobodyKnows) {
  for (const char* text : {"basic_auth_user: {}\n", "http_server_config: {headrs: {}}\n", "- a\n",
                           "text\n", "a: [\n", "basic_auth_users: {}\nbasic_auth_users: {}\n"}) {
    EXPECT_EQ(LoadWebText("web.yml", text).settings, nullptr) << text;
  }
  MemoryFiles none;
  const LoadedWebFile missing = LoadWebFile("web.yml", none);
  EXPECT_EQ(missing.settings, nullptr);
  EXPECT_THAT(Problems(missing), ElementsAre("web.yml: cannot be read: No such file or directory"));
}

TEST(WebFile, NeverRepeatsAPassword) {
  const LoadedWebFile loaded = LoadWebText("web.yml", "basic_auth_users: {ann: hunter2}\n");
  for (const std::string& problem : Problems(loaded)) {
    EXPECT_EQ(problem.find("hunter2"), std::string::npos) << problem;
  }
}

TEST(WebFile, WarnsOfAUserWhoCanNeverLogIn) {
  const LoadedWebFile loaded =
      LoadWebText("web.yml", "basic_auth_users: {'a:b': " + std::string(kHash) + "}\n");
  EXPECT_NE(loaded.settings, nullptr);
  EXPECT_THAT(Problems(loaded), ElementsAre("web.yml:1:20: warning: a:b can never log in: a colon "
                                            "ends the name of a user"));
}

}  // namespace
}  // namespace tocsin::config
