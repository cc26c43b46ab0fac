// What a FileWatcher looks at: one inotify instance, armed for some files and patterns. No thread
// and no time in here; whoever holds it uses it alone. A set is built whole and replaced whole.
//
// For each path the set watches every folder that its resolution passes through, for the one name
// it takes there. So a change of anything on the way counts (the file, a symbolic link such as a
// ConfigMap's `..data`, a folder that appears), and nothing else does: a database that is written
// beside the configuration is not news. The file itself is watched too, since a file that is
// mounted alone into a container has its folder elsewhere.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace tocsin::config {

class WatchSet {
 public:
  // Paths, and glob(7) patterns; both absolute or relative to the working directory.
  WatchSet(std::vector<std::string> files, std::vector<std::string> patterns);
  ~WatchSet();
  WatchSet(WatchSet&& other) noexcept;
  WatchSet& operator=(WatchSet&& other) noexcept;

  // To poll for reading; -1 where the system gave none.
  int fd() const { return fd_; }
  // Takes the events that have come; true if any concerns a path of the set.
  bool Drain();
  // The same paths as they are now: folders and links may have come or gone.
  WatchSet Renewed() const { return WatchSet(files_, patterns_); }
  // The first thing that cannot be watched, and why; empty where all is.
  const std::string& trouble() const { return trouble_; }

 private:
  // One step of a path: a name, or a pattern for names.
  struct Step {
    std::string text;
    bool is_pattern = false;
  };
  using Steps = std::deque<Step>;
  // What counts in one folder, or of one file.
  struct Interest {
    std::unordered_set<std::string> names;
    std::vector<std::string> patterns;
  };

  static Steps StepsOf(std::string_view path, bool may_hold_patterns);
  void Arm(const std::string& path, bool is_pattern);
  void Follow(std::string folder, Steps steps, int links_left);
  void FollowMatches(const std::string& folder, const std::string& pattern, const Steps& rest,
                     int links_left);
  // What counts at `path`, from now on watched for the events of `mask`; null where that fails.
  Interest* Add(const std::string& path, std::uint32_t mask);
  bool Concerns(int watch, std::uint32_t mask, const char* name) const;

  std::vector<std::string> files_;
  std::vector<std::string> patterns_;
  int fd_ = -1;
  std::unordered_map<int, Interest> interests_;  // by watch descriptor
  std::string trouble_;
};

}  // namespace tocsin::config
