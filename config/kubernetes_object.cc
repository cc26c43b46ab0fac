#include "config/kubernetes_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"

namespace tocsin::config {
namespace {

const YamlNode* ValueOf(const YamlNode& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                  [key](const YamlEntry& entry) { return entry.key == key; });
  return found == map.entries.end() ? nullptr : &found->value;
}

}  // namespace

const YamlNode* KubernetesKind(const YamlNode& root) {
  const YamlNode* const kind = ValueOf(root, "kind");
  if (kind == nullptr || kind->text.empty() || ValueOf(root, "apiVersion") == nullptr) {
    return nullptr;
  }
  return kind;
}

bool RefuseKubernetesObject(const YamlNode& root, std::string_view expected, FileReport& report) {
  const YamlNode* const kind = KubernetesKind(root);
  if (kind == nullptr) return false;
  const YamlNode* const data = ValueOf(root, "data");
  const bool holds_file = kind->text == "ConfigMap" && data != nullptr && !data->entries.empty();
  std::string message =
      fmt::format("this is a Kubernetes {}, not {}",
                  holds_file ? kind->text : QuoteForMessage(kind->text), expected);
  if (holds_file) {
    message +=
        fmt::format("; its key data.{} holds a file", QuoteForMessage(data->entries.front().key));
  }
  report.Error(kind->mark, std::move(message));
  return true;
}

}  // namespace tocsin::config
