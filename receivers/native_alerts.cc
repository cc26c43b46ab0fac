#include "receivers/native_alerts.h"

#include <utility>

#include "receivers/alerts/native_alert.h"

namespace tocsin::receivers {

void NativeAlerts::Accept(std::vector<AlertPtr> alerts) {
  std::vector<PostedAlert> posted;
  posted.reserve(alerts.size());
  for (const AlertPtr& alert : alerts) {
    if (!alert->active() && alert->state != AlertState::kResolved) continue;
    posted.push_back(MakeNativeAlert(alert, text_.Render(*alert, external_url_)));
  }
  dispatcher_.AcceptNow(std::move(posted));
}

}  // namespace tocsin::receivers
