// Any text as an alertmanager.yml to be fixed: what loads before loads after, to the same settings.
#include "config/alertmanager_fix.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "config/alertmanager_file.h"
#include "config/alertmanager_print.h"

namespace {

class NoFiles final : public tocsin::config::Files {
 public:
  tocsin::Result<std::string> Read(const std::string&, std::size_t) override {
    return tocsin::Error{"No such file or directory"};
  }
  std::vector<std::string> Match(const std::string&, const std::string&) override { return {}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::config;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const FixedText fixed = FixAlertmanagerText(input);
  if (fixed.fixes.empty()) CHECK(fixed.text == input);
  NoFiles files;
  const LoadedAlertmanager before = LoadAlertmanagerText("a", input, {}, files);
  if (before.settings == nullptr) return 0;
  const LoadedAlertmanager after = LoadAlertmanagerText("a", fixed.text, {}, files);
  CHECK(after.settings != nullptr);
  CHECK(PrintAlertmanagerConfig(*after.settings) == PrintAlertmanagerConfig(*before.settings));
  return 0;
}
