// Any bytes as a template: parsed, and executed as text and as HTML over small data under small
// limits. It renders or it is refused; a message is one line; HTML never lets the data open a tag.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/template/alertmanager_functions.h"
#include "base/template/objects.h"
#include "base/template/template_set.h"

namespace {

using tocsin::Result;
using tocsin::gotemplate::Environment;
using tocsin::gotemplate::Escaping;
using tocsin::gotemplate::ExecuteOptions;
using tocsin::gotemplate::KeyValues;
using tocsin::gotemplate::Object;
using tocsin::gotemplate::Record;
using tocsin::gotemplate::TemplateSet;
using tocsin::gotemplate::Value;

constexpr std::size_t kMaxOutput = std::size_t{1} << 16U;

Value MakeData() {
  const Value labels = Value::OfObject<KeyValues>(
      KeyValues::Entries{{"alertname", "Disk"}, {"x", "<marker a='b'>\"&"}});
  return Value::OfObject<Record>(
      "Data",
      std::vector<Object::Member>{{"L", "l", labels},
                                  {"S", "s", Value("<marker>")},
                                  {"A", "a", Value::OfStrings({"a", "<marker>", "c"})},
                                  {"N", "n", Value(3)},
                                  {"F", "f", Value(1.5)},
                                  {"T", "t", Value(tocsin::FromUnixMillis(1767323045678))},
                                  {"D", "d", Value(tocsin::gotemplate::Span{1'500'000'000})}});
}

const TemplateSet& Set() {
  static const TemplateSet kSet = [] {
    Environment environment;
    environment.now = [] { return tocsin::FromUnixMillis(1767323045678); };
    return TemplateSet(AlertmanagerFunctions(environment));
  }();
  return kSet;
}

void Run(std::string_view text, Escaping escaping) {
  ExecuteOptions options;
  options.escaping = escaping;
  options.limits.steps = 5000;
  options.limits.output_bytes = kMaxOutput;
  options.limits.value_bytes = std::size_t{1} << 18U;
  const Result<std::string> result =
      Set().ExecuteText("fuzz", std::string(text), MakeData(), options);
  if (!result) {
    CHECK(!result.message().empty() && result.message().find('\n') == std::string::npos);
    return;
  }
  CHECK(result->size() <= kMaxOutput);
  const bool may_write_it =
      text.find("marker") != std::string_view::npos || text.find("safe") != std::string_view::npos;
  if (escaping == Escaping::kHtml && !may_write_it) {
    CHECK(result->find("<marker") == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Run(text, Escaping::kNone);
  Run(text, Escaping::kHtml);
  return 0;
}
