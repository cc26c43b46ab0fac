// Receivers of alertmanager.yml that are reached by HTTP. A vendor's file says how its API is told
// a group: the requests of one attempt and what their answers mean. All the rest (http_config,
// modes, deadlines, cancelling) is the same for all of them and stands in vendor.cc.
//
// A vendor is made once per integration and is then only read: by the dispatcher's thread, which
// prepares attempts. Judges run on the HTTP client's thread and hold what they need by value.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/http_client.h"
#include "base/result.h"
#include "base/template/template_set.h"
#include "config/alertmanager_settings.h"
#include "receivers/channels/channel.h"
#include "receivers/channels/vendor_call.h"
#include "receivers/pipeline/group_channel.h"
#include "receivers/templates/message_texts.h"

namespace tocsin::receivers {

class VendorApi {
 public:
  virtual ~VendorApi() = default;
  // The first request. A failure is final: the same message would fail again.
  virtual Result<VendorCall> Prepare(const GroupNotification& notification,
                                     const MessageTexts& texts) const = 0;
  // What this vendor is told of a group: all of it, unless `max_alerts` says otherwise.
  virtual std::size_t max_alerts() const { return 0; }  // 0: all
  // Whether the address depends on the message; then that address, empty where it cannot be made.
  virtual bool has_endpoints() const { return false; }
  virtual std::string EndpointUrl(const MessageTexts& /*texts*/) const { return ""; }
};

// Besides network errors and 5xx, which Alertmanager tries again for every vendor.
struct RetriedStatuses {
  std::vector<int> statuses = {};
  bool all = false;  // whatever is not 2xx
};

struct BuiltVendor {
  std::unique_ptr<VendorApi> api;
  RetriedStatuses retried = {};
  Duration timeout{0};  // of one attempt; 0: the flush's deadline
};

// With an outbox (messages that have a flush number): 2xx delivered; network errors, 408, 429, 5xx
// and what the vendor asks for are tried again. Without, as Alertmanager: of those in 4xx and 3xx
// only what the vendor asks for. Outcomes without a status stay.
Outcome ByMode(Outcome outcome, bool durable, const RetriedStatuses& retried);

using VendorMaker = Result<BuiltVendor> (*)(const config::AlertmanagerIntegration& settings,
                                            const ChannelContext& context);

// Fails on settings that the vendor or its http_config cannot work with.
Result<std::unique_ptr<GroupChannel>> MakeVendorChannel(
    VendorMaker make, const config::AlertmanagerIntegration& settings,
    std::shared_ptr<const gotemplate::TemplateSet> templates, const ChannelContext& context);

}  // namespace tocsin::receivers
