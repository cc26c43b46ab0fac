// What the end of an SMTP conversation means for a delivery. Pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/mail_client.h"
#include "base/time.h"
#include "receivers/channels/channel.h"

namespace tocsin::receivers {

// What is remembered of earlier attempts at a message (GroupNotification::remembered).
using MailMemory = std::map<std::string, std::string>;

// To whom an attempt goes: all of them, or those that an earlier one was asked to try later.
std::vector<std::string> MailRecipients(std::vector<std::string> all, const MailMemory& memory);

// With an outbox: a 5xx is given up, all else that failed is tried again. Of a mail that the server
// has taken for some, the rest is tried for an hour where the server said that it may be later
// (greylisting); then, and where it said no for good, the mail is delivered, and the reason says
// who did not get it and why.
Outcome MailOutcome(const MailResult& result, const MailMemory& memory, Timestamp now);

}  // namespace tocsin::receivers
