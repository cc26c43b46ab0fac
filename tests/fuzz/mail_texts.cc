// Texts on their way into mail: addresses that are read, headers and bodies that are encoded. What
// comes out can end no header and no part.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/mail_address.h"
#include "base/text.h"
#include "receivers/channels/mail_message.h"

namespace tocsin::receivers {
namespace {

void CheckAddresses(std::string_view text) {
  const Result<std::vector<MailAddress>> list = ParseMailAddresses(text);
  if (!list) return;
  CHECK(!list->empty());
  for (const MailAddress& one : *list) {
    // What SMTP puts between < and >.
    CHECK(one.address.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    CHECK(one.address.find('@') != std::string::npos);
    const Result<std::vector<MailAddress>> again = ParseMailAddresses(one.address);
    CHECK(again && again->size() == 1 && again->front().address == one.address);
  }
}

// Every line end is a CRLF; in a header a blank follows it.
void CheckLines(std::string_view text, std::size_t longest, bool folded) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      CHECK(i + 1 < text.size() && text[i + 1] == '\n');
      CHECK(!folded || (i + 2 < text.size() && text[i + 2] == ' '));
      length = 0;
      ++i;
      continue;
    }
    CHECK(text[i] != '\n');
    CHECK(++length <= longest);
  }
}

void CheckEncoding(std::string_view text) {
  CheckLines(EncodeHeader(text), 900, /*folded=*/true);
  const std::string body = QuotedPrintable(text);
  CheckLines(body, 76, /*folded=*/false);
  CHECK(body.find("=_") == std::string::npos);  // no boundary
}

}  // namespace
}  // namespace tocsin::receivers

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tocsin::receivers::CheckAddresses(text);
  tocsin::receivers::CheckEncoding(text);
  return 0;
}
