// Alerts of our own rules in the pipeline of alertmanager.yml: what they look like there, and which
// way they go.
#include "receivers/alerts/native_alert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "receivers/pipeline/graph.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/unit/receivers/channel_world.h"

namespace tocsin::receivers {
namespace {

using config::NativeRouting;
using testing::CpuUsageRule;
using ::testing::ElementsAre;
using testing::FiringAlert;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::Resolved;
using Strings = std::vector<std::string>;

TEST(NativeAlert, HasNoEndWhileItFires) {
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  const PostedAlert made = MakeNativeAlert(alert, "text");
  EXPECT_EQ(made.labels, alert->labels);
  EXPECT_THAT(made.annotations, ElementsAre(Pair("description", "CPU usage is high"),
                                            Pair("summary", "High CPU Usage")));
  EXPECT_EQ(made.starts_at, alert->triggered_at);
  EXPECT_EQ(FormatRfc3339(made.ends_at), "9999-12-31T23:59:59Z");
  EXPECT_TRUE(made.ends_by_timeout);
  EXPECT_EQ(made.native, alert);
  EXPECT_EQ(made.fingerprint, alert->labels.view().Fingerprint());
}

TEST(NativeAlert, EndsWhenItsRuleSaysSo) {
  const auto firing = FiringAlert(CpuUsageRule(), "e1");
  const auto stale = Resolved(*firing, ResolveReason::kStale);
  const PostedAlert made = MakeNativeAlert(stale, "text");
  EXPECT_EQ(made.ends_at, stale->resolved_at);
  EXPECT_THAT(made.annotations,
              ElementsAre(Pair("description", "CPU usage is high"),
                          Pair("resolved_reason", "stale"), Pair("summary", "High CPU Usage")));
  const PostedAlert merged = MergeAlerts(MakeNativeAlert(firing, "text"), made);
  EXPECT_EQ(merged.ends_at, stale->resolved_at);
  EXPECT_EQ(merged.native, stale);
}

TEST(NativeAlert, HasTheLinksOfItsRule) {
  auto rule = CpuUsageRule();
  rule->runbook_url = "https://wiki/cpu";
  rule->dashboard_url = "https://grafana/d/1";
  EXPECT_THAT(
      MakeNativeAlert(FiringAlert(rule, "e1"), "text").annotations,
      ElementsAre(Pair("dashboard_url", "https://grafana/d/1"),
                  Pair("description", "CPU usage is high"), Pair("runbook_url", "https://wiki/cpu"),
                  Pair("summary", "High CPU Usage")));
}

TEST(NativeAlert, SummaryIsTheTextOfItsTemplate) {
  auto rule = CpuUsageRule();
  rule->description = "";
  rule->notification_template = "{host} is hot";
  EXPECT_THAT(MakeNativeAlert(FiringAlert(rule, "e1"), "web-1 is hot").annotations,
              ElementsAre(Pair("summary", "web-1 is hot")));
}

config::ReceiverSettings Receiver(const std::string& name, const std::string& type) {
  config::ReceiverSettings receiver;
  receiver.name = name;
  receiver.source = "tocsin.yml:3:5";
  receiver.channels.emplace_back();
  receiver.channels.back().type = type;
  receiver.channels.back().webhook.url = Secret("http://hook/");
  return receiver;
}

NativeTargets Native(std::vector<config::ReceiverSettings> receivers, Strings defaults) {
  return {NativeRouting::kChannels, true, std::move(receivers), std::move(defaults), {}};
}

// "team" takes everything, "pager" what is critical as well; "own" is a receiver of tocsin.yml too.
std::shared_ptr<const config::AlertmanagerSettings> Settings() {
  auto settings = std::make_shared<config::AlertmanagerSettings>();
  settings->route.receiver = "team";
  for (const char* name : {"team", "pager", "own"})
    settings->receivers.push_back({name, {}, {}, ""});
  return settings;
}

Strings RouteNames(const PipelineGraph& graph, const PostedAlert& alert) {
  Strings names;
  for (const Route* route : graph.RoutesOf(alert)) {
    names.push_back(route->settings.receiver + (route == &graph.routes.root() ? " by tree" : ""));
  }
  return names;
}

TEST(NativeAlert, TakesTheRoutesThatItsRuleAndTheSettingSay) {
  struct Case {
    NativeRouting routing;
    Strings channels;
    Strings routes;
    Strings receivers;
  };
  const Case cases[] = {
      {NativeRouting::kChannels, {}, {"team by tree"}, {"team"}},
      {NativeRouting::kChannels, {"pager", "own", "pager"}, {"pager", "own"}, {"pager", "own"}},
      {NativeRouting::kChannels, {"nobody"}, {}, {}},
      {NativeRouting::kTree, {"pager"}, {"team by tree"}, {"team"}},
      {NativeRouting::kBoth, {"pager"}, {"pager", "team by tree"}, {"pager", "team"}},
  };
  ChannelWorld world;
  for (const Case& c : cases) {
    const auto graph = BuildPipelineGraph(Settings(), world.Context(),
                                          {c.routing, true, {Receiver("own", "console")}, {}, {}});
    ASSERT_TRUE(graph.ok());
    auto rule = CpuUsageRule();
    rule->notification_channels = c.channels;
    const PostedAlert alert = MakeNativeAlert(FiringAlert(rule, "e1"), "");
    EXPECT_EQ(RouteNames(**graph, alert), c.routes) << &c - cases;
    EXPECT_EQ((*graph)->ReceiversOf(alert), c.receivers) << &c - cases;
  }
}

TEST(NativeAlert, DirectRoutesTellEachAlertAtOnceAndOnce) {
  ChannelWorld world;
  const auto graph = BuildPipelineGraph(Settings(), world.Context(), {});
  const Route& route = (*graph)->direct_routes.at("pager");
  EXPECT_TRUE(route.settings.group_by_all);
  EXPECT_EQ(route.settings.group_wait, Duration(0));
  EXPECT_EQ(route.settings.group_interval, std::chrono::seconds(1));
  EXPECT_EQ(route.settings.repeat_interval, kNoRepeat);
}

// ---- without an alertmanager.yml

TEST(DefaultGraph, SendsAlertsToEachDefaultReceiverWhereverTheyComeFrom) {
  ChannelWorld world;
  const auto graph = BuildDefaultGraph(
      Native({Receiver("a", "webhook"), Receiver("b", "console"), Receiver("c", "console")},
             {"a", "b"}),
      world.Context());
  ASSERT_TRUE(graph.ok()) << graph.message();
  const PostedAlert posted =
      testing::Posted(testing::Named("A"), Timestamp(), Timestamp(), Timestamp());
  EXPECT_EQ((*graph)->ReceiversOf(posted), Strings({"a", "b"}));
  EXPECT_EQ((*graph)->RoutesOf(posted).size(), 2U);
  EXPECT_EQ((*graph)->receivers.at("a").at(0)->lane(), "a/webhook");
  EXPECT_FALSE((*graph)->receivers.contains("c"));
  const PostedAlert native = MakeNativeAlert(FiringAlert(CpuUsageRule(), "e1"), "");
  EXPECT_EQ((*graph)->ReceiversOf(native), Strings({"a", "b"}));
  for (const Route* route : (*graph)->RoutesOf(native)) EXPECT_TRUE(route->direct);
  auto rule = CpuUsageRule();
  rule->notification_channels = {"c"};
  EXPECT_EQ((*graph)->ReceiversOf(MakeNativeAlert(FiringAlert(rule, "e1"), "")), Strings({"c"}));
}

TEST(DefaultGraph, NamesTheReceiverThatCannotBeMade) {
  ChannelWorld world;
  const auto graph = BuildDefaultGraph(Native({Receiver("a", "pigeon")}, {"a"}), world.Context());
  ASSERT_FALSE(graph.ok());
  EXPECT_THAT(graph.message(), HasSubstr("tocsin.yml:3:5"));
}

TEST(DefaultGraph, TellsPostedAlertsAsIfARuleOfThatNameHadRaisedThem) {
  ChannelWorld world;
  const auto graph = BuildDefaultGraph(Native({Receiver("a", "console")}, {"a"}), world.Context());
  const Labels labels{{"alertname", "Disk\x1b"}, {"severity", "critical"}, {"host", "web-1"}};
  PostedAlert posted =
      testing::Posted(labels, testing::FiredAt(), testing::FiredAt(), testing::FiredAt());
  posted.annotations = {{"summary", "is full"}};
  GroupNotification notification;
  notification.receiver = "a";
  notification.alerts = {{testing::Shared(posted), false, false}};
  const GroupIntegration& integration = *(*graph)->receivers.at("a").at(0);
  std::vector<Outcome> outcomes;
  integration.channel->Deliver(notification, std::chrono::seconds(10),
                               [&](Outcome outcome) { outcomes.push_back(std::move(outcome)); });
  world.executor.RunOne();
  EXPECT_EQ(outcomes.size(), 1U);
  notification.alerts[0].resolved = true;
  integration.channel->Deliver(notification, std::chrono::seconds(10), [](const Outcome&) {});
  world.executor.RunOne();
  ASSERT_EQ(world.written.size(), 2U);
  EXPECT_EQ(world.written[0].text,
            "2024-05-01T10:00:00.123Z  FIRING    critical  Disk\\x1b {host=\"web-1\"}  is full\n");
  EXPECT_THAT(world.written[1].text, HasSubstr("RESOLVED  critical  Disk\\x1b"));
}

}  // namespace
}  // namespace tocsin::receivers
