#include "exporter/host/mount_prober.h"

#include <fmt/core.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <system_error>
#include <utility>

#include "base/mutex.h"

namespace tocsin::host {

MountAnswer AskKernel(const std::string& path) {
  struct statvfs state {};
  int result = 0;
  do {
    result = ::statvfs(path.c_str(), &state);
  } while (result != 0 && errno == EINTR);
  MountAnswer answer;
  if (result != 0) {
    answer.error = errno;
    return answer;
  }
  const auto block = static_cast<double>(state.f_frsize);
  answer.usage = {static_cast<double>(state.f_blocks) * block,
                  static_cast<double>(state.f_bfree) * block,
                  static_cast<double>(state.f_bavail) * block, static_cast<double>(state.f_files),
                  static_cast<double>(state.f_ffree)};
  return answer;
}

// What the prober and one helper thread share. Synchronises itself.
class MountProber::Helper {
 public:
  explicit Helper(AskMount ask) : ask_(std::move(ask)) {}

  // The thread's life: answers questions until Stop.
  void Run() EXCLUDES(mu_) {
    while (const std::optional<std::string> path = NextQuestion()) Finish(*path, ask_(*path));
  }

  // REQUIRES: idle().
  void Assign(std::deque<std::string> questions) EXCLUDES(mu_) {
    {
      MutexLock lock(mu_);
      questions_ = std::move(questions);
    }
    changed_.NotifyAll();
  }

  // False when a mount is being asked: then the thread cannot be joined.
  bool Stop() EXCLUDES(mu_) {
    bool joinable = false;
    {
      MutexLock lock(mu_);
      stopped_ = true;
      joinable = !asking_;
    }
    changed_.NotifyAll();
    return joinable;
  }

  bool idle() const EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return IsIdle();
  }
  // Returns early when all questions are answered.
  void WaitIdle(Duration patience) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    while (!IsIdle()) {
      if (!changed_.WaitFor(mu_, patience)) return;
    }
  }

  std::vector<std::pair<std::string, MountAnswer>> TakeAnswers() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return std::exchange(answers_, {});
  }
  // Those that have not been begun.
  std::deque<std::string> TakeQuestions() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return std::exchange(questions_, {});
  }

  struct Activity {
    std::uint64_t number = 0;  // of the question, counted from 1
    std::string path;
  };
  std::optional<Activity> activity() const EXCLUDES(mu_) {
    MutexLock lock(mu_);
    if (!asking_) return std::nullopt;
    return Activity{number_, *asking_};
  }

 private:
  std::optional<std::string> NextQuestion() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    while (questions_.empty() && !stopped_) changed_.Wait(mu_);
    if (stopped_) return std::nullopt;
    asking_ = std::move(questions_.front());
    questions_.pop_front();
    ++number_;
    return asking_;
  }

  void Finish(const std::string& path, const MountAnswer& answer) EXCLUDES(mu_) {
    bool all_answered = false;
    {
      MutexLock lock(mu_);
      answers_.emplace_back(path, answer);
      asking_.reset();
      all_answered = IsIdle();
    }
    if (all_answered) changed_.NotifyAll();
  }

  bool IsIdle() const REQUIRES_LOCK(mu_) { return questions_.empty() && !asking_; }

  const AskMount ask_;  // constant after construction

  mutable Mutex mu_;
  CondVar changed_;
  std::deque<std::string> questions_ GUARDED_BY(mu_);
  std::optional<std::string> asking_ GUARDED_BY(mu_);  // the mount that is asked now
  std::uint64_t number_ GUARDED_BY(mu_) = 0;
  std::vector<std::pair<std::string, MountAnswer>> answers_ GUARDED_BY(mu_);
  bool stopped_ GUARDED_BY(mu_) = false;
};

MountProber::MountProber(AskMount ask, Limits limits) : ask_(std::move(ask)), limits_(limits) {}

MountProber::~MountProber() { Dismiss(); }

// Lets the helper go: joined where that cannot block.
void MountProber::Dismiss() {
  if (helper_ == nullptr) return;
  if (helper_->Stop()) {
    thread_.join();
  } else {
    thread_.detach();
  }
  helper_.reset();
  seen_question_ = 0;
}

Result<std::vector<std::optional<MountProber::Answer>>> MountProber::Probe(
    const std::vector<std::string>& paths, std::chrono::nanoseconds now) {
  std::erase_if(stuck_, [](const Stuck& stuck) { return !stuck.helper->activity(); });
  if (helper_ == nullptr || helper_->idle()) {
    const Status assigned = Assign(Askable(paths));
    if (!assigned) return assigned.error();
  }
  const Status status = AbandonIfStuck(now);
  if (!status) return status.error();
  for (auto& [path, answer] : helper_->TakeAnswers()) answers_.insert_or_assign(path, answer);
  return Collate(paths);
}

// Each once: a path that blocks must not be asked a second time by the helper that takes over.
std::deque<std::string> MountProber::Askable(const std::vector<std::string>& paths) const {
  std::deque<std::string> askable;
  for (const std::string& path : paths) {
    const bool listed = std::find(askable.begin(), askable.end(), path) != askable.end();
    if (!listed && !IsStuck(path)) askable.push_back(path);
  }
  return askable;
}

// Starts a helper where there is none, and waits for what it can answer quickly.
Status MountProber::Assign(std::deque<std::string> questions) {
  if (helper_ == nullptr) {
    if (stuck_.size() >= limits_.most_stuck) {
      return Error{fmt::format("{} mounts do not answer, the last is {}; no more are asked",
                               stuck_.size(), stuck_.back().path)};
    }
    auto helper = std::make_shared<Helper>(ask_);
    try {
      thread_ = std::thread([helper] { helper->Run(); });
    } catch (const std::system_error& e) {
      return Error{fmt::format("cannot start a thread to ask mounts: {}", e.what())};
    }
    helper_ = std::move(helper);
  }
  helper_->Assign(std::move(questions));
  helper_->WaitIdle(limits_.patience);
  return Status();
}

Status MountProber::AbandonIfStuck(std::chrono::nanoseconds now) {
  const std::optional<Helper::Activity> activity = helper_->activity();
  if (!activity) return Status();
  if (activity->number != seen_question_) {
    seen_question_ = activity->number;
    seen_since_ = now;
  }
  if (now - seen_since_ < limits_.stuck_after) return Status();
  for (auto& [path, answer] : helper_->TakeAnswers()) answers_.insert_or_assign(path, answer);
  stuck_.push_back({activity->path, helper_});
  std::deque<std::string> left = helper_->TakeQuestions();
  Dismiss();
  return Assign(std::move(left));
}

bool MountProber::IsStuck(const std::string& path) const {
  return std::any_of(stuck_.begin(), stuck_.end(),
                     [&path](const Stuck& stuck) { return stuck.path == path; });
}

// Answers in the order of the paths; those of other paths are forgotten.
std::vector<std::optional<MountProber::Answer>> MountProber::Collate(
    const std::vector<std::string>& paths) {
  std::vector<std::optional<Answer>> result;
  std::map<std::string, MountAnswer> kept;
  for (const std::string& path : paths) {
    const auto known = answers_.find(path);
    if (IsStuck(path)) {
      result.push_back(Answer{true, {}});
    } else if (known != answers_.end()) {
      result.push_back(Answer{false, known->second});
      kept.insert(*known);
    } else {
      result.emplace_back();
    }
  }
  answers_ = std::move(kept);
  return result;
}

}  // namespace tocsin::host
