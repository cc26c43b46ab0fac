// Any bytes as alertmanager.yml: problems have places, and what loads is printed so that it loads
// again and prints the same.
#include "config/alertmanager_file.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "config/alertmanager_print.h"

namespace {

using tocsin::config::AlertmanagerFileOptions;
using tocsin::config::AlertmanagerRoute;
using tocsin::config::Diagnostic;
using tocsin::config::LoadedAlertmanager;

class NoFiles final : public tocsin::config::Files {
 public:
  tocsin::Result<std::string> Read(const std::string&, std::size_t) override {
    return tocsin::Error{"No such file or directory"};
  }
  std::vector<std::string> Match(const std::string&, const std::string&) override { return {}; }
};

void CheckDiagnostics(const tocsin::config::Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics.list()) {
    CHECK(!diagnostic.message.empty() && tocsin::IsValidUtf8(diagnostic.message));
    CHECK(diagnostic.message.find('\n') == std::string::npos);
    CHECK(diagnostic.line >= 0 && diagnostic.column >= 0);
  }
}

void CheckRoute(const AlertmanagerRoute& route) {
  CHECK(!route.receiver.empty());
  CHECK(route.group_interval.count() > 0 && route.repeat_interval.count() > 0);
  CHECK(!route.group_by_all || route.group_by.empty());
  for (const AlertmanagerRoute& child : route.children) CheckRoute(child);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  NoFiles files;
  const LoadedAlertmanager loaded =
      LoadAlertmanagerText("alertmanager.yml", input, AlertmanagerFileOptions(), files);
  CheckDiagnostics(loaded.diagnostics);
  CHECK((loaded.settings == nullptr) == loaded.diagnostics.has_errors());
  if (loaded.settings == nullptr) return 0;
  CheckRoute(loaded.settings->route);
  const std::string printed = PrintAlertmanagerConfig(*loaded.settings);
  const LoadedAlertmanager again =
      LoadAlertmanagerText("alertmanager.yml", printed, AlertmanagerFileOptions(), files);
  for (const Diagnostic& diagnostic : again.diagnostics.list()) {
    CHECK(diagnostic.level != Diagnostic::Level::kError);
  }
  CHECK(again.settings != nullptr && PrintAlertmanagerConfig(*again.settings) == printed);
  return 0;
}
