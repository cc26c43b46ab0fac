// The HttpClient over libcurl's multi interface; the only file that includes curl.
//
// One thread runs everything: it takes new requests from an inbox, drives all transfers and calls
// `done`. Send() puts a request into the inbox and wakes the thread, which sends it at once:
// nothing here waits for Nagle, for "100 Continue" or for a free slot.
//
// Whether a failed request may have reached the other side is told from what curl wrote to the
// socket for the current hop: nothing, or not the whole body, is certain non-delivery. curl repeats
// a request by itself when a reused connection dies before an answer; that would send a
// notification twice, so a request whose method is not idempotent is stopped before its repetition
// (RFC 9110, section 9.2.2).
#include <curl/curl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "base/check.h"
#include "base/http_client.h"
#include "base/mutex.h"
#include "base/text.h"

namespace tocsin {
namespace {

constexpr long kMaxRedirects = 10;
constexpr std::size_t kMaxHeaderBytes = 64 << 10;  // of one answer
constexpr std::size_t kMaxUrlBytes = 64 << 10;
constexpr std::size_t kMaxIdleHandles = 64;
// curl shortens the wait to its next timer; a wake-up ends it.
constexpr int kLongestPollMs = 60'000;

struct EasyCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using EasyHandle = std::unique_ptr<CURL, EasyCleanup>;

struct ListCleanup {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListCleanup>;

void Append(const std::string& line, HeaderList* list) {
  curl_slist* longer = curl_slist_append(list->get(), line.c_str());
  CHECK(longer != nullptr);  // out of memory
  static_cast<void>(list->release());
  list->reset(longer);
}

template <typename T>
void SetOption(CURL* easy, CURLoption option, T value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);  // unknown to the linked library
}

template <typename T>
T Info(CURL* easy, CURLINFO what) {
  T value{};
  CHECK(curl_easy_getinfo(easy, what, &value) == CURLE_OK);
  return value;
}

// RFC 9110, section 5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

Status CheckHeader(std::string_view name, std::string_view value) {
  if (!IsToken(name)) return Error{fmt::format("{} is not a header name", QuoteForMessage(name))};
  if (EqualsIgnoreCase(name, "content-length") || EqualsIgnoreCase(name, "transfer-encoding")) {
    return Error{fmt::format("the header {} follows from the body and cannot be set", name)};
  }
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return Error{fmt::format("the value of header {} holds a line break or a NUL", name)};
  }
  return {};
}

// Why a request must not be sent.
Status CheckRequest(const HttpClientRequest& request) {
  if (!IsToken(request.method) || request.method.size() > 32) return Error{"bad method"};
  if (request.url.size() > kMaxUrlBytes) return Error{"the URL is too long"};
  if (Status status = CheckUrl(request.url); !status) return status;
  for (const auto& [name, value] : request.headers) {
    if (Status status = CheckHeader(name, value); !status) return status;
  }
  return {};
}

std::string FailureMessage(const HttpClientRequest& request, std::string_view why) {
  const std::string_view method =
      IsToken(request.method) ? std::string_view(request.method) : "request";
  return fmt::format("{} {}: {}", TruncateUtf8(method, 32), RedactUrl(request.url), why);
}

// One request from Send() to `done`, with the handle that carries it. Lives on the client's thread.
class Exchange {
 public:
  Exchange(HttpClientRequest request, HttpClient::Done done)
      : request_(std::move(request)), done_(std::move(done)) {}

  void Prepare(EasyHandle easy, const std::string& user_agent);
  CURL* easy() const { return easy_.get(); }
  EasyHandle ReleaseHandle() { return std::move(easy_); }

  // What came out of it. REQUIRES: the transfer has ended, the handle is not reset yet.
  HttpClientResult Result(CURLcode code);
  // What to say of a transfer that is given up while under way.
  HttpClientResult Abandoned(std::string_view why) const;
  void Finish(HttpClientResult result) { done_(std::move(result)); }

 private:
  static std::size_t OnBody(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* self);
  static int BeforeSending(void* self, char*, char*, int, int);

  void PrepareMethod();
  void PrepareHeaders();
  void PrepareCallbacks();
  bool AddHeaderLine(std::string_view line);
  bool MaySend();
  bool MayHaveBeenSent() const;
  bool IsIdempotent() const;
  std::string Reason(CURLcode code) const;

