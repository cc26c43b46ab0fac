#include "tests/unit/receivers/native_channel_world.h"

#include <utility>

#include "tests/unit/config/loading.h"

namespace tocsin::receivers {

NativeChannelWorld::NativeChannelWorld(const std::string& type, const std::string& keys) {
  const config::Settings settings =
      config::GoodSettings("tocsin: {receivers: [{name: ops, " + type + ": " + keys + "}]}\n");
  Result<BuiltChannel> built =
      MakeChannel(settings.receivers.at(0).channels.at(0), world.Context());
  EXPECT_TRUE(built.ok()) << (built.ok() ? "" : built.message());
  send_resolved = built->send_resolved;
  hears_acknowledgements = built->hears_acknowledgements;
  timeout = built->timeout;
  channel_ = std::move(built->channel);
}

Notification NativeChannelWorld::About(std::vector<AlertPtr> alerts) {
  Notification notification;
  notification.receiver = "ops";
  notification.group_labels = alerts.front()->labels;
  notification.group_key = RootGroupKey(notification.group_labels);
  const bool over = alerts.front()->state == AlertState::kResolved;
  notification.status = over ? NotificationStatus::kResolved : NotificationStatus::kFiring;
  notification.dedup_key = alerts.front()->id;
  notification.alerts = std::move(alerts);
  notification.external_url = "http://tocsin:9095";
  return notification;
}

HttpClientRequest NativeChannelWorld::Deliver(const Notification& notification) {
  const std::size_t sent = world.http.sent();
  channel_->Deliver(notification, timeout,
                    [this](Outcome outcome) { world.outcomes.push_back(std::move(outcome)); });
  return world.http.sent() == sent ? HttpClientRequest() : world.http.request(sent);
}

HttpClientRequest NativeChannelWorld::Deliver(std::vector<AlertPtr> alerts) {
  return Deliver(About(std::move(alerts)));
}

Outcome NativeChannelWorld::OutcomeOf(int status, std::string body) {
  Deliver({Fires()});
  world.http.Answer(world.http.sent() - 1, status, std::move(body));
  return world.outcomes.back();
}

}  // namespace tocsin::receivers
