#include "base/curl_loop.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>

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

// With CURLOPT_NOSIGNAL curl leaves SIGPIPE alone, and OpenSSL writes without MSG_NOSIGNAL.
void BlockBrokenPipeSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

CurlLoop::CurlLoop(std::string what, std::size_t max_under_way, const Logger& log)
    : what_(std::move(what)), max_under_way_(max_under_way), log_(log) {
  CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
  multi_ = curl_multi_init();
  CHECK(multi_ != nullptr);
  CHECK(curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, MaxIdleConnections()) == CURLM_OK);
  thread_ = std::thread([this] { Loop(); });
}

CurlLoop::~CurlLoop() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
    for (CurlTransfer* transfer : begun_) transfer->Interrupt();
  }
  curl_multi_wakeup(multi_);
  thread_.join();
  idle_.clear();
  curl_multi_cleanup(multi_);
  curl_global_cleanup();
}

void CurlLoop::Add(std::unique_ptr<CurlTransfer> transfer) {
  bool wake = false;
  {
    MutexLock lock(mu_);
    wake = inbox_.empty();
    inbox_.push_back({std::move(transfer), nullptr});
  }
  if (wake) curl_multi_wakeup(multi_);
}

void CurlLoop::Cancel(const void* owner) {
  {
    MutexLock lock(mu_);
    inbox_.push_back({nullptr, owner});
    for (CurlTransfer* transfer : begun_) {
      if (transfer->owner() == owner) transfer->Interrupt();
    }
  }
  curl_multi_wakeup(multi_);
}

void CurlLoop::Loop() {
  BlockBrokenPipeSignal();
  std::vector<Arrival> arrivals;
  while (!TakeInbox(&arrivals)) {
    for (Arrival& arrival : arrivals) Take(std::move(arrival));
    BeginWaiting();
    int running = 0;
    CheckMulti(curl_multi_perform(multi_, &running));
    FinishEnded();
    if (!waiting_.empty() && under_way_.size() < max_under_way_) continue;
    CheckMulti(curl_multi_poll(multi_, nullptr, 0, kLongestPollMs, nullptr));
  }
  constexpr std::string_view kStopping = "this program is stopping";
  AbandonAll(kStopping);
  for (std::unique_ptr<CurlTransfer>& transfer : waiting_) {
    arrivals.push_back({std::move(transfer), nullptr});
  }
  // Whoever is told may have added another one: it fails, too.
  do {
    for (Arrival& arrival : arrivals) {
      if (arrival.transfer == nullptr) continue;
      arrival.transfer->Abandon(fmt::format("not sent: {}", kStopping), /*cancelled=*/false);
      arrival.transfer->Finish();
    }
    TakeInbox(&arrivals);
  } while (!arrivals.empty());
}

bool CurlLoop::TakeInbox(std::vector<Arrival>* arrivals) {
  arrivals->clear();
  MutexLock lock(mu_);
  arrivals->swap(inbox_);
  return stopped_;
}

void CurlLoop::Take(Arrival arrival) {
  if (arrival.cancelled != nullptr) return CancelAllOf(arrival.cancelled);
  waiting_.push_back(std::move(arrival.transfer));
}

void CurlLoop::BeginWaiting() {
  while (!waiting_.empty() && under_way_.size() < max_under_way_) {
    std::unique_ptr<CurlTransfer> next = std::move(waiting_.front());
    waiting_.pop_front();
    Begin(std::move(next));
  }
}

void CurlLoop::Begin(std::unique_ptr<CurlTransfer> transfer) {
  if (const Status status = transfer->Check(); !status) {
    transfer->Abandon(fmt::format("not sent: {}", status.message()), /*cancelled=*/false);
    return transfer->Finish();
  }
  transfer->TakeHandle(IdleHandle());
  transfer->Prepare();
  CURL* easy = transfer->easy();
  {
    MutexLock lock(mu_);
    begun_.push_back(transfer.get());
  }
  under_way_.emplace(easy, std::move(transfer));
  CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
}

void CurlLoop::FinishEnded() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    under_way_.at(easy)->End(message->data.result);
    Remove(easy)->Finish();
  }
}

void CurlLoop::CancelAllOf(const void* owner) {
  std::vector<CURL*> cancelled;
  for (const auto& [easy, transfer] : under_way_) {
    if (transfer->owner() == owner) cancelled.push_back(easy);
  }
  for (CURL* easy : cancelled) {
    under_way_.at(easy)->Abandon("cancelled", /*cancelled=*/true);
    Remove(easy)->Finish();
  }
  std::deque<std::unique_ptr<CurlTransfer>> others;
  for (std::unique_ptr<CurlTransfer>& transfer : waiting_) {
    if (transfer->owner() != owner) {
      others.push_back(std::move(transfer));
      continue;
    }
    transfer->Abandon("cancelled", /*cancelled=*/true);
    transfer->Finish();
  }
  waiting_ = std::move(others);
}

void CurlLoop::AbandonAll(std::string_view why) {
  while (!under_way_.empty()) {
    CURL* easy = under_way_.begin()->first;
    under_way_.begin()->second->Abandon(why, /*cancelled=*/false);
    Remove(easy)->Finish();
  }
}

std::unique_ptr<CurlTransfer> CurlLoop::Remove(CURL* easy) {
  const auto it = under_way_.find(easy);
  CHECK(it != under_way_.end());
  std::unique_ptr<CurlTransfer> transfer = std::move(it->second);
  under_way_.erase(it);
  {
    MutexLock lock(mu_);
    std::erase(begun_, transfer.get());
  }
  CHECK(curl_multi_remove_handle(multi_, easy) == CURLM_OK);
  EasyHandle handle = transfer->ReleaseHandle();
  curl_easy_reset(easy);
  if (idle_.size() < kMaxIdleHandles) idle_.push_back(std::move(handle));
  return transfer;
}

EasyHandle CurlLoop::IdleHandle() {
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
void CurlLoop::CheckMulti(CURLMcode code) {
  if (code == CURLM_OK) return;
  log_.Error(what_ + " failed, all transfers under way are given up",
             {{"err", curl_multi_strerror(code)}, {"transfers", under_way_.size()}});
  AbandonAll(curl_multi_strerror(code));
}

}  // namespace tocsin
