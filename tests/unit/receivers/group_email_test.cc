#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/group_key.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;

constexpr char kMailGlobal[] =
    "{smtp_smarthost: 'mail.example.org:587', smtp_from: 'Tocsin <t@example.org>'}";

GroupNotification Numbered(std::uint64_t number) {
  GroupNotification notification = About({Fires(DiskFull())});
  notification.dedup_key = "key";
  notification.flush_number = number;
  return notification;
}

class GroupEmail : public ::testing::Test {
 public:
  // The mail of one attempt with these settings.
  MailRequest Deliver(const std::string& item, const GroupNotification& notification,
                      const std::string& global = kMailGlobal) {
    world_ = std::make_unique<VendorWorld>("email_configs", item, global);
    world_->Deliver(notification);
    const auto& sent = world_->world.mail.exchanges;
    return sent.empty() ? MailRequest() : sent.back().request;
  }
  MailRequest Deliver(const std::string& item, const std::string& global = kMailGlobal) {
    return Deliver(item, About({Fires(DiskFull())}), global);
  }
  // How an attempt ends whose conversation ended so.
  Outcome OutcomeOf(MailResult result, std::uint64_t flush_number = 0) {
    Deliver("{to: a@example.org}", Numbered(flush_number));
    world_->world.mail.Answer(0, std::move(result));
    return world_->outcomes.at(0);
  }
  std::size_t sent() const { return world_->world.mail.exchanges.size(); }
  const Outcome& outcome() const { return world_->outcomes.at(0); }

 private:
  std::unique_ptr<VendorWorld> world_;
};

MailResult RefusedMail(int reply) {
  MailResult result;
  result.message = "mail server, at MAIL: no";
  result.reply = reply;
  return result;
}

TEST_F(GroupEmail, SendsAlertmanagersHeadersAndPage) {
  const MailRequest mail = Deliver("{to: 'ops@example.org, \"B, C\" <b@example.org>'}");
  EXPECT_EQ(mail.host, "mail.example.org");
  EXPECT_EQ(mail.port, 587);
  EXPECT_EQ(mail.hello, "localhost");
  EXPECT_EQ(mail.security, MailSecurity::kStartTls);
  EXPECT_EQ(mail.user, "");
  EXPECT_EQ(mail.from, "t@example.org");
  EXPECT_THAT(mail.to, ElementsAre("ops@example.org", "b@example.org"));
  EXPECT_THAT(mail.message, HasSubstr("Subject: [FIRING:1] DiskFull (node)\r\n"));
  EXPECT_THAT(mail.message, HasSubstr("To: ops@example.org, \"B, C\" <b@example.org>\r\n"));
  EXPECT_THAT(mail.message, HasSubstr("From: Tocsin <t@example.org>\r\n"));
  // The clock of the test.
  EXPECT_THAT(mail.message, HasSubstr("Date: Wed, 01 May 2024 10:00:00 +0000\r\n"));
  EXPECT_THAT(mail.message, HasSubstr("Message-Id: <1714557600123.1."));
  EXPECT_THAT(mail.message, HasSubstr("@host.test>\r\n"));
  EXPECT_THAT(mail.message, HasSubstr("Content-Type: text/html; charset=UTF-8\r\n"));
  EXPECT_THAT(mail.message, HasSubstr("[1] Firing"));
  EXPECT_THAT(mail.message, Not(HasSubstr("text/plain")));
  EXPECT_THAT(mail.message, Not(HasSubstr("References")));
}

TEST_F(GroupEmail, SendsEveryKey) {
  const std::string message =
      Deliver(
          "{to: a@example.org, from: b@example.org, smarthost: '[::1]:2525', hello: me, "
          "headers: {subject: '{{ .Status }} ä', X-Team: db}, html: '<b>{{ .Status }}</b>', "
          "text: 'is {{ .Status }}', require_tls: false}")
          .message;
  EXPECT_THAT(message, HasSubstr("Subject: =?utf-8?q?firing_=C3=A4?=\r\n"));
  EXPECT_THAT(message, HasSubstr("X-Team: db\r\n"));
  EXPECT_THAT(message, HasSubstr("\r\n\r\nis firing\r\n"));
  EXPECT_THAT(message, HasSubstr("\r\n\r\n<b>firing</b>\r\n"));
  EXPECT_LT(message.find("text/plain"), message.find("text/html"));
  const MailRequest mail = Deliver("{to: a@x.org, smarthost: '[::1]:2525', require_tls: false}");
  EXPECT_EQ(mail.host, "::1");
  EXPECT_EQ(mail.port, 2525);
  EXPECT_EQ(mail.security, MailSecurity::kNone);
}