  HttpClientRequest request_;
  HttpClient::Done done_;
  EasyHandle easy_;
  HeaderList headers_;
  HttpClientResponse response_;
  std::size_t header_bytes_ = 0;
  bool reading_headers_ = false;  // false after the body began: trailers are left out
  bool body_too_large_ = false;
  bool headers_too_large_ = false;
  bool repetition_stopped_ = false;
  long hop_ = -1;             // the redirect whose request was begun last; -1 before the first
  long sent_before_hop_ = 0;  // bytes of requests written for earlier hops
  char error_[CURL_ERROR_SIZE] = {};
};

void Exchange::Prepare(EasyHandle easy, const std::string& user_agent) {
  easy_ = std::move(easy);
  CURL* handle = easy_.get();
  const long timeout = std::max<long>(1, request_.timeout.count());  // curl reads 0 as "none"
  SetOption(handle, CURLOPT_URL, request_.url.c_str());
  SetOption(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  SetOption(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  SetOption(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);  // of a redirect, too
  SetOption(handle, CURLOPT_PATH_AS_IS, 1L);
  SetOption(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  SetOption(handle, CURLOPT_FOLLOWLOCATION, request_.follow_redirects ? 1L : 0L);
  SetOption(handle, CURLOPT_MAXREDIRS, kMaxRedirects);
  SetOption(handle, CURLOPT_PROXY, "");  // not what the environment says
  SetOption(handle, CURLOPT_NOSIGNAL, 1L);
  // Without it, giving up on a slow name server would hold this thread until the server answers.
  SetOption(handle, CURLOPT_QUICK_EXIT, 1L);
  SetOption(handle, CURLOPT_TIMEOUT_MS, timeout);
  SetOption(handle, CURLOPT_CONNECTTIMEOUT_MS, timeout);
  SetOption(handle, CURLOPT_TCP_NODELAY, 1L);
  SetOption(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  SetOption(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  SetOption(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  SetOption(handle, CURLOPT_USERAGENT, user_agent.c_str());
  if (request_.accept_compressed) SetOption(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
  PrepareMethod();
  PrepareHeaders();
  PrepareCallbacks();
}

void Exchange::PrepareMethod() {
  CURL* handle = easy_.get();
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

void Exchange::PrepareHeaders() {
  bool has_content_type = false;
  for (const auto& [name, value] : request_.headers) {
    has_content_type = has_content_type || EqualsIgnoreCase(name, "content-type");
    // A name with a colon and nothing behind it would remove the header; with `;` it is sent empty.
    const bool blank = TrimSpace(value).empty();
    Append(blank ? name + ";" : fmt::format("{}: {}", name, value), &headers_);
  }
  if (!has_content_type) Append("Content-Type:", &headers_);  // curl would call a body a form
  Append("Expect:", &headers_);  // curl would wait for "100 Continue" before a large body
  SetOption(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

void Exchange::PrepareCallbacks() {
  CURL* handle = easy_.get();
  SetOption(handle, CURLOPT_ERRORBUFFER, error_);
  SetOption(handle, CURLOPT_WRITEFUNCTION, &Exchange::OnBody);
  SetOption(handle, CURLOPT_WRITEDATA, static_cast<void*>(this));
  SetOption(handle, CURLOPT_HEADERFUNCTION, &Exchange::OnHeader);
  SetOption(handle, CURLOPT_HEADERDATA, static_cast<void*>(this));
  SetOption(handle, CURLOPT_PREREQFUNCTION, &Exchange::BeforeSending);
  SetOption(handle, CURLOPT_PREREQDATA, static_cast<void*>(this));
}

// Counts decoded bytes, so that a small compressed answer cannot become a large one. Any number but
// `size` ends the transfer.
std::size_t Exchange::OnBody(char* data, std::size_t, std::size_t size, void* self) {
  auto* exchange = static_cast<Exchange*>(self);
  std::string& body = exchange->response_.body;
  if (size > exchange->request_.max_response_bytes - body.size()) {
    exchange->body_too_large_ = true;
    return size + 1;
  }
  body.append(data, size);
  return size;
}

std::size_t Exchange::OnHeader(char* data, std::size_t, std::size_t size, void* self) {
  return static_cast<Exchange*>(self)->AddHeaderLine({data, size}) ? size : size + 1;
}

// Called with each header line of each answer: those of redirects and of 1xx are forgotten.
bool Exchange::AddHeaderLine(std::string_view line) {
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

int Exchange::BeforeSending(void* self, char*, char*, int, int) {
  return static_cast<Exchange*>(self)->MaySend() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

bool Exchange::IsIdempotent() const {
  return request_.method != "POST" && request_.method != "PATCH";
}

// curl asks before it writes the request, once for each redirect, and again when it repeats one.
bool Exchange::MaySend() {
  const long hop = Info<long>(easy_.get(), CURLINFO_REDIRECT_COUNT);
  const long sent = Info<long>(easy_.get(), CURLINFO_REQUEST_SIZE);
  if (hop != hop_) {
    hop_ = hop;
    sent_before_hop_ = sent;
    return true;
  }
  repetition_stopped_ = sent > sent_before_hop_ && !IsIdempotent();
  return !repetition_stopped_;
}

bool Exchange::MayHaveBeenSent() const {
  if (repetition_stopped_) return true;
  if (Info<long>(easy_.get(), CURLINFO_REDIRECT_COUNT) != hop_) return false;  // not at this hop
  const long sent = Info<long>(easy_.get(), CURLINFO_REQUEST_SIZE) - sent_before_hop_;
  const auto body_sent = Info<curl_off_t>(easy_.get(), CURLINFO_SIZE_UPLOAD_T);
  return sent > 0 && body_sent >= static_cast<curl_off_t>(request_.body.size());
}

std::string Exchange::Reason(CURLcode code) const {
  if (body_too_large_) {
    return fmt::format("the answer is larger than {} bytes", request_.max_response_bytes);
  }
  if (repetition_stopped_) return "the connection was closed before an answer came";
  if (headers_too_large_) return "the headers of the answer are too large";
  return error_[0] != '\0' ? error_ : curl_easy_strerror(code);
}

HttpClientResult Exchange::Result(CURLcode code) {
  HttpClientResult result;
  result.elapsed = Duration(Info<curl_off_t>(easy_.get(), CURLINFO_TOTAL_TIME_T) / 1000);
  if (code == CURLE_OK) {
    response_.status = static_cast<int>(Info<long>(easy_.get(), CURLINFO_RESPONSE_CODE));
    result.response = std::move(response_);
    return result;
  }
  HttpClientFailure& failure = result.failure;
  // A redirect that leads nowhere is an answer: nothing was accepted.
  const bool bad_redirect = code == CURLE_TOO_MANY_REDIRECTS || code == CURLE_URL_MALFORMAT ||
                            code == CURLE_UNSUPPORTED_PROTOCOL;
  failure.outcome_unknown = !bad_redirect && MayHaveBeenSent();
  failure.response_too_large = body_too_large_;
  failure.timed_out = code == CURLE_OPERATION_TIMEDOUT;
  failure.message = FailureMessage(request_, Reason(code));
  return result;
}

HttpClientResult Exchange::Abandoned(std::string_view why) const {
  HttpClientResult result;
  result.elapsed = Duration(Info<curl_off_t>(easy_.get(), CURLINFO_TOTAL_TIME_T) / 1000);
  result.failure.outcome_unknown = MayHaveBeenSent();
  result.failure.message = FailureMessage(request_, why);
  return result;
}

HttpClientResult Refused(const HttpClientRequest& request, std::string_view why) {
  HttpClientResult result;
  result.failure.message = FailureMessage(request, fmt::format("not sent: {}", why));
  return result;
}

// Idle connections are kept for as many targets as the limit of open files has room for: a quarter
// of it, since the server and the store need theirs.
long MaxIdleConnections() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
  return static_cast<long>(std::clamp<rlim_t>(limit.rlim_cur / 4, 64, 4096));
}

class CurlHttpClient final : public HttpClient {
 public:
  CurlHttpClient(std::string user_agent, const Logger& log)
      : user_agent_(std::move(user_agent)), log_(log) {
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    multi_ = curl_multi_init();
    CHECK(multi_ != nullptr);
    CHECK(curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, MaxIdleConnections()) == CURLM_OK);
    thread_ = std::thread([this] { Loop(); });
  }
  CurlHttpClient(const CurlHttpClient&) = delete;
  CurlHttpClient& operator=(const CurlHttpClient&) = delete;

  ~CurlHttpClient() override {
    {
      MutexLock lock(mu_);
      stopped_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    idle_.clear();
    curl_multi_cleanup(multi_);
    curl_global_cleanup();
  }

  void Send(HttpClientRequest request, Done done) override EXCLUDES(mu_) {
    bool wake = false;
    {
      MutexLock lock(mu_);
      wake = inbox_.empty();
      inbox_.push_back({std::move(request), std::move(done)});
    }
    if (wake) curl_multi_wakeup(multi_);
  }

 private:
  struct Arrival {
    HttpClientRequest request;
    Done done;
  };

  void Loop() EXCLUDES(mu_);
  // Everything that waits in the inbox; true when the client is being destroyed.
  bool TakeInbox(std::vector<Arrival>* arrivals) EXCLUDES(mu_);
  void Begin(Arrival arrival);
  void FinishEnded();
  void AbandonAll(std::string_view why);
  // Takes the exchange out of curl's hands; its handle goes back into the pool.
  std::unique_ptr<Exchange> Remove(CURL* easy);
  EasyHandle IdleHandle();
  void CheckMulti(CURLMcode code);

  // Constant after construction.
  const std::string user_agent_;
  const Logger log_;
  CURLM* multi_ = nullptr;  // curl_multi_wakeup may be called by any thread, all else by thread_

  // The client's thread only.
  std::unordered_map<CURL*, std::unique_ptr<Exchange>> under_way_;
  std::vector<EasyHandle> idle_;

  Mutex mu_;
  std::vector<Arrival> inbox_ GUARDED_BY(mu_);
  bool stopped_ GUARDED_BY(mu_) = false;

  std::thread thread_;
};

// With CURLOPT_NOSIGNAL curl leaves SIGPIPE alone, and OpenSSL writes without MSG_NOSIGNAL.
void BlockBrokenPipeSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void CurlHttpClient::Loop() {
  BlockBrokenPipeSignal();
  std::vector<Arrival> arrivals;
  while (!TakeInbox(&arrivals)) {
    for (Arrival& arrival : arrivals) Begin(std::move(arrival));
    int running = 0;
    CheckMulti(curl_multi_perform(multi_, &running));
    FinishEnded();
    CheckMulti(curl_multi_poll(multi_, nullptr, 0, kLongestPollMs, nullptr));
  }
  constexpr std::string_view kStopping = "this program is stopping";
  AbandonAll(kStopping);
  // A `done` may have sent another request: it fails, too.
  do {
    for (Arrival& arrival : arrivals) arrival.done(Refused(arrival.request, kStopping));
    TakeInbox(&arrivals);
  } while (!arrivals.empty());
}

bool CurlHttpClient::TakeInbox(std::vector<Arrival>* arrivals) {
  arrivals->clear();
  MutexLock lock(mu_);
  arrivals->swap(inbox_);
  return stopped_;
}

void CurlHttpClient::Begin(Arrival arrival) {
  if (const Status status = CheckRequest(arrival.request); !status) {
    arrival.done(Refused(arrival.request, status.message()));
    return;
  }
  auto exchange = std::make_unique<Exchange>(std::move(arrival.request), std::move(arrival.done));
  exchange->Prepare(IdleHandle(), user_agent_);
  CURL* easy = exchange->easy();
  under_way_.emplace(easy, std::move(exchange));
  CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
}

void CurlHttpClient::FinishEnded() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    HttpClientResult result = under_way_.at(easy)->Result(message->data.result);
    Remove(easy)->Finish(std::move(result));
  }
}

void CurlHttpClient::AbandonAll(std::string_view why) {
  while (!under_way_.empty()) {
    CURL* easy = under_way_.begin()->first;
    HttpClientResult result = under_way_.begin()->second->Abandoned(why);
    Remove(easy)->Finish(std::move(result));
  }
}

std::unique_ptr<Exchange> CurlHttpClient::Remove(CURL* easy) {
  const auto it = under_way_.find(easy);
  CHECK(it != under_way_.end());
  std::unique_ptr<Exchange> exchange = std::move(it->second);
  under_way_.erase(it);
  CHECK(curl_multi_remove_handle(multi_, easy) == CURLM_OK);
  EasyHandle handle = exchange->ReleaseHandle();
  curl_easy_reset(easy);
  if (idle_.size() < kMaxIdleHandles) idle_.push_back(std::move(handle));
  return exchange;
}

EasyHandle CurlHttpClient::IdleHandle() {
  if (idle_.empty()) {
    EasyHandle handle(curl_easy_init());
    CHECK(handle != nullptr);
    return handle;
  }
  EasyHandle handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

// What fails here is out of memory or file descriptors, or poll itself: whatever is under way is
// given up, which is what frees them.
void CurlHttpClient::CheckMulti(CURLMcode code) {
  if (code == CURLM_OK) return;
  log_.Error("outgoing HTTP failed, all requests under way are given up",
             {{"err", curl_multi_strerror(code)}, {"requests", under_way_.size()}});
  AbandonAll(curl_multi_strerror(code));
}

}  // namespace

std::unique_ptr<HttpClient> MakeCurlHttpClient(std::string user_agent, const Logger& log) {
  return std::make_unique<CurlHttpClient>(std::move(user_agent), log);
}

}  // namespace tocsin
