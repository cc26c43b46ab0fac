#include "receivers/channels/native_http.h"

#include <memory>
#include <utility>

#include "receivers/channels/configured_http.h"

namespace tocsin::receivers {
namespace {

class NativeHttp final : public Channel {
 public:
  NativeHttp(PrepareNative prepare, std::unique_ptr<ConfiguredHttp> http, const Clock& clock)
      : prepare_(std::move(prepare)), http_(std::move(http)), clock_(clock) {}

  void Deliver(const Notification& notification, Duration timeout, Done done) override {
    Result<VendorCall> call = prepare_(notification);
    if (!call) {
      return done(Outcome::GiveUp(Failure::kOther, call.message(), "mend the configuration"));
    }
    SendCalls(*std::move(call), timeout, *http_, clock_, std::move(done));
  }

 private:
  const PrepareNative prepare_;
  const std::unique_ptr<ConfiguredHttp> http_;
  const Clock& clock_;
};

}  // namespace

Result<BuiltChannel> MakeNativeHttp(const config::ChannelSettings& settings,
                                    const ChannelContext& context, PrepareNative prepare) {
  Result<std::unique_ptr<ConfiguredHttp>> http = ConfiguredHttp::Make(settings.http, context);
  if (!http) return http.error();
  BuiltChannel built;
  built.channel = std::make_unique<NativeHttp>(std::move(prepare), *std::move(http), context.clock);
  built.timeout = settings.timeout;
  built.send_resolved = settings.send_resolved;
  return built;
}

}  // namespace tocsin::receivers
