// Jira, of alertmanager.yml: one issue for each group, known by a label that holds the hash of the
// group's key. See jira_calls.h.
#include <fmt/format.h>

#include <utility>

#include "base/go_quote.h"
#include "receivers/channels/jira_calls.h"
#include "receivers/channels/jira_issue.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// Issues that were resolved so are left alone; Alertmanager's condition.
std::string WontFix(const std::string& resolution) {
  return resolution.empty() ? "" : fmt::format("resolution != {}", GoQuote(resolution));
}

// ---- delivery

class GroupJira final : public VendorApi {
 public:
  GroupJira(config::CheckedKeys keys, JiraSettings jira)
      : keys_(std::move(keys)), jira_(std::move(jira)) {}

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    JiraPlan plan;
    plan.api_url = settings.SecretUrl("api_url");
    plan.is_cloud = jira_.api.is_cloud;
    plan.fires = notification.status() == NotificationStatus::kFiring;
    plan.transition = settings.Plain(plan.fires ? "reopen_transition" : "resolve_transition");
    plan.texts = MakeJiraIssue(notification, jira_, settings);
    plan.search = JiraSearch({settings.Text("project"), JiraLabelOf(notification),
                              WontFix(settings.Plain("wont_fix_resolution")),
                              JiraReopenMinutes(keys_, plan.fires)});
    if (!settings.status()) return settings.status().error();
    return KeepJiraIssue(std::move(plan));
  }

 private:
  const config::CheckedKeys keys_;
  const JiraSettings jira_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupJira(const config::AlertmanagerIntegration& settings,
                                  const ChannelContext& /*context*/) {
  Result<JiraSettings> jira = ReadJiraSettings(settings.keys);
  if (!jira) return jira.error();
  BuiltVendor vendor{std::make_unique<GroupJira>(settings.keys, *std::move(jira))};
  vendor.retried.statuses = {429};
  return vendor;
}

}  // namespace tocsin::receivers
