// Mail of tocsin.yml.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "receivers/channels/mail_page.h"
#include "tests/unit/config/loading.h"
#include "tests/unit/receivers/native_channel_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

constexpr char kKeys[] =
    "smarthost: 'm.example.org:587', from: 'T <t@x.org>', to: 'a@x.org, b@x.org'";

std::string Keys(const std::string& more) { return std::string("{") + kKeys + more + "}"; }

MailRequest SentMail(NativeChannelWorld& email, const AlertPtr& alert, std::uint64_t number = 1) {
  Notification notification = NativeChannelWorld::About({alert});
  notification.flush_number = number;
  email.Deliver(notification);
  return email.world.mail.exchanges.empty() ? MailRequest()
                                            : email.world.mail.exchanges.back().request;
}

MessageCard CardOf(std::vector<AlertPtr> alerts) {
  std::vector<std::string> messages(alerts.size(), "CPU usage is high");
  return MakeMessageCard(NativeChannelWorld::About(std::move(alerts)), messages);
}

TEST(EmailChannel, HandsTheMailToItsServer) {
  NativeChannelWorld email("email", Keys(", auth_username: u, auth_password: p, hello: h"));
  const MailRequest mail = SentMail(email, NativeChannelWorld::Fires());
  EXPECT_EQ(mail.host, "m.example.org");
  EXPECT_EQ(mail.port, 587);
  EXPECT_EQ(mail.hello, "h");
  EXPECT_EQ(mail.user, "u");
  EXPECT_EQ(mail.password.Reveal(), "p");
  EXPECT_EQ(mail.secret.Reveal(), "p");  // for a server with CRAM-MD5 alone
  EXPECT_EQ(mail.from, "t@x.org");
  EXPECT_THAT(mail.to, ElementsAre("a@x.org", "b@x.org"));
  EXPECT_TRUE(mail.accept_partly);
  EXPECT_EQ(mail.timeout, std::chrono::seconds(10));
}

TEST(EmailChannel, SendsNoPasswordInTheClearUnlessToldTo) {
  const auto security = [](const std::string& keys) {
    NativeChannelWorld email("email", "{from: t@x.org, to: a@x.org, " + keys + "}");
    return SentMail(email, NativeChannelWorld::Fires()).security;
  };
  EXPECT_EQ(security("smarthost: 'm:587'"), MailSecurity::kStartTls);
  EXPECT_EQ(security("smarthost: 'm:465'"), MailSecurity::kTls);
  EXPECT_EQ(security("smarthost: 'm:25'"), MailSecurity::kStartTlsIfOffered);
  EXPECT_EQ(security("smarthost: 'm:25', auth_username: u, auth_password: p"),
            MailSecurity::kStartTls);
  for (const char* here : {"localhost:25", "127.0.0.1:1025", "[::1]:25"}) {
    EXPECT_EQ(security(std::string("auth_username: u, smarthost: '") + here + "'"),
              MailSecurity::kStartTlsIfOffered);
  }
  EXPECT_EQ(security("smarthost: 'm:587', require_tls: false"), MailSecurity::kNone);
  EXPECT_EQ(security("smarthost: 'm:25', force_implicit_tls: true"), MailSecurity::kTls);
}

TEST(EmailChannel, TiesTheEndToTheBeginning) {
  NativeChannelWorld email("email", Keys(""));
  const std::string firing = SentMail(email, NativeChannelWorld::Fires(), 1).message;
  const std::string over = SentMail(email, NativeChannelWorld::IsOver(), 2).message;
  EXPECT_THAT(firing, HasSubstr("Subject: [HIGH] High CPU Usage\r\n"));
  EXPECT_THAT(firing, HasSubstr("Message-ID: <e1-1."));
  EXPECT_THAT(firing, HasSubstr("References: <e1@host.test>\r\n"));
  EXPECT_THAT(over, HasSubstr("Subject: [RESOLVED] High CPU Usage\r\n"));
  EXPECT_THAT(over, HasSubstr("Message-ID: <e1-2."));
  EXPECT_THAT(over, HasSubstr("References: <e1@host.test>\r\n"));
  EXPECT_EQ(SentMail(email, NativeChannelWorld::Fires(), 1).message, firing);
}

