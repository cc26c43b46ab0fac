#include "base/curl_exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/curl_phases.h"
#include "base/http_request_check.h"
#include "base/text.h"

namespace tocsin {
namespace {

constexpr long kMaxRedirects = 10;
constexpr std::size_t kMaxHeaderBytes = 64 << 10;  // of one answer

std::string FailureMessage(const HttpClientRequest& request, std::string_view why) {
  const std::string_view method =
      IsHttpToken(request.method) ? std::string_view(request.method) : "request";
  return fmt::format("{} {}: {}", TruncateUtf8(method, 32), RedactUrl(request.url), why);
}

// "https://host:port" of a URL that curl has accepted.
std::string OriginOf(std::string_view url) {
  const std::size_t host = url.find("://") + 3;
  return ToLowerAscii(url.substr(0, url.find_first_of("/?#", host)));
}

std::string_view HostOf(std::string_view origin) {
  const std::string_view authority = origin.substr(origin.find("://") + 3);
  const std::size_t bracket = authority.find(']');  // of an IPv6 address
  return authority.substr(0, authority.find(':', bracket == std::string_view::npos ? 0 : bracket));
}

// Whoever has a certificate of the same name is the same. So are servers that send on from http.
bool IsSameServer(std::string_view first, std::string_view other) {
  return first == other || (other.starts_with("https://") && HostOf(first) == HostOf(other));
}

}  // namespace

Status CurlExchange::Check() const { return CheckRequest(request_); }

void CurlExchange::Prepare() {
  CURL* handle = easy();
  const long timeout = std::max<long>(1, request_.timeout.count());  // curl reads 0 as "none"
  static const HttpTransport kPlain;
  transport_.Prepare(handle, request_.url, request_.transport ? *request_.transport : kPlain);
  SetOption(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  SetOption(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  SetOption(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);  // of a redirect, too
  SetOption(handle, CURLOPT_PATH_AS_IS, 1L);
  SetOption(handle, CURLOPT_FOLLOWLOCATION, request_.follow_redirects ? 1L : 0L);
  SetOption(handle, CURLOPT_MAXREDIRS, kMaxRedirects);
  SetOption(handle, CURLOPT_UNRESTRICTED_AUTH, 1L);  // see KeepSecretsHere
  SetOption(handle, CURLOPT_NOSIGNAL, 1L);
  // Without it, giving up on a slow name server would hold this thread until the server answers.
  SetOption(handle, CURLOPT_QUICK_EXIT, 1L);
  SetOption(handle, CURLOPT_TIMEOUT_MS, timeout);
  SetOption(handle, CURLOPT_CONNECTTIMEOUT_MS, timeout);
  SetOption(handle, CURLOPT_TCP_NODELAY, 1L);
  SetOption(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  SetOption(handle, CURLOPT_USERAGENT, user_agent_.c_str());
  if (request_.accept_compressed) SetOption(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
  PrepareMethod();
  PrepareHeaders();
  PrepareCallbacks();
}

void CurlExchange::PrepareMethod() {
  CURL* handle = easy();
  const std::string& method = request_.method;
  const bool carries_body =
      !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (carries_body) {
    SetOption(handle, CURLOPT_POST, 1L);
    SetOption(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    SetOption(handle, CURLOPT_POSTFIELDS, request_.body.data());
  } else if (method == "HEAD") {
    SetOption(handle, CURLOPT_NOBODY, 1L);
  } else {
    SetOption(handle, CURLOPT_HTTPGET, 1L);
  }
  const std::string_view natural = carries_body ? "POST" : method == "HEAD" ? "HEAD" : "GET";
  if (method != natural) SetOption(handle, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void CurlExchange::PrepareHeaders() {
  bool has_content_type = false;
  for (const auto& [name, value] : request_.headers) {
    has_content_type = has_content_type || EqualsIgnoreCase(name, "content-type");
    // A name with a colon and nothing behind it would remove the header; with `;` it is sent empty.
    const bool blank = TrimSpace(value).empty();
    const std::string line = blank ? name + ";" : fmt::format("{}: {}", name, value);
    Append(line, &headers_);
    if (IsPublicHeader(name)) Append(line, &public_headers_);
  }
  if (!transport_.host().empty()) Append("Host: " + transport_.host(), &headers_);
  for (CurlList* list : {&headers_, &public_headers_}) {
    if (!has_content_type) Append("Content-Type:", list);  // curl would call a body a form
    Append("Expect:", list);  // curl would wait for "100 Continue" before a large body
  }
  SetOption(easy(), CURLOPT_HTTPHEADER, headers_.get());
}

void CurlExchange::PrepareCallbacks() {
  CURL* handle = easy();
  SetOption(handle, CURLOPT_ERRORBUFFER, error_);
  SetOption(handle, CURLOPT_WRITEFUNCTION, &CurlExchange::OnBody);
  SetOption(handle, CURLOPT_WRITEDATA, static_cast<void*>(this));
  SetOption(handle, CURLOPT_HEADERFUNCTION, &CurlExchange::OnHeader);
  SetOption(handle, CURLOPT_HEADERDATA, static_cast<void*>(this));
  SetOption(handle, CURLOPT_PREREQFUNCTION, &CurlExchange::BeforeSending);
  SetOption(handle, CURLOPT_PREREQDATA, static_cast<void*>(this));
}

// Counts decoded bytes, so that a small compressed answer cannot become a large one. Any number but
// `size` ends the transfer.
std::size_t CurlExchange::OnBody(char* data, std::size_t, std::size_t size, void* self) {
  auto* exchange = static_cast<CurlExchange*>(self);
  std::string& body = exchange->response_.body;
  const std::size_t most = exchange->request_.max_response_bytes;
  const std::size_t taken = std::min(size, most - body.size());
  const std::size_t needed = body.size() + taken;
  // Of what a hanging server leaves here, there may be much at once: no more room than allowed.
  if (needed > body.capacity()) body.reserve(std::max(needed, std::min(2 * body.capacity(), most)));
  body.append(data, taken);
  if (taken == size) return size;
  exchange->body_too_large_ = true;
  return size + 1;
}

std::size_t CurlExchange::OnHeader(char* data, std::size_t, std::size_t size, void* self) {
  return static_cast<CurlExchange*>(self)->AddHeaderLine({data, size}) ? size : size + 1;
}

// Called with each header line of each answer: those of redirects and of 1xx are forgotten.
bool CurlExchange::AddHeaderLine(std::string_view line) {
  if (line.substr(0, 5) == "HTTP/") {
    response_.headers.clear();
    header_bytes_ = 0;
    reading_headers_ = true;
    return true;
  }
  if (!reading_headers_) return true;
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    headers_too_large_ = true;
    return false;
  }
  const std::string_view text = TrimSpace(line);
  if (text.empty()) {
    reading_headers_ = false;
    return true;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return true;
  response_.headers.emplace_back(ToLowerAscii(TrimSpace(text.substr(0, colon))),
                                 TrimSpace(text.substr(colon + 1)));
  return true;
}

int CurlExchange::BeforeSending(void* self, char* ip, char*, int, int) {
  auto* exchange = static_cast<CurlExchange*>(self);
  const bool may = exchange->transport_.MayUse(exchange->easy(), ip) && exchange->MaySend();
  return may ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

bool CurlExchange::IsIdempotent() const {
  return request_.method != "POST" && request_.method != "PATCH";
}

// curl asks before it writes the request, once for each redirect, and again when it repeats one.
bool CurlExchange::MaySend() {
  const long hop = Info<long>(easy(), CURLINFO_REDIRECT_COUNT);
  const long sent = Info<long>(easy(), CURLINFO_REQUEST_SIZE);
  if (hop != hop_) {
    hop_ = hop;
    sent_before_hop_ = sent;
    KeepSecretsHere();
    return true;
  }
  repetition_stopped_ = sent > sent_before_hop_ && !IsIdempotent();
  return !repetition_stopped_;
}

// What may hold credentials is for the server of the request: once led elsewhere, no hop gets it.
// (Of its own accord curl would keep back Authorization and Cookie, and nothing else.)
void CurlExchange::KeepSecretsHere() {
  const std::string origin = OriginOf(Info<const char*>(easy(), CURLINFO_EFFECTIVE_URL));
  if (origin_.empty()) origin_ = origin;
  if (IsSameServer(origin_, origin)) return;
  SetOption(easy(), CURLOPT_HTTPHEADER, public_headers_.get());
}

bool CurlExchange::MayHaveBeenSent() const {
  if (repetition_stopped_) return true;
  if (Info<long>(easy(), CURLINFO_REDIRECT_COUNT) != hop_) return false;  // not at this hop
  const long sent = Info<long>(easy(), CURLINFO_REQUEST_SIZE) - sent_before_hop_;
  const auto body_sent = Info<curl_off_t>(easy(), CURLINFO_SIZE_UPLOAD_T);
  return sent > 0 && body_sent >= static_cast<curl_off_t>(request_.body.size());
}

std::string CurlExchange::Reason(CURLcode code) const {
  if (body_too_large_) {
    return fmt::format("the answer is larger than {} bytes", request_.max_response_bytes);
  }
  if (IsForbidden(code)) return std::string(transport_.refusal());
  if (repetition_stopped_) return "the connection was closed before an answer came";
  // Of one line curl takes no more than its own limit, and calls that so.
  const bool line_too_large = code == CURLE_OUT_OF_MEMORY && reading_headers_;
  if (headers_too_large_ || line_too_large) return "the headers of the answer are too large";
  // Which it takes for their end.
  if (code == CURLE_OK) return "the connection was closed in the middle of the answer's headers";
  return error_[0] != '\0' ? error_ : curl_easy_strerror(code);
}

bool CurlExchange::IsForbidden(CURLcode code) const {
  return !transport_.refusal().empty() &&
         (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK);
}

void CurlExchange::End(CURLcode code) {
  result_.elapsed = Duration(Info<curl_off_t>(easy(), CURLINFO_TOTAL_TIME_T) / 1000);
  result_.phases = PhasesOf(easy(), code);
  response_.status = static_cast<int>(Info<long>(easy(), CURLINFO_RESPONSE_CODE));
  // A status that refuses says all there is to know: of its body, what fits is enough.
  const bool is_cut = body_too_large_ && (response_.status >= 300 || request_.cut_response);
  if ((code == CURLE_OK && !reading_headers_) || is_cut) {
    result_.response = std::move(response_);
    return;
  }
  HttpClientFailure& failure = result_.failure;
  // A redirect that leads nowhere is an answer: nothing was accepted. (One to another protocol ends
  // before its hop is begun; with that code ends what is no HTTP, too, which is no answer.)
  const bool bad_redirect = code == CURLE_TOO_MANY_REDIRECTS || code == CURLE_URL_MALFORMAT;
  failure.outcome_unknown = !bad_redirect && MayHaveBeenSent();
  failure.response_too_large = body_too_large_;
  failure.timed_out = code == CURLE_OPERATION_TIMEDOUT;
  failure.forbidden = IsForbidden(code);
  failure.message = FailureMessage(request_, Reason(code));
}

void CurlExchange::Abandon(std::string_view why, bool cancelled) {
  if (easy() != nullptr) {
    result_.elapsed = Duration(Info<curl_off_t>(easy(), CURLINFO_TOTAL_TIME_T) / 1000);
    result_.phases = PhasesOf(easy(), CURLE_ABORTED_BY_CALLBACK);
    result_.failure.outcome_unknown = MayHaveBeenSent();
  }
  result_.failure.cancelled = cancelled;
  result_.failure.message = FailureMessage(request_, why);
}

}  // namespace tocsin
