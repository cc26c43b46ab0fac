// Channels that keep something for each alert (an incident, an issue) under the alert's
// fingerprint: what a message says of several alerts becomes a call for each of them. Pure
// functions.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "receivers/channels/channel.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/vendor_call.h"

namespace tocsin::receivers {

// What one alert takes; the card is about it alone, and resolved where the alert is.
using PrepareIncident = std::function<VendorCall(const Alert& alert, const MessageCard& card)>;

// A channel that is told, too, that somebody deals with an alert: a call for it is prepared with
// Alert::state kAcknowledged.
Result<BuiltChannel> ThatHearsAcknowledgements(Result<BuiltChannel> built);

// "acknowledged by anna: on my way", as valid UTF-8.
std::string AcknowledgementText(const Alert& alert);

VendorCall ForEachAlert(const Notification& notification, const NativeTexts& texts,
                        const PrepareIncident& prepare);

}  // namespace tocsin::receivers
