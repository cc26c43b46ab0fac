// The form of the audit log: entries in a chain, so that none can be altered, left out or moved
// without a trace.
//
// An entry is a row of StateTable::kAudit under its number (AuditKey), a JSON object that ends with
// `"prev"`, the hash of the entry before it, and `"hash"`, the BLAKE2b of all that stands before
// that member, byte by byte: whoever alters an entry must alter all that follow. The row `head`
// names the last entry, in the same commit, so that the end cannot be cut off unnoticed. What is
// pruned from the beginning leaves an entry `audit.prune` with the number and hash of the last one
// that went.
//
// Whoever may write the database may also write a new chain; against that helps only a hash that
// was noted elsewhere: `tocsin audit verify` prints the last one.
//
// Plain values and pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace tocsin::security {

struct AuditRecord {
  std::string key_id;  // empty: nobody known
  std::string actor;
  std::string from;    // address; empty: this process
  std::string action;  // "POST /-/reload", "key.create", "access.refused"
  std::string target;
  std::string before;  // JSON; empty: nothing to say
  std::string after;
  std::string outcome;  // an HTTP status, "done", "failed"
  std::uint64_t count = 1;
};

inline constexpr std::string_view kAuditHead = "head";
inline constexpr std::string_view kPruneAction = "audit.prune";

// Of entry 1's predecessor.
std::string NoAuditHash();
// Twenty digits, so that keys sort as numbers do.
std::string AuditKey(std::uint64_t number);

struct SealedEntry {
  std::string row;
  std::string hash;  // hexadecimal
};
SealedEntry SealEntry(std::uint64_t number, Timestamp at, const std::string& previous_hash,
                      const AuditRecord& record);

struct AuditHead {
  std::uint64_t number = 0;  // of the last entry; 0: there is none
  std::string hash = NoAuditHash();
};
std::string HeadRow(const AuditHead& head);
std::optional<AuditHead> ReadHeadRow(std::string_view row);
// The `after` of an entry that stands for what was pruned; `last` went last.
std::string PruneNote(const AuditHead& last);

// What is read of one row without believing it.
struct ReadEntry {
  std::uint64_t number = 0;
  std::string previous_hash;
  std::string hash;
  bool is_sound = false;  // the hash fits
};
// Nothing where it has not the form of an entry.
std::optional<ReadEntry> ReadAuditEntry(std::string_view row);

// Takes the rows of the table in the order of their keys, then the head, and says what is wrong.
class AuditVerifier {
 public:
  void Take(std::string_view key, std::string_view row);
  // Once. `head` is the row of that name.
  std::vector<std::string> Finish(const std::optional<std::string>& head);

  std::uint64_t entries() const { return entries_; }
  const AuditHead& last() const { return last_; }

 private:
  void Report(std::string problem);
  void CheckOrder(const ReadEntry& entry);
  void CheckBeginning();
  void CheckEnd(const std::optional<std::string>& head);

  std::uint64_t entries_ = 0;
  AuditHead last_;
  std::uint64_t first_number_ = 0;
  std::string first_previous_hash_;
  std::vector<AuditHead> pruned_;
  std::vector<std::string> problems_;
};

}  // namespace tocsin::security
