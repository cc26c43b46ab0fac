// Every vendor whose receivers alertmanager.yml may have, one a line: TOCSIN_VENDOR(Name, type)
// stands for the function MakeGroupName of channels/group_<name>.cc and the list <type>_configs.
#pragma once

#include "receivers/channels/vendor.h"

// clang-format off
#define TOCSIN_VENDORS \
  TOCSIN_VENDOR(Discord, discord) \
  TOCSIN_VENDOR(Incidentio, incidentio) \
  TOCSIN_VENDOR(Jira, jira) \
  TOCSIN_VENDOR(Mattermost, mattermost) \
  TOCSIN_VENDOR(OpsGenie, opsgenie) \
  TOCSIN_VENDOR(PagerDuty, pagerduty) \
  TOCSIN_VENDOR(Pushover, pushover) \
  TOCSIN_VENDOR(Rocketchat, rocketchat) \
  TOCSIN_VENDOR(Slack, slack) \
  TOCSIN_VENDOR(Sns, sns) \
  TOCSIN_VENDOR(Teams, msteams) \
  TOCSIN_VENDOR(TeamsV2, msteamsv2) \
  TOCSIN_VENDOR(Telegram, telegram) \
  TOCSIN_VENDOR(VictorOps, victorops) \
  TOCSIN_VENDOR(Webex, webex) \
  TOCSIN_VENDOR(Webhook, webhook) \
  TOCSIN_VENDOR(Wechat, wechat)
// clang-format on

namespace tocsin::receivers {

#define TOCSIN_VENDOR(Name, type)                                                      \
  Result<BuiltVendor> MakeGroup##Name(const config::AlertmanagerIntegration& settings, \
                                      const ChannelContext& context);
TOCSIN_VENDORS
#undef TOCSIN_VENDOR

}  // namespace tocsin::receivers
