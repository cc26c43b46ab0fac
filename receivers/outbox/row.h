// One row of the outbox: a message for one integration that is not yet confirmed. Written before
// its first attempt and removed after the other side has taken it, so that a killed process sends
// it again, with the same key. What was given up stays as a dead letter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "receivers/pipeline/message.h"

namespace tocsin::receivers {

struct OutboxRow {
  Message message;
  std::uint64_t sequence = 0;  // grows from row to row: the order in which they were made; its name
  Timestamp made_at;
  std::uint32_t attempts = 0;
  bool dead = false;             // given up
  bool payload_refused = false;  // of a dead one: not tried again with the same settings
  std::string last_error;
  int last_status = 0;  // of HTTP; 0: there was none
  // Some of those whom it is for have it; the message's `remembered` says who has not.
  bool partly_taken = false;

  // Unique in the table; in the order of the sequence.
  std::string key() const;
  // Of a dead one whose place newer messages have taken: it is sent again only if a person asks for
  // it, and nobody's notification log is about it.
  bool detached() const { return message.key.log_key.empty(); }
  void Detach();
  // Whether one digest can say both: it would reach some twice where others only wait for one.
  bool GoesTogetherWith(const OutboxRow& other) const;
};

// JSON.
std::string SerializeRow(const OutboxRow& row);
// Fails on text of another making. The message's group is 0: nobody has claimed it.
Result<OutboxRow> ParseRow(std::string_view json);

}  // namespace tocsin::receivers
