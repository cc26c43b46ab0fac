// A mail as RFC 5322 and MIME have it: headers with any text in them, one or two forms of the
// message. Pure functions; whatever the texts hold, nothing of it becomes a header or a part.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mail_address.h"
#include "base/time.h"

namespace tocsin::receivers {

// Shown by the page as <img src="cid:...">. https://www.rfc-editor.org/rfc/rfc2392
struct MailImage {
  std::string id;         // a@b, the same for no other image in the world
  std::string file_name;  // a token
  std::string type;       // "image/png"
  std::string bytes;
};

struct MailMessage {
  // Written first, where there are some: the names are encoded, the addresses stay.
  std::vector<MailAddress> from;
  std::vector<MailAddress> to;
  // Values are texts, which are encoded as headers want it; names are tokens.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string text;  // empty: there is no such part
  std::string html;
  std::optional<MailImage> image = std::nullopt;  // of the page
  bool is_text_only = false;  // the text is the whole message, which has no parts then
};

// The whole message, lines end in CRLF; what is no UTF-8 in its texts becomes U+FFFD. A part for
// each form, the plainest first, as multipart/alternative, unless there is to be the text only;
// Content-Type and MIME-Version are added.
// A page with an image is one part with it, multipart/related.
// https://www.rfc-editor.org/rfc/rfc2046#section-5.1.4 https://www.rfc-editor.org/rfc/rfc2387
std::string WriteMail(const MailMessage& message);

// As it stands where it is printable ASCII and fits a line, else as encoded words of at most 75
// characters, folded. https://www.rfc-editor.org/rfc/rfc2047
std::string EncodeHeader(std::string_view text);

// Lines of at most 76 characters that end in CRLF; line feeds of the text end lines.
// https://www.rfc-editor.org/rfc/rfc2045#section-6.7
std::string QuotedPrintable(std::string_view text);

// "Fri, 02 Jan 2026 03:04:05 +0000"
std::string MailDate(Timestamp t);

}  // namespace tocsin::receivers
