#include "exporter/http/response_writer.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"

namespace tocsin::http {
namespace {

bool BreaksLine(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

// A header name is a token: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
bool IsToken(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

// Headers that say where the response ends: the server's alone.
bool IsFraming(std::string_view name) {
  return EqualsIgnoreCase(name, "Content-Length") || EqualsIgnoreCase(name, "Transfer-Encoding") ||
         EqualsIgnoreCase(name, "Connection");
}

void AppendHeader(std::string_view name, std::string_view value, std::string* out) {
  out->append(name).append(": ").append(value).append("\r\n");
}

// Where a handler, or the owner of a web configuration file, does not know better.
void AppendUnlessSet(const Response& response, std::string_view name, std::string_view value,
                     std::string* out) {
  const bool is_set =
      std::any_of(response.headers.begin(), response.headers.end(),
                  [name](const auto& header) { return EqualsIgnoreCase(header.first, name); });
  if (!is_set) AppendHeader(name, value, out);
}

}  // namespace

std::string_view StatusText(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      break;
  }
  if (status < 300) return "Success";
  if (status < 400) return "Redirection";
  return status < 500 ? "Client Error" : "Server Error";
}

std::optional<std::string> FindFault(const Response& response) {
  if (response.status < 200 || response.status > 599) {
    return fmt::format("status {} is outside 200 to 599", response.status);
  }
  if (BreaksLine(response.content_type)) return "Content-Type holds a line break or NUL";
  for (const auto& [name, value] : response.headers) {
    if (!IsToken(name)) return "a header name holds a character that none may hold";
    if (IsFraming(name)) return fmt::format("header {} is the server's to set", name);
    if (BreaksLine(value)) return fmt::format("header {} holds a line break or NUL", name);
  }
  return std::nullopt;
}

void ResponseWriter::AppendHead(const Response& response, Connection connection, std::time_t now,
                                std::string* out) {
  fmt::format_to(std::back_inserter(*out), FMT_COMPILE("HTTP/1.1 {} {}\r\n"), response.status,
                 StatusText(response.status));
  AppendHeader("Date", Date(now), out);
  AppendHeader("Server", "tocsin", out);
  // Browsers shall not take one kind of content for another, say a pushed label value for a script;
  // shall not show us inside a page of others; and shall not tell others which address led to them.
  AppendHeader("X-Content-Type-Options", "nosniff", out);
  AppendUnlessSet(response, "X-Frame-Options", "DENY", out);
  AppendUnlessSet(response, "Referrer-Policy", "no-referrer", out);
  const bool is_stream = connection == Connection::kStream;
  const bool has_content = (!response.body.empty() || is_stream) && MayHaveBody(response.status);
  if (has_content && !response.content_type.empty()) {
    AppendHeader("Content-Type", response.content_type, out);
  }
  for (const auto& [name, value] : response.headers) AppendHeader(name, value, out);
  if (MayHaveBody(response.status) && !is_stream) {
    fmt::format_to(std::back_inserter(*out), FMT_COMPILE("Content-Length: {}\r\n"),
                   response.body.size());
  }
  if (connection == Connection::kClose || is_stream) AppendHeader("Connection", "close", out);
  if (connection == Connection::kKeepOldStyle) AppendHeader("Connection", "keep-alive", out);
  if (connection == Connection::kUpgrade) AppendHeader("Connection", "Upgrade", out);
  out->append("\r\n");
}

// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7; strftime would follow the locale.
std::string_view ResponseWriter::Date(std::time_t now) {
  if (now == date_second_) return date_;
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  date_ = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                      kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                      kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900,
                      utc.tm_hour, utc.tm_min, utc.tm_sec);
  date_second_ = now;
  return date_;
}

}  // namespace tocsin::http
