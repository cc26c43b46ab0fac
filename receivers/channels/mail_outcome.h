// What the end of an SMTP conversation means for a delivery. Pure functions.
#pragma once

#include "base/mail_client.h"
#include "receivers/channels/channel.h"

namespace tocsin::receivers {

// With an outbox: a 5xx is given up, all else that failed is tried again. A mail that some of the
// recipients do not get is delivered; the reason says who and why.
Outcome MailOutcome(const MailResult& result);

}  // namespace tocsin::receivers
