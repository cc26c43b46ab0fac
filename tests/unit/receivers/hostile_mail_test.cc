// Mail through the same kit: servers that refuse, hang or break off at each step of the
// conversation, and alerts that hold everything that could make a mail another one.
#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <map>

#include "base/bytes.h"
#include "base/text.h"
#include "tests/support/smtp_test_server.h"
#include "tests/unit/receivers/channel_kit.h"
#include "tests/unit/receivers/hostile_texts.h"

namespace tocsin::receivers {
namespace {

using Kind = Outcome::Kind;
using std::chrono::milliseconds;
using testing::kSmtpClose;
using testing::kSmtpHang;
using testing::PoliteReply;
using testing::SmtpTestServer;

// ---- the channels

constexpr char kPassword[] = "S3CRET-password";

struct MailRow {
  std::string name;
  bool is_vendor;
  std::string type;
  std::string settings;
  std::size_t parts;  // of its mails
};

const std::vector<MailRow>& MailRows() {
  static const std::vector<MailRow> kRows = {
      {"vendor_email", true, "email",
       R"(text: '{{ template "__text_alert_list" .Alerts }}', )"
       R"(headers: {X-Note: '{{ range .Alerts }}{{ .Annotations.summary }}{{ end }}'}, )"
       R"(threading: {enabled: true, thread_by_date: daily})",
       2},
      {"native_email", false, "email", "template: '{rule_name} {host} {description}'", 2},
      {"native_sms", false, "sms", "template: '{rule_name} {host} {description}'", 1},
  };
  return kRows;
}

void PrintTo(const MailRow& row, std::ostream* out) { *out << row.name; }

class HostileMail : public KitNetwork, public ::testing::TestWithParam<MailRow> {
 protected:
  GroupChannel& MakeFor(const SmtpTestServer& server) {
    const MailRow& row = GetParam();
    const std::string settings = fmt::format(
        "smarthost: '127.0.0.1:{}', to: ops@people.test, from: tocsin@machines.test, "
        "require_tls: false, auth_username: kit, auth_password: {}, {}",
        server.port(), kPassword, row.settings);
    return row.is_vendor ? MakeVendor(row.type, settings) : MakeNative(row.type, settings);
  }

