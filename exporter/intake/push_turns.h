// One request at a time per group, in the order of arrival; other groups are not held up.
//
// Synchronises itself. A turn is held over a journal write, which is why it is no lock: it may
// wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/labels.h"
#include "base/mutex.h"

namespace tocsin::intake {

class PushTurns {
 private:
  struct Line {
    std::uint64_t next_ticket = 0;
    std::uint64_t serving = 0;
    CondVar moved;
  };
  using Lines = std::map<std::string, Line>;

 public:
  // The right to change one group, until it is destroyed.
  class Turn {
   public:
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), line_(other.line_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->End(line_);
    }

   private:
    friend class PushTurns;
    Turn(PushTurns* turns, Lines::iterator line) : turns_(turns), line_(line) {}

    PushTurns* turns_;
    Lines::iterator line_;
  };

  // Waits for those who came before.
  Turn Take(LabelsView group) EXCLUDES(mu_);
  // Nothing if somebody else has the group's turn or waits for it.
  std::optional<Turn> TryTake(LabelsView group) EXCLUDES(mu_);
  // How many wait for a group.
  std::size_t waiting(LabelsView group) const EXCLUDES(mu_);

 private:
  void End(Lines::iterator line) EXCLUDES(mu_);

  mutable Mutex mu_;
  Lines lines_ GUARDED_BY(mu_);  // of the groups that somebody has the turn of
};

}  // namespace tocsin::intake
