// Any bytes as a configuration file, and what follows a line of %% as its rule file.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "config/loader.h"

namespace {

using tocsin::config::Diagnostic;
using tocsin::config::Loaded;
using tocsin::config::Settings;

class OneRuleFile final : public tocsin::config::Files {
 public:
  explicit OneRuleFile(std::string_view text) : text_(text) {}
  tocsin::Result<std::string> Read(const std::string& path, std::size_t max_bytes) override {
    if (path != "rules.d/a.yml") return tocsin::Error{"No such file or directory"};
    if (text_.size() > max_bytes) return tocsin::Error{"too large"};
    return std::string(text_);
  }
  std::vector<std::string> Match(const std::string&, const std::string& pattern) override {
    if (pattern == "rules.d/*.yml") return {"rules.d/a.yml"};
    return {};
  }

 private:
  std::string_view text_;
};

void CheckDiagnostics(const tocsin::config::Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics.list()) {
    CHECK(!diagnostic.message.empty() && tocsin::IsValidUtf8(diagnostic.message));
    CHECK(diagnostic.message.find('\n') == std::string::npos);
    CHECK((diagnostic.line == 0) == (diagnostic.column == 0));
    CHECK(diagnostic.line >= 0 && diagnostic.column >= 0);
  }
}

void CheckSettings(const Settings& settings) {
  CHECK(!settings.default_receivers.empty() && !settings.receivers.empty());
  CHECK(settings.scrape_timeout <= settings.scrape_interval);
  for (const tocsin::config::ScrapeJob& job : settings.scrape_jobs) {
    CHECK(!job.name.empty() && job.timeout <= job.interval && job.interval.count() > 0);
    CHECK(job.metrics_path.front() == '/');
  }
  CHECK(settings.staleness.count() > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kSeparator = "\n%%\n";
  const std::size_t cut = input.find(kSeparator);
  const bool has_rules = cut != std::string_view::npos;
  OneRuleFile files(has_rules ? input.substr(cut + kSeparator.size()) : std::string_view());
  const auto no_environment = [](std::string_view) { return std::optional<std::string>(); };
  const Loaded loaded = tocsin::config::LoadConfigurationText("tocsin.yml", input.substr(0, cut),
                                                              no_environment, files);
  CheckDiagnostics(loaded.diagnostics);
  CHECK((loaded.settings == nullptr) == loaded.diagnostics.has_errors());
  if (loaded.settings != nullptr) CheckSettings(*loaded.settings);
  return 0;
}
