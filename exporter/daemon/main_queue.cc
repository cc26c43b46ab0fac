#include "exporter/daemon/main_queue.h"

#include <utility>

namespace tocsin::daemon {
namespace {

const Error kStopping{"the daemon is stopping"};

}  // namespace

void MainQueue::Wishes::Answer(const Status& outcome) const {
  for (const auto& promise : waiting) promise->set_value(outcome);
}

void MainQueue::WishReload(std::string why) {
  if (!wishes_.reload && !wishes_.stop) wishes_.why = std::move(why);
  wishes_.reload = true;
}

void MainQueue::AskReload(std::string why) {
  {
    MutexLock lock(mu_);
    WishReload(std::move(why));
  }
  changed_.NotifyOne();
}

void MainQueue::AskStop(std::string why) {
  {
    MutexLock lock(mu_);
    wishes_.stop = true;
    wishes_.why = std::move(why);
  }
  changed_.NotifyOne();
}

Status MainQueue::ReloadAndWait(std::string why) {
  auto promise = std::make_shared<std::promise<Status>>();
  std::future<Status> outcome = promise->get_future();
  {
    MutexLock lock(mu_);
    if (closed_) return kStopping;
    wishes_.waiting.push_back(std::move(promise));
    WishReload(std::move(why));
  }
  changed_.NotifyOne();
  return outcome.get();
}

Status MainQueue::RunAndWait(std::function<void()> job) {
  auto promise = std::make_shared<std::promise<Status>>();
  std::future<Status> outcome = promise->get_future();
  {
    MutexLock lock(mu_);
    if (closed_) return kStopping;
    // Dropped unrun, the job breaks the promise.
    wishes_.jobs.push_back([job = std::move(job), promise = std::move(promise)] {
      job();
      promise->set_value(Status());
    });
  }
  changed_.NotifyOne();
  try {
    return outcome.get();
  } catch (const std::future_error&) {
    return kStopping;
  }
}

MainQueue::Wishes MainQueue::Take() {
  MutexLock lock(mu_);
  while (!wishes_.stop && !wishes_.reload && wishes_.jobs.empty()) changed_.Wait(mu_);
  return std::exchange(wishes_, Wishes());
}

void MainQueue::Close() {
  Wishes left;
  {
    MutexLock lock(mu_);
    closed_ = true;
    left = std::exchange(wishes_, Wishes());
  }
  left.Answer(kStopping);
}

}  // namespace tocsin::daemon
