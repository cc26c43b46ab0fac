#include "exporter/http/request_head.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <vector>

#include "base/text.h"

namespace tocsin::http {
namespace {

// The end of civetweb's terminated copy of a token; behind it stand, as NUL, what it overwrote.
const char* EndOfText(const char* text) { return text + std::strlen(text); }

bool OnlyBlanks(const char* from, const char* to) {
  return std::all_of(from, to, [](char c) { return c == ' '; });
}

// civetweb stops reading headers, without a word, at a line that begins with a blank (the folded
// lines of old), a colon or a byte outside ASCII, and takes bare line feeds and blanks before the
// colon. The headers it did not see would be the next reader's. Its parser works in place, so the
// traces tell: each line must have ended in CR LF, and what follows the last must be the empty
// line.
bool IsWholeAndStrict(const mg_request_info& info) {
  const char* line_end = EndOfText(info.http_version);
  for (int i = 0; i < info.num_headers; ++i) {
    const mg_header& header = info.http_headers[i];
    if (header.name != line_end + 2) return false;
    const char* colon = EndOfText(header.name);
    if (header.value != colon + 1 && !OnlyBlanks(colon + 1, header.value)) return false;
    line_end = EndOfText(header.value);
  }
  // Now CR LF CR LF, of which civetweb made NUL NUL CR NUL, or four NULs where there is no header.
  if (line_end[1] != '\0' || line_end + 3 >= info.request_method + kMaxHeadBytes) return false;
  if (info.num_headers == 0) return line_end[2] == '\0';
  return line_end[2] == '\r' && line_end[3] == '\0';
}

bool HasToken(std::string_view list, std::string_view token) {
  const std::vector<std::string_view> tokens = Split(list, ',');
  return std::any_of(tokens.begin(), tokens.end(), [&](std::string_view candidate) {
    return EqualsIgnoreCase(TrimSpace(candidate), token);
  });
}

// Digits only: no sign, no list. One too large to count is as good as endless.
std::optional<std::uint64_t> ParseLength(std::string_view text) {
  if (text.empty() ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  return error == std::errc() ? length : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

std::optional<HeadFault> ReadHead(const mg_request_info& info, RequestHead* head) {
  if (info.num_headers >= MG_MAX_HEADERS) {
    return HeadFault{431, "more than 63 request headers"};
  }
  if (!IsWholeAndStrict(info)) {
    return HeadFault{400,
                     "a header line is malformed: folded, without CR LF, or with a blank "
                     "before its colon"};
  }
  *head = RequestHead();
  head->old_protocol = std::string_view(info.http_version) == "1.0";
  head->keep_alive = !head->old_protocol;
  int hosts = 0;
  int lengths = 0;
  int encodings = 0;
  bool length_malformed = false;
  for (int i = 0; i < info.num_headers; ++i) {
    const std::string_view name = info.http_headers[i].name;
    const std::string_view value = TrimSpace(info.http_headers[i].value);
    if (EqualsIgnoreCase(name, "Host")) {
      ++hosts;
    } else if (EqualsIgnoreCase(name, "Content-Length")) {
      ++lengths;
      const std::optional<std::uint64_t> length = ParseLength(value);
      length_malformed = !length;
      head->content_length = length.value_or(0);
    } else if (EqualsIgnoreCase(name, "Transfer-Encoding")) {
      ++encodings;
      head->chunked = EqualsIgnoreCase(value, "chunked");
    } else if (EqualsIgnoreCase(name, "Connection")) {
      head->keep_alive = HasToken(value, "keep-alive");
    } else if (EqualsIgnoreCase(name, "Expect")) {
      if (!EqualsIgnoreCase(value, "100-continue")) {
        return HeadFault{417, "the only expectation understood is 100-continue"};
      }
      // A client of HTTP/1.0 cannot mean it: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
      head->expects_continue = !head->old_protocol;
    }
  }
  if (hosts > 1 || (hosts == 0 && !head->old_protocol)) {
    return HeadFault{400, "expected one Host header"};
  }
  if (lengths > 0 && encodings > 0) {
    return HeadFault{400, "Content-Length together with Transfer-Encoding"};
  }
  if (lengths > 1) return HeadFault{400, "more than one Content-Length"};
  if (length_malformed) return HeadFault{400, "Content-Length is no number"};
  if (encodings > 1 || (encodings == 1 && !head->chunked)) {
    return HeadFault{400, "Transfer-Encoding other than chunked"};
  }
  return std::nullopt;
}

}  // namespace tocsin::http
