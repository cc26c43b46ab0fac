#include "receivers/channels/mail_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/text.h"

namespace tocsin::receivers {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
// Quoted-printable text and BASE64 hold no "=_", so that no part can hold a boundary.
constexpr std::string_view kBoundary = "=_tocsin_alternative";
constexpr std::string_view kRelatedBoundary = "=_tocsin_related";

// https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1
constexpr std::size_t kMaxHeaderLine = 900;  // with room for the name
// https://www.rfc-editor.org/rfc/rfc2047#section-2
constexpr std::size_t kMaxEncodedWord = 75;
constexpr std::string_view kWordBegin = "=?utf-8?q?";
constexpr std::string_view kWordEnd = "?=";
// https://www.rfc-editor.org/rfc/rfc2045#section-6.7
constexpr std::size_t kMaxEncodedLine = 76;

void AppendHex(char c, std::string* out) {
  const auto byte = static_cast<unsigned char>(c);
  *out += '=';
  *out += kHexDigits[byte >> 4U];
  *out += kHexDigits[byte & 0xfU];
}

bool IsPrintable(char c) { return c >= 0x20 && c < 0x7f; }

bool NeedsNoEncoding(std::string_view text) {
  return text.size() <= kMaxHeaderLine &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsPrintable(c) || c == '\t'; }) &&
         text.find("=?") == std::string_view::npos;
}

// One character in the words of a header.
std::string EncodedCharacter(std::string_view character) {
  std::string encoded;
  if (character == " ") return "_";
  for (const char c : character) {
    if (IsPrintable(c) && c != '=' && c != '?' && c != '_') {
      encoded += c;
    } else {
      AppendHex(c, &encoded);
    }
  }
  return encoded;
}

// In quotes where it is no row of plain words. https://www.rfc-editor.org/rfc/rfc5322#section-3.2.4
std::string DisplayName(const std::string& name) {
  if (!NeedsNoEncoding(name)) return EncodeHeader(name);
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// Folded between addresses.
std::string AddressList(const std::vector<MailAddress>& list) {
  std::string out;
  for (const MailAddress& one : list) {
    if (!out.empty()) out += ",\r\n ";
    out +=
        one.name.empty() ? one.address : fmt::format("{} <{}>", DisplayName(one.name), one.address);
  }
  return out;
}

// The last headers, and what they are about.
void AppendContent(std::string_view type, std::string_view text, std::string* out) {
  *out += fmt::format(
      "Content-Type: {}; charset=UTF-8\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
      type);
  *out += QuotedPrintable(ToValidUtf8(text));
  *out += "\r\n";
}

void AppendPart(std::string_view boundary, std::string_view type, std::string_view text,
                std::string* out) {
  *out += fmt::format("--{}\r\n", boundary);
  AppendContent(type, text, out);
}

// https://www.rfc-editor.org/rfc/rfc2045#section-6.8
void AppendBase64(std::string_view bytes, std::string* out) {
  const std::string encoded = Base64Encode(bytes);
  for (std::size_t at = 0; at < encoded.size(); at += kMaxEncodedLine) {
    out->append(encoded, at, kMaxEncodedLine).append("\r\n");
  }
}

// https://www.rfc-editor.org/rfc/rfc2387#section-4
void AppendPageWithImage(std::string_view html, const MailImage& image, std::string* out) {
  *out += fmt::format(
      "--{}\r\nContent-Type: multipart/related; boundary=\"{}\"; type=\"text/html\"\r\n\r\n",
      kBoundary, kRelatedBoundary);
  AppendPart(kRelatedBoundary, "text/html", html, out);
  *out += fmt::format(
      "--{}\r\nContent-Type: {}; name=\"{}\"\r\nContent-Transfer-Encoding: base64\r\n"
      "Content-ID: <{}>\r\nContent-Disposition: inline; filename=\"{}\"\r\n\r\n",
      kRelatedBoundary, image.type, image.file_name, image.id, image.file_name);
  AppendBase64(image.bytes, out);
  *out += fmt::format("--{}--\r\n", kRelatedBoundary);
}

}  // namespace

std::string EncodeHeader(std::string_view text) {
  if (NeedsNoEncoding(text)) return std::string(text);
  std::string out(kWordBegin);
  std::size_t length = kWordBegin.size();
  for (std::size_t at = 0; at < text.size();) {
    // A character is never split over two words.
    const std::size_t size = std::max<std::size_t>(Utf8Length(text, at), 1);
    const std::string encoded = EncodedCharacter(text.substr(at, size));
    if (length + encoded.size() + kWordEnd.size() > kMaxEncodedWord) {
      out += fmt::format("{}\r\n {}", kWordEnd, kWordBegin);
      length = kWordBegin.size();
    }
    out += encoded;
    length += encoded.size();
    at += size;
  }
  return out.append(kWordEnd);
}

std::string QuotedPrintable(std::string_view text) {
  std::string out;
  std::size_t length = 0;  // of the line
  const auto append = [&out, &length](std::string_view piece) {
    // One place is for the sign that the line goes on.
    if (length + piece.size() > kMaxEncodedLine - 1) {
      out += "=\r\n";
      length = 0;
    }
    out += piece;
    length += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\n';
    if (c == '\n' || (c == '\r' && next == '\n' && i + 1 < text.size())) {
      if (c == '\r') ++i;
      out += "\r\n";
      length = 0;
      continue;
    }
    // White space at the end of a line would be lost on the way.
    const bool ends_line = next == '\n' || next == '\r';
    const bool plain =
        (IsPrintable(c) && c != '=' && !(c == ' ' && ends_line)) || (c == '\t' && !ends_line);
    std::string piece;
    if (plain) {
      piece = c;
    } else {
      AppendHex(c, &piece);
    }
    append(piece);
  }
  return out;
}

std::string WriteMail(const MailMessage& message) {
  std::string out;
  if (!message.from.empty()) out += fmt::format("From: {}\r\n", AddressList(message.from));
  if (!message.to.empty()) out += fmt::format("To: {}\r\n", AddressList(message.to));
  for (const auto& [name, value] : message.headers) {
    out += fmt::format("{}: {}\r\n", name, EncodeHeader(ToValidUtf8(value)));
  }
  if (message.is_text_only) {
    out += "MIME-Version: 1.0\r\n";
    AppendContent("text/plain", message.text, &out);
    return out;
  }
  out += fmt::format("Content-Type: multipart/alternative; boundary=\"{}\"\r\n", kBoundary);
  out += "MIME-Version: 1.0\r\n\r\n";
  if (!message.text.empty()) AppendPart(kBoundary, "text/plain", message.text, &out);
  if (message.image) {
    AppendPageWithImage(message.html, *message.image, &out);
  } else if (!message.html.empty()) {
    AppendPart(kBoundary, "text/html", message.html, &out);
  }
  return out + fmt::format("--{}--\r\n", kBoundary);
}

std::string MailDate(Timestamp t) {
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(t - day));
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
      kDays.at(std::chrono::weekday(day).c_encoding()), static_cast<unsigned>(date.day()),
      kMonths.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
      time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace tocsin::receivers
