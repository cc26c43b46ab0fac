#pragma once

namespace tocsin::config {

// The Alertmanager that we do as, which API v2 says it is unless told otherwise.
inline constexpr const char* kAlertmanagerVersion = "0.34.0";

}  // namespace tocsin::config
