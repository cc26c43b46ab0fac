#include "receivers/channels/with_picture.h"

#include <chrono>
#include <memory>
#include <utility>

#include "receivers/channels/pictures.h"
#include "receivers/templates/message_card.h"

namespace tocsin::receivers {
namespace {

// Drawing is part of the attempt: it takes of its time, and what it leaves is the channel's. The
// picture is made anew for each attempt and nowhere stored.
class PicturedChannel final : public Channel {
 public:
  PicturedChannel(std::unique_ptr<Channel> channel, Pictures& pictures, const Clock& clock)
      : channel_(std::move(channel)), pictures_(pictures), clock_(clock) {}

  void Deliver(const Notification& notification, Duration timeout, Done done) override {
    const auto deadline = clock_.Monotonic() + timeout;
    const AlertPtr head = notification.alerts[HeadOf(notification)];
    // `done` keeps this channel alive until it has run.
    pictures_.Draw(head, timeout / 2,
                   [this, drawn = std::make_shared<Notification>(notification), deadline,
                    done = std::move(done)](Pictures::Picture picture) {
                     drawn->picture = std::move(picture);
                     const auto left = deadline - clock_.Monotonic();
                     if (left.count() <= 0) return done(TooLate());
                     channel_->Deliver(*drawn, std::chrono::ceil<Duration>(left), done);
                   });
  }

 private:
  static Outcome TooLate() {
    return Outcome::Retry(Failure::kTimeout, "drawing the picture took all of the time");
  }

  const std::unique_ptr<Channel> channel_;
  Pictures& pictures_;
  const Clock& clock_;
};

}  // namespace

BuiltChannel WithPicture(BuiltChannel built, const config::ChannelSettings& settings,
                         const ChannelContext& context) {
  if (context.pictures == nullptr || settings.keys.Text("picture") != "true") return built;
  built.channel =
      std::make_unique<PicturedChannel>(std::move(built.channel), *context.pictures, context.clock);
  return built;
}

}  // namespace tocsin::receivers
