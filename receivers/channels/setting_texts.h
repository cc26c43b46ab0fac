// The settings of one receiver of alertmanager.yml while a message is made of them: their templates
// filled in, their secrets read. What is asked for after a first failure is empty; the failure is
// told at the end, so that a message can be written down without a check at each line.
//
// Lives while one message is prepared, on that thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/checked_keys.h"
#include "receivers/templates/message_texts.h"

namespace tocsin::receivers {

class SettingTexts {
 public:
  // Both outlive the object.
  SettingTexts(const config::CheckedKeys& keys, const MessageTexts& texts)
      : keys_(keys), texts_(texts) {}

  // The template under `key`, filled in; empty where the key is absent.
  std::string Text(std::string_view key);
  std::string Html(std::string_view key);
  // A template that stands deeper in the settings; `name` is what messages call it. `instead`: as
  // MessageTexts::RenderText.
  std::string Fill(std::string_view name, const std::string& text, const std::string& instead = "");
  // The text of a member of a map in the settings ("title" of an item of `fields`), filled in.
  std::string Member(const config::YamlNode& map, std::string_view key);
  // Of a payload: as receivers/templates/payload.h, as JSON text.
  std::string Payload(std::string_view key);

  // As written, without templates.
  std::string Plain(std::string_view key) const { return keys_.Text(key); }
  static bool IsTemplate(std::string_view text) {
    return text.find("{{") != std::string_view::npos;
  }
  bool IsTrue(std::string_view key) const { return keys_.Text(key) == "true"; }
  const config::CheckedKeys& keys() const { return keys_; }
  const MessageTexts& texts() const { return texts_; }

  // A secret or secret URL under `key`, or what stands in the file that `<key>_file` names. The
  // file is read for each message: whoever changes the secret need not reload.
  std::string Secret(std::string_view key);
  // That, as an address that requests can be sent to.
  std::string SecretUrl(std::string_view key);
  // A secret that is a template, filled in. What it says is told to nobody: of a failure, the
  // place.
  std::string FilledSecret(std::string_view key);

  void Fail(Error error);
  // The first failure.
  const Status& status() const { return status_; }

 private:
  std::string Kept(Result<std::string> value);

  const config::CheckedKeys& keys_;
  const MessageTexts& texts_;
  Status status_;
};

// The items of a list in the settings; none where it is absent.
const std::vector<config::YamlNode>& ItemsOf(const config::CheckedKeys& keys, std::string_view key);
// The entries of a map in the settings; none where it is absent.
const std::vector<config::YamlEntry>& EntriesOf(const config::CheckedKeys& keys,
                                                std::string_view key);
// A timeout in Go's form; 0 where it is absent.
Duration TimeoutOf(const config::CheckedKeys& keys);

}  // namespace tocsin::receivers
