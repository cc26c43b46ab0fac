#include "config/checked_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/go_duration.h"
#include "base/number.h"
#include "base/text.h"
#include "base/url_user_info.h"
#include "config/http_config.h"
#include "config/yaml_print.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kFileSuffix = "_file";

bool IsFileKey(std::string_view key) {
  return key.size() > kFileSuffix.size() && key.ends_with(kFileSuffix);
}

// `password` of `password_file` and the other way round; empty where the table has none.
std::string TwinOf(KeyTable table, std::string_view key) {
  std::string twin = IsFileKey(key) ? std::string(key.substr(0, key.size() - kFileSuffix.size()))
                                    : fmt::format("{}{}", key, kFileSuffix);
  return FindSpec(table, twin) == nullptr ? "" : twin;
}

bool IsText(const YamlNode& node) { return node.kind == YamlNode::Kind::kScalar; }

// Of a key without a value in the end: whether one was written all the same, and has been reported.
bool IsWrong(const YamlNode* written) {
  return written != nullptr && !(IsText(*written) && written->text.empty());
}

// https://example.org/<secret>. Alertmanager 0.25 takes no bare <secret> for a webhook's address.
std::string HideUrl(std::string_view url) {
  const std::size_t slashes = url.find("://");
  if (slashes == std::string_view::npos) return kSecretText;
  std::string_view host = url.substr(slashes + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  const std::size_t at = host.rfind('@');
  if (at != std::string_view::npos) host.remove_prefix(at + 1);
  std::string hidden = fmt::format("{}://{}/{}", url.substr(0, slashes), host, kSecretText);
  // A template may stand where the host would.
  return CheckUrlWithUserInfo(hidden) ? hidden : kSecretText;
}

class KeyReader {
 public:
  KeyReader(MapDecoder& map, KeyTable table) : map_(map), report_(map.report()), table_(table) {}

  CheckedKeys Read() {
    for (const KeySpec& spec : table_) {
      if (spec.kind == ValueKind::kMistake && !map_.Has(spec.key)) continue;
      const YamlNode* node = map_.Find(spec.key);
      if (spec.kind == ValueKind::kMistake) {
        ReportMistake(spec);
      } else if (node != nullptr) {
        ReadKey(spec, *node);
      }
    }
    for (const KeySpec& spec : table_) {
      // The table's own text: the decoder keeps views of keys.
      const KeySpec* file = FindSpec(table_, fmt::format("{}{}", spec.key, kFileSuffix));
      if (file != nullptr) CheckAtMostOne(map_, spec.key, file->key);
    }
    return std::move(keys_);
  }

 private:
  void ReadKey(const KeySpec& spec, const YamlNode& node) {
    switch (spec.kind) {
      case ValueKind::kText:
      case ValueKind::kUrl:
      case ValueKind::kAddress:
      case ValueKind::kSecret:
      case ValueKind::kSecretUrl:
      case ValueKind::kSecretTemplateUrl:
        return ReadTextKey(spec, node);
      case ValueKind::kBool: {
        bool value = false;
        if (map_.ReadBool(spec.key, &value))
          keys_.Set(spec.key, YamlWord(value ? "true" : "false"));
        return;
      }
      case ValueKind::kCount: {
        std::uint64_t value = 0;
        if (map_.ReadCount(spec.key, &value)) keys_.Set(spec.key, YamlWord(fmt::to_string(value)));
        return;
      }
      case ValueKind::kInteger:
        return ReadInteger(spec, node);
      case ValueKind::kDuration:
      case ValueKind::kGoDuration:
      case ValueKind::kAnyDuration:
        return ReadDuration(spec, node);
      case ValueKind::kTexts:
        return ReadTexts(spec);
      case ValueKind::kTextMap:
        return ReadTextMap(spec);
      case ValueKind::kAny:
        keys_.Set(spec.key, node);
        return;
      case ValueKind::kAnyMap:
        map_.ReadEntries(spec.key);
        if (node.kind == YamlNode::Kind::kMap) keys_.Set(spec.key, node);
        return;
      case ValueKind::kMap:
        keys_.Set(spec.key, ReadInner(spec, node));
        return;
      case ValueKind::kMaps:
        return ReadMaps(spec);
      case ValueKind::kMistake:
        return;
    }
  }

  void ReportMistake(const KeySpec& spec) {
    report_.Error(map_.PlaceOfKey(spec.key),
                  fmt::format("unknown key {} in {}; {}", QuoteForMessage(spec.key), map_.name(),
                              spec.missing));
  }

  void ReadTextKey(const KeySpec& spec, const YamlNode& node) {
    std::string text;
    const bool is_secret = spec.kind == ValueKind::kSecret || spec.kind == ValueKind::kSecretUrl ||
                           spec.kind == ValueKind::kSecretTemplateUrl;
    if (is_secret) {
      Secret secret;
      if (!ReadSecret(map_, spec.key, &secret)) return;
      text = secret.Reveal();
    } else if (!map_.ReadText(spec.key, &text)) {
      return;
    }
    CheckText(spec, node.mark, text);
    YamlNode printed = YamlText(is_secret && !text.empty() ? kSecretText : HidePassword(text));
    if (spec.kind == ValueKind::kText) printed = YamlText(text);
    if (spec.kind == ValueKind::kSecretTemplateUrl && !text.empty()) {
      printed = YamlText(HideUrl(text));
    }
    const bool is_hidden = printed.text != text || is_secret;
    if (is_hidden && !is_secret) report_.NoteSecret(node.mark);  // ReadSecret notes its own
    if (IsFileKey(spec.key) && !text.empty()) report_.NoteFile(node.mark);
    keys_.Set(spec.key, std::move(printed));
    if (is_hidden) keys_.SetSecret(spec.key, Secret(std::move(text)));
  }

  void CheckText(const KeySpec& spec, Mark at, const std::string& text) {
    if (text.empty()) return;
    if (spec.kind == ValueKind::kAddress) return CheckHostPort(spec, at, text);
    const bool is_template =
        spec.kind == ValueKind::kSecretTemplateUrl && text.find("{{") != std::string::npos;
    const bool is_secret_url =
        spec.kind == ValueKind::kSecretUrl || spec.kind == ValueKind::kSecretTemplateUrl;
    if (is_template || (is_secret_url && text == kSecretText)) return;
    if (!is_secret_url && spec.kind != ValueKind::kUrl) return;
    // The address may be the secret: it stands in no message.
    if (Status status = CheckUrlWithUserInfo(text); !status) {
      report_.Error(at, fmt::format("{}: {}", spec.key, status.message()));
    }
  }

  // [::1]:25 and mail.example.org:25. https://pkg.go.dev/net#SplitHostPort
  void CheckHostPort(const KeySpec& spec, Mark at, const std::string& text) {
    const std::size_t colon = text.rfind(':');
    const std::size_t bracket = text.rfind(']');
    const bool has_colon =
        colon != std::string::npos && (bracket == std::string::npos || bracket < colon);
    if (!has_colon) {
      report_.Error(at, fmt::format("{}: address {}: missing port in address", spec.key,
                                    QuoteForMessage(text)));
    } else if (colon + 1 == text.size()) {
      report_.Error(
          at, fmt::format("{}: address {}: port cannot be empty", spec.key, QuoteForMessage(text)));
    } else if (bracket == std::string::npos && text.find(':') != colon) {
      report_.Error(at, fmt::format("{}: address {}: too many colons in address; an IPv6 address "
                                    "goes in brackets",
                                    spec.key, QuoteForMessage(text)));
    }
  }

  void ReadInteger(const KeySpec& spec, const YamlNode& node) {
    std::string text;
    if (!map_.ReadText(spec.key, &text)) return;
    if (node.quoted || !ParseInt(text)) {
      report_.Error(node.mark, fmt::format("{} must be a whole number, without quotes, not {}",
                                           spec.key, QuoteForMessage(text)));
      return;
    }
    keys_.Set(spec.key, YamlWord(text));
  }

  void ReadDuration(const KeySpec& spec, const YamlNode& node) {
    Duration value{0};
    if (spec.kind == ValueKind::kDuration) {
      if (map_.ReadDuration(spec.key, &value)) keys_.Set(spec.key, YamlWord(node.text));
      return;
    }
    std::string text;
    if (!map_.ReadText(spec.key, &text)) return;
    const bool is_good = ParseGoDuration(text).has_value() ||
                         (spec.kind == ValueKind::kAnyDuration && ParseDuration(text).has_value());
    if (!is_good) {
      report_.Error(node.mark,
                    fmt::format("{}: not a valid duration string: {}; write units such as 500ms, "
                                "30s or 1m30s",
                                spec.key, QuoteForMessage(text)));
      return;
    }
    keys_.Set(spec.key, YamlWord(text));
  }

  void ReadTexts(const KeySpec& spec) {
    std::vector<YamlNode> items;
    for (const PlacedText& text : map_.ReadTexts(spec.key)) items.push_back(YamlText(text.text));
    keys_.Set(spec.key, YamlList(std::move(items)));
  }

  void ReadTextMap(const KeySpec& spec) {
    YamlMap texts;
    for (const YamlEntry& entry : map_.ReadEntries(spec.key)) {
      std::string value;
      if (entry.value.is_null()) {
        texts.Add(entry.key, YamlText(""));
      } else if (config::ReadText(entry.value,
                                  fmt::format("{}.{}", spec.key, NameForMessage(entry.key)),
                                  report_, &value)) {
        texts.Add(entry.key, YamlText(value));
      }
    }
    keys_.Set(spec.key, std::move(texts).Take());
  }

  YamlNode ReadInner(const KeySpec& spec, const YamlNode& node) {
    MapDecoder inner(node, std::string(spec.key), report_);
    CheckedKeys keys = ReadKeys(inner, spec.inner);
    CompleteKeys(spec.inner, inner, &keys);
    inner.Finish();
    // Lists of maps hold no secrets; a map's lie under its own name.
    for (const KeySpec& each : spec.inner) {
      Secret secret = keys.SecretOf(each.key);
      if (secret.empty()) continue;
      keys_.SetSecret(fmt::format("{}.{}", spec.key, each.key), std::move(secret));
    }
    return keys.printable();
  }

  void ReadMaps(const KeySpec& spec) {
    std::vector<YamlNode> items;
    for (const YamlNode& item : map_.ReadList(spec.key)) {
      items.push_back(ReadInner(spec, item));
    }
    keys_.Set(spec.key, YamlList(std::move(items)));
  }

  MapDecoder& map_;
  FileReport& report_;
  const KeyTable table_;
  CheckedKeys keys_;
};

}  // namespace

