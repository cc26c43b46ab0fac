// What a message of our own design says, before a channel puts it into its own markup: what is
// wrong (or over), how bad it is, where, the value against its threshold, since when, how many more
// there are, and where to look. Plain texts, nothing escaped. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "receivers/notification.h"

namespace tocsin::receivers {

struct CardFact {
  std::string name;
  std::string value;
};

struct CardLink {
  std::string text;
  std::string url;  // http or https
};

struct MessageCard {
  bool resolved = false;
  Severity severity = Severity::kMedium;
  std::uint32_t color = 0;  // 0xRRGGBB
  std::string title;        // the rule's name
  std::string heading;  // with a sign and a word: "🚨 High CPU Usage", "✅ RESOLVED: High CPU Usage"
  // What the rule's text says; of one that is over without a recovery, why stands above it.
  std::string message;
  std::string ending;            // that sentence; else empty
  std::vector<CardFact> facts;   // severity, metric, threshold, when; of a resolved one, how long
  std::vector<CardFact> labels;  // where
  std::vector<CardLink> links;
  std::vector<std::string> others;  // a line for each further alert of the group, ten at most
  std::size_t untold = 0;           // further ones without a line
  Timestamp at;                     // when what it tells of happened
};

// Which alert of the notification a message is about: the first of the worst that still fire.
std::size_t HeadOf(const Notification& notification);

// Of a card that became too large for a vendor: leaves out the labels and the other alerts.
void ShortenCard(std::size_t max_message_bytes, MessageCard* card);

// `messages` has the text of each alert of the notification.
MessageCard MakeMessageCard(const Notification& notification,
                            const std::vector<std::string>& messages);

// "CRITICAL"
std::string SeverityWord(Severity severity);
// The alerting API's colours for Slack, Discord and mail; of what is over, green. 0xRRGGBB
std::uint32_t CardColor(Severity severity, bool resolved);

}  // namespace tocsin::receivers