// What is encoded as a whole is no address any more.
// https://www.rfc-editor.org/rfc/rfc2047#section-5
TEST(EmailChannel, EncodesNamesAndLeavesAddresses) {
  NativeChannelWorld email(
      "email",
      "{smarthost: 'm:25', from: 'Überwachung <t@x.org>', to: 'a@x.org, \"B, C\" <b@x.org>'}");
  const std::string message = SentMail(email, NativeChannelWorld::Fires()).message;
  EXPECT_THAT(message, HasSubstr("From: =?utf-8?q?=C3=9Cberwachung?= <t@x.org>\r\n"));
  EXPECT_THAT(message, HasSubstr("To: a@x.org,\r\n \"B, C\" <b@x.org>\r\n"));
}

TEST(EmailChannel, HasBothForms) {
  NativeChannelWorld email("email", Keys(""));
  const std::string message = SentMail(email, NativeChannelWorld::Fires()).message;
  EXPECT_LT(message.find("text/plain"), message.find("text/html"));
}

TEST(EmailChannel, RefusesSettingsThatItCannotSendWith) {
  for (const char* keys : {"{smarthost: 'm:25', from: nobody, to: a@x.org}",
                           "{smarthost: 'm:25', from: 'a@x.org, b@x.org', to: a@x.org}",
                           "{smarthost: 'm:25', from: a@x.org, to: 'a b'}",
                           "{smarthost: 'm:smtp', from: a@x.org, to: a@x.org}",
                           "{smarthost: 'm:25', from: a@x.org, to: a@x.org, template: '{'}"}) {
    const config::Settings settings = config::GoodSettings(
        std::string("tocsin: {receivers: [{name: ops, email: ") + keys + "}]}\n");
    ChannelWorld world;
    EXPECT_FALSE(MakeChannel(settings.receivers.at(0).channels.at(0), world.Context()).ok())
        << keys;
  }
}

