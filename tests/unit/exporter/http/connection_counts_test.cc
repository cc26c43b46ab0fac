#include "exporter/http/connection_counts.h"

#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

TEST(ConnectionCounts, GivesEachAddressSoMany) {
  ConnectionCounts counts(2, {});
  EXPECT_TRUE(counts.Enter("192.0.2.1"));
  EXPECT_TRUE(counts.Enter("192.0.2.1"));
  EXPECT_FALSE(counts.Enter("192.0.2.1"));
  EXPECT_TRUE(counts.Enter("192.0.2.2"));
  counts.Leave("192.0.2.1");
  EXPECT_TRUE(counts.Enter("192.0.2.1"));
  EXPECT_FALSE(counts.Enter("192.0.2.1"));
}

TEST(ConnectionCounts, DoesNotCountSomeNetworks) {
  ConnectionCounts counts(1, {*IpNetwork::Parse("127.0.0.0/8"), *IpNetwork::Parse("10.1.0.0/16")});
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(counts.Enter("127.0.0.1"));
    EXPECT_TRUE(counts.Enter("10.1.2.3"));
  }
  counts.Leave("127.0.0.1");
  EXPECT_TRUE(counts.Enter("10.2.2.3"));
  EXPECT_FALSE(counts.Enter("10.2.2.3"));
}

}  // namespace
}  // namespace tocsin::http
