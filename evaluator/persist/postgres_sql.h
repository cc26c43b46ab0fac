// What PostgresDatabase says to its server. Pure functions.
//
// Texts of others stand in statements as hexadecimal bytes, so nothing in them is SQL. A statement
// for many rows costs one exchange, which is what a commit over a network consists of.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/event.h"
#include "base/state_store.h"
#include "evaluator/persist/store_database.h"

namespace tocsin::evaluator {

// Texts of one or more statements, each some MiB at most if no value is longer.
using PostgresStatements = std::vector<std::string>;

// All of it, for one transaction. Of several writes of one key the last counts. Events that are
// there already stay as they are.
PostgresStatements CommitStatements(std::span<const StoreWrite> writes,
                                    std::span<const Event> events);

// Rows of key and value in the order of the keys; of a part where it is given.
std::string ScanStatement(StateTable table, const StateStore::Part* part);

// Rows of sequence, at, type, alert_id, rule_id, receiver, labels, body. None where nothing can be
// found.
std::optional<std::string> EventStatement(const EventQuery& query);

}  // namespace tocsin::evaluator
