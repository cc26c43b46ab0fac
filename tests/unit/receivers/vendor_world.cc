#include "tests/unit/receivers/vendor_world.h"

#include <utility>

#include "base/text.h"
#include "receivers/templates/default_templates.h"
#include "tests/unit/config/alertmanager_loading.h"

namespace tocsin::receivers {

VendorWorld::VendorWorld(const std::string& list, const std::string& item,
                         const std::string& global) {
  config::AlertmanagerFileOptions options;
  options.make_templates = [this] { return MakeDefaultTemplates(world.clock); };
  auto settings = std::make_shared<const config::AlertmanagerSettings>(
      config::GoodAlertmanager(config::FileWith(list, item, global), options));
  Result<PipelineGraphPtr> graph = BuildPipelineGraph(settings, world.Context(), {});
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? "" : graph.message());
  graph_ = *std::move(graph);
  const GroupIntegration& integration = *graph_->receivers.at("ops").at(0);
  EXPECT_NE(integration.channel, nullptr) << list << " has no channel";
  send_resolved = integration.send_resolved;
}

HttpClientRequest VendorWorld::Deliver(const GroupNotification& notification, Duration timeout) {
  const std::size_t sent = http.sent();
  graph_->receivers.at("ops").at(0)->channel->Deliver(
      notification, timeout, [this](Outcome outcome) { outcomes.push_back(std::move(outcome)); });
  return http.sent() == sent ? HttpClientRequest() : http.request(sent);
}

void VendorWorld::Answer(int status, std::string body,
                         std::vector<std::pair<std::string, std::string>> headers) {
  http.Answer(http.sent() - 1, status, std::move(body), std::move(headers));
}

Outcome VendorWorld::OutcomeOf(int status, std::string body,
                               std::vector<std::pair<std::string, std::string>> headers) {
  DeliverFiring();
  Answer(status, std::move(body), std::move(headers));
  return outcomes.back();
}

Outcome VendorWorld::DurableOutcomeOf(int status, std::string body) {
  GroupNotification notification = About({Fires(DiskFull())});
  notification.flush_number = 1;
  notification.dedup_key = "key";
  Deliver(notification);
  Answer(status, std::move(body));
  return outcomes.back();
}

std::string HeaderOf(const HttpClientRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

std::string Parameter(const std::string& body, const std::string& name) {
  for (const std::string_view pair : Split(body, '&')) {
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name) return *PercentDecode(pair.substr(equals + 1));
  }
  return "";
}

std::string Repeated(std::size_t count, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

}  // namespace tocsin::receivers
