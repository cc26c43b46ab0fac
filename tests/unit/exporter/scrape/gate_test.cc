// Close() and those inside.
#include "exporter/scrape/gate.h"

#include <atomic>
#include <optional>
#include <thread>

namespace tocsin::scrape {
namespace {

TEST(Gate, LetsInUntilItIsClosed) {
  Gate gate;
  {
    const Gate::Pass first(gate);
    const Gate::Pass second(gate);
    EXPECT_TRUE(first);
    EXPECT_TRUE(second);
  }
  gate.Close();
  EXPECT_FALSE(Gate::Pass(gate));
}

TEST(Gate, ClosesTwice) {
  Gate gate;
  gate.Close();
  gate.Close();
  EXPECT_FALSE(Gate::Pass(gate));
}

TEST(Gate, WaitsForThoseInside) {
  Gate gate;
  std::atomic<bool> closed = false;
  std::optional<Gate::Pass> inside(std::in_place, gate);
  std::thread closer([&] {
    gate.Close();
    closed = true;
  });
  while (Gate::Pass(gate)) std::this_thread::yield();  // until nobody gets in any more
  EXPECT_FALSE(closed);
  inside.reset();
  closer.join();
  EXPECT_TRUE(closed);
}

}  // namespace
}  // namespace tocsin::scrape
