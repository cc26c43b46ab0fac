#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;

constexpr char kOk[] = R"({"ok":true,"result":{"message_id":7}})";
constexpr std::size_t kMaxTelegramRunes = 4096;

std::string TelegramItemWith(const std::string& keys) {
  return "{api_url: 'http://tg', bot_token: '42:s3cret', chat_id: -1001" + keys + "}";
}

// The text of a message about an alert with this annotation.
std::string TelegramTextOf(const std::string& keys, const std::string& summary) {
  VendorWorld telegram("telegram_configs", TelegramItemWith(keys));
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", summary}};
  return nlohmann::json::parse(telegram.Deliver(About({Fires(alert)})).body).at("text");
}

TEST(GroupTelegram, SendsAlertmanagersDefaultMessage) {
  VendorWorld telegram("telegram_configs", "{bot_token: '42:s3cret', chat_id: -1001}");
  const HttpClientRequest request = telegram.DeliverFiring();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://api.telegram.org/bot42:s3cret/sendMessage");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(request.body,
            R"({"chat_id":"-1001","disable_web_page_preview":"true","parse_mode":"HTML",)"
            R"("text":"\n\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n - job = node\n)"
            R"(Annotations:\n - summary = 98%\n)"
            R"(Source: http://p/graph?g0.expr=a\u0026gt;1\u0026amp;g0.tab=1\n\n\n\n"})"
            "\n");
  EXPECT_TRUE(telegram.send_resolved);
}

TEST(GroupTelegram, TellsWhatIsOver) {
  VendorWorld telegram("telegram_configs", TelegramItemWith(""));
  EXPECT_EQ(telegram.DeliverResolved().body,
            R"({"chat_id":"-1001","disable_web_page_preview":"true","parse_mode":"HTML",)"
            R"("text":"\n\n\nAlerts Resolved:\nLabels:\n - alertname = DiskFull\n - job = node\n)"
            R"(Annotations:\n - summary = 98%\n)"
            R"(Source: http://p/graph?g0.expr=a\u0026gt;1\u0026amp;g0.tab=1\n\n\n"})"
            "\n");
}

TEST(GroupTelegram, SendsEveryKey) {
  VendorWorld telegram("telegram_configs",
                       TelegramItemWith(", message_thread_id: 7, message: '*{{ .Status }}*', "
                                        "disable_notifications: true, parse_mode: MarkdownV2"));
  EXPECT_EQ(telegram.DeliverFiring().body,
            R"({"chat_id":"-1001","disable_notification":"true",)"
            R"("disable_web_page_preview":"true","message_thread_id":"7",)"
            R"("parse_mode":"MarkdownV2","text":"*firing*"})"
            "\n");
}

TEST(GroupTelegram, LeavesOutWhatSaysNothing) {
  VendorWorld telegram("telegram_configs",
                       TelegramItemWith(", message_thread_id: 0, message: m, "
                                        "disable_notifications: false, parse_mode: ''"));
  EXPECT_EQ(telegram.DeliverFiring().body,
            R"({"chat_id":"-1001","disable_web_page_preview":"true","text":"m"})"
            "\n");
}

TEST(GroupTelegram, EscapesValuesInHtmlOnly) {
  const std::string message = ", message: '<b>{{ .CommonAnnotations.summary }}</b>'";
  const std::string text = "\"<script>x</script>&\n";
  EXPECT_EQ(TelegramTextOf(message, text), "<b>&#34;&lt;script&gt;x&lt;/script&gt;&amp;\n</b>");
  for (const char* mode : {"Markdown", "MarkdownV2", "''"}) {
    EXPECT_EQ(TelegramTextOf(message + ", parse_mode: " + mode, text), "<b>" + text + "</b>");
  }
}

TEST(GroupTelegram, CutsPlainTextsAndMarkdownAtTheLimitInCharacters) {
  for (const char* mode : {"Markdown", "MarkdownV2", "''"}) {
    const std::string keys =
        std::string(", message: '{{ .CommonAnnotations.summary }}', parse_mode: ") + mode;
    EXPECT_EQ(TelegramTextOf(keys, Repeated(kMaxTelegramRunes, "é")),
              Repeated(kMaxTelegramRunes, "é"));
    EXPECT_EQ(TelegramTextOf(keys, Repeated(kMaxTelegramRunes + 1, "é")),
              Repeated(kMaxTelegramRunes - 1, "é") + "…");
  }
}

