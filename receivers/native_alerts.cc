#include "receivers/native_alerts.h"

#include <utility>

#include "receivers/alerts/native_alert.h"

namespace tocsin::receivers {

// The groups first: the inhibitor must know all of a batch before the announcer asks it.
void NativeAlerts::Accept(std::vector<AlertPtr> alerts) {
  std::vector<PostedAlert> posted;
  posted.reserve(alerts.size());
  for (const AlertPtr& alert : alerts) {
    if (!alert->active() && alert->state != AlertState::kResolved) continue;
    posted.push_back(MakeNativeAlert(alert, text_.Render(*alert, external_url_)));
  }
  groups_.AcceptNow(std::move(posted));
  announcer_.Accept(std::move(alerts));
}

}  // namespace tocsin::receivers