const KeySpec* FindSpec(KeyTable table, std::string_view key) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [key](const KeySpec& spec) { return spec.key == key; });
  return found == table.end() ? nullptr : &*found;
}

const YamlNode* CheckedKeys::Find(std::string_view key) const {
  const auto found = std::find_if(node_.entries.begin(), node_.entries.end(),
                                  [key](const YamlEntry& entry) { return entry.key == key; });
  return found == node_.entries.end() ? nullptr : &found->value;
}

bool CheckedKeys::Has(std::string_view key) const {
  const YamlNode* value = Find(key);
  return value != nullptr && !value->is_null() && !(IsText(*value) && value->text.empty());
}

std::string CheckedKeys::Text(std::string_view key) const {
  const YamlNode* value = Find(key);
  return value == nullptr ? "" : value->text;
}

Secret CheckedKeys::SecretOf(std::string_view path) const {
  const auto found = std::find_if(secrets_.begin(), secrets_.end(),
                                  [path](const auto& secret) { return secret.first == path; });
  return found == secrets_.end() ? Secret() : found->second;
}

std::string CheckedKeys::Url(std::string_view key) const {
  const Secret whole = SecretOf(key);
  return whole.empty() ? Text(key) : whole.Reveal();
}

void CheckedKeys::Set(std::string_view key, YamlNode value) {
  const auto found = std::find_if(node_.entries.begin(), node_.entries.end(),
                                  [key](const YamlEntry& entry) { return entry.key == key; });
  if (found != node_.entries.end()) {
    found->value = std::move(value);
  } else {
    node_.entries.push_back({std::string(key), Mark(), std::move(value)});
  }
}

