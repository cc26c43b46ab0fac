// MountProber: asks how full file systems are, without waiting long for one that does not answer.
//
// statvfs(2) on a dead network mount blocks for ever, and nothing can interrupt it. So a helper
// thread asks, one mount after the other, and the caller waits for it only briefly: whatever is not
// answered by then is answered from the round before. A mount that holds the helper for more than
// the limit is stuck: the helper is left to it, a new one goes on with the others, and the mount is
// not asked again until the lost helper returns.
//
// A helper that is stuck cannot be joined, so it is detached, and owns (shares) all that it will
// touch when it wakes up, perhaps after the prober is gone. A helper that is not stuck is joined.
//
// Owned by the filesystem source; all methods are for the thread that collects.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tocsin::host {

struct MountUsage {
  double size = 0, free = 0, available = 0;  // bytes; available: to users other than root
  double files = 0, files_free = 0;
};

// Asks one mount point; an errno where it fails. Runs on helper threads, several at once.
struct MountAnswer {
  MountUsage usage;
  int error = 0;
};
using AskMount = std::function<MountAnswer(const std::string& path)>;
MountAnswer AskKernel(const std::string& path);  // statvfs(3)

class MountProber {
 public:
  struct Limits {
    Duration patience{100};  // how long Probe waits for answers
    std::chrono::nanoseconds stuck_after{std::chrono::seconds(5)};
    std::size_t most_stuck = 32;  // beyond, no new helper is started
  };
  MountProber(AskMount ask, Limits limits);
  ~MountProber();
  MountProber(const MountProber&) = delete;
  MountProber& operator=(const MountProber&) = delete;

  struct Answer {
    bool stuck = false;
    MountAnswer mount;  // where it is not stuck
  };
  // One for each path, in their order; nothing for a mount that has never answered and is not stuck
  // (yet). `now` is of the monotonic clock. Fails where no helper can be started.
  Result<std::vector<std::optional<Answer>>> Probe(const std::vector<std::string>& paths,
                                                   std::chrono::nanoseconds now);

 private:
  class Helper;
  struct Stuck {
    std::string path;
    std::shared_ptr<Helper> helper;
  };

  std::deque<std::string> Askable(const std::vector<std::string>& paths) const;
  Status Assign(std::deque<std::string> questions);
  Status AbandonIfStuck(std::chrono::nanoseconds now);
  void Dismiss();
  bool IsStuck(const std::string& path) const;
  std::vector<std::optional<Answer>> Collate(const std::vector<std::string>& paths);

  const AskMount ask_;
  const Limits limits_;
  std::shared_ptr<Helper> helper_;
  std::thread thread_;  // of helper_
  std::vector<Stuck> stuck_;
  std::map<std::string, MountAnswer> answers_;  // the newest of each mount

  // What the helper was seen to be busy with last, and since when.
  std::uint64_t seen_question_ = 0;
  std::chrono::nanoseconds seen_since_{0};
};

}  // namespace tocsin::host
