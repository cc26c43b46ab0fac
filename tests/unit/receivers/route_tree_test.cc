#include "receivers/route/route_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/matcher_text.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;

config::AlertmanagerRoute Node(std::string receiver, std::string_view matchers = "",
                               std::vector<config::AlertmanagerRoute> children = {}) {
  config::AlertmanagerRoute node;
  node.receiver = std::move(receiver);
  node.matchers = ParseMatcherList(matchers, MatcherDialect::kFallback)->matchers;
  node.children = std::move(children);
  return node;
}
config::AlertmanagerRoute AndGoOn(config::AlertmanagerRoute node) {
  node.continue_matching = true;
  return node;
}

std::vector<std::string> Receivers(const config::AlertmanagerRoute& root, const Labels& alert) {
  std::vector<std::string> receivers;
  const RouteTree tree(root);
  for (const Route* route : tree.Match(alert)) receivers.push_back(route->settings.receiver);
  return receivers;
}

TEST(RouteTree, GivesTheRootWhatNobodyElseTakes) {
  EXPECT_THAT(Receivers(Node("root"), {{"a", "1"}}), ElementsAre("root"));
  EXPECT_THAT(Receivers(Node("root"), {}), ElementsAre("root"));
  EXPECT_THAT(Receivers(Node("root", "", {Node("a", R"(a="1")")}), {{"a", "2"}}),
              ElementsAre("root"));
}

TEST(RouteTree, GoesDepthFirstAndStopsAtTheFirstChildThatMatches) {
  const config::AlertmanagerRoute root =
      Node("root", "",
           {Node("db", R"(team="db")",
                 {Node("db-page", R"(severity="page")"), Node("db-all", R"(severity=~".+")")}),
            Node("page", R"(severity="page")")});
  EXPECT_THAT(Receivers(root, {{"team", "db"}, {"severity", "page"}}), ElementsAre("db-page"));
  EXPECT_THAT(Receivers(root, {{"team", "db"}, {"severity", "info"}}), ElementsAre("db-all"));
  EXPECT_THAT(Receivers(root, {{"team", "db"}}), ElementsAre("db"));
  EXPECT_THAT(Receivers(root, {{"severity", "page"}}), ElementsAre("page"));
}

TEST(RouteTree, GoesOnBehindAChildWithContinue) {
  const config::AlertmanagerRoute root =
      Node("root", "",
           {AndGoOn(Node("log", R"(a="1")")), AndGoOn(Node("never", R"(a="2")")),
            Node("ops", R"(a=~".*")"), Node("late")});
  EXPECT_THAT(Receivers(root, {{"a", "1"}}), ElementsAre("log", "ops"));
  EXPECT_THAT(Receivers(root, {}), ElementsAre("ops"));
}

TEST(RouteTree, ContinueOfAGrandchildGoesOnAmongItsSiblingsOnly) {
  const config::AlertmanagerRoute root =
      Node("root", "",
           {Node("a", R"(x="1")", {AndGoOn(Node("a1")), Node("a2")}), Node("b", R"(x="1")")});
  EXPECT_THAT(Receivers(root, {{"x", "1"}}), ElementsAre("a1", "a2"));
}

TEST(RouteTree, AllWithContinueTakeItAndTheRootDoesNot) {
  const config::AlertmanagerRoute root = Node("root", "", {AndGoOn(Node("a")), AndGoOn(Node("b"))});
  EXPECT_THAT(Receivers(root, {{"x", "1"}}), ElementsAre("a", "b"));
}

TEST(RouteTree, TakesAMissingLabelForAnEmptyOne) {
  const config::AlertmanagerRoute root =
      Node("root", "", {Node("unset", R"(team="")"), Node("not-db", R"(team!="db")")});
  EXPECT_THAT(Receivers(root, {{"a", "1"}}), ElementsAre("unset"));
  EXPECT_THAT(Receivers(root, {{"team", "web"}}), ElementsAre("not-db"));
  EXPECT_THAT(Receivers(root, {{"team", "db"}}), ElementsAre("root"));
}

TEST(RouteTree, AMutedRouteConsumesItsAlertsAllTheSame) {
  config::AlertmanagerRoute muted = Node("night", R"(a="1")");
  muted.mute_time_intervals = {"always"};
  EXPECT_THAT(Receivers(Node("root", "", {muted, Node("b")}), {{"a", "1"}}), ElementsAre("night"));
}

TEST(RouteTree, KnowsTheMatchersOnTheWayToEachNode) {
  const RouteTree tree(Node("root", "", {Node("a", R"(x="1")", {Node("b", R"(y="2", z="3")")})}));
  const Labels alert{{"x", "1"}, {"y", "2"}, {"z", "3"}};
  const Route& route = *tree.Match(alert).at(0);
  ASSERT_EQ(route.path.size(), 3U);
  EXPECT_TRUE(route.path[0].empty());
  EXPECT_EQ(FormatMatchers(route.path[1]), R"({x="1"})");
  EXPECT_EQ(FormatMatchers(route.path[2]), R"({y="2",z="3"})");
}

TEST(RouteTree, IsNotImpressedByDepth) {
  config::AlertmanagerRoute node = Node("leaf");
  for (int i = 0; i < 500; ++i) {
    std::vector<config::AlertmanagerRoute> children;
    children.push_back(std::move(node));
    node = Node("inner", "", std::move(children));
  }
  EXPECT_THAT(Receivers(node, {{"a", "1"}}), ElementsAre("leaf"));
}

Labels GroupOf(std::vector<std::string> group_by, bool all, const Labels& alert) {
  config::AlertmanagerRoute root = Node("root");
  root.group_by = std::move(group_by);
  root.group_by_all = all;
  return RouteTree(root).root().GroupLabels(alert);
}

TEST(GroupLabels, AreThoseOfGroupByThatTheAlertHas) {
  const Labels alert{{"alertname", "A"}, {"job", "node"}, {"zone", "z"}};
  EXPECT_EQ(GroupOf({"zone", "alertname"}, false, alert),
            (Labels{{"alertname", "A"}, {"zone", "z"}}));
  EXPECT_EQ(GroupOf({"cluster", "alertname"}, false, alert), (Labels{{"alertname", "A"}}));
  EXPECT_EQ(GroupOf({"cluster"}, false, alert), Labels());
  EXPECT_EQ(GroupOf({}, false, alert), Labels());
  EXPECT_EQ(GroupOf({}, true, alert), alert);
}

}  // namespace
}  // namespace tocsin::receivers
