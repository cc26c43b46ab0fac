#include "config/references.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/labels.h"
#include "base/text.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kOpening = "${";

// The NAME of a text that begins with ${NAME}.
std::optional<std::string_view> NameAt(std::string_view text) {
  if (text.substr(0, kOpening.size()) != kOpening) return std::nullopt;
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view name = text.substr(kOpening.size(), end - kOpening.size());
  // The grammar of a label name is that of a variable.
  if (!IsLegacyLabelName(name)) return std::nullopt;
  return name;
}

class Expander {
 public:
  Expander(const Environment& environment, FileReport& report)
      : environment_(environment), report_(report) {}

  // Recursion is bounded by the reader of the tree: kMaxYamlDepth.
  void Expand(YamlNode* node) {
    if (node->kind == YamlNode::Kind::kScalar) ExpandText(node);
    for (YamlNode& item : node->items) Expand(&item);
    for (YamlEntry& entry : node->entries) Expand(&entry.value);
  }

 private:
  void ExpandText(YamlNode* node) {
    if (node->text.find(kOpening) == std::string::npos) return;
    std::string expanded;
    std::string_view rest = node->text;
    while (!rest.empty()) {
      const std::size_t dollar = std::min(rest.find('$'), rest.size());
      expanded += rest.substr(0, dollar);
      rest.remove_prefix(dollar);
      if (rest.substr(0, 3) == "$${") {
        expanded += kOpening;
        rest.remove_prefix(3);
      } else if (rest.substr(0, 2) == kOpening) {
        rest.remove_prefix(ExpandOne(rest, node->mark, &expanded));
      } else if (!rest.empty()) {
        expanded += '$';
        rest.remove_prefix(1);
      }
    }
    total_ += expanded.size();
    if (total_ > kMaxYamlBytes) {
      if (!is_full_) report_.Error(node->mark, "the environment's values make too much text");
      is_full_ = true;
      return;
    }
    node->text = std::move(expanded);
  }

  // How much of `text` is the reference.
  std::size_t ExpandOne(std::string_view text, Mark at, std::string* out) {
    const std::optional<std::string_view> name = NameAt(text);
    if (!name) {
      report_.Error(at,
                    "${ begins a reference to an environment variable, ${NAME}; write $${ for "
                    "the characters themselves");
      return kOpening.size();
    }
    const std::optional<std::string> value = environment_(*name);
    if (!value) {
      report_.Error(at, fmt::format("the environment variable {} is not set", *name));
    } else if (!IsValidUtf8(*value)) {
      report_.Error(at, fmt::format("the environment variable {} is not valid UTF-8", *name));
    } else if (out->size() + value->size() <= kMaxYamlBytes) {
      *out += *value;
    } else {
      total_ = kMaxYamlBytes;
    }
    return kOpening.size() + name->size() + 1;
  }

  const Environment& environment_;
  FileReport& report_;
  std::size_t total_ = 0;
  bool is_full_ = false;
};

std::optional<std::string_view> FirstReference(std::string_view text) {
  for (std::size_t at = text.find(kOpening); at != std::string_view::npos;
       at = text.find(kOpening, at + 1)) {
    if (const auto name = NameAt(text.substr(at))) return name;
  }
  return std::nullopt;
}

bool MayBeMeantLiterally(std::string_view text) {
  return text.find("{{") != std::string_view::npos || text.find('\n') != std::string_view::npos;
}

}  // namespace

void ExpandReferences(const Environment& environment, FileReport& report, YamlNode* node) {
  Expander(environment, report).Expand(node);
}

void ReportReferences(const YamlNode& node, FileReport& report) {
  if (node.kind == YamlNode::Kind::kScalar) {
    const std::optional<std::string_view> name = FirstReference(node.text);
    if (!name) return;
    const std::string message = fmt::format(
        "${{{}}} is not expanded, as in Alertmanager: use a key that ends in _file, or "
        "--config.expand-env",
        *name);
    if (MayBeMeantLiterally(node.text)) {
      report.Warning(node.mark, message);
    } else {
      report.Error(node.mark, message);
    }
  }
  for (const YamlNode& item : node.items) ReportReferences(item, report);
  for (const YamlEntry& entry : node.entries) ReportReferences(entry.value, report);
}

}  // namespace tocsin::config