// A cut might leave a tag open.
TEST(GroupTelegram, SendsANoticeInsteadOfHtmlThatIsTooLong) {
  const std::string keys = ", message: '<b>{{ .CommonAnnotations.summary }}</b>'";
  const std::size_t tags = std::string("<b></b>").size();
  const std::string fits = Repeated(kMaxTelegramRunes - tags, "é");
  EXPECT_EQ(TelegramTextOf(keys, fits), "<b>" + fits + "</b>");
  const std::string notice = TelegramTextOf(keys, fits + "é");
  EXPECT_THAT(notice, HasSubstr("longer than Telegram takes"));
  EXPECT_THAT(notice, Not(HasSubstr("é")));
  EXPECT_EQ(notice.find_first_of("<>&"), std::string::npos);
  EXPECT_EQ(TelegramTextOf(keys, "x" + Repeated(5 * kMaxTelegramRunes, "é")), notice);
}

TEST(GroupTelegram, TakesTokenAndAddressFromGlobal) {
  VendorWorld telegram("telegram_configs", "{chat_id: 1}",
                       "{telegram_bot_token: '1:g', telegram_api_url: 'http://global/api/'}");
  EXPECT_EQ(telegram.DeliverFiring().url, "http://global/api/bot1:g/sendMessage");
}

TEST(GroupTelegram, ReadsTheFilesOfTokenAndChatForEachMessage) {
  const testing::TempDir folder;
  const std::string token = folder.path() + "/token";
  const std::string chat = folder.path() + "/chat";
  VendorWorld telegram("telegram_configs", "{api_url: 'http://tg', bot_token_file: '" + token +
                                               "', chat_id_file: '" + chat + "', message: m}");
  std::ofstream(token) << " 1:a\n";
  std::ofstream(chat) << " -5\n";
  const HttpClientRequest request = telegram.DeliverFiring();
  EXPECT_EQ(request.url, "http://tg/bot1:a/sendMessage");
  EXPECT_THAT(request.body, HasSubstr(R"({"chat_id":"-5",)"));
  std::ofstream(token) << "2:b";
  std::ofstream(chat) << "6";
  EXPECT_EQ(telegram.DeliverFiring().url, "http://tg/bot2:b/sendMessage");
  EXPECT_THAT(telegram.LastRequest().body, HasSubstr(R"({"chat_id":"6",)"));
}

TEST(GroupTelegram, GivesUpWithoutATokenOrAChat) {
  const testing::TempDir folder;
  const std::string token = folder.path() + "/token";
  const std::string chat = folder.path() + "/chat";
  VendorWorld telegram("telegram_configs", "{api_url: 'http://tg', bot_token_file: '" + token +
                                               "', chat_id_file: '" + chat + "'}");
  const auto reason = [&telegram] {
    telegram.DeliverFiring();
    EXPECT_EQ(telegram.outcomes.back().kind, Kind::kGiveUp);
    return telegram.reason();
  };
  EXPECT_THAT(reason(), HasSubstr(token));
  std::ofstream(token) << "\n";
  EXPECT_THAT(reason(), HasSubstr("bot_token_file"));
  std::ofstream(token) << "s3cret with blanks";
  std::ofstream(chat) << "1";
  EXPECT_THAT(reason(), HasSubstr("bot_token"));
  EXPECT_THAT(telegram.reason(), Not(HasSubstr("s3cret")));
  std::ofstream(token) << "1:a";
  std::ofstream(chat) << "@channel";
  EXPECT_THAT(reason(), HasSubstr("chat_id_file"));
  EXPECT_EQ(telegram.http.sent(), 0U);
}

TEST(GroupTelegram, BelievesNothingButTelegramsWord) {
  VendorWorld telegram("telegram_configs", TelegramItemWith(""));
  EXPECT_EQ(telegram.OutcomeOf(200, kOk).kind, Kind::kDelivered);
  EXPECT_EQ(telegram.outcomes.back().http_status, 200);
  for (const char* body : {"", "<html>", "[]", "{}", R"({"ok":"yes"})"}) {
    EXPECT_EQ(telegram.OutcomeOf(200, body).kind, Kind::kRetry) << body;
    EXPECT_TRUE(telegram.outcomes.back().may_have_arrived) << body;
  }
  EXPECT_EQ(telegram.OutcomeOf(200, R"({"ok":false,"description":"Bad\nRequest"})").kind,
            Kind::kRetry);
  EXPECT_FALSE(telegram.outcomes.back().may_have_arrived);
  EXPECT_THAT(telegram.reason(), HasSubstr(R"("Bad\nRequest")"));
}

