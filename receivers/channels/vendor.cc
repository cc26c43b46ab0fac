#include "receivers/channels/vendor.h"

#include <algorithm>
#include <utility>

#include "base/url_user_info.h"
#include "config/integration_keys.h"
#include "receivers/channels/configured_http.h"

namespace tocsin::receivers {
namespace {

constexpr Duration kLongestTimeout = std::chrono::hours(24);

// The first alerts only. What they have in common, and their status, is then that of these.
GroupNotification FirstOf(const GroupNotification& notification, std::size_t max_alerts) {
  GroupNotification told = notification;
  told.truncated_alerts = 0;
  if (max_alerts != 0 && told.alerts.size() > max_alerts) {
    told.truncated_alerts = told.alerts.size() - max_alerts;
    told.alerts.resize(max_alerts);
  }
  return told;
}

class VendorChannel final : public GroupChannel {
 public:
  VendorChannel(config::KeyTable keys, BuiltVendor vendor,
                std::shared_ptr<const gotemplate::TemplateSet> templates,
                std::unique_ptr<ConfiguredHttp> http, const ChannelContext& context)
      : keys_(keys),
        vendor_(std::move(vendor)),
        templates_(std::move(templates)),
        http_(std::move(http)),
        clock_(context.clock) {}

  void Deliver(const GroupNotification& notification, Duration timeout,
               Channel::Done done) override {
    std::string failures;
    Result<VendorCall> call = Prepare(notification, &failures);
    done = TellingOf(std::move(failures), std::move(done));
    if (!call) {
      return done(Outcome::GiveUp(Failure::kOther, call.message(), "mend the configuration"));
    }
    const Duration own = vendor_.timeout > Duration(0) ? vendor_.timeout : kLongestTimeout;
    const bool durable = notification.flush_number != 0;
    SendCalls(*std::move(call), std::min(timeout, own), *http_, clock_,
              [this, durable, done = std::move(done)](Outcome outcome) {
                done(ByMode(std::move(outcome), durable, vendor_.retried));
              });
  }

  std::string Endpoint(const GroupNotification& notification) const override {
    if (!vendor_.api->has_endpoints()) return "";
    const GroupNotification told = FirstOf(notification, vendor_.api->max_alerts());
    const Result<MessageTexts> texts = TextsOf(told);
    if (!texts) return "";
    std::string url = vendor_.api->EndpointUrl(*texts);
    TakeUserInfo(&url);
    return url.substr(0, url.find_first_of("?#"));
  }

  void Cancel() override { http_->Cancel(); }

 private:
  Result<MessageTexts> TextsOf(const GroupNotification& told) const {
    return MessageTexts::For(told, *templates_, {keys_, &clock_});
  }

  Result<VendorCall> Prepare(const GroupNotification& notification, std::string* failures) const {
    const GroupNotification told = FirstOf(notification, vendor_.api->max_alerts());
    const Result<MessageTexts> texts = TextsOf(told);
    if (!texts) return texts.error();
    Result<VendorCall> call = vendor_.api->Prepare(told, *texts);
    *failures = texts->failures();
    return call;
  }

  const config::KeyTable keys_;
  const BuiltVendor vendor_;
  const std::shared_ptr<const gotemplate::TemplateSet> templates_;
  const std::unique_ptr<ConfiguredHttp> http_;
  const Clock& clock_;
};

}  // namespace

Outcome ByMode(Outcome outcome, bool durable, const RetriedStatuses& retried) {
  const int status = outcome.http_status;
  const bool is_refusal = status >= 300 && status < 500;
  if (!is_refusal || outcome.kind == Outcome::Kind::kDelivered) return outcome;
  const bool wanted = retried.all || std::find(retried.statuses.begin(), retried.statuses.end(),
                                               status) != retried.statuses.end();
  if (wanted) {
    outcome.kind = Outcome::Kind::kRetry;
    outcome.payload_refused = false;
  } else if (!durable && outcome.kind == Outcome::Kind::kRetry) {
    outcome.kind = Outcome::Kind::kGiveUp;
    outcome.advice = "tried again at the group's next tick";
  }
  return outcome;
}

Result<std::unique_ptr<GroupChannel>> MakeVendorChannel(
    VendorMaker make, const config::AlertmanagerIntegration& settings,
    std::shared_ptr<const gotemplate::TemplateSet> templates, const ChannelContext& context) {
  Result<BuiltVendor> vendor = make(settings, context);
  if (!vendor) return vendor.error();
  Result<std::unique_ptr<ConfiguredHttp>> http = ConfiguredHttp::Make(settings.http, context);
  if (!http) return http.error();
  return std::unique_ptr<GroupChannel>(
      std::make_unique<VendorChannel>(config::KeysOfType(settings.type), *std::move(vendor),
                                      std::move(templates), *std::move(http), context));
}

}  // namespace tocsin::receivers
