#include "receivers/channels/picture_texts.h"

#include <fmt/format.h>

#include "receivers/channels/truncation.h"
#include "receivers/templates/message_card.h"

namespace tocsin::receivers {
namespace {

constexpr std::size_t kMaxNameRunes = 200;

}  // namespace

std::string PictureDescription(const Notification& notification) {
  const ThresholdRule& rule = *notification.alerts[HeadOf(notification)]->rule;
  if (rule.metric_name.empty()) return "Chart of the last hour";
  return fmt::format("Chart: {} in the last hour, threshold {} {}",
                     TruncateRunes(rule.metric_name, kMaxNameRunes),
                     ConditionSymbol(rule.condition), rule.threshold_text);
}

}  // namespace tocsin::receivers
