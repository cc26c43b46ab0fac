#include "receivers/channels/card_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

// What parts may take, as the vendor counts.
constexpr std::size_t kMaxHeading = 250;
constexpr std::size_t kMaxName = 60;
constexpr std::size_t kMaxValue = 200;
constexpr std::size_t kMaxFacts = 40;

constexpr std::string_view kGap = "\n\n";

class LimitedText {
 public:
  LimitedText(const CardMarkup& markup, std::size_t limit) : markup_(markup), room_(limit) {}

  // `text` between markup of our own, in one line: no value can look like another fact. Where there
  // is no room for any of it, nothing.
  void AddLine(std::string_view begin, std::string text, std::string_view end, std::size_t max) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    Add(begin, text, end, max);
  }
  // The same with the lines that it has.
  void Add(std::string_view begin, std::string_view text, std::string_view end, std::size_t max) {
    const std::size_t frame = markup_.length(begin) + markup_.length(end);
    if (text.empty() || frame >= room_) return;
    const std::string escaped =
        EscapeToFit(text, std::min(max, room_ - frame), markup_.length, markup_.escape);
    if (escaped.empty()) return;
    text_.append(begin).append(escaped).append(end);
    room_ -= frame + markup_.length(escaped);
  }

  bool empty() const { return text_.empty(); }
  std::string Take() && { return std::move(text_); }

 private:
  const CardMarkup& markup_;
  std::size_t room_;
  std::string text_;
};

void AddFacts(const MessageCard& card, const CardMarkup& markup, LimitedText* text) {
  std::size_t count = 0;
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    for (const CardFact& fact : *facts) {
      if (++count > kMaxFacts) return;
      // The first one is the severity.
      std::string begin =
          count == 1 ? fmt::format("{}{} ", kGap, ColorSign(card)) : std::string(markup.line_end);
      begin.append(markup.name_begin);
      begin.append(EscapeToFit(fact.name, kMaxName, markup.length, markup.escape));
      begin.append(markup.name_end).append(": ");
      text->AddLine(begin, fact.value, "", kMaxValue);
    }
  }
}

void AddOthers(const MessageCard& card, const CardMarkup& markup, LimitedText* text) {
  if (card.others.empty()) return;
  text->AddLine(kGap, "Also in this group:", "", kMaxValue);
  const std::string bullet = fmt::format("{}• ", markup.line_end);
  for (const std::string& line : card.others) text->AddLine(bullet, line, "", kMaxValue);
  if (card.untold == 0) return;
  text->AddLine(markup.line_end, fmt::format("and {} more", card.untold), "", kMaxValue);
}

// They come last and have a share of their own: no text of an alert pushes them out.
std::string Links(const MessageCard& card, const CardMarkup& markup) {
  std::string links;
  for (const CardLink& link : card.links) {
    const std::string more = (links.empty() ? "" : " · ") + markup.link(link);
    if (markup.length(links + more) <= markup.limit / 3) links += more;
  }
  return links;
}

}  // namespace

std::string_view ColorSign(const MessageCard& card) {
  if (card.resolved) return "🟢";
  switch (card.severity) {
    case Severity::kCritical:
      return "🔴";
    case Severity::kHigh:
      return "🟠";
    case Severity::kMedium:
      return "🟡";
    case Severity::kLow:
      return "🟢";
    case Severity::kInfo:
      break;
  }
  return "🔵";
}

std::string CardText(const MessageCard& card, const CardMarkup& markup) {
  std::string links = Links(card, markup);
  if (!links.empty()) links.insert(0, kGap);
  LimitedText text(markup, markup.limit - markup.length(links));
  if (markup.has_heading) {
    text.AddLine(markup.heading_begin, card.heading, markup.heading_end, kMaxHeading);
  }
  text.Add(text.empty() ? "" : markup.line_end, card.message, "", markup.limit / 2);
  AddFacts(card, markup, &text);
  AddOthers(card, markup, &text);
  return std::string(TrimSpace(std::move(text).Take() + links));
}

}  // namespace tocsin::receivers
