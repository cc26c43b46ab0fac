// How a path is armed: its steps are taken one by one, as the kernel would. Each step adds its name
// to the folder it is taken in; a symbolic link puts its target's steps in front of the rest; a
// pattern goes on with each name that matches now, and stays for those that will. Where a step
// leads nowhere yet, the folder is left waiting for the name.
#include "config/watch_set.h"

#include <dirent.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

namespace tocsin::config {
namespace {

// A write counts when its writer closes the file: half of a file is no news.
constexpr std::uint32_t kFileEvents = IN_CLOSE_WRITE | IN_ATTRIB;
constexpr std::uint32_t kFolderEvents =
    kFileEvents | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
// The kernel says these unasked: events were lost, or a watch ended.
constexpr std::uint32_t kAlwaysNews = IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT;

// As many as the kernel follows: path_resolution(7).
constexpr int kMostLinks = 40;

std::string Under(const std::string& folder, const std::string& name) {
  return folder == "/" ? "/" + name : folder + "/" + name;
}

std::string ParentOf(const std::string& folder) {
  const std::size_t slash = folder.rfind('/');
  return slash == 0 ? "/" : folder.substr(0, slash);
}

std::string LinkTarget(const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ssize_t length = readlink(path.c_str(), target.data(), target.size());
  return length <= 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(length));
}

bool MatchesPattern(const std::string& pattern, const char* name) {
  return fnmatch(pattern.c_str(), name, FNM_PERIOD) == 0;
}

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(folder.c_str()), closedir);
  if (stream == nullptr) return names;
  while (const dirent* entry = readdir(stream.get())) names.emplace_back(entry->d_name);
  return names;
}

}  // namespace

WatchSet::WatchSet(std::vector<std::string> files, std::vector<std::string> patterns)
    : files_(std::move(files)),
      patterns_(std::move(patterns)),
      fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (fd_ < 0) {
    trouble_ = fmt::format("inotify: {}", std::generic_category().message(errno));
    return;
  }
  for (const std::string& file : files_) Arm(file, false);
  for (const std::string& pattern : patterns_) Arm(pattern, true);
}

WatchSet::~WatchSet() {
  if (fd_ >= 0) close(fd_);
}

WatchSet::WatchSet(WatchSet&& other) noexcept
    : files_(std::move(other.files_)),
      patterns_(std::move(other.patterns_)),
      fd_(std::exchange(other.fd_, -1)),
      interests_(std::move(other.interests_)),
      trouble_(std::move(other.trouble_)) {}

WatchSet& WatchSet::operator=(WatchSet&& other) noexcept {
  std::swap(files_, other.files_);
  std::swap(patterns_, other.patterns_);
  std::swap(fd_, other.fd_);
  std::swap(interests_, other.interests_);
  std::swap(trouble_, other.trouble_);
  return *this;
}

WatchSet::Steps WatchSet::StepsOf(std::string_view path, bool may_hold_patterns) {
  Steps steps;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (name.empty() || name == ".") continue;
    const bool is_pattern =
        may_hold_patterns && name.find_first_of("*?[\\") != std::string_view::npos;
    steps.push_back({std::string(name), is_pattern});
  }
  return steps;
}

void WatchSet::Arm(const std::string& path, bool is_pattern) {
  Steps steps = StepsOf(path, is_pattern);
  if (!path.empty() && path.front() != '/') {
    std::error_code error;
    const Steps start = StepsOf(std::filesystem::current_path(error).string(), false);
    steps.insert(steps.begin(), start.begin(), start.end());
  }
  Follow("/", std::move(steps), kMostLinks);
}

// `folder` is the path of a folder without links in it.
void WatchSet::Follow(std::string folder, Steps steps, int links_left) {
  while (!steps.empty()) {
    const Step step = std::move(steps.front());
    steps.pop_front();
    if (step.text == "..") {
      folder = ParentOf(folder);
      continue;
    }
    Interest* interest = Add(folder, kFolderEvents);
    if (step.is_pattern) {
      if (interest != nullptr) interest->patterns.push_back(step.text);
      FollowMatches(folder, step.text, steps, links_left);
      return;
    }
    if (interest != nullptr) interest->names.insert(step.text);
    const std::string path = Under(folder, step.text);
    struct stat about {};
    if (lstat(path.c_str(), &about) != 0) return;
    if (S_ISLNK(about.st_mode)) {
      const std::string target = LinkTarget(path);
      if (links_left-- == 0 || target.empty()) return;
      Steps of_target = StepsOf(target, false);
      steps.insert(steps.begin(), of_target.begin(), of_target.end());
      if (target.front() == '/') folder.assign(1, '/');
    } else if (S_ISDIR(about.st_mode)) {
      folder = path;
    } else {
      Add(path, kFileEvents);
      return;
    }
  }
}

void WatchSet::FollowMatches(const std::string& folder, const std::string& pattern,
                             const Steps& rest, int links_left) {
  for (std::string& name : NamesIn(folder)) {
    if (!MatchesPattern(pattern, name.c_str())) continue;
    Steps steps = rest;
    steps.push_front({std::move(name), false});
    Follow(folder, std::move(steps), links_left);
  }
}

WatchSet::Interest* WatchSet::Add(const std::string& path, std::uint32_t mask) {
  const int watch = inotify_add_watch(fd_, path.c_str(), mask | IN_MASK_ADD);
  if (watch >= 0) return &interests_[watch];
  // A folder that may be passed but not listed is no loss where it never changes, as `/root`.
  const bool is_expected = errno == ENOENT || errno == ENOTDIR || errno == EACCES;
  if (!is_expected && trouble_.empty()) {
    trouble_ = fmt::format("{}: {}", path, std::generic_category().message(errno));
  }
  return nullptr;
}

bool WatchSet::Drain() {
  bool concerns_us = false;
  alignas(inotify_event) std::array<char, 1 << 14> buffer;
  while (true) {
    const ssize_t count = read(fd_, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return concerns_us;
    for (const char* at = buffer.data(); at < buffer.data() + count;) {
      inotify_event event;
      std::memcpy(&event, at, sizeof event);
      const char* name = event.len == 0 ? "" : at + sizeof event;
      concerns_us = concerns_us || Concerns(event.wd, event.mask, name);
      at += sizeof event + event.len;
    }
  }
}

bool WatchSet::Concerns(int watch, std::uint32_t mask, const char* name) const {
  if ((mask & kAlwaysNews) != 0) return true;
  const auto found = interests_.find(watch);
  if (found == interests_.end()) return false;
  const Interest& interest = found->second;
  // Without a name it is about the watched thing itself: of interest where that is a file.
  if (*name == '\0') return interest.names.empty() && interest.patterns.empty();
  return interest.names.count(name) != 0 ||
         std::any_of(interest.patterns.begin(), interest.patterns.end(),
                     [name](const std::string& pattern) { return MatchesPattern(pattern, name); });
}

}  // namespace tocsin::config
