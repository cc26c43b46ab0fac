#include "receivers/channels/sent_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

using ::testing::UnorderedElementsAre;

HttpClientRequest RequestTo(const std::string& url,
                            std::vector<std::pair<std::string, std::string>> headers = {}) {
  HttpClientRequest request;
  request.url = url;
  request.headers = std::move(headers);
  return request;
}

TEST(SentSecrets, AreWhatInAnAddressIsLongEnoughForAKey) {
  EXPECT_THAT(SecretsIn(RequestTo("https://hooks.example.com/services/T0/abcdefghijklmnop?sig="
                                  "qrstuvwxyz%2B12345&messageReplyOption=x")),
              UnorderedElementsAre("abcdefghijklmnop", "qrstuvwxyz%2B12345", "qrstuvwxyz+12345",
                                   "messageReplyOption"));
  EXPECT_THAT(SecretsIn(RequestTo("https://api.example.com/bot1:abcdefghijklmnop/send")),
              UnorderedElementsAre("abcdefghijklmnop"));
  EXPECT_THAT(SecretsIn(RequestTo("https://api.example.com/services/v2/messages/B0abcdef?wait=1")),
              UnorderedElementsAre("B0abcdef"));
  EXPECT_THAT(SecretsIn(RequestTo("https://a-very-long-host-name.example.com/")),
              UnorderedElementsAre());
}

TEST(SentSecrets, AreCredentialsInHeadersOnly) {
  EXPECT_THAT(SecretsIn(RequestTo("http://h/", {{"Content-Type", "application/json"},
                                                {"Authorization", "Bearer abcdefgh"},
                                                {"X-Token", "tok-of-mine"},
                                                {"X-Short", "ok"},
                                                {"Idempotency-Key", "0123456789"}})),
              UnorderedElementsAre("Bearer abcdefgh", "abcdefgh", "tok-of-mine"));
}

TEST(SentSecrets, AreThePasswordOfBasicAuthorizationToo) {
  EXPECT_THAT(SecretsIn(RequestTo("http://h/", {{"Authorization", "Basic bWU6cGFzc3dvcmQ="}})),
              UnorderedElementsAre("Basic bWU6cGFzc3dvcmQ=", "bWU6cGFzc3dvcmQ=", "password"));
}

TEST(SentSecrets, AreStruckOutTheLongestFirst) {
  const std::vector<std::string> secrets =
      SecretsIn(RequestTo("http://h/", {{"Authorization", "Bearer abcdefgh"}}));
  std::string text = "Bearer abcdefgh and abcdefgh, abcdefg";
  StrikeOut(secrets, &text);
  EXPECT_EQ(text, "<secret> and <secret>, abcdefg");
  StrikeOut(secrets, &text);
  EXPECT_EQ(text, "<secret> and <secret>, abcdefg");
}

TEST(StrikeOut, LeavesATextAloneThatIsNoSecret) {
  std::string text = "abc";
  StrikeOut({"", "x"}, &text);
  EXPECT_EQ(text, "abc");
}

}  // namespace
}  // namespace tocsin::receivers
