// A channel of tocsin.yml, made from the text of the file, and what it sends about alerts of rules.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/receivers/channel_world.h"

namespace tocsin::receivers {

using Json = nlohmann::json;

class NativeChannelWorld {
 public:
  // "slack", and its settings in YAML's flow form. REQUIRES: they are sound.
  NativeChannelWorld(const std::string& type, const std::string& keys);

  // One attempt; its first request, an empty one where nothing was sent.
  HttpClientRequest Deliver(std::vector<AlertPtr> alerts);
  HttpClientRequest Deliver(const Notification& notification);
  // "High CPU Usage" on web-1 at 85.5; its end two minutes later.
  static std::shared_ptr<Alert> Fires() {
    return testing::FiringAlert(testing::CpuUsageRule(), "e1");
  }
  static std::shared_ptr<Alert> IsOver() { return testing::Resolved(*Fires()); }
  static Notification About(std::vector<AlertPtr> alerts);

  // How an attempt ends whose request is answered so.
  Outcome OutcomeOf(int status, std::string body = "");

  ChannelWorld world;
  bool send_resolved = false;
  bool hears_acknowledgements = false;
  Duration timeout{0};

 private:
  std::unique_ptr<Channel> channel_;
};

inline std::shared_ptr<Alert> Fires() { return NativeChannelWorld::Fires(); }
inline std::shared_ptr<Alert> IsOver() { return NativeChannelWorld::IsOver(); }

inline std::shared_ptr<Alert> OfSeverity(Severity severity) {
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->severity = severity;
  return testing::FiringAlert(rule, "e1");
}

inline Json BodyOf(const HttpClientRequest& request) {
  Json json = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(json.is_discarded()) << request.body.substr(0, 1000);
  return json;
}

}  // namespace tocsin::receivers
