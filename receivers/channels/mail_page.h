// A message of our own design as mail: a page that every mail program shows alike, light or dark,
// wide or narrow, with nothing to be fetched; and the same as plain text. Pure functions.
#pragma once

#include <optional>
#include <string>

#include "receivers/templates/message_card.h"

namespace tocsin::receivers {

// "[HIGH] High CPU Usage", "[RESOLVED] High CPU Usage"
std::string MailSubject(const MessageCard& card);
// What the page shows beside its texts.
struct PageImage {
  std::string url;
  std::string description;  // for who does not see it
};
std::string MailPage(const MessageCard& card, const std::string& sender,
                     const std::optional<PageImage>& image = std::nullopt);
std::string MailPlain(const MessageCard& card, const std::string& sender);

// One SMS: what is wrong, how bad, how long it was, how many more there are, where, the value. 160
// characters at most.
std::string MailShort(const MessageCard& card);

}  // namespace tocsin::receivers