TEST_F(GroupEmail, SpeaksTlsFromTheFirstByteOnPort465UnlessToldOtherwise) {
  const auto security = [this](const std::string& keys) {
    return Deliver("{to: a@x.org, " + keys + "}").security;
  };
  EXPECT_EQ(security("smarthost: 'm:465'"), MailSecurity::kTls);
  EXPECT_EQ(security("smarthost: 'm:465', force_implicit_tls: false"), MailSecurity::kStartTls);
  EXPECT_EQ(security("smarthost: 'm:25', force_implicit_tls: true"), MailSecurity::kTls);
  EXPECT_EQ(security("smarthost: 'm:25', require_tls: false"), MailSecurity::kNone);
}

TEST_F(GroupEmail, AuthenticatesWithWhatItWasGiven) {
  const testing::TempDir folder;
  std::ofstream(folder.path() + "/password") << "from file\n";
  const MailRequest mail = Deliver(
      "{to: a@x.org, auth_username: u, auth_identity: i, auth_secret: s, "
      "auth_password_file: '" +
      folder.path() + "/password'}");
  EXPECT_EQ(mail.user, "u");
  EXPECT_EQ(mail.password.Reveal(), "from file");
  EXPECT_EQ(mail.secret.Reveal(), "s");
  EXPECT_EQ(mail.identity, "i");
}

TEST_F(GroupEmail, TiesTheMailsOfAGroupTogether) {
  const std::string thread = Sha256Hex(R"({}:{alertname="DiskFull"})").substr(0, 16);
  const auto message = [this](const std::string& by) {
    return Deliver("{to: a@x.org, threading: {enabled: true, thread_by_date: " + by + "}}").message;
  };
  EXPECT_THAT(message("none"), HasSubstr("References: <alert-" + thread + "-@alertmanager>\r\n"));
  EXPECT_THAT(message("daily"),
              HasSubstr("In-Reply-To: <alert-" + thread + "-2024-05-01@alertmanager>\r\n"));
}

TEST_F(GroupEmail, GivesEveryAttemptAtAMessageOfTheOutboxTheSameId) {
  const auto id = [this](std::uint64_t number) {
    const std::string message = Deliver("{to: a@x.org}", Numbered(number)).message;
    const std::size_t begin = message.find("Message-Id: ");
    return message.substr(begin, message.find("\r\n", begin) - begin);
  };
  EXPECT_THAT(id(7), ::testing::StartsWith("Message-Id: <key-7."));
  EXPECT_THAT(id(7), ::testing::EndsWith("@host.test>"));
  EXPECT_EQ(id(7), id(7));
  EXPECT_NE(id(7), id(8));
}

TEST_F(GroupEmail, RefusesAddressesThatAreNone) {
  const std::pair<const char*, const char*> cases[] = {
      {"{to: '{{ .CommonLabels.nothing }}'}", "to: there is no address"},
      {"{to: 'a b'}", "to: "},
      {"{to: a@x.org, from: 'a@x.org, b@x.org'}", "from: must be exactly one address"},
      {"{to: a@x.org, from: nobody}", "from: "},
  };
  for (const auto& [item, reason] : cases) {
    Deliver(item);
    EXPECT_EQ(sent(), 0U) << item;
    EXPECT_EQ(outcome().kind, Kind::kGiveUp) << item;
    EXPECT_THAT(outcome().reason, HasSubstr(reason));
  }
}

