#include "exporter/daemon/receiver_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/clock.h"
#include "base/text.h"
#include "config/alertmanager_file.h"
#include "config/files.h"
#include "exporter/api/receiver_trial_api.h"
#include "exporter/daemon/alertmanager_commands.h"
#include "exporter/daemon/command_channels.h"
#include "exporter/daemon/command_output.h"
#include "exporter/daemon/configured.h"
#include "exporter/daemon/receiver_test_audit.h"
#include "receivers/trial/trial.h"

namespace tocsin::daemon {
namespace {

constexpr std::size_t kMaxAlertBytes = 4 << 20;

// Null after having said what is wrong; `external_url` is what the file says of it.
Result<receivers::PipelineGraphPtr> LoadGraph(const std::string& file, bool expand_env,
                                              const Clock& clock,
                                              const receivers::ChannelContext& context,
                                              std::string* external_url) {
  if (IsAlertmanagerFile(file)) {
    config::DiskFiles files;
    const config::LoadedAlertmanager loaded =
        config::LoadAlertmanagerFile(file, HowToReadAlertmanagerFiles(expand_env, clock), files);
    PrintDiagnostics(loaded.diagnostics);
    if (loaded.settings == nullptr) return Error{""};
    return receivers::BuildPipelineGraph(loaded.settings, context);
  }
  const config::Loaded loaded = LoadDaemonConfig(file, expand_env, clock);
  PrintDiagnostics(loaded.diagnostics);
  if (loaded.settings == nullptr) return Error{""};
  *external_url = loaded.settings->web.external_url;
  const Result<Configured> configured = BuildConfigured(loaded.settings, context);
  if (!configured) return configured.error();
  return configured->graph;
}

Status ReadAlertFile(const std::string& file, Timestamp now, receivers::TrialOrder* order) {
  if (file.empty()) return {};
  config::DiskFiles files;
  const Result<std::string> text = files.Read(file, kMaxAlertBytes);
  if (!text) return Error{fmt::format("--alert: {}: {}", file, text.message())};
  if (Status read = api::ReadTrialOrder(*text, now, order); !read) {
    return Error{fmt::format("--alert: {}: {}", file, read.message())};
  }
  return {};
}

void NoteTest(const ReceiverTestOptions& options,
              const std::vector<receivers::ChannelTrial>& trials) {
  ReceiverTestOutcome outcome{options.receiver};
  for (const receivers::ChannelTrial& trial : trials) {
    ++(trial.outcome.kind == receivers::Outcome::Kind::kDelivered ? outcome.delivered
                                                                  : outcome.failed);
  }
  const Status noted = NoteReceiverTest(options.storage_path, outcome);
  if (noted) return;
  std::fflush(stdout);  // where both are one, the line stands behind the report
  fmt::print(stderr,
             "this test is not in the audit log ({}); one by the API is: POST "
             "/api/v1/alerting/channels/{}/test\n",
             noted.message(), PercentEncode(options.receiver));
}

}  // namespace

int TestReceiver(const ReceiverTestOptions& options) {
  const SystemClock clock;
  const CommandChannels channels(clock);
  const receivers::ChannelContext& context = channels.context();
  receivers::TrialOrder order;
  order.receiver = options.receiver;
  order.render_only = options.render_only;
  const Result<receivers::PipelineGraphPtr> graph =
      LoadGraph(options.config_file, options.expand_env, clock, context, &order.external_url);
  if (!graph) return graph.message().empty() ? 1 : FailWith(graph.message());
  if (Status read = ReadAlertFile(options.alert_file, clock.Now(), &order); !read) {
    return FailWith(read.message());
  }
  const Result<std::vector<receivers::ChannelTrial>> trials =
      receivers::TryReceiver(**graph, order, context);
  if (!trials) return FailWith(fmt::format("{}: {}", options.config_file, trials.message()));
  fmt::print("{}", receivers::TrialReport(*trials, order.render_only));
  if (!order.render_only) NoteTest(options, *trials);
  const bool is_good =
      std::all_of(trials->begin(), trials->end(), [&order](const receivers::ChannelTrial& trial) {
        return (order.render_only && !trial.exchanges.empty()) ||
               trial.outcome.kind == receivers::Outcome::Kind::kDelivered;
      });
  return is_good ? 0 : 1;
}

}  // namespace tocsin::daemon
