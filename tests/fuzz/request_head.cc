// Any bytes as the head of a request, taken apart as the server library does it. What is believed
// is what a strict reader of the same bytes finds, or somebody between us and the client may see
// other requests than we do. Of a head that is believed, the WebSocket handshake.
#include "exporter/http/request_head.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/json_library.h"
#include "base/text.h"
#include "exporter/http/web_socket_handshake.h"

namespace tocsin::http {
namespace {

using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

bool IsGraphic(char c) { return c > ' ' && c < '\x7f'; }
// No head that the library takes has other blanks.
bool IsBlank(char c) { return c == ' ' || c == '\r' || c == '\n'; }

// https://github.com/civetweb/civetweb/blob/v1.15/src/civetweb.c (parse_http_request), which is not
// to be had alone.
class LibraryParser {
 public:
  explicit LibraryParser(std::string_view text) : buffer_(kMaxHeadBytes, 'x'), size_(text.size()) {
    std::copy(text.begin(), text.end(), buffer_.begin());
  }

  // False where the library refuses the head or waits for more.
  bool Parse(mg_request_info* info) {
    at_ = buffer_.data();
    while (IsBlank(*at_)) ++at_;
    const std::size_t skipped = Offset(at_);
    const std::size_t length = HeadLength(std::string_view(at_, size_ - skipped));
    if (length == 0) return false;
    at_[length - 1] = '\0';
    info->request_method = at_;
    if (!TakeWord(/*is_last=*/false)) return false;
    info->request_uri = at_;
    if (!TakeWord(/*is_last=*/false)) return false;
    info->http_version = at_;
    if (!TakeWord(/*is_last=*/true)) return false;
    if (!std::string_view(info->http_version).starts_with("HTTP/")) return false;
    info->http_version += 5;
    return TakeHeaders(info);
  }

  std::size_t Offset(const char* at) const { return static_cast<std::size_t>(at - buffer_.data()); }

 private:
  static std::size_t HeadLength(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool is_high = static_cast<unsigned char>(c) >= 0x80;
      if (!is_high && !IsGraphic(c) && !IsBlank(c)) return 0;
      if (text.substr(i, 2) == "\n\n") return i + 2;
      if (text.substr(i, 4) == "\r\n\r\n") return i + 4;
    }
    return 0;
  }

  bool TakeWord(bool is_last) {
    while (IsGraphic(*at_)) ++at_;
    if (is_last ? *at_ != '\r' && *at_ != '\n' : *at_ != ' ') return false;
    do {
      *at_++ = '\0';
    } while (IsBlank(*at_));
    return is_last || IsGraphic(*at_);
  }

  bool TakeHeaders(mg_request_info* info) {
    for (int i = 0; i < MG_MAX_HEADERS; ++i) {
      mg_header& header = info->http_headers[i];
      header.name = at_;
      while (*at_ != ':' && IsGraphic(*at_)) ++at_;
      if (at_ == header.name) return true;
      while (*at_ == ' ') *at_++ = '\0';
      if (*at_ != ':') return false;
      *at_++ = '\0';
      while (*at_ == ' ') ++at_;
      header.value = at_;
      while (*at_ != '\0' && *at_ != '\r' && *at_ != '\n') ++at_;
      if (*at_ == '\r') {
        *at_++ = '\0';
        if (*at_ != '\n') return false;
      }
      info->num_headers = i + 1;
      if (*at_ == '\0') return true;
      *at_++ = '\0';
      if (*at_ == '\r' || *at_ == '\n') return true;
    }
    return true;
  }

