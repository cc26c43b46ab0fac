// Any bytes, as a push and as a scraped page: they are read or refused, and what was read is
// written and read back as the same families.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/number.h"
#include "base/text.h"
#include "exporter/exposition/arrange.h"
#include "exporter/exposition/text_parser.h"
#include "exporter/exposition/writer.h"

namespace tocsin::exposition {
namespace {

// Says of every second series that it is known, so that both ways through the parser are taken.
class HalfKnowing final : public TextVisitor {
 public:
  Status OnType(std::string_view, MetricType) override { return {}; }
  Status OnHelp(std::string_view, std::string_view help) override {
    CHECK(IsValidUtf8(help));
    return {};
  }
  bool Knows(std::string_view) override {
    known_ = !known_;
    return known_;
  }
  Status OnSample(const TextSample& sample) override {
    CHECK(!IsStaleNan(sample.value));
    CHECK(known_ ? sample.name.empty() : IsLegacyMetricName(sample.name));
    return {};
  }

 private:
  bool known_ = false;
};

bool SameValue(double a, double b) { return a == b || (a != a && b != b); }

void CheckSame(const std::vector<Family>& a, const std::vector<Family>& b) {
  CHECK(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].metadata.name == b[i].metadata.name);
    CHECK(a[i].metadata.help == b[i].metadata.help);
    CHECK(a[i].metadata.type == b[i].metadata.type);
    CHECK(a[i].points.size() == b[i].points.size());
    for (std::size_t j = 0; j < a[i].points.size(); ++j) {
      CHECK(a[i].points[j].name == b[i].points[j].name);
      CHECK(a[i].points[j].labels == b[i].points[j].labels);
      CHECK(SameValue(a[i].points[j].value, b[i].points[j].value));
    }
  }
}

void Run(std::string_view body, Dialect dialect) {
  HalfKnowing visitor;
  static_cast<void>(ParseText(body, dialect, visitor));

  std::vector<Family> families;
  if (const auto error = ParseFamilies(body, dialect, &families)) {
    CHECK(error->line > 0 && error->column > 0);
    CHECK(error->ToString().find('\n') == std::string::npos);
    return;
  }
  Arrange(&families);
  std::string page;
  WriteText(families, &page);
  Result<std::vector<Family>> again = ParseFamilies(page, Dialect::kScrape);
  CHECK(again.ok());
  Arrange(&*again);
  CheckSame(families, *again);

  std::string open_metrics;
  WriteOpenMetrics(std::move(families), &open_metrics);
  CHECK(open_metrics.ends_with("# EOF\n"));
}

}  // namespace
}  // namespace tocsin::exposition

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  tocsin::exposition::Run(body, tocsin::exposition::Dialect::kPush);
  tocsin::exposition::Run(body, tocsin::exposition::Dialect::kScrape);
  return 0;
}
