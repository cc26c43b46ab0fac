// uname(2): the kernel and the host's name.
#include <sys/utsname.h>

#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

class UnameSource final : public Source {
 public:
  std::string_view name() const override { return "uname"; }

  Status Collect(Round& round) override {
    utsname host{};
    if (::uname(&host) != 0) return Error{"uname failed"};  // only for a bad address
    round.emit.Add(
        info_,
        {host.sysname, host.release, host.version, host.machine, host.nodename, host.domainname},
        1);
    return Status();
  }

 private:
  const Family info_{"node_uname_info",
                     MetricType::kGauge,
                     "The kernel and the host's name; always 1.",
                     {"sysname", "release", "version", "machine", "nodename", "domainname"}};
};

}  // namespace

std::unique_ptr<Source> MakeUnameSource() { return std::make_unique<UnameSource>(); }

}  // namespace tocsin::host
