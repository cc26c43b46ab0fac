// What curl knows of the time that a transfer took. For the curl_*.cc files only.
#pragma once

#include "base/curl_handle.h"
#include "base/transfer_phases.h"

namespace tocsin {

// Of a transfer that has ended or is given up; before its handle is reset.
// How it ended tells a step that curl does not time where it fails.
TransferPhases PhasesOf(CURL* easy, CURLcode code);

}  // namespace tocsin
