#include "exporter/http/client_address.h"

#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

std::vector<IpNetwork> Trusted() {
  return {*IpNetwork::Parse("127.0.0.1"), *IpNetwork::Parse("10.0.0.0/8"),
          *IpNetwork::Parse("fd00::/8")};
}

std::string Of(std::string_view peer, const std::string& forwarded) {
  return ClientAddress(peer, Headers{{"Host", "x"}, {"x-forwarded-for", forwarded}}, Trusted());
}

TEST(ClientAddress, IsThePeersWhereThatIsNoTrustedProxy) {
  EXPECT_EQ(Of("192.0.2.7", "198.51.100.1"), "192.0.2.7");
  EXPECT_EQ(ClientAddress("127.0.0.1", Headers{{"X-Forwarded-For", "198.51.100.1"}}, {}),
            "127.0.0.1");
}

TEST(ClientAddress, IsTheNearestStationThatIsNoTrustedProxy) {
  EXPECT_EQ(Of("127.0.0.1", "198.51.100.1"), "198.51.100.1");
  EXPECT_EQ(Of("127.0.0.1", "198.51.100.1, 10.0.0.5"), "198.51.100.1");
  EXPECT_EQ(Of("10.9.9.9", "203.0.113.9,198.51.100.1 , fd00::5,10.0.0.5"), "198.51.100.1");
}

TEST(ClientAddress, ThatAClientMadeUpIsNotBelieved) {
  // The client sent the first one; the proxy added the second.
  EXPECT_EQ(Of("127.0.0.1", "127.0.0.1, 198.51.100.1"), "198.51.100.1");
  EXPECT_EQ(Of("127.0.0.1", "10.0.0.1, 198.51.100.1"), "198.51.100.1");
}

TEST(ClientAddress, IsTheFarthestProxyWhereThereAreOnlyProxies) {
  EXPECT_EQ(Of("127.0.0.1", "10.0.0.1, 10.0.0.2"), "10.0.0.1");
  EXPECT_EQ(Of("127.0.0.1", ""), "127.0.0.1");
  EXPECT_EQ(ClientAddress("127.0.0.1", Headers{}, Trusted()), "127.0.0.1");
}

TEST(ClientAddress, WithAPortOrOfIpV6) {
  EXPECT_EQ(Of("127.0.0.1", "198.51.100.1:4711"), "198.51.100.1");
  EXPECT_EQ(Of("127.0.0.1", "2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(Of("127.0.0.1", "[2001:db8::1]:4711"), "2001:db8::1");
}

TEST(ClientAddress, StopsAtWhatIsNoAddress) {
  for (const char* nonsense : {"unknown", "_hidden", "", " ", "[2001:db8::1", "1.2.3.4.5", "\xff",
                               "198.51.100.1\"; DROP", "a:b", ":", "[]", "[", "]"}) {
    EXPECT_EQ(Of("127.0.0.1", std::string("198.51.100.1, ") + nonsense + ", 10.0.0.5"), "10.0.0.5")
        << nonsense;
  }
}

TEST(ClientAddress, OfSeveralHeadersTheLastCameLast) {
  const Headers headers = {{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-For", "10.0.0.5"}};
  EXPECT_EQ(ClientAddress("127.0.0.1", headers, Trusted()), "203.0.113.9");
}

}  // namespace
}  // namespace tocsin::http
