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

TEST(UuidOf, HoldsNumberAndTime) {
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xfff0'0000'0000'0001},
        std::uint64_t{0x0123'4567'89ab'cdef}, ~std::uint64_t{0}}) {
    for (const std::int64_t millis : {std::int64_t{0}, std::int64_t{1'700'000'000'123}}) {
      const std::string id = UuidOf(number, millis);
      EXPECT_TRUE(re2::RE2::FullMatch(
          id, "[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"))
          << id;
      const std::optional<NumberedUuid> parsed = ParseNumberedUuid(id);
      ASSERT_TRUE(parsed) << id;
      EXPECT_EQ(parsed->number, number);
      EXPECT_EQ(parsed->millis, millis);
    }
  }
}

TEST(UuidOf, IsNotReadFromAnythingElse) {
  const std::string good = UuidOf(0x0123'4567'89ab'cdef, 1'700'000'000'123);
  std::string upper = good;
  upper[30] = 'A';
  std::string dashes = good;
  std::swap(dashes[8], dashes[9]);
  const std::string four = RandomUuid();
  for (const std::string& text : {std::string(), good + "0", good.substr(1), upper, dashes, four,
                                  std::string(36, '-'), std::string(36, '0')}) {
    EXPECT_FALSE(ParseNumberedUuid(text)) << text;
  }
}

}  // namespace
}  // namespace tocsin
