#include "exporter/daemon/command_channels.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/host_name.h"
#include "exporter/daemon/version.h"
#include "receivers/channels/console_writer.h"

namespace tocsin::daemon {
namespace {

constexpr std::size_t kConsoleCapacity = 16;

}  // namespace

CommandChannels::CommandChannels(const Clock& clock)
    : sink_(MakeStderrLogSink(LogLevel::kWarn, LogFormat::kLogfmt, clock)),
      log_(*sink_, "channels"),
      http_([this] { return MakeCurlHttpClient(fmt::format("Tocsin/{}", Version()), log_); }),
      mail_([this] { return MakeCurlMailClient(log_); }),
      console_(kConsoleCapacity),
      context_{http_,
               mail_,
               clock,
               metrics_,
               [](std::string_view text, Duration timeout) {
                 return receivers::WriteToDescriptor(STDOUT_FILENO, text, timeout);
               },
               console_,
               HostName()} {}

}  // namespace tocsin::daemon
