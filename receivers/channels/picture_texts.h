// What is said about the picture of a message. A pure function.
#pragma once

#include <string>
#include <string_view>

#include "receivers/notification.h"

namespace tocsin::receivers {

inline constexpr std::string_view kPictureFile = "chart.png";
inline constexpr std::string_view kPictureType = "image/png";

// "Chart: system.cpu.usage in the last hour, threshold > 80.0"; of an alert without a
// metric, "Chart of the last hour"
std::string PictureDescription(const Notification& notification);

}  // namespace tocsin::receivers