void CheckedKeys::SetSecret(std::string_view path, Secret value) {
  const auto found = std::find_if(secrets_.begin(), secrets_.end(),
                                  [path](const auto& secret) { return secret.first == path; });
  if (found != secrets_.end()) {
    found->second = std::move(value);
  } else {
    secrets_.emplace_back(path, std::move(value));
  }
}

void CheckedKeys::Copy(std::string_view key, const CheckedKeys& from, std::string_view its_key) {
  const YamlNode* value = from.Find(its_key);
  if (value == nullptr) return;
  Set(key, *value);
  if (Secret secret = from.SecretOf(its_key); !secret.empty()) SetSecret(key, std::move(secret));
}

void CheckedKeys::Order(KeyTable table) {
  const auto position = [table](const YamlEntry& entry) {
    return std::find_if(table.begin(), table.end(),
                        [&entry](const KeySpec& spec) { return spec.key == entry.key; }) -
           table.begin();
  };
  std::stable_sort(
      node_.entries.begin(), node_.entries.end(),
      [&position](const YamlEntry& a, const YamlEntry& b) { return position(a) < position(b); });
}

bool operator==(const CheckedKeys& a, const CheckedKeys& b) {
  return a.secrets_ == b.secrets_ && PrintYaml(a.node_) == PrintYaml(b.node_);
}

CheckedKeys ReadKeys(MapDecoder& map, KeyTable table) { return KeyReader(map, table).Read(); }

void InheritKeys(KeyTable table, const CheckedKeys& global, CheckedKeys* keys) {
  for (const KeySpec& spec : table) {
    if (spec.global.empty() || keys->Has(spec.key) || !global.Has(spec.global)) continue;
    const std::string twin = TwinOf(table, spec.key);
    if (!twin.empty() && keys->Has(twin)) continue;
    keys->Copy(spec.key, global, spec.global);
  }
}

void CompleteKeys(KeyTable table, MapDecoder& map, CheckedKeys* keys) {
  for (const KeySpec& spec : table) {
    if (spec.kind == ValueKind::kMistake) continue;
    const std::string twin = TwinOf(table, spec.key);
    const bool has_value =
        keys->Has(spec.key) || (!twin.empty() && keys->Has(twin)) || IsWrong(map.Find(spec.key));
    if (!has_value && !spec.missing.empty()) {
      map.report().Error(map.PlaceOf(spec.key), std::string(spec.missing));
    }
    if (keys->Find(spec.key) != nullptr || spec.fallback.empty() || spec.is_late) continue;
    const bool is_text = spec.kind == ValueKind::kText || spec.kind == ValueKind::kUrl ||
                         spec.kind == ValueKind::kAny;
    keys->Set(spec.key, is_text ? YamlText(spec.fallback) : YamlWord(spec.fallback));
  }
  keys->Order(table);
}

}  // namespace tocsin::config
