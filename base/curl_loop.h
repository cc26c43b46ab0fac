// libcurl's multi interface on one thread of its own: takes transfers from an inbox, drives all of
// them and tells whoever waits how they ended. Nothing here waits for Nagle or for a free slot. For
// the curl_*.cc files only; the HttpClient and the MailClient stand in front of it.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/curl_handle.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"

namespace tocsin {

// One transfer. Made by any thread, from then on the loop's thread only.
class CurlTransfer {
 public:
  explicit CurlTransfer(const void* owner) : owner_(owner) {}
  virtual ~CurlTransfer() = default;
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // Why it cannot be begun at all.
  virtual Status Check() const = 0;
  // Sets the options of easy().
  virtual void Prepare() = 0;
  // It has ended; what came out of it is kept. The handle is not reset yet.
  virtual void End(CURLcode code) = 0;
  // It is given up, perhaps before it was begun. `cancelled`: its owner wanted that.
  virtual void Abandon(std::string_view why, bool cancelled) = 0;
  // Tells whoever waits. Once, after End or Abandon.
  virtual void Finish() = 0;
  // It will be abandoned. Ends what curl does about it without coming back from it, as it does at
  // some steps of mail. Any thread, while the transfer is under way.
  virtual void Interrupt() {}

  CURL* easy() const { return easy_.get(); }
  const void* owner() const { return owner_; }
  void TakeHandle(EasyHandle easy) { easy_ = std::move(easy); }
  EasyHandle ReleaseHandle() { return std::move(easy_); }

 private:
  const void* const owner_;
  EasyHandle easy_;
};

class CurlLoop {
 public:
  // `what` names its transfers in the log: "outgoing HTTP". At most `max_under_way` are begun, the
  // others wait for their turn.
  CurlLoop(std::string what, std::size_t max_under_way, const Logger& log);
  // Abandons what is under way and joins the thread.
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  // Any thread; never block.
  void Add(std::unique_ptr<CurlTransfer> transfer) EXCLUDES(mu_);
  // Whatever `owner`, not null, has added before and is not over.
  void Cancel(const void* owner) EXCLUDES(mu_);

 private:
  struct Arrival {
    std::unique_ptr<CurlTransfer> transfer;
    const void* cancelled = nullptr;  // instead of a transfer: whose are to end
  };

  void Loop() EXCLUDES(mu_);
  // Everything that waits in the inbox; true when the loop is being destroyed.
  bool TakeInbox(std::vector<Arrival>* arrivals) EXCLUDES(mu_);
  void Take(Arrival arrival);
  void BeginWaiting();
  void Begin(std::unique_ptr<CurlTransfer> transfer);
  void FinishEnded();
  void CancelAllOf(const void* owner);
  void AbandonAll(std::string_view why);
  // Takes the transfer out of curl's hands; its handle goes back into the pool.
  std::unique_ptr<CurlTransfer> Remove(CURL* easy);
  EasyHandle IdleHandle();
  void CheckMulti(CURLMcode code);

  // Constant after construction.
  const std::string what_;
  const std::size_t max_under_way_;
  const Logger log_;
  CURLM* multi_ = nullptr;  // curl_multi_wakeup may be called by any thread, all else by thread_

  // The loop's thread only.
  std::unordered_map<CURL*, std::unique_ptr<CurlTransfer>> under_way_;
  std::deque<std::unique_ptr<CurlTransfer>> waiting_;
  std::vector<EasyHandle> idle_;

  Mutex mu_;
  std::vector<Arrival> inbox_ GUARDED_BY(mu_);
  std::vector<CurlTransfer*> begun_ GUARDED_BY(mu_);  // those of under_way_
  bool stopped_ GUARDED_BY(mu_) = false;

  std::thread thread_;
};

}  // namespace tocsin