TEST_F(GroupEmail, LetsNoLabelWriteAHeader) {
  PostedAlert alert = DiskFull();
  alert.labels = Labels{{"alertname", "a\r\nBcc: evil@example.org\r\n\r\n<script>"}};
  GroupNotification notification = About({Fires(alert)});
  notification.group_labels = alert.labels;
  const std::string message =
      Deliver("{to: a@x.org, headers: {X-Name: '{{ .CommonLabels.alertname }}'}}", notification)
          .message;
  const std::string head = message.substr(0, message.find("\r\n\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("\r\nBcc:")));
  EXPECT_THAT(head, HasSubstr("X-Name: =?utf-8?q?a=0D=0ABcc:_evil@example.org=0D=0A"));
  EXPECT_THAT(message.substr(head.size()), Not(HasSubstr("<script>")));
}

TEST_F(GroupEmail, GivesUpWhereATemplateFails) {
  Deliver("{to: a@x.org, html: '{{ .Nothing }}'}");
  EXPECT_EQ(sent(), 0U);
  EXPECT_EQ(outcome().kind, Kind::kGiveUp);
  EXPECT_THAT(outcome().reason, HasSubstr("html:1:4: "));
}

TEST_F(GroupEmail, OfTheFullDaemonSaysTheDefaultWhereATemplateFails) {
  const std::string fails = "'{{ .Nothing }}'";
  const MailRequest mail = Deliver(
      "{to: a@x.org, html: " + fails + ", headers: {Subject: " + fails + ", X-A: " + fails + "}}",
      Numbered(1));
  EXPECT_THAT(mail.message, HasSubstr("Subject: [FIRING:1] DiskFull (node)\r\n"));
  EXPECT_THAT(mail.message, HasSubstr("X-A: \r\n"));
  EXPECT_EQ(mail.message.substr(mail.message.find("Content-Type: text/html")).size(), [this] {
    const std::string message = Deliver("{to: a@x.org}", Numbered(1)).message;
    return message.substr(message.find("Content-Type: text/html")).size();
  }());
  // Nobody stands in for whom it is to go to.
  Deliver("{to: " + fails + "}", Numbered(1));
  EXPECT_EQ(outcome().kind, Kind::kGiveUp);
  EXPECT_THAT(outcome().reason, HasSubstr("to:1:4: "));
}

TEST_F(GroupEmail, TriesEveryStepAgainAsAlertmanagerDoes) {
  EXPECT_EQ(OutcomeOf(RefusedMail(550)).kind, Kind::kRetry);
  EXPECT_EQ(OutcomeOf(RefusedMail(451)).kind, Kind::kRetry);
  EXPECT_EQ(OutcomeOf(RefusedMail(0)).kind, Kind::kRetry);
  MailResult accepted;
  accepted.accepted = true;
  EXPECT_EQ(OutcomeOf(accepted).kind, Kind::kDelivered);
}

TEST_F(GroupEmail, GivesUpWhatTheServerRefusesForGoodInTheOutbox) {
  EXPECT_EQ(OutcomeOf(RefusedMail(550), 1).kind, Kind::kGiveUp);
  EXPECT_EQ(OutcomeOf(RefusedMail(451), 1).kind, Kind::kRetry);
  EXPECT_EQ(OutcomeOf(RefusedMail(0), 1).kind, Kind::kRetry);
  MailResult denied = RefusedMail(535);
  denied.authentication_failed = true;
  EXPECT_EQ(OutcomeOf(denied, 1).failure, Failure::kAuth);
  MailResult lost;
  lost.message = "no answer";
  lost.outcome_unknown = true;
  EXPECT_TRUE(OutcomeOf(lost, 1).may_have_arrived);
}

TEST_F(GroupEmail, IsDeliveredInTheOutboxThoughSomeWereRefused) {
  EXPECT_TRUE(Deliver("{to: a@x.org}", Numbered(1)).accept_partly);
  EXPECT_FALSE(Deliver("{to: a@x.org}", Numbered(0)).accept_partly);
  MailResult partly;
  partly.accepted = true;
  partly.refused = {{"b@x.org", "550 no such user"}};
  const Outcome outcome = OutcomeOf(partly, 1);
  EXPECT_EQ(outcome.kind, Kind::kDelivered);
  EXPECT_EQ(outcome.reason, "delivered, but not to b@x.org: \"550 no such user\"");
}

// Greylisting refuses everybody for now.
TEST_F(GroupEmail, IsTriedAgainWhereARecipientMayBeTakenLater) {
  MailResult refused = RefusedMail(550);
  refused.refused = {{"a@x.org", "451 later"}, {"b@x.org", "550 no"}};
  EXPECT_EQ(OutcomeOf(refused, 1).kind, Kind::kRetry);
}

}  // namespace
}  // namespace tocsin::receivers
