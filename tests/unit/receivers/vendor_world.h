// A receiver of alertmanager.yml whose channel speaks HTTP, made from the text of the file: what is
// tested are the settings' defaults, the message and what its answers mean. The network is fake.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "receivers/pipeline/graph.h"
#include "tests/unit/receivers/channel_world.h"
#include "tests/unit/receivers/group_notifications.h"

namespace tocsin::receivers {

class VendorWorld {
 public:
  // One item of `list` ("slack_configs") in YAML's flow form, and `global` likewise.
  // REQUIRES: they are sound.
  VendorWorld(const std::string& list, const std::string& item, const std::string& global = "{}");

  // Sends one attempt; its first request. Of an attempt that sends nothing, an empty one: `reason`
  // tells why.
  HttpClientRequest Deliver(const GroupNotification& notification,
                            Duration timeout = std::chrono::seconds(10));
  // The one alert of group_notifications.h fires, is over.
  HttpClientRequest DeliverFiring() { return Deliver(About({Fires(DiskFull())})); }
  HttpClientRequest DeliverResolved() { return Deliver(About({IsOver(DiskFull())})); }

  // Answers the newest request.
  void Answer(int status, std::string body = "",
              std::vector<std::pair<std::string, std::string>> headers = {});
  // How an attempt ends whose (first) request is answered so.
  Outcome OutcomeOf(int status, std::string body = "",
                    std::vector<std::pair<std::string, std::string>> headers = {});
  // The same in the full daemon, where messages are numbered.
  Outcome DurableOutcomeOf(int status, std::string body = "");

  HttpClientRequest LastRequest() const { return http.request(http.sent() - 1); }
  // Of the newest attempt; empty while there is none.
  std::string reason() const { return outcomes.empty() ? "" : outcomes.back().reason; }

  ChannelWorld world;
  testing::FakeHttpClient& http = world.http;
  bool send_resolved = false;
  std::vector<Outcome> outcomes;

 private:
  PipelineGraphPtr graph_;
};

// The value of a header, "" where there is none. Names as they were written.
std::string HeaderOf(const HttpClientRequest& request, std::string_view name);

// Of a form; "" where there is no such parameter.
std::string Parameter(const std::string& body, const std::string& name);

std::string Repeated(std::size_t count, const std::string& text);

}  // namespace tocsin::receivers
