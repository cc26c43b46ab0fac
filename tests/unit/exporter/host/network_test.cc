// /proc/net/* and /sys/class/net.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/unit/exporter/host/host_world.h"

namespace tocsin::host {
namespace {

const std::string kNetDevTitles =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n";

TEST(NetdevSource, TellsEveryCounterOfEachInterface) {
  HostWorld world;
  world.Write("proc/net/dev", kNetDevTitles + "  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
  world.Use(MakeNetdevSource(world.paths()));
  world.Collect();
  const char* const families[] = {
      "receive_bytes",  "receive_packets",  "receive_errs",       "receive_drop",
      "receive_fifo",   "receive_frame",    "receive_compressed", "receive_multicast",
      "transmit_bytes", "transmit_packets", "transmit_errs",      "transmit_drop",
      "transmit_fifo",  "transmit_colls",   "transmit_carrier",   "transmit_compressed"};
  int value = 1;
  for (const char* family : families) {
    const std::string name = std::string("node_network_") + family + "_total";
    EXPECT_EQ(world.Node(name, {{"device", "eth0"}}), std::to_string(value++)) << name;
    EXPECT_EQ(world.TypeOf(name), MetricType::kCounter) << name;
  }
}

TEST(NetdevSource, TellsRatesAndTotalsOfAllButLoopback) {
  HostWorld world;
  const auto write = [&world](int eth0, int eth1, int lo) {
    const auto line = [](const char* device, int bytes) {
      const std::string n = std::to_string(bytes);
      const std::string sent = std::to_string(2 * bytes);
      return std::string(device) + ": " + n + " 0 0 0 0 0 0 0 " + sent + " 0 0 0 0 0 0 0\n";
    };
    world.Write("proc/net/dev",
                kNetDevTitles + line("eth0", eth0) + line("eth1", eth1) + line("lo", lo));
  };
  write(100, 200, 1000);
  world.Use(MakeNetdevSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.System("system_network_bytes_recv"), std::nullopt);
  EXPECT_EQ(world.System("system_network_bytes_recv_total"), "300");
  write(150, 250, 9000);
  world.CollectAfter(Duration(2000));
  EXPECT_EQ(world.System("system_network_bytes_recv"), "50");
  EXPECT_EQ(world.System("system_network_bytes_sent"), "100");
  EXPECT_EQ(world.System("system_network_bytes_recv_total"), "400");
  EXPECT_EQ(world.System("system_network_bytes_sent_total"), "800");
  EXPECT_EQ(world.Node("node_network_receive_bytes_total", {{"device", "lo"}}), "9000");
}

TEST(NetdevSource, AnInterfaceThatIsGoneEnds) {
  HostWorld world;
  const std::string zeros = ": 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
  world.Write("proc/net/dev", kNetDevTitles + "eth0" + zeros + "veth1" + zeros);
  world.Use(MakeNetdevSource(world.paths()));
  world.Collect();
  world.Write("proc/net/dev", kNetDevTitles + "eth0" + zeros);
  world.CollectAfter(Duration(1000));
  EXPECT_EQ(world.Node("node_network_receive_bytes_total", {{"device", "veth1"}}), "stale");
  EXPECT_EQ(world.Node("node_network_receive_bytes_total", {{"device", "eth0"}}), "1");
}

TEST(NetclassSource, TellsStateAndSettingsOfAnInterface) {
  HostWorld world;
  const std::pair<const char*, const char*> files[] = {{"address", "52:54:00:00:00:01"},
                                                       {"broadcast", "ff:ff:ff:ff:ff:ff"},
                                                       {"duplex", "full"},
                                                       {"operstate", "up"},
                                                       {"ifalias", "uplink"},
                                                       {"flags", "0x1003"},
                                                       {"mtu", "1500"},
                                                       {"speed", "1000"},
                                                       {"carrier", "1"},
                                                       {"carrier_changes", "4"},
                                                       {"tx_queue_len", "1000"},
                                                       {"ifindex", "2"},
                                                       {"statistics/rx_nohandler", "5"},
                                                       {"dev_id", "0x1f"}};
  for (const auto& [file, text] : files) {
    world.Write(std::string("sys/class/net/eth0/") + file, std::string(text) + "\n");
  }
  world.Write("sys/class/net/bonding_masters", "bond0\n");  // a file, not an interface
  world.Use(MakeNetclassSource(world.paths()));
  world.Collect();
  const std::pair<const char*, const char*> expected[] = {
      {"node_network_up", "1"},
      {"node_network_mtu_bytes", "1500"},
      {"node_network_speed_bytes", "125000000"},
      {"node_network_carrier", "1"},
      {"node_network_carrier_changes_total", "4"},
      {"node_network_transmit_queue_length", "1000"},
      {"node_network_iface_id", "2"},
      {"node_network_flags", "4099"},
      {"node_network_device_id", "31"},
      {"node_network_receive_nohandler_total", "5"}};
  for (const auto& [family, value] : expected) {
    EXPECT_EQ(world.Node(family, {{"device", "eth0"}}), value) << family;
    EXPECT_EQ(world.Count(family), 1U) << family;
  }
  EXPECT_EQ(world.TypeOf("node_network_carrier_changes_total"), MetricType::kCounter);
  EXPECT_EQ(world.TypeOf("node_network_mtu_bytes"), MetricType::kGauge);
  EXPECT_EQ(world.Node("node_network_info", {{"device", "eth0"},
                                             {"address", "52:54:00:00:00:01"},
                                             {"broadcast", "ff:ff:ff:ff:ff:ff"},
                                             {"duplex", "full"},
                                             {"operstate", "up"},
                                             {"adminstate", "up"},
                                             {"ifalias", "uplink"}}),
            "1");
}

TEST(NetclassSource, HasNoSpeedWhereTheDriverDoesNotKnowIt) {
  HostWorld world;
  world.Write("sys/class/net/tun0/speed", "-1\n");
  world.Write("sys/class/net/tun0/operstate", "unknown\n");
  world.Use(MakeNetclassSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Count("node_network_speed_bytes"), 0U);
  EXPECT_EQ(world.Node("node_network_up", {{"device", "tun0"}}), "0");
}

TEST(NetstatSource, TakesTheCountersThatDashboardsKnowAsUntyped) {
  HostWorld world;
  world.Write("proc/net/snmp",
              "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
              "Tcp: RtoAlgorithm MaxConn CurrEstab RetransSegs InErrs\nTcp: 1 -1 7 8 9\n"
              "Udp: InDatagrams NoPorts InErrors\nUdp: 10 11 12\n");
  world.Write("proc/net/netstat",
              "TcpExt: SyncookiesSent ListenDrops TCPTimeouts TW\nTcpExt: 13 14 15 16\n"
              "IpExt: InOctets InMcastPkts\nIpExt: 17 18\n");
  world.Write("proc/net/snmp6", "Ip6InOctets 19\nIp6InReceives 20\nUdp6NoPorts 21\n");
  world.Use(MakeNetstatSource(world.paths()));
  world.Collect();
  const std::pair<const char*, const char*> expected[] = {
      {"Ip_Forwarding", "1"},       {"Tcp_CurrEstab", "7"},          {"Tcp_RetransSegs", "8"},
      {"Tcp_InErrs", "9"},          {"Udp_InDatagrams", "10"},       {"Udp_NoPorts", "11"},
      {"Udp_InErrors", "12"},       {"TcpExt_SyncookiesSent", "13"}, {"TcpExt_ListenDrops", "14"},
      {"TcpExt_TCPTimeouts", "15"}, {"IpExt_InOctets", "17"},        {"Ip6_InOctets", "19"},
      {"Udp6_NoPorts", "21"}};
  for (const auto& [field, value] : expected) {
    EXPECT_EQ(world.Node(std::string("node_netstat_") + field), value) << field;
  }
  for (const char* field :
       {"Ip_DefaultTTL", "Tcp_MaxConn", "TcpExt_TW", "IpExt_InMcastPkts", "Ip6_InReceives"}) {
    EXPECT_EQ(world.Node(std::string("node_netstat_") + field), std::nullopt) << field;
  }
  EXPECT_EQ(world.TypeOf("node_netstat_Tcp_CurrEstab"), MetricType::kUnknown);
}

TEST(NetstatSource, WorksWithoutIpv6) {
  HostWorld world;
  world.Write("proc/net/snmp", "Ip: Forwarding\nIp: 2\n");
  world.Use(MakeNetstatSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_netstat_Ip_Forwarding"), "2");
  EXPECT_EQ(world.Success("netstat"), "1");
}

TEST(SockstatSource, TellsSocketsAndTheirMemoryInPagesAndBytes) {
  HostWorld world;
  world.Write("proc/net/sockstat", "sockets: used 15\nTCP: inuse 4 orphan 0 tw 1 alloc 6 mem 3\n");
  world.Write("proc/net/sockstat6", "TCP6: inuse 2\n");
  world.Use(MakeSockstatSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_sockstat_sockets_used"), "15");
  EXPECT_EQ(world.Node("node_sockstat_TCP_inuse"), "4");
  EXPECT_EQ(world.Node("node_sockstat_TCP_tw"), "1");
  EXPECT_EQ(world.Node("node_sockstat_TCP_mem"), "3");
  EXPECT_EQ(world.Node("node_sockstat_TCP_mem_bytes"), std::to_string(3 * ::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(world.Node("node_sockstat_TCP6_inuse"), "2");
  EXPECT_EQ(world.TypeOf("node_sockstat_TCP_inuse"), MetricType::kGauge);
}

TEST(SoftnetSource, TellsTheColumnsOfEachCpu) {
  HostWorld world;
  world.Write("proc/net/softnet_stat",
              "00000010 00000002 00000003 0 0 0 0 0 00000004 00000005 00000006 00000007 00000000\n"
              "00000011 0 0 0 0 0 0 0 0 0 0 0 00000002\n");
  world.Use(MakeSoftnetSource(world.paths()));
  world.Collect();
  const std::pair<const char*, const char*> expected[] = {
      {"node_softnet_processed_total", "16"},     {"node_softnet_dropped_total", "2"},
      {"node_softnet_times_squeezed_total", "3"}, {"node_softnet_cpu_collision_total", "4"},
      {"node_softnet_received_rps_total", "5"},   {"node_softnet_flow_limit_count_total", "6"},
      {"node_softnet_backlog_len", "7"}};
  for (const auto& [family, value] : expected) {
    EXPECT_EQ(world.Node(family, {{"cpu", "0"}}), value) << family;
  }
  EXPECT_EQ(world.Node("node_softnet_processed_total", {{"cpu", "2"}}), "17");
  EXPECT_EQ(world.TypeOf("node_softnet_backlog_len"), MetricType::kGauge);
  EXPECT_EQ(world.TypeOf("node_softnet_dropped_total"), MetricType::kCounter);
}

TEST(ArpSource, CountsTheEntriesOfEachDevice) {
  HostWorld world;
  world.Write("proc/net/arp",
              "IP address       HW type     Flags       HW address            Mask     Device\n"
              "10.0.0.1  0x1 0x2 00:00:00:00:00:01 * eth0\n"
              "10.0.0.2  0x1 0x2 00:00:00:00:00:02 * eth0\n"
              "10.1.0.1  0x1 0x2 00:00:00:00:00:03 * eth1\n");
  world.Use(MakeArpSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_arp_entries", {{"device", "eth0"}}), "2");
  EXPECT_EQ(world.Node("node_arp_entries", {{"device", "eth1"}}), "1");
}

TEST(UdpQueuesSource, AddsUpTheQueuesOfAllSockets) {
  HostWorld world;
  const std::string title = "  sl  local_address rem_address   st tx_queue rx_queue tr\n";
  world.Write("proc/net/udp",
              title + "  1: 0100007F:0035 00000000:0000 07 00000010:00000001 00:00000000\n" +
                  "  2: 0100007F:0036 00000000:0000 07 00000001:00000020 00:00000000\n");
  world.Write("proc/net/udp6", title);
  world.Use(MakeUdpQueuesSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_udp_queues", {{"queue", "tx"}, {"ip", "v4"}}), "17");
  EXPECT_EQ(world.Node("node_udp_queues", {{"queue", "rx"}, {"ip", "v4"}}), "33");
  EXPECT_EQ(world.Node("node_udp_queues", {{"queue", "tx"}, {"ip", "v6"}}), "0");
}

}  // namespace
}  // namespace tocsin::host
