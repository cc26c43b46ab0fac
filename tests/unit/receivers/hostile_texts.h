// What people and machines write into alerts to make something of a message that it is not, and
// messages that hold it wherever an alert can hold a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

struct HostileText {
  std::string name;
  std::string text;
};

const std::vector<HostileText>& HostileTexts();
// The same, too long for anything.
const std::vector<HostileText>& LongTexts();

// A line that nobody may find among the headers of a request or a mail.
inline constexpr char kInjectedHeader[] = "X-Injected";

// Where an alert, its rule or its group hold a text.
enum class HostileField : std::uint8_t {
  kName,
  kDescription,
  kMetric,
  kTemplate,
  kLabel,
  kLabelName,
  kAnnotation,
  kLink,
  kGroupLabel,
  kExternalUrl,  // the operator's
  kNote,         // of who ended it
};
// Those that may be long without anybody's wanting it.
inline constexpr HostileField kLongFields[] = {
    HostileField::kName,       HostileField::kDescription, HostileField::kMetric,
    HostileField::kLabel,      HostileField::kLabelName,   HostileField::kAnnotation,
    HostileField::kGroupLabel,
};

// Two alerts, one of a rule and one that was posted, which fire or are over. What is a text in them
// is `text`, or holds it.
GroupNotification HostileMessage(const std::string& text, bool is_over = false);
// Only in that field.
GroupNotification HostileMessageIn(HostileField field, const std::string& text);
// With that text in more labels than any message has room for.
GroupNotification MessageWithManyLabels(const std::string& text);

}  // namespace tocsin::receivers
