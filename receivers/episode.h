// Episode: what the announcer knows about one episode of an alert: whether and to whom it was
// announced. A row of StateTable::kAnnouncements; the alert itself belongs to the rule engine.
//
// Belongs to the announcer, on the dispatcher's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/alert.h"
#include "base/result.h"
#include "receivers/announcement.h"

namespace tocsin::receivers {

// How the episode fared with one integration.
struct Receipt {
  enum class Last : std::uint8_t { kPending, kDelivered, kRetrying, kFailed, kSuperseded };
  Last last = Last::kPending;  // of the newest notification
  std::uint32_t attempts = 0;
  std::string last_error;
  bool arrived = false;       // a firing notification was taken, or may have been
  bool resolve_made = false;  // the resolution is in the outbox or was
};

struct Episode {
  std::string id;
  std::uint64_t fingerprint = 0;
  AlertPtr alert;  // the newest version; null after a restart until the engine offers it
  bool acknowledged = false;
  std::uint32_t flushes = 0;        // rounds of notifications so far; 0: not announced
  std::uint32_t resolve_flush = 0;  // which of them is the resolution; 0: none yet
  std::optional<Timestamp> announced_at;
  std::set<std::uint32_t> confirmed;  // rounds in which a channel confirmed delivery
  std::optional<Timestamp> last_notification_at;
  std::map<std::string, Receipt> receipts;  // by integration
  std::optional<Timestamp> closed_at;       // over, and nothing left to deliver

  // Not stored.
  enum class Suppressed : std::uint8_t { kNo, kCooldown, kAcknowledged, kMuted };
  Suppressed suppressed = Suppressed::kNo;  // why it is not announced; counted when it changes
  bool committed = false;                   // the first announcement is durable
  bool vanished = false;                    // the engine knows it no more
  bool without_receiver = false;            // has been said

  bool resolved() const { return alert != nullptr && alert->state == AlertState::kResolved; }
  bool over() const { return vanished || resolved(); }

  AnnouncementView View() const;
};

std::string EpisodeKey(std::string_view id);  // in the table
std::string SerializeEpisode(const Episode& episode);
Result<Episode> ParseEpisode(std::string_view key, std::string_view json);

}  // namespace tocsin::receivers
