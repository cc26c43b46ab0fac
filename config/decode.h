// From YAML nodes to typed values: each function reads one value, reports what is wrong with it at
// its place, and leaves its target alone where the value is absent (or null) or wrong. So a decoder
// fills a struct of defaults, and all problems of a file come out of one pass.
//
//   MapDecoder map(node, "tocsin.host", report);
//   map.ReadBool("enabled", &host.enabled);
//   map.ReadDuration("interval", &host.interval);
//   map.Finish();  // whatever was not asked for is an unknown key
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/time.h"
#include "config/report.h"
#include "config/yaml.h"

namespace tocsin::config {

// A key or name of the user's as it is; quoted where it would not stand well in a message.
std::string NameForMessage(std::string_view name);

// `what` names the value in messages ("scrape_interval"). True where *out was set.
bool ReadText(const YamlNode& node, std::string_view what, FileReport& report, std::string* out);

// Prometheus's grammar; with bare_seconds also a whole number, as in the alerting API.
enum class DurationForm : std::uint8_t { kPrometheus, kOrSeconds };

// "10MB", "1.5GiB", "512KB": the units are powers of 1024, as Prometheus reads them; a bare number
// is bytes. Nothing for any other text and beyond 2^63.
// https://github.com/alecthomas/units/blob/master/bytes.go
std::optional<std::uint64_t> ParseSize(std::string_view text);

class MapDecoder {
 public:
  // `name` is how messages call the map ("global"). A node that is no map is reported and read as
  // an empty one. REQUIRES: node and report outlive the decoder.
  MapDecoder(const YamlNode& node, std::string name, FileReport& report);

  // The value of a key; null where it is absent. Each of the functions below does this first: it
  // makes the key a known one. REQUIRES: keys outlive the decoder, as literals do.
  const YamlNode* Find(std::string_view key);
  // Whether the key stands there, be it with nothing. Does not make it known.
  bool Has(std::string_view key) const { return Entry(key) != nullptr; }
  // The same, and an error where it is absent: `<key> is missing in <name>`.
  const YamlNode* Require(std::string_view key);

  bool ReadText(std::string_view key, std::string* out);
  bool ReadBool(std::string_view key, bool* out);
  bool ReadCount(std::string_view key, std::uint64_t* out, std::uint64_t least = 0,
                 std::uint64_t most = std::numeric_limits<std::int64_t>::max());
  bool ReadSize(std::string_view key, std::uint64_t* out);
  bool ReadDuration(std::string_view key, Duration* out,
                    DurationForm form = DurationForm::kPrometheus);
  // The items of a list, the entries of a map; empty where absent or of another kind.
  const std::vector<YamlNode>& ReadList(std::string_view key);
  const std::vector<YamlEntry>& ReadEntries(std::string_view key);
  // A list of texts; an item that is none is reported and left out.
  std::vector<PlacedText> ReadTexts(std::string_view key);
  // A map of label names to values; both must be valid UTF-8, which the YAML reader saw to.
  bool ReadLabels(std::string_view key, Labels* out);

  // Keys that are valid elsewhere and not built here yet: `<prefix><key> is not supported yet`.
  void Refuse(std::span<const std::string_view> keys, std::string_view prefix = "");
  // Keys that change neither evaluation nor delivery: a warning.
  void Ignore(std::span<const std::string_view> keys);

  // Every key that nobody asked for is an error that names the nearest known one.
  void Finish();

  const std::string& name() const { return name_; }
  // Where the map begins; where the value of a key or the key itself stands, or the map where the
  // key is absent.
  Mark mark() const { return node_.mark; }
  Mark PlaceOf(std::string_view key) const;
  Mark PlaceOfKey(std::string_view key) const;
  FileReport& report() { return report_; }

 private:
  const YamlEntry* Entry(std::string_view key) const;

  const YamlNode& node_;
  std::string name_;
  FileReport& report_;
  std::vector<std::string_view> known_;
};

}  // namespace tocsin::config