  std::vector<char> buffer_;  // as large as the library's, so that reading beyond it is seen
  const std::size_t size_;    // of the text
  char* at_ = nullptr;
};

// The lines of a head from its first header on; nothing where one of them could be read in two
// ways. https://www.rfc-editor.org/rfc/rfc9112#section-5
std::optional<Headers> ReadStrictly(std::string_view text) {
  Headers headers;
  while (!text.starts_with("\r\n")) {
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    const std::size_t colon = line.find(':');
    if (end == std::string_view::npos || colon == 0 || colon == std::string_view::npos) {
      return std::nullopt;
    }
    if (line.find_first_of("\r\n") != std::string_view::npos) return std::nullopt;
    const std::string_view name = line.substr(0, colon);
    if (!std::all_of(name.begin(), name.end(), IsGraphic)) return std::nullopt;
    headers.emplace_back(name, TrimSpace(line.substr(colon + 1)));
    text.remove_prefix(end + 2);
  }
  return headers;
}

// https://www.rfc-editor.org/rfc/rfc9112#section-6.3
void CheckFraming(const Headers& headers, const RequestHead& head) {
  const auto all = [&headers](std::string_view name) {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : headers) {
      if (EqualsIgnoreCase(key, name)) values.push_back(value);
    }
    return values;
  };
  const auto lengths = all("content-length");
  const auto encodings = all("transfer-encoding");
  CHECK(all("host").size() <= 1 && (head.old_protocol || all("host").size() == 1));
  CHECK(lengths.size() + encodings.size() <= 1);
  CHECK(head.chunked == !encodings.empty());
  CHECK(!head.chunked || EqualsIgnoreCase(encodings[0], "chunked"));
  if (lengths.empty()) CHECK(head.content_length == 0);
  if (!lengths.empty()) {
    const std::string_view digits = lengths[0];
    CHECK(digits.find_first_not_of("0123456789") == std::string_view::npos);
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    const std::string written = std::to_string(head.content_length);
    CHECK(digits.substr(zeros) == written || head.content_length == UINT64_MAX);
  }
  CHECK(!head.expects_continue || !all("expect").empty());
}

void CheckHandshake(const Headers& headers) {
  Request request;
  for (const auto& [name, value] : headers) request.headers.emplace_back(name, value);
  const std::optional<Response> fault = FindHandshakeFault(request, ErrorStyle::kJson);
  if (fault) {
    CHECK(fault->status == 400 || (fault->status == 426 && fault->headers.size() == 1));
    CHECK(ParseJson(fault->body).is_object());
    return;
  }
  const std::string_view key = request.Header("sec-websocket-key");
  CHECK(key.size() == 24 && key.ends_with("=="));
  const std::string answer = HandshakeAnswer(key);
  CHECK(answer != HandshakeAnswer(answer));
  CHECK(Base64Decode(answer).value_or("").size() == 20);
}

void CheckHead(std::string_view text) {
  // A NUL can only stand in the body. What would be read of it cannot be told from what the library
  // leaves of a line's end.
  if (text.size() >= kMaxHeadBytes || text.find('\0') != std::string_view::npos) return;
  LibraryParser parser(text);
  mg_request_info info{};
  if (!parser.Parse(&info)) return;
  RequestHead head;
  if (const std::optional<HeadFault> fault = ReadHead(info, &head)) {
    CHECK(fault->status == 400 || fault->status == 417 || fault->status == 431);
    CHECK(!fault->detail.empty());
    return;
  }
  CHECK(head.old_protocol == (std::string_view(info.http_version) == "1.0"));
  if (info.num_headers == 0) {
    CHECK(head.old_protocol && !head.has_body());
    return;
  }
  // In front of the first header the library leaves no trace: there may be any two blanks.
  const std::size_t first = parser.Offset(info.http_headers[0].name);
  const std::optional<Headers> headers = ReadStrictly(text.substr(first));
  CHECK(headers && headers->size() == static_cast<std::size_t>(info.num_headers));
  for (std::size_t i = 0; i < headers->size(); ++i) {
    CHECK((*headers)[i].first == info.http_headers[i].name);
    CHECK((*headers)[i].second == TrimSpace(info.http_headers[i].value));
  }
  CheckFraming(*headers, head);
  CheckHandshake(*headers);
}

}  // namespace
}  // namespace tocsin::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tocsin::http::CheckHead({reinterpret_cast<const char*>(data), size});
  return 0;
}