TEST(SmsChannel, SendsOneShortText) {
  NativeChannelWorld sms("sms", "{smarthost: 'gw:25', from: t@x.org, to: 15551234@sms.x.org}");
  const MailRequest mail = SentMail(sms, NativeChannelWorld::Fires());
  EXPECT_THAT(mail.to, ElementsAre("15551234@sms.x.org"));
  EXPECT_THAT(mail.message, Not(HasSubstr("Subject")));
  EXPECT_THAT(mail.message, Not(HasSubstr("multipart")));
  EXPECT_THAT(mail.message,
              HasSubstr("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                        "Content-Transfer-Encoding: quoted-printable\r\n\r\nHIGH High CPU"));
  EXPECT_THAT(mail.message, HasSubstr("HIGH High CPU Usage host=3Dweb-1 system.cpu.usage: 85.5"));
}

TEST(SmsChannel, CutsAt160Characters) {
  MessageCard card = CardOf({NativeChannelWorld::Fires()});
  card.message = std::string(300, 'x') + "\nnext";
  const std::string text = MailShort(card);
  EXPECT_EQ(text.size(), 160U);
  EXPECT_EQ(text.substr(157), "...");
  card.message = "short\nnext";
  EXPECT_THAT(MailShort(card), HasSubstr(". short next"));
}

TEST(SmsChannel, TellsHowManyMoreThereAreAndHowLongItLasted) {
  const AlertPtr over = NativeChannelWorld::IsOver();
  MessageCard card = CardOf({over, over, over});
  card.resolved = true;
  EXPECT_THAT(MailShort(card),
              StartsWith("RESOLVED High CPU Usage after 2m (+2 more) host=web-1 "));
  // No name pushes that out.
  card.title = std::string(200, 'x');
  const std::string text = MailShort(card);
  EXPECT_EQ(text.size(), 160U);
  EXPECT_THAT(text,
              StartsWith("RESOLVED " + std::string(97, 'x') + "... after 2m (+2 more) host="));
}

TEST(MailPlainText, TellsEverything) {
  const std::string text = MailPlain(CardOf({NativeChannelWorld::Fires()}), "Tocsin");
  EXPECT_EQ(text,
            "HIGH: High CPU Usage\n\nCPU usage is high\n\nSeverity: HIGH\n"
            "Metric: system.cpu.usage: 85.5\nThreshold: 80.0\n"
            "Condition: system.cpu.usage > 80.0 for 1m\nTriggered: 2024-05-01T10:00:00.123Z\n"
            "host: web-1\n\nAlert: http://tocsin:9095/api/v1/alerting/alerts/e1\n"
            "\n-- \nSent by Tocsin Alert System\n");
}

TEST(MailPageHtml, FetchesNothingAndRunsNothing) {
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->name = "<script>alert(1)</script>";
  auto alert = std::make_shared<Alert>(*testing::FiringAlert(rule, "e1"));
  alert->metadata = Labels{{"host", "\"><img src=http://evil/x onerror=alert(1)>"}};
  MessageCard card = CardOf({alert});
  card.message = "<iframe src='http://evil/'></iframe>\nsecond line";
  const std::string page = MailPage(card, "<b>Tocsin</b>");
  for (const char* bad : {"<script", "<img", "<iframe", "<b>", "url(", "<link", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(bad))) << bad;
  }
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(page, HasSubstr("<br>\nsecond line"));
}

TEST(MailPageHtml, ColoursTheBannerBySeverityAndEnd) {
  EXPECT_THAT(MailPage(CardOf({NativeChannelWorld::Fires()}), "T"),
              HasSubstr("background:#ff8000;color:#1f2328"));
  EXPECT_THAT(MailPage(CardOf({NativeChannelWorld::IsOver()}), "T"),
              HasSubstr("background:#36a64f;color:#1f2328"));
}

TEST(MailPageHtml, ListsTheOthersOfAGroupOneALine) {
  MessageCard card = CardOf({NativeChannelWorld::Fires()});
  card.others = {"<one>", "two"};
  card.untold = 3;
  const std::string page = MailPage(card, "T");
  EXPECT_THAT(page, HasSubstr("word-break:break-word\">&lt;one&gt;</td></tr>\n<tr><td"));
  EXPECT_THAT(page, HasSubstr(">and 3 more</td></tr>\n</table>"));
}

// A single long word would make the page as wide as itself.
TEST(MailPageHtml, BreaksLongWordsWhereverTheyStand) {
  const std::string word(300, 'x');
  MessageCard card = CardOf({NativeChannelWorld::Fires()});
  card.title = card.message = word;
  card.facts = card.labels = {{word, word}};
  card.others = {word};
  const std::string page = MailPage(card, "T");
  std::size_t found = 0;
  // In the head's <title> it is no part of the page.
  for (std::size_t at = page.find("<body"); (at = page.find(word, at)) != std::string::npos;
       at += word.size()) {
    const std::string_view tag = std::string_view(page).substr(0, at);
    EXPECT_THAT(std::string(tag.substr(tag.rfind('<'))), HasSubstr("word-break:break-word"));
    ++found;
  }
  EXPECT_EQ(found, 7U);
}

TEST(MailSubjectLine, CountsTheRestOfTheGroup) {
  EXPECT_EQ(MailSubject(CardOf({NativeChannelWorld::Fires(), NativeChannelWorld::Fires()})),
            "[HIGH] High CPU Usage (+1 more)");
}

}  // namespace
}  // namespace tocsin::receivers
