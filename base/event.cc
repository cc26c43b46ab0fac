#include "base/event.h"

#include <algorithm>
#include <string_view>

namespace tocsin {
namespace {

bool IsAsked(const std::string& asked, std::string_view value) {
  return asked.empty() || asked == value;
}

}  // namespace

bool EventTypeMatches(const std::vector<std::string>& types, std::string_view type) {
  return types.empty() || std::any_of(types.begin(), types.end(), [&](const std::string& one) {
           return one.ends_with('.') ? type.starts_with(one) : type == one;
         });
}

bool EventMatches(const EventQuery& query, const Event& event) {
  if (event.sequence <= query.after || (query.before && event.sequence >= *query.before)) {
    return false;
  }
  if ((query.from && event.at < *query.from) || (query.until && event.at >= *query.until)) {
    return false;
  }
  return EventTypeMatches(query.types, event.type) && IsAsked(query.alert_id, event.alert_id) &&
         IsAsked(query.rule_id, event.rule_id) && IsAsked(query.receiver, event.receiver);
}

}  // namespace tocsin
