// /sys/class/net: state and settings of each interface.
// https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-class-net
#include <array>

#include "exporter/host/scan.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

constexpr double kBytesPerSecondOfMegabit = 1e6 / 8;
constexpr std::uint64_t kInterfaceUp = 0x1;  // IFF_UP

// A file that holds a number, and the family it becomes.
struct NumberAttribute {
  NumberAttribute(const char* file_name, std::string_view name, std::string_view help,
                  MetricType type = MetricType::kGauge)
      : file(file_name), family(name, type, help, {"device"}) {}
  const char* file;
  Family family;
};

class NetclassSource final : public Source {
 public:
  explicit NetclassSource(const HostPaths& paths)
      : interfaces_(JoinPath(paths.sysfs, "class/net")) {}

  std::string_view name() const override { return "netclass"; }

  Status Collect(Round& round) override {
    const Result<bool> listed = interfaces_.ForEach([&](const char* device) {
      AttributeFolder attributes(JoinPath(interfaces_.path(), device));
      // The folder holds the file bonding_masters too; and an interface may be gone by now.
      if (attributes.exists()) EmitInterface(device, attributes, round.emit);
    });
    return listed ? Status() : Status(listed.error());
  }

 private:
  void EmitInterface(std::string_view device, AttributeFolder& attributes, Emitter& emit) {
    for (const NumberAttribute& attribute : numbers_) {
      const std::optional<double> value = attributes.Number(attribute.file);
      if (value) emit.Add(attribute.family, {device}, *value);
    }
    // -1 where the driver does not know.
    const std::optional<double> speed = attributes.Number("speed");
    if (speed && *speed >= 0) emit.Add(speed_, {device}, *speed * kBytesPerSecondOfMegabit);
    const std::optional<std::uint64_t> flags = ReadHex(attributes, "flags");
    if (flags) emit.Add(flags_, {device}, static_cast<double>(*flags));
    const std::optional<std::uint64_t> port = ReadHex(attributes, "dev_id");
    if (port) emit.Add(device_id_, {device}, static_cast<double>(*port));
    EmitInfo(device, flags, attributes, emit);
  }

  static std::optional<std::uint64_t> ReadHex(AttributeFolder& attributes, const char* name) {
    const std::optional<std::string_view> text = attributes.Text(name);
    if (!text || !text->starts_with("0x")) return std::nullopt;
    return ParseUnsigned(text->substr(2), 16);
  }

  void EmitInfo(std::string_view device, std::optional<std::uint64_t> flags,
                AttributeFolder& attributes, Emitter& emit) {
    const auto text = [&attributes](const char* name) {
      return std::string(attributes.Text(name).value_or(""));
    };
    const std::string operstate = text("operstate");
    std::string_view adminstate;
    if (flags) adminstate = (*flags & kInterfaceUp) != 0 ? "up" : "down";
    emit.Add(up_, {device}, operstate == "up" ? 1 : 0);
    emit.Add(info_,
             {device, text("address"), text("broadcast"), text("duplex"), operstate, adminstate,
              text("ifalias")},
             1);
  }

  FolderLister interfaces_;

  const std::array<NumberAttribute, 15> numbers_ = {
      NumberAttribute(
          "addr_assign_type", "node_network_address_assign_type",
          "How the hardware address was chosen: 0 permanent, 1 random, 2 stolen, 3 set."),
      NumberAttribute("carrier", "node_network_carrier", "1 while there is a carrier."),
      NumberAttribute("carrier_changes", "node_network_carrier_changes_total",
                      "Changes of the carrier.", MetricType::kCounter),
      NumberAttribute("carrier_up_count", "node_network_carrier_up_changes_total",
                      "Times that the carrier came.", MetricType::kCounter),
      NumberAttribute("carrier_down_count", "node_network_carrier_down_changes_total",
                      "Times that the carrier went.", MetricType::kCounter),
      NumberAttribute("dormant", "node_network_dormant", "1 while the interface is dormant."),
      NumberAttribute("ifindex", "node_network_iface_id", "Number of the interface."),
      NumberAttribute("iflink", "node_network_iface_link",
                      "Number of the interface that this one stands on; its own for a real one."),
      NumberAttribute("link_mode", "node_network_iface_link_mode",
                      "How the link becomes up: 0 by itself, 1 as user space says."),
      NumberAttribute("mtu", "node_network_mtu_bytes", "Largest packet in bytes."),
      NumberAttribute("name_assign_type", "node_network_name_assign_type",
                      "Who named the interface: 1 kernel, 2 kernel predictably, 3 user space, 4 "
                      "renamed."),
      NumberAttribute("netdev_group", "node_network_net_dev_group", "Group of the interface."),
      NumberAttribute("tx_queue_len", "node_network_transmit_queue_length",
                      "Packets that the transmit queue holds."),
      NumberAttribute("type", "node_network_protocol_type",
                      "Protocol of the link, as the kernel's if_arp.h numbers them."),
      NumberAttribute("statistics/rx_nohandler", "node_network_receive_nohandler_total",
                      "Packets received that no protocol wanted.", MetricType::kCounter),
  };
  const Family speed_{
      "node_network_speed_bytes", MetricType::kGauge, "Speed in bytes per second.", {"device"}};
  const Family flags_{"node_network_flags",
                      MetricType::kGauge,
                      "Flags of the interface, as the kernel's if.h numbers them.",
                      {"device"}};
  const Family device_id_{"node_network_device_id",
                          MetricType::kGauge,
                          "Tells interfaces of one hardware address apart.",
                          {"device"}};
  const Family up_{
      "node_network_up", MetricType::kGauge, "1 while the interface is operational.", {"device"}};
  const Family info_{
      "node_network_info",
      MetricType::kGauge,
      "What an interface is called and how it stands; always 1.",
      {"device", "address", "broadcast", "duplex", "operstate", "adminstate", "ifalias"}};
};

}  // namespace

std::unique_ptr<Source> MakeNetclassSource(const HostPaths& paths) {
  return std::make_unique<NetclassSource>(paths);
}

}  // namespace tocsin::host
