#include "receivers/channels/mail_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;

// Undoes RFC 2045, section 6.7.
std::string Decoded(std::string_view encoded) {
  std::string text;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '=') {
      text += encoded[i];
    } else if (encoded.substr(i, 3) == "=\r\n") {
      i += 2;
    } else {
      text += static_cast<char>(HexDigit(encoded[i + 1]) * 16 + HexDigit(encoded[i + 2]));
      i += 2;
    }
  }
  return text;
}

TEST(EncodeHeader, LeavesPrintableAsciiAlone) {
  EXPECT_EQ(EncodeHeader("[FIRING:1] DiskFull (node)"), "[FIRING:1] DiskFull (node)");
  EXPECT_EQ(EncodeHeader(""), "");
}

TEST(EncodeHeader, MakesWordsOfAllElse) {
  EXPECT_EQ(EncodeHeader("Größe: 5 = viel?"), "=?utf-8?q?Gr=C3=B6=C3=9Fe:_5_=3D_viel=3F?=");
  // What looks encoded and is not.
  EXPECT_EQ(EncodeHeader("=?utf-8?q?x?="), "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=");
}

TEST(EncodeHeader, LetsNoLineBreakThrough) {
  const std::string encoded = EncodeHeader("a\r\nBcc: evil@example.org\r\n\r\nbody");
  EXPECT_EQ(encoded.find('\r'), std::string::npos);
  EXPECT_THAT(encoded, HasSubstr("=0D=0ABcc:_evil@example.org=0D=0A=0D=0Abody"));
}

TEST(EncodeHeader, FoldsBetweenWholeCharacters) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ü€";
  const std::string encoded = EncodeHeader(text);
  std::string joined;
  for (std::string_view line : Split(encoded, '\n')) {
    line = TrimSpace(line);
    EXPECT_LE(line.size(), 75U);
    ASSERT_EQ(line.substr(0, 10), "=?utf-8?q?");
    ASSERT_EQ(line.substr(line.size() - 2), "?=");
    const std::string part = Decoded(line.substr(10, line.size() - 12));
    EXPECT_TRUE(IsValidUtf8(part)) << line;
    joined += part;
  }
  EXPECT_EQ(joined, text);
}

TEST(EncodeHeader, FoldsLongAscii) {
  for (const std::string_view line : Split(EncodeHeader(std::string(2000, 'x')), '\n')) {
    EXPECT_LE(line.size(), 78U);
  }
}

TEST(WriteMail, WritesUtf8WhateverTheTextsHold) {
  MailMessage mail;
  mail.headers = {{"Subject", "a\xff"}};
  mail.text = "b\xc3";
  mail.html = "\xed\xa0\x80";
  const std::string written = WriteMail(mail);
  EXPECT_THAT(written, HasSubstr("Subject: =?utf-8?q?a=EF=BF=BD?=\r\n"));
  EXPECT_THAT(written, HasSubstr("\r\n\r\nb=EF=BF=BD\r\n"));
  EXPECT_THAT(written, HasSubstr("\r\n\r\n=EF=BF=BD=EF=BF=BD=EF=BF=BD\r\n"));
}

TEST(QuotedPrintableText, ComesBackAsItWas) {
  const std::string text = "Größe\n\ttabs and =signs=\n.dot\nends in a blank \n\xF0\x9F\x9A\xA8 " +
                           std::string(500, 'x') + " tail\t";
  const std::string encoded = QuotedPrintable(text);
  for (std::string_view line : Split(encoded, '\n')) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    EXPECT_LE(line.size(), 76U);
    const char last = line.empty() ? 'x' : line.back();
    EXPECT_TRUE(last != ' ' && last != '\t') << line;
  }
  std::string unix_lines = Decoded(encoded);
  std::erase(unix_lines, '\r');
  EXPECT_EQ(unix_lines, text);
}

TEST(QuotedPrintableText, EndsEveryLineInCrlf) {
  EXPECT_EQ(QuotedPrintable("a\nb\r\nc"), "a\r\nb\r\nc");
  // A lone carriage return is no end of a line.
  EXPECT_EQ(QuotedPrintable("a\rb"), "a=0Db");
}

TEST(WriteMail, PutsTheTextBeforeTheHtml) {
  MailMessage message;
  message.headers = {{"Subject", "x"}, {"X-Note", "ä"}};
  message.text = "plain";
  message.html = "<p>html</p>";
  EXPECT_EQ(WriteMail(message),
            "Subject: x\r\nX-Note: =?utf-8?q?=C3=A4?=\r\n"
            "Content-Type: multipart/alternative; boundary=\"=_tocsin_alternative\"\r\n"
            "MIME-Version: 1.0\r\n\r\n"
            "--=_tocsin_alternative\r\nContent-Type: text/plain; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\nplain\r\n"
            "--=_tocsin_alternative\r\nContent-Type: text/html; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>html</p>\r\n"
            "--=_tocsin_alternative--\r\n");
}

TEST(WriteMail, HoldsNoBoundaryThatATextWrote) {
  MailMessage message;
  message.html = "--=_tocsin_alternative--\n";
  EXPECT_THAT(WriteMail(message), HasSubstr("--=3D_tocsin_alternative--"));
}

TEST(MailDateOf, IsThatOfRfc5322) {
  EXPECT_EQ(MailDate(*ParseRfc3339("2026-01-02T03:04:05.678Z")), "Fri, 02 Jan 2026 03:04:05 +0000");
  EXPECT_EQ(MailDate(*ParseRfc3339("2024-02-29T23:59:59Z")), "Thu, 29 Feb 2024 23:59:59 +0000");
}

}  // namespace
}  // namespace tocsin::receivers
