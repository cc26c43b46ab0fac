#include "exporter/intake/push_turns.h"

namespace tocsin::intake {

PushTurns::Turn PushTurns::Take(LabelsView group) {
  MutexLock lock(mu_);
  const auto line = lines_.try_emplace(std::string(group.bytes())).first;
  const std::uint64_t ticket = line->second.next_ticket++;
  while (line->second.serving != ticket) line->second.moved.Wait(mu_);
  return Turn(this, line);
}

std::optional<PushTurns::Turn> PushTurns::TryTake(LabelsView group) {
  MutexLock lock(mu_);
  const auto [line, is_free] = lines_.try_emplace(std::string(group.bytes()));
  if (!is_free) return std::nullopt;
  ++line->second.next_ticket;
  return Turn(this, line);
}

std::size_t PushTurns::waiting(LabelsView group) const {
  MutexLock lock(mu_);
  const auto line = lines_.find(std::string(group.bytes()));
  if (line == lines_.end()) return 0;
  return static_cast<std::size_t>(line->second.next_ticket - line->second.serving - 1);
}

void PushTurns::End(Lines::iterator line) {
  MutexLock lock(mu_);
  if (++line->second.serving == line->second.next_ticket) {
    lines_.erase(line);
  } else {
    line->second.moved.NotifyAll();
  }
}

}  // namespace tocsin::intake
