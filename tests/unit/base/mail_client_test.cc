#include "base/mail_client.h"

#include <fmt/format.h>

#include <atomic>
#include <future>

#include "tests/support/null_log.h"
#include "tests/support/smtp_test_server.h"

namespace tocsin {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::PoliteReply;
using testing::SmtpTestServer;

constexpr char kPassword[] = "open sesame";
constexpr char kMessage[] = "Subject: x\r\n\r\nfirst\r\n.second\r\n";

MailRequest Mail(const SmtpTestServer& server) {
  MailRequest request;
  request.host = "127.0.0.1";
  request.port = server.port();
  request.hello = "tocsin.test";
  request.security = MailSecurity::kNone;
  request.from = "tocsin@example.org";
  request.to = {"ops@example.org"};
  request.message = kMessage;
  return request;
}

// Says `reply` to commands that begin with `verb`.
SmtpTestServer::Handler Saying(std::string verb, std::string reply,
                               std::vector<std::string> extensions = {}) {
  return [verb = std::move(verb), reply = std::move(reply),
          extensions = std::move(extensions)](std::string_view command) {
    const bool is_it = verb.empty() ? command.empty() : command.substr(0, verb.size()) == verb;
    return is_it ? reply : PoliteReply(command, extensions);
  };
}

class MailClientTest : public ::testing::Test {
 protected:
  std::future<MailResult> SendLater(MailRequest request) {
    auto promise = std::make_shared<std::promise<MailResult>>();
    client_->Send(std::move(request),
                  [promise](MailResult result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }
  MailResult Send(MailRequest request) { return SendLater(std::move(request)).get(); }
  // To a server that says `reply` to `verb`.
  MailResult SendTo(const std::string& verb, const std::string& reply) {
    const SmtpTestServer server(Saying(verb, reply));
    return Send(Mail(server));
  }

  testing::NullLogSink no_log_;
  std::unique_ptr<MailClient> client_ = MakeCurlMailClient(Logger(no_log_, "mail_client"));
};

TEST_F(MailClientTest, DeliversAndSaysGoodbye) {
  SmtpTestServer server([](std::string_view command) { return PoliteReply(command); });
  const MailResult result = Send(Mail(server));
  ASSERT_TRUE(result.accepted) << result.message;
  EXPECT_THAT(result.refused, IsEmpty());
  server.AwaitCommand("QUIT");
  EXPECT_THAT(server.commands(),
              ElementsAre("EHLO tocsin.test", HasSubstr("MAIL FROM:<tocsin@example.org>"),
                          "RCPT TO:<ops@example.org>", "DATA", "QUIT"));
  // A line that begins with a dot is more than the end.
  EXPECT_THAT(server.messages(), ElementsAre(kMessage));
}

TEST_F(MailClientTest, EndsWhereOneRecipientIsRefused) {
  const SmtpTestServer server(Saying("RCPT TO:<b@", "550 5.1.1 no such user\r\n"));
  MailRequest request = Mail(server);
  request.to = {"a@example.org", "b@example.org", "c@example.org"};
  const MailResult result = Send(request);
  EXPECT_FALSE(result.accepted);
  EXPECT_EQ(result.reply, 550);
  EXPECT_THAT(result.message, HasSubstr("RCPT TO:<b@example.org>"));
  EXPECT_THAT(result.message, HasSubstr("550 5.1.1 no such user"));
  EXPECT_FALSE(result.outcome_unknown);
  EXPECT_THAT(server.messages(), IsEmpty());
}

TEST_F(MailClientTest, DeliversToTheOthersAndSaysWhoWasRefused) {
  const SmtpTestServer server([](std::string_view command) {
    if (command == "RCPT TO:<b@example.org>") return std::string("550 5.1.1 no such user\r\n");
    if (command == "RCPT TO:<c@example.org>") return std::string("451 later\r\n");
    return PoliteReply(command);
  });
  MailRequest request = Mail(server);
  request.to = {"a@example.org", "b@example.org", "c@example.org", "d@example.org"};
  request.accept_partly = true;
  const MailResult result = Send(request);
  EXPECT_TRUE(result.accepted) << result.message;
  ASSERT_EQ(result.refused.size(), 2U);
  EXPECT_EQ(result.refused[0].address, "b@example.org");
  EXPECT_EQ(result.refused[0].reply, "550 5.1.1 no such user");
  EXPECT_EQ(result.refused[1].address, "c@example.org");
  EXPECT_EQ(result.refused[1].reply, "451 later");
  EXPECT_THAT(server.messages(), ElementsAre(kMessage));
}

TEST_F(MailClientTest, FailsWhereAllRecipientsAreRefused) {
  const SmtpTestServer server(Saying("RCPT", "550 no\r\n"));
  MailRequest request = Mail(server);
  request.to = {"a@example.org", "b@example.org"};
  request.accept_partly = true;
  const MailResult result = Send(request);
  EXPECT_FALSE(result.accepted);
  EXPECT_EQ(result.reply, 550);
  EXPECT_EQ(result.refused.size(), 2U);
}

TEST_F(MailClientTest, TellsAtWhichStepItWasRefused) {
  const struct {
    const char* verb;
    const char* reply;
    int code;
    const char* place;
  } cases[] = {
      {"", "554 no service\r\n", 554, "connect"},
      {"MAIL", "451 4.7.1 greylisted\r\n", 451, "MAIL"},
      {"RCPT", "550 no such user\r\n", 550, "RCPT TO:<ops@example.org>"},
      {"DATA", "554 no\r\n", 554, "DATA"},
      {".", "552-too\r\n552 large\r\n", 552, "end of data"},
  };
  for (const auto& [verb, reply, code, place] : cases) {
    const MailResult result = SendTo(verb, reply);
    EXPECT_FALSE(result.accepted) << place;
    EXPECT_EQ(result.reply, code) << place << ": " << result.message;
    EXPECT_EQ(result.reply_is_to_recipient, std::string_view(verb) == "RCPT") << place;
    EXPECT_THAT(result.message, HasSubstr(place));
    EXPECT_FALSE(result.outcome_unknown) << place;
  }
}

TEST_F(MailClientTest, KnowsWhenAMessageMayHaveArrived) {
  EXPECT_TRUE(SendTo(".", testing::kSmtpClose).outcome_unknown);
  EXPECT_FALSE(SendTo("DATA", testing::kSmtpClose).outcome_unknown);
  EXPECT_FALSE(SendTo("RCPT", testing::kSmtpClose).outcome_unknown);
  EXPECT_FALSE(SendTo("", testing::kSmtpClose).outcome_unknown);
}

TEST_F(MailClientTest, GivesUpOnAServerThatHangsAtAnyStep) {
  for (const char* verb : {"", "EHLO", "MAIL", "RCPT", "DATA", "."}) {
    const SmtpTestServer server(Saying(verb, testing::kSmtpHang));
    MailRequest request = Mail(server);
    request.timeout = milliseconds(100);
    const MailResult result = Send(request);
    EXPECT_FALSE(result.accepted) << verb;
    EXPECT_TRUE(result.timed_out) << verb << result.message;
    EXPECT_EQ(result.outcome_unknown, std::string_view(verb) == ".") << verb;
  }
}

// curl would wait for the answer to QUIT, and everything else with it.
TEST_F(MailClientTest, DoesNotWaitForTheAnswerToQuit) {
  SmtpTestServer server(Saying("QUIT", testing::kSmtpHang));
  ASSERT_TRUE(Send(Mail(server)).accepted);
  server.AwaitCommand("QUIT");
  const SmtpTestServer refuses([](std::string_view command) {
    if (command == "QUIT") return std::string(testing::kSmtpHang);
    return command == "DATA" ? std::string("554 no\r\n") : PoliteReply(command);
  });
  EXPECT_EQ(Send(Mail(refuses)).reply, 554);
  EXPECT_TRUE(Send(Mail(server)).accepted);
}

TEST_F(MailClientTest, AuthenticatesWithPlainOrLogin) {
  for (const char* offered : {"AUTH PLAIN LOGIN", "AUTH LOGIN"}) {
    std::atomic<bool> authenticated = false;
    const SmtpTestServer server([&](std::string_view command) -> std::string {
      if (command == "AUTH PLAIN") return "334 \r\n";
      if (command == "AUTH LOGIN") return "334 VXNlcm5hbWU6\r\n";
      if (command == "QWxhZGRpbg==") return "334 UGFzc3dvcmQ6\r\n";
      // "open sesame", or \0Aladdin\0open sesame.
      if (command == "b3BlbiBzZXNhbWU=" || command == "AEFsYWRkaW4Ab3BlbiBzZXNhbWU=") {
        authenticated = true;
        return "235 fine\r\n";
      }
      return PoliteReply(command, {"8BITMIME", offered});
    });
    MailRequest request = Mail(server);
    request.user = "Aladdin";
    request.password = Secret(kPassword);
    const MailResult result = Send(request);
    EXPECT_TRUE(result.accepted) << offered << ": " << result.message;
    EXPECT_TRUE(authenticated) << offered;
  }
}

TEST_F(MailClientTest, AnswersTheChallengeOfCramMd5) {
  // RFC 2195's own example: tim, tanstaaftanstaaf.
  constexpr char kChallenge[] = "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n";
  constexpr char kResponse[] = "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw";
  std::atomic<bool> answered = false;
  const SmtpTestServer server([&](std::string_view command) {
    if (command == "AUTH CRAM-MD5") return std::string(kChallenge);
    if (command == kResponse) {
      answered = true;
      return std::string("235 fine\r\n");
    }
    return PoliteReply(command, {"AUTH PLAIN CRAM-MD5"});
  });
  MailRequest request = Mail(server);
  request.user = "tim";
  request.secret = Secret("tanstaaftanstaaf");
  const MailResult result = Send(request);
  EXPECT_TRUE(result.accepted) << result.message;
  EXPECT_TRUE(answered);
}

TEST_F(MailClientTest, WithBothPasswordAndSecretWhatTheServerOffersDecides) {
  const struct {
    const char* offered;
    const char* taken;  // empty: it cannot be done
  } cases[] = {
      {"AUTH PLAIN", "AUTH PLAIN"},
      {"AUTH LOGIN", "AUTH LOGIN"},
      {"AUTH CRAM-MD5", "AUTH CRAM-MD5"},
      {"AUTH PLAIN CRAM-MD5", "AUTH PLAIN"},
      {"AUTH GSSAPI", ""},
  };
  for (const auto& [offered, taken] : cases) {
    std::atomic<bool> authenticated = false;
    const SmtpTestServer server([&, offered = offered, taken = taken](std::string_view command) {
      if (command.starts_with("AUTH") && command != taken) return std::string("504 not that\r\n");
      if (command == "AUTH PLAIN") return std::string("334 \r\n");
      if (command == "AUTH LOGIN") return std::string("334 VXNlcm5hbWU6\r\n");
      if (command == "QWxhZGRpbg==") return std::string("334 UGFzc3dvcmQ6\r\n");
      if (command == "AUTH CRAM-MD5") return std::string("334 PDFAYj4=\r\n");
      // HMAC-MD5 of <1@b> with the key "other", by Python's hmac.
      for (const char* said : {"b3BlbiBzZXNhbWU=", "AEFsYWRkaW4Ab3BlbiBzZXNhbWU=",
                               "QWxhZGRpbiAyMzdhNjMxNTY1NzYwNDk2MDI0ZGZiYjAxNDExMWUyYg=="}) {
        if (command != said) continue;
        authenticated = true;
        return std::string("235 fine\r\n");
      }
      return PoliteReply(command, {offered});
    });
    MailRequest request = Mail(server);
    request.user = "Aladdin";
    request.password = Secret(kPassword);
    request.secret = Secret("other");
    const MailResult result = Send(request);
    const bool works = *taken != '\0';
    EXPECT_EQ(result.accepted, works) << offered << ": " << result.message;
    EXPECT_EQ(authenticated, works) << offered;
    EXPECT_EQ(result.authentication_failed, !works) << offered;
    EXPECT_EQ(server.messages().size(), works ? 1U : 0U) << offered;
  }
}

TEST_F(MailClientTest, DoesNotAuthenticateWhereTheServerDoesNotOfferIt) {
  const SmtpTestServer server([](std::string_view command) { return PoliteReply(command); });
  MailRequest request = Mail(server);
  request.user = "Aladdin";
  request.password = Secret(kPassword);
  EXPECT_TRUE(Send(request).accepted);
}

TEST_F(MailClientTest, SaysThatAuthenticationFailedAndNoSecret) {
  const SmtpTestServer server(
      Saying("AUTH", "535 5.7.8 credentials invalid\r\n", {"AUTH PLAIN LOGIN"}));
  MailRequest request = Mail(server);
  request.user = "Aladdin";
  request.password = Secret(kPassword);
  const MailResult result = Send(request);
  EXPECT_FALSE(result.accepted);
  EXPECT_TRUE(result.authentication_failed);
  EXPECT_EQ(result.reply, 535);
  EXPECT_THAT(result.message, HasSubstr("535 5.7.8 credentials invalid"));
  EXPECT_THAT(result.message, Not(HasSubstr(kPassword)));
}

TEST_F(MailClientTest, RequiresStartTlsUnlessToldOtherwise) {
  const SmtpTestServer server([](std::string_view command) { return PoliteReply(command); });
  MailRequest request = Mail(server);
  request.security = MailSecurity::kStartTls;
  const MailResult result = Send(request);
  EXPECT_FALSE(result.accepted);
  EXPECT_THAT(result.message, HasSubstr("STARTTLS"));
  EXPECT_THAT(server.messages(), IsEmpty());
}

TEST_F(MailClientTest, RefusesWhatWouldBeACommandOfItsOwn) {
  const SmtpTestServer server([](std::string_view command) { return PoliteReply(command); });
  const auto refused = [this, &server](void (*spoil)(MailRequest&)) {
    MailRequest request = Mail(server);
    spoil(request);
    const MailResult result = Send(request);
    return !result.accepted && result.message.find("not sent") != std::string::npos;
  };
  EXPECT_TRUE(refused([](MailRequest& r) { r.to = {"a@x\r\nDATA"}; }));
  EXPECT_TRUE(refused([](MailRequest& r) { r.to = {"a@x> <b@x"}; }));
  EXPECT_TRUE(refused([](MailRequest& r) { r.to.clear(); }));
  EXPECT_TRUE(refused([](MailRequest& r) { r.from = "a\n@x"; }));
  EXPECT_TRUE(refused([](MailRequest& r) { r.from = ""; }));
  EXPECT_TRUE(refused([](MailRequest& r) { r.hello = "a\r\nRSET"; }));
  EXPECT_TRUE(refused([](MailRequest& r) { r.hello = "a b"; }));
  EXPECT_TRUE(refused([](MailRequest& r) { r.host = "a/b"; }));
  EXPECT_TRUE(refused([](MailRequest& r) { r.port = 0; }));
  EXPECT_TRUE(refused([](MailRequest& r) { r.user = "a\r\n"; }));
  EXPECT_THAT(server.commands(), IsEmpty());
}

TEST_F(MailClientTest, FailsWhereNobodyListens) {
  const testing::LoopbackSocket nobody(testing::LoopbackSocket::Mode::kRefusing);
  const SmtpTestServer unused([](std::string_view command) { return PoliteReply(command); });
  MailRequest request = Mail(unused);
  request.port = nobody.port();
  const MailResult result = Send(request);
  EXPECT_FALSE(result.accepted);
  EXPECT_FALSE(result.outcome_unknown);
  EXPECT_EQ(result.reply, 0);
}

TEST_F(MailClientTest, CancelsWhatItsOwnerDoesNotWaitForAnyMore) {
  SmtpTestServer server(Saying("MAIL", testing::kSmtpHang));
  MailRequest request = Mail(server);
  request.owner = this;
  std::future<MailResult> result = SendLater(request);
  server.AwaitCommand("EHLO tocsin.test");
  client_->Cancel(this);
  EXPECT_TRUE(result.get().cancelled);
}

TEST_F(MailClientTest, FailsWhatIsUnderWayAtTheEnd) {
  SmtpTestServer server(Saying("MAIL", testing::kSmtpHang));
  std::future<MailResult> result = SendLater(Mail(server));
  server.AwaitCommand("EHLO tocsin.test");
  client_.reset();
  EXPECT_THAT(result.get().message, ::testing::AnyOf(HasSubstr("this program is stopping"),
                                                     HasSubstr("given up while under way")));
}

TEST_F(MailClientTest, SendsManyAtOnceWhileOneHangs) {
  const SmtpTestServer hangs(Saying("", testing::kSmtpHang));
  const SmtpTestServer server([](std::string_view command) { return PoliteReply(command); });
  MailRequest slow = Mail(hangs);
  slow.timeout = std::chrono::seconds(30);
  slow.owner = this;
  std::future<MailResult> never = SendLater(slow);
  std::vector<std::future<MailResult>> results;
  results.reserve(50);
  for (int i = 0; i < 50; ++i) results.push_back(SendLater(Mail(server)));
  for (std::future<MailResult>& result : results) EXPECT_TRUE(result.get().accepted);
  EXPECT_EQ(never.wait_for(milliseconds(0)), std::future_status::timeout);
  client_->Cancel(this);
  EXPECT_TRUE(never.get().cancelled);
}

// What was refused on the way is not how it ended.
TEST_F(MailClientTest, MayHaveArrivedThoughARecipientWasRefused) {
  const SmtpTestServer server([](std::string_view command) {
    if (command == "RCPT TO:<a@example.org>") return std::string("550 no such user\r\n");
    return command == "." ? std::string(testing::kSmtpClose) : PoliteReply(command);
  });
  MailRequest request = Mail(server);
  request.to = {"a@example.org", "b@example.org"};
  request.accept_partly = true;
  const MailResult result = Send(request);
  EXPECT_FALSE(result.accepted);
  EXPECT_TRUE(result.outcome_unknown);
  EXPECT_EQ(result.reply, 0);
}

TEST_F(MailClientTest, CancelsWhatWaitsForItsTurn) {
  SmtpTestServer silent(Saying("MAIL", testing::kSmtpHang));
  MailRequest request = Mail(silent);
  request.timeout = std::chrono::seconds(60);
  request.owner = this;
  std::vector<std::future<MailResult>> results;
  for (int i = 0; i < 30; ++i) results.push_back(SendLater(request));
  silent.AwaitCommand("EHLO tocsin.test");
  client_->Cancel(this);
  for (std::future<MailResult>& result : results) EXPECT_TRUE(result.get().cancelled);
  for (int i = 0; i < 30; ++i) results.push_back(SendLater(request));
  client_.reset();
  for (int i = 30; i < 60; ++i) EXPECT_FALSE(results[static_cast<std::size_t>(i)].get().accepted);
}

// curl would end the data of a mail that is given up half-way, as if that were all.
TEST_F(MailClientTest, SendsNoEndOfAMailThatIsGivenUpHalfWay) {
  std::promise<void> asked_for;
  std::promise<void> given_up;
  SmtpTestServer server([&](std::string_view command) {
    if (command != testing::kSmtpContent) return PoliteReply(command);
    asked_for.set_value();
    given_up.get_future().wait();
    return std::string();
  });
  MailRequest request = Mail(server);
  for (int i = 0; i < 200'000; ++i) request.message += "a line that is no end of the message\r\n";
  request.owner = this;
  std::future<MailResult> result = SendLater(request);
  asked_for.get_future().wait();
  client_->Cancel(this);
  const MailResult cancelled = result.get();
  given_up.set_value();
  EXPECT_TRUE(cancelled.cancelled);
  EXPECT_FALSE(cancelled.outcome_unknown);
  server.AwaitEndOfConnections();
  EXPECT_THAT(server.messages(), IsEmpty());
}

// curl waits for that reply without coming back.
TEST_F(MailClientTest, IsCancelledAndEndsWhileAServerIsSilentAfterTheMessage) {
  SmtpTestServer silent(Saying(".", testing::kSmtpHang));
  const SmtpTestServer server([](std::string_view command) { return PoliteReply(command); });
  const auto await_message = [&silent](std::size_t count) {
    while (silent.messages().size() < count) std::this_thread::sleep_for(milliseconds(1));
  };
  MailRequest request = Mail(silent);
  request.timeout = std::chrono::seconds(60);
  request.owner = this;
  std::future<MailResult> cancelled = SendLater(request);
  await_message(1);
  EXPECT_TRUE(Send(Mail(server)).accepted);  // nobody else waits for it
  client_->Cancel(this);
  const MailResult result = cancelled.get();
  EXPECT_TRUE(result.cancelled);
  EXPECT_TRUE(result.outcome_unknown);
  request.owner = nullptr;
  std::future<MailResult> ended = SendLater(request);
  await_message(2);
  client_.reset();
  EXPECT_FALSE(ended.get().accepted);
}

TEST_F(MailClientTest, RepeatsNoPasswordThatAServerRepeats) {
  for (const char* said : {kPassword, "b3BlbiBzZXNhbWU=", "AEFsYWRkaW4Ab3BlbiBzZXNhbWU="}) {
    const SmtpTestServer server(
        Saying("AUTH", fmt::format("535 you said {}\r\n", said), {"AUTH PLAIN LOGIN"}));
    MailRequest request = Mail(server);
    request.user = "Aladdin";
    request.password = Secret(kPassword);
    const MailResult result = Send(request);
    EXPECT_EQ(result.reply, 535);
    EXPECT_THAT(result.message, Not(HasSubstr(said)));
  }
}

}  // namespace
}  // namespace tocsin