  void ExpectWords(const Outcome& outcome, const std::string& where) {
    ExpectGoodWords(outcome, where);
    const std::string plain = fmt::format("{:c}kit{:c}{}", 0, 0, kPassword);
    for (const std::string& secret : {Base64Encode(kPassword), Base64Encode(plain)}) {
      EXPECT_EQ(outcome.reason.find(secret), std::string::npos) << where << ": " << outcome.reason;
    }
  }
};

// ---- servers

// What a client says at each step; "" is the greeting, "." the end of the message.
constexpr char kCredentials[] = "(credentials)";
constexpr const char* kSteps[] = {"", "EHLO", "AUTH", kCredentials, "MAIL", "RCPT", "DATA", "."};

std::string_view StepOf(std::string_view command) {
  const std::string_view verb = command.substr(0, 4);
  if (verb == "HELO") return "EHLO";  // who does not know the one is asked the other
  const bool is_known = command.size() < 4 || verb == "QUIT" ||
                        std::find(std::begin(kSteps), std::end(kSteps), verb) != std::end(kSteps);
  return is_known ? verb : kCredentials;
}

std::string GoodReply(std::string_view command) {
  const std::string_view step = StepOf(command);
  if (step == "AUTH") return "334 \r\n";
  return step == kCredentials ? "235 welcome\r\n" : PoliteReply(command, {"AUTH PLAIN LOGIN"});
}

// Takes everything but that step.
SmtpTestServer::Handler ReplyAt(std::string_view step, std::string reply) {
  return [step, reply = std::move(reply)](std::string_view command) {
    return StepOf(command) == step ? reply : GoodReply(command);
  };
}

TEST_P(HostileMail, IsRefusedAtAnyStep) {
  for (const char* step : kSteps) {
    for (const char* reply : {"421 later", "450 busy", "452 full", "500 what?", "535 who?",
                              "550 nobody here", "554 no"}) {
      SmtpTestServer server(ReplyAt(step, fmt::format("{}\r\n", reply)));
      GroupChannel& channel = MakeFor(server);
      for (const bool durable : {true, false}) {
        if (!durable && !GetParam().is_vendor) continue;
        const std::string where = fmt::format("{} at {}", reply, step);
        const Outcome outcome = Deliver(channel, Message(durable));
        EXPECT_EQ(outcome.kind, durable && *reply == '5' ? Kind::kGiveUp : Kind::kRetry)
            << where << ": " << outcome.reason;
        EXPECT_FALSE(outcome.may_have_arrived) << where;
        EXPECT_NE(outcome.reason.find(reply), std::string::npos) << where << outcome.reason;
        ExpectWords(outcome, where);
      }
    }
  }
}

TEST_P(HostileMail, IsLeftByServersAtAnyStep) {
  for (const char* step : kSteps) {
    SmtpTestServer server(ReplyAt(step, kSmtpClose));
    const Outcome outcome = Deliver(MakeFor(server), Message());
    EXPECT_EQ(outcome.kind, Kind::kRetry) << step << outcome.reason;
    EXPECT_EQ(outcome.failure, Failure::kNetwork) << step;
    EXPECT_EQ(outcome.may_have_arrived, std::string_view(step) == ".") << step << outcome.reason;
    ExpectWords(outcome, step);
  }
}

TEST_P(HostileMail, EndsInTimeWhereAServerHangsAtAnyStep) {
  for (const char* step : kSteps) {
    SmtpTestServer server(ReplyAt(step, kSmtpHang));
    GroupChannel& channel = MakeFor(server);
    const bool is_sent = std::string_view(step) == ".";
    Outcome outcome;
    // Where the machine is slow, a conversation may not have come so far in that time.
    for (Duration timeout = milliseconds(40); timeout < kSurelyEnough; timeout *= 4) {
      outcome = Deliver(channel, Message(), timeout);
      if (outcome.may_have_arrived == is_sent) break;
    }
    EXPECT_EQ(outcome.kind, Kind::kRetry) << step << outcome.reason;
    EXPECT_EQ(outcome.failure, Failure::kTimeout) << step << outcome.reason;
    EXPECT_EQ(outcome.may_have_arrived, is_sent) << step << outcome.reason;
    ExpectWords(outcome, step);
  }
}

TEST_P(HostileMail, IsNotDeliveredToServersThatTalkNonsense) {
  const std::string replies[] = {
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      "hello\r\n",
      std::string("\0\x01\xff\xfe\r\n", 6),
      "999 what\r\n",
      "000 what\r\n",
      "550-" + std::string(2 << 20, 'x') + "\r\n550 end\r\n",
      "550 \x1b[2J\x07\xff \r\n",
  };
  std::list<SmtpTestServer> servers;
  std::vector<std::pair<std::string, KitEnding>> attempts;
  // All at once: with some of them the client waits for something better.
  for (const char* step : kSteps) {
    for (const std::string& reply : replies) {
      GroupChannel& channel = MakeFor(servers.emplace_back(ReplyAt(step, reply)));
      attempts.emplace_back(fmt::format("{} at {}", reply.substr(0, 20), step),
                            Begin(channel, Message(), milliseconds(200)));
    }
  }
  for (const auto& [where, ending] : attempts) {
    const Outcome outcome = ending.Await();
    EXPECT_NE(outcome.kind, Kind::kDelivered) << where;
    ExpectWords(outcome, where);
  }
}

TEST_P(HostileMail, PutsNoSecretThatAServerRepeatsIntoAReason) {
  for (const char* step : kSteps) {
    SmtpTestServer server([step, credentials = std::string()](std::string_view command) mutable {
      if (StepOf(command) == kCredentials) credentials = command;
      if (StepOf(command) != step) return GoodReply(command);
      return fmt::format("550 {} {}\r\n", credentials, credentials.empty() ? kPassword : "");
    });
    ExpectWords(Deliver(MakeFor(server), Message()), step);
  }
}

// ---- messages

bool IsPrintableAsciiOrTab(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; });
}

