// Numbers as people read them, as Prometheus and Alertmanager templates show them. Pure functions.
#pragma once

#include <string>

namespace tocsin::gotemplate {

// "2m 15s", "1d 2h 3m 4s", "12.35s", "1ms".
std::string HumanizeDuration(double seconds);

}  // namespace tocsin::gotemplate
