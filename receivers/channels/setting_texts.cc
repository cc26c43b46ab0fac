#include "receivers/channels/setting_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/go_duration.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/templates/payload.h"

namespace tocsin::receivers {

std::string SettingTexts::Fill(std::string_view name, const std::string& text,
                               const std::string& instead) {
  if (!status_ || text.empty()) return "";
  return Kept(texts_.RenderText(std::string(name), text, instead));
}

std::string SettingTexts::Text(std::string_view key) {
  return Fill(key, keys_.Text(key), texts_.DefaultOf(key));
}

std::string SettingTexts::Html(std::string_view key) {
  const std::string text = keys_.Text(key);
  if (!status_ || text.empty()) return "";
  return Kept(texts_.RenderHtml(std::string(key), text, texts_.DefaultOf(key)));
}

std::string SettingTexts::Member(const config::YamlNode& map, std::string_view key) {
  const config::YamlNode* member = FindMember(map, key);
  return member == nullptr ? "" : Fill(key, member->text);
}

std::string SettingTexts::Payload(std::string_view key) {
  const config::YamlNode* node = keys_.Find(key);
  if (!status_ || node == nullptr) return "null";
  Result<std::string> json = RenderPayload(*node, [this, key](const std::string& text) {
    return texts_.RenderText(std::string(key), text);
  });
  if (json) return *std::move(json);
  Fail(json.error());
  return "null";
}

std::string SettingTexts::Secret(std::string_view key) {
  return status_ ? Kept(SecretOf(keys_, key)) : "";
}

std::string SettingTexts::SecretUrl(std::string_view key) {
  return status_ ? Kept(SecretUrlOf(keys_, key)) : "";
}

std::string SettingTexts::FilledSecret(std::string_view key) {
  const std::string text = Secret(key);
  if (!status_) return "";
  const std::string file_key = fmt::format("{}_file", key);
  const std::string name = keys_.Has(file_key) ? file_key : std::string(key);
  Result<std::string> filled = texts_.RenderOrFail(name, text);
  if (filled) return *std::move(filled);
  // Of a message that begins with it ("url:1:7: ...").
  const std::string& message = filled.message();
  Fail(Error{
      fmt::format("{}: its template fails at {}", name, message.substr(0, message.find(": ")))});
  return "";
}

// The value, or its failure for the end.
std::string SettingTexts::Kept(Result<std::string> value) {
  if (value) return *std::move(value);
  Fail(value.error());
  return "";
}

void SettingTexts::Fail(Error error) {
  if (status_) status_ = Status(std::move(error));
}

const std::vector<config::YamlNode>& ItemsOf(const config::CheckedKeys& keys,
                                             std::string_view key) {
  static const std::vector<config::YamlNode> kNone;
  const config::YamlNode* list = keys.Find(key);
  return list == nullptr ? kNone : list->items;
}

const std::vector<config::YamlEntry>& EntriesOf(const config::CheckedKeys& keys,
                                                std::string_view key) {
  static const std::vector<config::YamlEntry> kNone;
  const config::YamlNode* map = keys.Find(key);
  return map == nullptr ? kNone : map->entries;
}

Duration TimeoutOf(const config::CheckedKeys& keys) {
  return ParseGoDuration(keys.Text("timeout")).value_or(Duration(0));
}

}  // namespace tocsin::receivers
