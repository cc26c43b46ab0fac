#include "exporter/api/daemon_status.h"

#include <gtest/gtest.h>

namespace tocsin::api {
namespace {

TEST(DaemonStatus, IsHealthyWhereNothingIsWrong) {
  DaemonStatus status;
  status.receivers = {{"ops", "healthy", ""}, {"email", "unused", ""}};
  status.targets.push_back({"node", "http://a", "up", "", {}, {}});
  status.targets.push_back({"node", "http://b", "unknown", "", {}, {}});  // not scraped yet
  status.outbox_pending = 3;
  EXPECT_EQ(status.overall(), "healthy");
  EXPECT_EQ(status.notifications_health(), "healthy");
  EXPECT_EQ(status.database_health(), "healthy");
  EXPECT_EQ(status.collection_health(), "healthy");
  EXPECT_EQ(status.alert_manager_health(), "healthy");
}

TEST(DaemonStatus, IsDegradedWhileTheStoreCannotBeWritten) {
  DaemonStatus status;
  status.store_trouble = "disk full";
  EXPECT_EQ(status.overall(), "degraded");
  EXPECT_EQ(status.database_health(), "degraded");
  EXPECT_EQ(status.alert_manager_health(), "healthy");
}

TEST(DaemonStatus, IsDegradedWhereAReceiverFailsOrSomethingWasGivenUp) {
  DaemonStatus failing;
  failing.receivers = {{"ops", "healthy", ""}, {"email", "failing", "timeout"}};
  EXPECT_EQ(failing.overall(), "degraded");
  EXPECT_EQ(failing.notifications_health(), "degraded");
  DaemonStatus given_up;
  given_up.outbox_dead = 1;
  EXPECT_EQ(given_up.overall(), "degraded");
  EXPECT_EQ(given_up.notifications_health(), "degraded");
}

TEST(DaemonStatus, IsDegradedWhereATargetIsDownOrTheHostCannotBeRead) {
  DaemonStatus down;
  down.targets.push_back({"node", "http://a", "down", "refused", {}, {}});
  EXPECT_EQ(down.overall(), "degraded");
  EXPECT_EQ(down.collection_health(), "degraded");
  DaemonStatus blind;
  blind.host_collector_healthy = false;
  EXPECT_EQ(blind.overall(), "degraded");
  EXPECT_EQ(blind.collection_health(), "degraded");
}

TEST(DaemonStatus, IsDegradedAfterAReloadThatFailed) {
  DaemonStatus status;
  status.reload.successful = false;
  EXPECT_EQ(status.overall(), "degraded");
}

TEST(DaemonStatus, IsUnhealthyOnceEvaluationHasStalledWhateverElseIsWrong) {
  DaemonStatus status;
  status.stalled = true;
  EXPECT_EQ(status.overall(), "unhealthy");
  EXPECT_EQ(status.alert_manager_health(), "unhealthy");
  status.store_trouble = "disk full";
  EXPECT_EQ(status.overall(), "unhealthy");
}

}  // namespace
}  // namespace tocsin::api
