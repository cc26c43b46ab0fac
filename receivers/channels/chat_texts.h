// What the texts of an alert need before they stand in a chat: whoever can post an alert calls
// nobody by it, hides nothing and forges no link. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "receivers/templates/message_card.h"

namespace tocsin::receivers {

// Nothing that looks different: control characters are left out; an invisible character (U+200B)
// stands behind an '@' that might call somebody, not in an address of mail, and behind a '<' that
// might open a tag.
std::string Defuse(std::string_view text);

// That, for whoever reads Markdown (CommonMark, and what chats make of it): shown as it is, marks
// escaped, line breaks kept. An address stays one that can be clicked.
std::string EscapeMarkdown(std::string_view text);

// An address that may stand between parentheses or quotes: what would end it there is
// percent-encoded, which servers take for the same.
std::string BareUrl(std::string_view url);

// [text](url)
std::string MarkdownLink(const CardLink& link);

}  // namespace tocsin::receivers
