#include "exporter/http/listen_address.h"

namespace tocsin::http {
namespace {

using ::testing::HasSubstr;

std::string Read(const char* text) {
  const Result<ListenAddress> address = ParseListenAddress(text);
  return address ? address->ip + " " + std::to_string(address->port) : address.message();
}

TEST(ListenAddress, HasHostAndPort) {
  EXPECT_EQ(Read("127.0.0.1:9095"), "127.0.0.1 9095");
  EXPECT_EQ(Read("127.0.0.1:0"), "127.0.0.1 0");
  EXPECT_EQ(Read("localhost:80"), "127.0.0.1 80");
}

TEST(ListenAddress, WithoutHostIsEveryAddress) { EXPECT_EQ(Read(":9095"), "0.0.0.0 9095"); }

TEST(ListenAddress, RefusesIpv6AndPointsToAProxy) {
  for (const char* text : {"[::1]:9095", "::1:9095", "[::]:0"}) {
    EXPECT_THAT(Read(text), HasSubstr("cannot listen on"));
    EXPECT_THAT(Read(text), HasSubstr("reverse proxy"));
  }
}

TEST(ListenAddress, RefusesWhatIsNoPort) {
  for (const char* text : {"127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1:65536",
                           "127.0.0.1:99999999999999999999", "127.0.0.1:80,81", "127.0.0.1: 80"}) {
    EXPECT_THAT(Read(text), HasSubstr("is no port number")) << text;
  }
}

// civetweb reads a suffix s as TLS, which crashes with this machine's OpenSSL.
TEST(ListenAddress, NeverOffersTls) {
  EXPECT_THAT(Read("127.0.0.1:443s"), HasSubstr("TLS belongs to a reverse proxy"));
  EXPECT_THAT(Read("127.0.0.1:80r"), HasSubstr("is no port number"));
}

TEST(ListenAddress, NeedsAPort) { EXPECT_THAT(Read("127.0.0.1"), HasSubstr("expected host:port")); }

TEST(ListenAddress, RefusesHostsThatDoNotExist) {
  EXPECT_THAT(Read("300.1.1.1:80"), HasSubstr("no IPv4 address"));
  EXPECT_THAT(Read("no host:80"), HasSubstr("no IPv4 address"));
}

}  // namespace
}  // namespace tocsin::http
