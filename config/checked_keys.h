// Maps of alertmanager.yml whose keys are a table: the settings of `global` and of the receiver
// types. A table says for each key what it holds, where an absent one is taken from, and what is
// wrong without it; reading checks all of that and gives the map anew, complete and fit for
// printing.
//
// Secrets never stand in the new map: `<secret>` does, and the values lie beside it. Pure
// functions; a table is a constant.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "config/decode.h"
#include "config/yaml.h"

namespace tocsin::config {

enum class ValueKind : std::uint8_t {
  kText,
  kBool,
  kCount,        // 0 and up
  kInteger,      // negative too
  kDuration,     // Prometheus's form
  kGoDuration,   // Go's form
  kAnyDuration,  // either
  kUrl,          // a password in it is a secret
  kSecret,
  kSecretUrl,          // the whole address is the secret
  kSecretTemplateUrl,  // or a template, which is no address until it is rendered
  kAddress,            // host:port
  kTexts,              // a list
  kTextMap,
  kAny,     // whatever YAML can say
  kAnyMap,  // keys are not ours
  kMap,     // with the keys of `inner`
  kMaps,    // a list of such maps
  kMistake  // no key at all, but often written: `missing` says what to write instead
};

struct KeySpec {
  std::string_view key;
  ValueKind kind = ValueKind::kText;
  std::string_view fallback = {};  // what an absent key means; see `is_late`
  std::string_view global = {};    // the key of `global` that an absent one is taken from
  std::string_view missing = {};   // the error where it is absent all the same
  std::span<const KeySpec> inner = {};
  // Younger than Alertmanager 0.25: its fallback is not written out, so that what is printed still
  // loads there.
  bool is_late = false;
  // Of a receiver's texts, which are templates otherwise: it is sent as it stands.
  bool is_plain = false;
};

// A key `x` and its twin `x_file` exclude each other wherever both are in a table.
using KeyTable = std::span<const KeySpec>;

class CheckedKeys {
 public:
  CheckedKeys() { node_.kind = YamlNode::Kind::kMap; }

  // Whether the key has a value; an empty text is none.
  bool Has(std::string_view key) const;
  // Empty where the key is absent; <secret> for a secret.
  std::string Text(std::string_view key) const;
  // Null where the key is absent.
  const YamlNode* Find(std::string_view key) const;
  // Of kSecret..., and of kUrl with a password; `a.b` of a key inside of a map. Empty where absent.
  Secret SecretOf(std::string_view path) const;
  // The whole URL of a kUrl key.
  std::string Url(std::string_view key) const;

  void Set(std::string_view key, YamlNode value);
  void SetSecret(std::string_view path, Secret value);
  // Takes a key of another map over, with its secret.
  void Copy(std::string_view key, const CheckedKeys& from, std::string_view its_key);
  // Puts the keys in the table's order.
  void Order(KeyTable table);

  // The same keys with the same values, wherever they stand.
  friend bool operator==(const CheckedKeys& a, const CheckedKeys& b);

  // All of them, by the paths of their keys.
  const std::vector<std::pair<std::string, Secret>>& secrets() const { return secrets_; }
  // A map without secrets, ready for printing.
  const YamlNode& printable() const { return node_; }

 private:
  YamlNode node_;
  std::vector<std::pair<std::string, Secret>> secrets_;
};

// Null where the table has no such key.
const KeySpec* FindSpec(KeyTable table, std::string_view key);

// Reads the keys of a table; the caller asks `map` for others and then calls Finish().
CheckedKeys ReadKeys(MapDecoder& map, KeyTable table);
// Takes absent keys from `global`.
void InheritKeys(KeyTable table, const CheckedKeys& global, CheckedKeys* keys);
// Reports what is required and absent, writes the fallbacks out, and orders the keys.
void CompleteKeys(KeyTable table, MapDecoder& map, CheckedKeys* keys);

}  // namespace tocsin::config
