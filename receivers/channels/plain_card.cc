#include "receivers/channels/plain_card.h"

#include <fmt/format.h>

#include <algorithm>

#include "receivers/channels/mail_page.h"
#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

// Of names, values and lines: more is a text, and there are many of them.
constexpr std::size_t kMaxNameBytes = 100;
constexpr std::size_t kMaxValueBytes = 300;

// No more of the text is looked at than is kept: it may be anything. Line feeds stay.
std::string Clean(std::string_view text, std::size_t max_bytes) {
  std::string clean;
  for (const char c : text) {
    if (clean.size() > max_bytes) break;
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') continue;
    clean.push_back((byte < 0x20 && c != '\n') || byte == 0x7f ? ' ' : c);
  }
  return TruncateBytes(clean, max_bytes);
}

std::string OneLine(std::string_view text, std::size_t max_bytes) {
  std::string line = Clean(text, max_bytes);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

// With what separates them from each other, as lines or as JSON.
std::size_t SizeOf(const CardFact& fact) { return fact.name.size() + fact.value.size() + 8; }

std::string Lines(const std::vector<CardFact>& facts) {
  std::string lines;
  for (const CardFact& fact : facts) lines += fmt::format("{}: {}\n", fact.name, fact.value);
  return lines;
}

std::string OtherLines(const MessageCard& card) {
  if (card.others.empty()) return "";
  std::string lines = "Also in this group:\n";
  for (const std::string& line : card.others) {
    lines += fmt::format("- {}\n", OneLine(line, kMaxValueBytes));
  }
  if (card.untold > 0) lines += fmt::format("- and {} more\n", card.untold);
  return lines;
}

std::string LinkLines(const MessageCard& card) {
  std::string lines;
  for (const CardLink& link : card.links) lines += fmt::format("{}: {}\n", link.text, link.url);
  return lines;
}

}  // namespace

std::string CardTitle(const MessageCard& card, std::size_t max_runes) {
  const std::size_t max_bytes = 4 * (max_runes + 1);  // of which there is a character too many
  return TruncateRunes(OneLine(MailSubject(card), max_bytes), max_runes);
}

std::string CardShort(const MessageCard& card) {
  const std::string text = MailShort(card);
  return OneLine(text, text.size());
}

std::string CardMessage(const MessageCard& card, std::size_t max_bytes) {
  return Clean(card.message, max_bytes);
}

std::string PlainCard(const MessageCard& card, std::size_t max_bytes) {
  const std::string links = LinkLines(card);
  const std::string others = OtherLines(card);
  std::string facts = Lines(FactsWithin(card.facts, max_bytes / 4));
  const std::size_t used = std::min(links.size() + others.size() + facts.size(), max_bytes);
  const std::string message = CardMessage(card, (max_bytes - used) / 2);
  facts += Lines(FactsWithin(card.labels, (max_bytes - used) / 4));
  std::string text;
  for (const std::string& part : {message, facts, others, links}) {
    if (part.empty()) continue;
    if (!text.empty()) text += text.ends_with('\n') ? "\n" : "\n\n";
    text += part;
  }
  while (text.ends_with('\n')) text.pop_back();
  return TruncateBytes(text, max_bytes);
}

std::vector<CardFact> FactsWithin(const std::vector<CardFact>& facts, std::size_t max_bytes) {
  std::vector<CardFact> within;
  for (const CardFact& fact : facts) {
    CardFact cut{OneLine(fact.name, kMaxNameBytes), OneLine(fact.value, kMaxValueBytes)};
    if (SizeOf(cut) > max_bytes) continue;
    max_bytes -= SizeOf(cut);
    within.push_back(std::move(cut));
  }
  return within;
}

std::size_t SizeOf(const std::vector<CardFact>& facts) {
  std::size_t size = 0;
  for (const CardFact& fact : facts) size += SizeOf(fact);
  return size;
}

}  // namespace tocsin::receivers