std::string DecodeEquals(std::string_view text, bool is_header) {
  std::string out;
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find_first_of(is_header ? "=_" : "="), text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    std::size_t length = 3;
    if (text[0] == '_') {
      out += ' ';
      length = 1;
    } else if (!text.starts_with("=\r\n")) {
      const bool is_whole = text.size() >= 3 && HexDigit(text[1]) >= 0 && HexDigit(text[2]) >= 0;
      EXPECT_TRUE(is_whole) << text.substr(0, 10);
      if (is_whole) out += static_cast<char>(HexDigit(text[1]) * 16 + HexDigit(text[2]));
    }
    text.remove_prefix(std::min(length, text.size()));
  }
  return out;
}

// https://www.rfc-editor.org/rfc/rfc2047#section-4.2
std::string DecodeWords(std::string_view text) {
  constexpr std::string_view kBegin = "=?utf-8?q?";
  std::string out;
  while (!text.empty()) {
    if (!text.starts_with(kBegin)) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::size_t end = text.find("?=", kBegin.size());
    EXPECT_NE(end, std::string_view::npos) << text;
    out += DecodeEquals(text.substr(kBegin.size(), end - kBegin.size()), /*is_header=*/true);
    text.remove_prefix(std::min(end + 2, text.size()));
    // Blanks between two words are none of the text.
    const std::size_t next = text.find_first_not_of(" \t");
    if (next != std::string_view::npos && text.substr(next).starts_with(kBegin)) {
      text.remove_prefix(next);
    }
  }
  return out;
}

struct ParsedMail {
  std::vector<std::pair<std::string, std::string>> headers;  // unfolded, decoded
  std::vector<std::string> parts;                            // decoded
};

// As a reader of mail takes it apart.
ParsedMail Parse(const std::string& mail, const std::string& where) {
  ParsedMail parsed;
  const std::size_t end = mail.find("\r\n\r\n");
  std::string head = mail.substr(0, end);
  for (std::size_t at = 0; (at = head.find("\r\n", at)) != std::string::npos;) {
    // A line that begins with a blank belongs to the one before.
    if (head[at + 2] == ' ' || head[at + 2] == '\t') {
      head.erase(at, 2);
    } else {
      at += 2;
    }
  }
  std::string boundary;
  bool is_one_text = false;
  for (std::string_view line : Split(head, '\n')) {
    line = TrimSpace(line);
    const std::size_t colon = std::min(line.find(':'), line.size());
    parsed.headers.emplace_back(line.substr(0, colon),
                                DecodeWords(TrimSpace(line.substr(colon + 1))));
    const std::size_t quote = line.find("boundary=\"");
    if (quote != std::string_view::npos)
      boundary = line.substr(quote + 10, line.size() - quote - 11);
    is_one_text =
        is_one_text || parsed.headers.back() == std::pair<std::string, std::string>(
                                                    "Content-Type", "text/plain; charset=UTF-8");
  }
  if (is_one_text) {
    parsed.parts.push_back(DecodeEquals(mail.substr(end + 4), /*is_header=*/false));
    return parsed;
  }
  EXPECT_FALSE(boundary.empty()) << where;
  std::string_view rest = std::string_view(mail).substr(end + 2);
  const std::string separator = "\r\n--" + boundary;
  while (true) {
    const std::size_t at = rest.find(separator);
    EXPECT_NE(at, std::string_view::npos) << where << ": the parts have no end";
    if (at == std::string_view::npos) return parsed;
    rest.remove_prefix(at + separator.size());
    if (rest.starts_with("--")) return parsed;
    const std::string_view part = rest.substr(0, rest.find(separator));
    parsed.parts.push_back(
        DecodeEquals(part.substr(part.find("\r\n\r\n") + 4), /*is_header=*/false));
  }
}

