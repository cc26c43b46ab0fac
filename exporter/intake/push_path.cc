#include "exporter/intake/push_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/text.h"

namespace tocsin::intake {
namespace {

constexpr std::string_view kBase64 = "@base64";
// Names and values in messages are shown up to this; the request line is not much longer.
constexpr std::size_t kShown = 1024;

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

// RFC 4648 section 5; any number of `=` at the end is padding.
Result<std::string> DecodeBase64Url(std::string_view text) {
  const std::size_t last = text.find_last_not_of('=');
  text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
  std::string out;
  std::uint32_t bits = 0;
  int pending = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int digit = Base64Digit(text[i]);
    if (digit < 0) return Error{fmt::format("illegal base64 data at input byte {}", i)};
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    pending += 6;
    if (pending >= 8) {
      pending -= 8;
      out.push_back(static_cast<char>(bits >> pending & 0xffU));
    }
  }
  if (text.size() % 4 == 1) return Error{"the last digit stands alone: the text is cut short"};
  if (!IsValidUtf8(out)) return Error{"the decoded value is not valid UTF-8"};
  return out;
}

struct Component {
  std::string name;
  bool base64 = false;
};

Component SplitName(std::string_view part) {
  if (!part.ends_with(kBase64)) return {std::string(part), false};
  return {std::string(part.substr(0, part.size() - kBase64.size())), true};
}

std::string Quoted(std::string_view text) { return QuoteForMessage(text, kShown); }

Result<std::string> JobOf(const std::vector<std::string>& parts) {
  const std::string_view text = parts.size() > 1 ? std::string_view(parts[1]) : "";
  std::string job(text);
  if (SplitName(parts[0]).base64) {
    Result<std::string> decoded = DecodeBase64Url(text);
    if (!decoded) {
      return Error{fmt::format("invalid base64 encoding in job name {}: {}", Quoted(text),
                               decoded.message())};
    }
    job = *std::move(decoded);
  }
  if (job.empty()) return Error{"job name is required"};
  return job;
}

Result<std::string> ValueOf(const Component& component, const std::string& text) {
  if (!component.base64) return text;
  Result<std::string> decoded = DecodeBase64Url(text);
  if (decoded) return decoded;
  return Error{fmt::format("invalid base64 encoding for label {}={}: {}", component.name,
                           Quoted(text), decoded.message())};
}

// "/instance/a" for the parts behind the job: what messages call the label string.
std::string LabelString(const std::vector<std::string>& parts) {
  std::string out;
  for (std::size_t i = 2; i < parts.size(); ++i) out += "/" + parts[i];
  return out;
}

Status CheckSizes(const GroupingKey& key, const exposition::TextLimits& limits) {
  if (key.overrides.size() > limits.labels_per_sample) {
    return Error{fmt::format("limit labels_per_sample ({}) exceeded: {} grouping labels",
                             limits.labels_per_sample, key.overrides.size())};
  }
  for (const auto& [name, value] : key.overrides) {
    if (name.size() > limits.label_name_bytes) {
      return Error{fmt::format("limit label_name_bytes ({}) exceeded: {}", limits.label_name_bytes,
                               name.size())};
    }
    if (value.size() > limits.label_value_bytes) {
      return Error{fmt::format("limit label_value_bytes ({}) exceeded: {}",
                               limits.label_value_bytes, value.size())};
    }
  }
  return {};
}

}  // namespace

Result<GroupingKey> ParseGroupingKey(const std::vector<std::string>& parts,
                                     const exposition::TextLimits& limits) {
  // An empty part at the very end is an empty value; one in the middle is a doubled slash, which
  // other servers answer with a redirect that loses the push.
  if (std::find(parts.begin(), parts.end() - 1, "") != parts.end() - 1) {
    return Error{"empty component (//) in path: write an empty label value as <label>@base64/="};
  }
  const Result<std::string> job = JobOf(parts);
  if (!job) return job.error();

  GroupingKey key;
  key.overrides.emplace_back("job", *job);
  const bool only_a_slash = parts.size() == 3 && parts[2].empty();
  const std::size_t end = only_a_slash ? 2 : parts.size();
  if (end % 2 != 0) {
    return Error{
        fmt::format("odd number of components in label string {}", Quoted(LabelString(parts)))};
  }
  LabelsBuilder builder;
  for (std::size_t i = 2; i < end; i += 2) {
    const Component component = SplitName(parts[i]);
    if (!IsLegacyLabelName(component.name) || component.name.starts_with("__")) {
      return Error{fmt::format("improper label name {}", Quoted(component.name))};
    }
    Result<std::string> value = ValueOf(component, parts[i + 1]);
    if (!value) return value.error();
    if (component.name == "job") continue;
    builder.Set(component.name, *value);
    key.overrides.emplace_back(component.name, *std::move(value));
  }
  builder.Set("job", *job);
  if (Status sizes = CheckSizes(key, limits); !sizes.ok()) return sizes.error();
  key.labels = builder.Build();
  return key;
}

}  // namespace tocsin::intake
