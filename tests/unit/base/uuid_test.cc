#include "base/uuid.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

namespace tocsin {
namespace {

TEST(RandomUuid, IsVersionFourAndNeverTheSame) {
  const std::string id = RandomUuid();
  EXPECT_TRUE(re2::RE2::FullMatch(
      id, "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"))
      << id;
  EXPECT_NE(RandomUuid(), id);
}

TEST(UuidFromName, DependsOnTheNameAlone) {
  EXPECT_EQ(UuidFromName("rules.d/host.yml;High CPU"), UuidFromName("rules.d/host.yml;High CPU"));
  EXPECT_NE(UuidFromName("a"), UuidFromName("b"));
  EXPECT_EQ(UuidFromName("a").size(), 36U);
  EXPECT_EQ(UuidFromName("a")[14], '8');
}

}  // namespace
}  // namespace tocsin