TEST(GroupTelegram, TellsWhyTelegramRefuses) {
  VendorWorld telegram("telegram_configs", TelegramItemWith(""));
  telegram.OutcomeOf(
      400, R"({"ok":false,"error_code":400,"description":"Bad Request: chat not found"})");
  EXPECT_THAT(telegram.reason(), HasSubstr("400"));
  EXPECT_THAT(telegram.reason(), HasSubstr("Bad Request: chat not found"));
  telegram.OutcomeOf(400, R"({"ok":false,"description":")" + std::string(5000, 'x') + "\"}");
  EXPECT_LT(telegram.reason().size(), 200U);
}

// An api_url that is not Telegram's may repeat what it was asked for.
TEST(GroupTelegram, TellsNothingThatHoldsTheToken) {
  VendorWorld telegram("telegram_configs", TelegramItemWith(""));
  for (const int status : {200, 404}) {
    telegram.OutcomeOf(status, R"({"ok":false,"description":"no /bot42:s3cret/sendMessage here"})");
    EXPECT_EQ(telegram.outcomes.back().kind, Kind::kRetry);
    EXPECT_THAT(telegram.reason(), Not(HasSubstr("s3cret")));
    EXPECT_THAT(telegram.reason(), HasSubstr("no /bot<secret>/sendMessage here"));
  }
}

TEST(GroupTelegram, WaitsAsLongAsTelegramAsks) {
  VendorWorld telegram("telegram_configs", TelegramItemWith(""));
  const auto wait = [&telegram](const std::string& parameters) {
    telegram.OutcomeOf(429, R"({"ok":false,"parameters":)" + parameters + "}");
    return telegram.outcomes.back().retry_after;
  };
  EXPECT_EQ(wait(R"({"retry_after":35})"), std::chrono::seconds(35));
  EXPECT_EQ(wait(R"({"retry_after":18446744073709551615})"), std::chrono::hours(24));
  for (const char* nothing : {"{}", "[35]", R"({"retry_after":-1})", R"({"retry_after":"35"})"}) {
    EXPECT_EQ(wait(nothing), std::nullopt) << nothing;
  }
}

// Alertmanager does not tell its failures apart.
TEST(GroupTelegram, IsRetriedWhateverItAnswers) {
  VendorWorld telegram("telegram_configs", TelegramItemWith(""));
  for (const int status : {302, 400, 401, 403, 404, 408, 413, 429, 500, 503}) {
    EXPECT_EQ(telegram.OutcomeOf(status, R"({"ok":false})").kind, Kind::kRetry) << status;
    EXPECT_EQ(telegram.DurableOutcomeOf(status, R"({"ok":false})").kind, Kind::kRetry) << status;
    EXPECT_EQ(telegram.OutcomeOf(status, "").kind, Kind::kRetry) << status;
  }
  EXPECT_EQ(telegram.DurableOutcomeOf(200, kOk).kind, Kind::kDelivered);
  HttpClientFailure failure;
  failure.message = "refused";
  telegram.DeliverFiring();
  telegram.http.Fail(telegram.http.sent() - 1, failure);
  EXPECT_EQ(telegram.outcomes.back().kind, Kind::kRetry);
  EXPECT_EQ(telegram.reason(), "refused");
  for (const Outcome& outcome : telegram.outcomes) {
    EXPECT_THAT(outcome.reason + outcome.advice, Not(HasSubstr("s3cret")));
  }
}

TEST(GroupTelegram, SendsInvalidBytesAsReplacementCharacters) {
  for (const char* mode : {"HTML", "Markdown"}) {
    EXPECT_EQ(TelegramTextOf(
                  std::string(", message: '{{ .CommonAnnotations.summary }}', parse_mode: ") + mode,
                  "a\xff"
                  "b"),
              "a\xEF\xBF\xBD"
              "b");
  }
}

TEST(GroupTelegram, GivesUpWhereATemplateFailsAndSendsNothing) {
  for (const char* mode : {"HTML", "Markdown"}) {
    VendorWorld telegram(
        "telegram_configs",
        TelegramItemWith(std::string(", message: '{{ .Nothing }}', parse_mode: ") + mode));
    telegram.DeliverFiring();
    EXPECT_EQ(telegram.http.sent(), 0U);
    EXPECT_EQ(telegram.outcomes.at(0).kind, Kind::kGiveUp);
    EXPECT_THAT(telegram.reason(), HasSubstr("message:1:4: "));
  }
}

}  // namespace
}  // namespace tocsin::receivers