// https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1
void ExpectLines(std::string_view mail, const std::string& where) {
  while (!mail.empty()) {
    const std::size_t end = mail.find("\r\n");
    ASSERT_NE(end, std::string_view::npos) << where;
    EXPECT_LE(end, 998u) << where;
    EXPECT_TRUE(IsPrintableAsciiOrTab(mail.substr(0, end))) << where << ": " << mail.substr(0, end);
    mail.remove_prefix(end + 2);
  }
}

void ExpectWholeMail(const std::string& mail, std::size_t parts, const std::string& where) {
  ExpectLines(mail, where);
  const ParsedMail parsed = Parse(mail, where);
  std::map<std::string, int> names;
  for (const auto& [name, value] : parsed.headers) {
    ++names[ToLowerAscii(name)];
    EXPECT_TRUE(IsValidUtf8(value)) << where << ": " << name << ": " << value;
  }
  static const std::vector<std::string> kKnown = {
      "from",           "to",           "subject",      "date",
      "message-id",     "references",   "in-reply-to",  "x-note",
      "auto-submitted", "content-type", "mime-version", "content-transfer-encoding"};
  for (const auto& [name, count] : names) {
    EXPECT_EQ(count, 1) << where << ": " << name;
    EXPECT_NE(std::find(kKnown.begin(), kKnown.end(), name), kKnown.end()) << where << ": " << name;
  }
  EXPECT_EQ(parsed.parts.size(), parts) << where;
  for (const std::string& part : parsed.parts) {
    EXPECT_TRUE(IsValidUtf8(part)) << where;
    if (&part != &parsed.parts.front()) {
      EXPECT_EQ(part.find("<script>"), std::string::npos) << where;
    }
  }
}

class HostileMailTexts : public HostileMail {
 protected:
  void ExpectDelivery(GroupChannel& channel, const GroupNotification& message,
                      const std::string& where) {
    const std::size_t before = server_.messages().size();
    const Outcome outcome = Deliver(channel, message);
    ASSERT_EQ(outcome.kind, Kind::kDelivered) << where << ": " << outcome.reason;
    const std::vector<std::string> mails = server_.messages();
    ASSERT_EQ(mails.size(), before + 1) << where;
    ExpectWholeMail(mails.back(), GetParam().parts, where);
    for (const std::string& command : server_.commands()) {
      if (command.starts_with("MAIL")) {
        EXPECT_TRUE(command.starts_with("MAIL FROM:<tocsin@machines.test>")) << command;
      } else if (command.starts_with("RCPT")) {
        EXPECT_EQ(command, "RCPT TO:<ops@people.test>");
      }
    }
  }

  SmtpTestServer server_{ReplyAt("none", "")};
};

TEST_P(HostileMailTexts, AreDeliveredInWholeMails) {
  GroupChannel& channel = MakeFor(server_);
  for (const HostileText& hostile : HostileTexts()) {
    for (const bool is_over : {false, true}) {
      ExpectDelivery(channel, HostileMessage(hostile.text, is_over), hostile.name);
    }
  }
}

TEST_P(HostileMailTexts, AreDeliveredHoweverLongTheyAre) {
  GroupChannel& channel = MakeFor(server_);
  for (const HostileField field : {HostileField::kName, HostileField::kAnnotation}) {
    for (const HostileText& hostile : LongTexts()) {
      ExpectDelivery(channel, HostileMessageIn(field, hostile.text),
                     fmt::format("{} in {}", hostile.name, static_cast<int>(field)));
    }
  }
}

std::string NameOf(const ::testing::TestParamInfo<MailRow>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Every, HostileMail, ::testing::ValuesIn(MailRows()), NameOf);
INSTANTIATE_TEST_SUITE_P(Every, HostileMailTexts, ::testing::ValuesIn(MailRows()), NameOf);

}  // namespace
}  // namespace tocsin::receivers
