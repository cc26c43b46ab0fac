// The HttpClient over libcurl's multi interface. Only the curl_*.cc files include curl: a request
// under way is a CurlExchange, and the way to its server a CurlTransport.
//
// One thread runs everything: it takes new requests from an inbox, drives all transfers and calls
// `done`. Send() puts a request into the inbox and wakes the thread, which sends it at once:
// nothing here waits for Nagle, for "100 Continue" or for a free slot.
#include <curl/curl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "base/check.h"
#include "base/curl_exchange.h"
#include "base/http_client.h"
#include "base/http_request_check.h"
#include "base/mutex.h"

namespace tocsin {
namespace {

constexpr std::size_t kMaxIdleHandles = 64;
// curl shortens the wait to its next timer; a wake-up ends it.
constexpr int kLongestPollMs = 60'000;

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
      inbox_.push_back({std::move(request), std::move(done), nullptr});
    }
    if (wake) curl_multi_wakeup(multi_);
  }

  void Cancel(const void* owner) override EXCLUDES(mu_) {
    {
      MutexLock lock(mu_);
      inbox_.push_back({{}, nullptr, owner});
    }
    curl_multi_wakeup(multi_);
  }

 private:
  struct Arrival {
    HttpClientRequest request;
    Done done;
    const void* cancelled = nullptr;  // instead of a request: whose are to end
  };

  void Loop() EXCLUDES(mu_);
  // Everything that waits in the inbox; true when the client is being destroyed.
  bool TakeInbox(std::vector<Arrival>* arrivals) EXCLUDES(mu_);
  void Begin(Arrival arrival);
  void FinishEnded();
  void CancelAllOf(const void* owner);
  void AbandonAll(std::string_view why);
  // Takes the exchange out of curl's hands; its handle goes back into the pool.
  std::unique_ptr<CurlExchange> Remove(CURL* easy);
  EasyHandle IdleHandle();
  void CheckMulti(CURLMcode code);

  // Constant after construction.
  const std::string user_agent_;
  const Logger log_;
  CURLM* multi_ = nullptr;  // curl_multi_wakeup may be called by any thread, all else by thread_

  // The client's thread only.
  std::unordered_map<CURL*, std::unique_ptr<CurlExchange>> under_way_;
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
    for (Arrival& arrival : arrivals) {
      if (arrival.done) arrival.done(RefusedRequest(arrival.request, kStopping));
    }
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
  if (arrival.cancelled != nullptr) return CancelAllOf(arrival.cancelled);
  if (const Status status = CheckRequest(arrival.request); !status) {
    arrival.done(RefusedRequest(arrival.request, status.message()));
    return;
  }
  auto exchange =
      std::make_unique<CurlExchange>(std::move(arrival.request), std::move(arrival.done));
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

void CurlHttpClient::CancelAllOf(const void* owner) {
  std::vector<CURL*> cancelled;
  for (const auto& [easy, exchange] : under_way_) {
    if (exchange->owner() == owner) cancelled.push_back(easy);
  }
  for (CURL* easy : cancelled) {
    HttpClientResult result = under_way_.at(easy)->Abandoned("cancelled");
    result.failure.cancelled = true;
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

std::unique_ptr<CurlExchange> CurlHttpClient::Remove(CURL* easy) {
  const auto it = under_way_.find(easy);
  CHECK(it != under_way_.end());
  std::unique_ptr<CurlExchange> exchange = std::move(it->second);
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
