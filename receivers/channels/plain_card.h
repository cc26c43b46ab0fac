// The card of a message as plain text and as pairs, as much of it as a vendor takes. Control
// characters, which many refuse, become blanks. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "receivers/templates/message_card.h"

namespace tocsin::receivers {

// "[HIGH] High CPU Usage", "[RESOLVED] High CPU Usage", on one line.
std::string CardTitle(const MessageCard& card, std::size_t max_runes);

// The text, a line for each fact and label, the other alerts of the group, the links. What is too
// long costs the text and the labels first.
std::string PlainCard(const MessageCard& card, std::size_t max_bytes);

// One SMS, as MailShort has it.
std::string CardShort(const MessageCard& card);

// The text alone.
std::string CardMessage(const MessageCard& card, std::size_t max_bytes);

// Of facts or labels, those that fit into so many bytes; no name or value is long by itself.
std::vector<CardFact> FactsWithin(const std::vector<CardFact>& facts, std::size_t max_bytes);

// How many bytes that are.
std::size_t SizeOf(const std::vector<CardFact>& facts);

}  // namespace tocsin::receivers
