#include "evaluator/lifecycle/alert_book.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

#include "tests/support/evaluator_builders.h"
#include "tests/unit/evaluator/cpu_series.h"

namespace tocsin::evaluator {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

AlertPtr MakeAlert(const std::string& id, AlertState state, Timestamp at) {
  auto alert = std::make_shared<Alert>();
  alert->id = id;
  alert->state = state;
  alert->rule = testing::CpuRule();
  alert->pending_since = at;
  alert->triggered_at = at;
  alert->last_value_at = at;
  alert->value = 81;
  if (state == AlertState::kResolved) alert->resolved_at = at;
  return alert;
}

TEST(AlertBook, ListsTheAskedStatesNewestFirst) {
  AlertBook book;
  book.Put(MakeAlert("old", AlertState::kFiring, kNow), nullptr);
  book.Put(MakeAlert("new", AlertState::kFiring, kNow + seconds(1)), nullptr);
  book.Put(MakeAlert("done", AlertState::kResolved, kNow), nullptr);
  const std::vector<AlertPtr> firing = book.List({AlertState::kFiring});
  ASSERT_EQ(firing.size(), 2U);
  EXPECT_EQ(firing[0]->id, "new");
  EXPECT_EQ(firing[1]->id, "old");
  EXPECT_EQ(book.List({AlertState::kFiring, AlertState::kResolved}).size(), 3U);
}

TEST(AlertBook, ShowsTheNewestValueOfWhatIsNotResolved) {
  AlertBook book;
  auto watch =
      std::make_shared<ThresholdWatch>(testing::CpuRule(), Labels{{"__name__", "cpu"}}, minutes(5));
  book.Put(MakeAlert("a", AlertState::kFiring, kNow), watch);
  Signal signal;
  watch->OnSample({kNow + seconds(3), 99}, kNow + seconds(3), &signal);
  EXPECT_EQ(book.Find("a")->value, 99);
  EXPECT_EQ(book.Find("a")->last_value_at, kNow + seconds(3));
  book.Put(MakeAlert("a", AlertState::kResolved, kNow), watch);
  EXPECT_EQ(book.Find("a")->value, 81);
}

TEST(AlertBook, ASurveyFindsEachOfTheAskedStatesOnceThoughOthersChangeMeanwhile) {
  AlertBook book;
  std::set<std::string> firing;
  for (int n = 0; n < 3000; ++n) {
    const std::string id = std::to_string(n);
    const bool fires = n % 3 != 0;
    book.Put(MakeAlert(id, fires ? AlertState::kFiring : AlertState::kResolved, kNow), nullptr);
    if (fires) firing.insert(id);
  }
  std::thread others([&book] {
    for (int n = 0; n < 20000; ++n) {
      const std::string id = "other " + std::to_string(n);
      book.Put(MakeAlert(id, AlertState::kPending, kNow), nullptr);
      if (n % 2 == 0) book.Remove(id);
    }
  });
  for (int turn = 0; turn < 50; ++turn) {
    std::set<std::string> found;
    for (const AlertPtr& alert : book.Survey({AlertState::kFiring})) {
      EXPECT_TRUE(found.insert(alert->id).second) << alert->id;
    }
    EXPECT_EQ(found, firing);
  }
  others.join();
  EXPECT_EQ(book.Survey({AlertState::kPending}).size(), 10000U);
  EXPECT_TRUE(AlertBook().Survey({AlertState::kFiring}).empty());
}

TEST(AlertBook, FindsNothingAfterRemove) {
  AlertBook book;
  book.Put(MakeAlert("a", AlertState::kPending, kNow), nullptr);
  book.Remove("a");
  EXPECT_EQ(book.Find("a"), nullptr);
}

TEST(AlertBook, PruningTakesOldAndSurplusResolvedAlertsAndNoOthers) {
  AlertBook book;
  book.Put(MakeAlert("firing", AlertState::kFiring, kNow - minutes(99)), nullptr);
  book.Put(MakeAlert("ancient", AlertState::kResolved, kNow - minutes(99)), nullptr);
  book.Put(MakeAlert("older", AlertState::kResolved, kNow - minutes(2)), nullptr);
  book.Put(MakeAlert("newest", AlertState::kResolved, kNow - minutes(1)), nullptr);
  EXPECT_EQ(book.PruneResolved(kNow - minutes(60), 10), (std::vector<std::string>{"ancient"}));
  EXPECT_EQ(book.PruneResolved(kNow - minutes(60), 1), (std::vector<std::string>{"older"}));
  EXPECT_NE(book.Find("newest"), nullptr);
  EXPECT_NE(book.Find("firing"), nullptr);
}

}  // namespace
}  // namespace tocsin::evaluator
