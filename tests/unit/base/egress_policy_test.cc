#include "base/egress_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin {
namespace {

using ::testing::HasSubstr;

std::string_view PurposeOf(std::string_view text) {
  const std::optional<IpAddress> address = IpAddress::Parse(text);
  EXPECT_TRUE(address) << text;
  return SpecialPurpose(*address);
}

bool MayReach(const EgressPolicy& policy, std::string_view host, std::string_view address) {
  return policy.Check(host, *IpAddress::Parse(address)).ok();
}

TEST(EgressPolicy, KnowsWhatTheInternetDoesNotRoute) {
  const std::pair<const char*, const char*> cases[] = {
      {"127.0.0.1", "loopback"},
      {"127.255.255.254", "loopback"},
      {"::1", "loopback"},
      {"0.0.0.0", "this host"},
      {"::", "this host"},
      {"10.0.0.1", "private"},
      {"172.16.0.1", "private"},
      {"172.31.255.255", "private"},
      {"192.168.1.1", "private"},
      {"fc00::1", "private"},
      {"fdff::1", "private"},
      {"169.254.0.1", "link local"},
      {"fe80::1%eth0", "link local"},
      {"169.254.169.254", "metadata service"},
      {"fd00:ec2::254", "metadata service"},
      {"100.100.100.200", "metadata service"},
      {"168.63.129.16", "metadata service"},
      {"100.64.0.1", "shared by carriers"},
      {"224.0.0.1", "multicast"},
      {"ff02::1", "multicast"},
      {"255.255.255.255", "reserved"},
      {"192.0.2.1", "documentation"},
      {"2001:db8::1", "documentation"},
  };
  for (const auto& [address, purpose] : cases) EXPECT_EQ(PurposeOf(address), purpose) << address;
}

TEST(EgressPolicy, LeavesPublicAddressesAlone) {
  for (const char* address :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "126.255.255.255", "128.0.0.1", "172.15.255.255",
        "172.32.0.0", "169.253.255.255", "100.63.255.255", "100.128.0.0", "192.167.255.255",
        "223.255.255.255", "2606:4700::1111", "2a00::1"}) {
    EXPECT_EQ(PurposeOf(address), "") << address;
  }
}

TEST(EgressPolicy, LooksThroughAddressesThatCarryAnother) {
  EXPECT_EQ(PurposeOf("::ffff:127.0.0.1"), "loopback");
  EXPECT_EQ(PurposeOf("::ffff:a9fe:a9fe"), "metadata service");
  EXPECT_EQ(PurposeOf("64:ff9b::10.0.0.1"), "private");
  EXPECT_EQ(PurposeOf("64:ff9b::1.1.1.1"), "");
  EXPECT_EQ(PurposeOf("2002:7f00:1::"), "loopback");
  EXPECT_EQ(PurposeOf("2002:0101:0101::"), "");
  EXPECT_EQ(PurposeOf("::10.0.0.1"), "reserved");
}

TEST(EgressPolicy, ParsesAddressesAndNothingElse) {
  EXPECT_EQ(IpAddress::Parse("[::1]")->Text(), "::1");
  EXPECT_EQ(IpAddress::Parse("::ffff:192.0.2.7")->Text(), "192.0.2.7");
  for (const char* text : {"", "localhost", "127.1", "0x7f000001", "2130706433", "1.2.3.4.5",
                           "127.0.0.1 ", "1.2.3", "::g"}) {
    EXPECT_EQ(IpAddress::Parse(text), std::nullopt) << text;
  }
}

TEST(EgressPolicy, ParsesNetworks) {
  const IpNetwork network = *IpNetwork::Parse("10.1.0.0/12");
  EXPECT_TRUE(network.Contains(*IpAddress::Parse("10.15.255.255")));
  EXPECT_FALSE(network.Contains(*IpAddress::Parse("10.16.0.0")));
  EXPECT_TRUE(network.Contains(*IpAddress::Parse("::ffff:10.0.0.1")));
  EXPECT_TRUE(IpNetwork::Parse("192.0.2.1")->Contains(*IpAddress::Parse("192.0.2.1")));
  EXPECT_FALSE(IpNetwork::Parse("192.0.2.1")->Contains(*IpAddress::Parse("192.0.2.2")));
  EXPECT_TRUE(IpNetwork::Parse("0.0.0.0/0")->Contains(*IpAddress::Parse("8.8.8.8")));
  EXPECT_FALSE(IpNetwork::Parse("0.0.0.0/0")->Contains(*IpAddress::Parse("2001::1")));
  EXPECT_TRUE(IpNetwork::Parse("fd00::/8")->Contains(*IpAddress::Parse("fdab::1")));
  for (const char* text : {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "fd00::/129", "a/8",
                           "fe80::1%eth0/64", "10.0.0.0/8/8"}) {
    EXPECT_FALSE(IpNetwork::Parse(text).ok()) << text;
  }
}

TEST(EgressPolicy, RefusesWhatIsNotPublicAndSaysWhy) {
  const EgressPolicy policy;
  EXPECT_TRUE(MayReach(policy, "hooks.example.org", "93.184.216.34"));
  const Status status = policy.Check("hooks.example.org", *IpAddress::Parse("10.1.2.3"));
  EXPECT_EQ(status.message(), "refused by tocsin.egress: hooks.example.org is 10.1.2.3 (private)");
}

TEST(EgressPolicy, AllowsWhatTheOperatorNames) {
  EgressPolicy policy;
  policy.allow_networks = {*IpNetwork::Parse("10.1.0.0/16")};
  policy.allow_hosts = {"hooks.internal", "*.corp.example"};
  EXPECT_TRUE(MayReach(policy, "x.example", "10.1.2.3"));
  EXPECT_FALSE(MayReach(policy, "x.example", "10.2.2.3"));
  EXPECT_TRUE(MayReach(policy, "Hooks.Internal", "192.168.0.1"));
  EXPECT_TRUE(MayReach(policy, "hooks.internal.", "192.168.0.1"));
  EXPECT_FALSE(MayReach(policy, "a.hooks.internal", "192.168.0.1"));
  EXPECT_TRUE(MayReach(policy, "a.b.corp.example", "192.168.0.1"));
  EXPECT_FALSE(MayReach(policy, "corp.example", "192.168.0.1"));
  EXPECT_FALSE(MayReach(policy, "evilcorp.example", "192.168.0.1"));
}

TEST(EgressPolicy, JudgesNamesThatSayWhereTheyLead) {
  const EgressPolicy policy;
  for (const char* host :
       {"localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "[::1]", "169.254.169.254"}) {
    EXPECT_FALSE(policy.CheckName(host).ok()) << host;
  }
  EXPECT_TRUE(policy.CheckName("example.org").ok());
  EXPECT_TRUE(policy.CheckName("notlocalhost").ok());
  EXPECT_THAT(policy.CheckName("localhost").message(), HasSubstr("loopback"));
}

}  // namespace
}  // namespace tocsin
