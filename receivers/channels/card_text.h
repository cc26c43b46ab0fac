// A message card as one text of lines, for vendors whose message is a text with some markup and a
// limit. Texts are cut before they are escaped, so that no tag and no escape is cut in two; what
// does not fit any more is left out. A pure function.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "receivers/templates/message_card.h"

namespace tocsin::receivers {

struct CardMarkup {
  std::size_t limit = 0;  // of the whole text, with its markup and escapes
  std::size_t (*length)(std::string_view text) = nullptr;  // as the limit counts: truncation.h
  std::string (*escape)(std::string_view text) = nullptr;
  std::string (*link)(const CardLink& link) = nullptr;
  std::string_view heading_begin = {};
  std::string_view heading_end = {};
  std::string_view name_begin = {};  // of a fact
  std::string_view name_end = {};
  std::string_view line_end = "\n";
  bool has_heading = true;  // else the vendor shows it elsewhere
};

// The colours of cards, for texts that have none.
std::string_view ColorSign(const MessageCard& card);

std::string CardText(const MessageCard& card, const CardMarkup& markup);

}  // namespace tocsin::receivers
