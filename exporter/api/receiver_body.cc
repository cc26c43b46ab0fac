#include "exporter/api/receiver_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/egress_policy.h"
#include "base/json_library.h"
#include "base/text.h"
#include "config/receivers.h"
#include "exporter/api/faults.h"
#include "exporter/intake/json_syntax.h"

namespace tocsin::api {
namespace {

using config::YamlNode;
using JsonPointer = nlohmann::json::json_pointer;

constexpr std::size_t kLongestName = kLongestReceiverName;
// Answers say these beside the settings; sent back they mean nothing.
constexpr const char* kReadOnly[] = {"source",     "defined_in", "created_at",
                                     "updated_at", "created_by", "warnings"};

// ---- from JSON to the tree that config/ reads

// Gives each value a line of its own, by which complaints find back to it.
class TreeMaker {
 public:
  YamlNode Make(const nlohmann::json& value) { return MakeNode(value, JsonPointer()); }

  const JsonPointer& PlaceOf(config::Mark mark) const {
    static const JsonPointer kWhole;
    const auto number = static_cast<std::size_t>(std::max(mark.line, 1)) - 1;
    return number < places_.size() ? places_[number] : kWhole;
  }

 private:
  YamlNode MakeNode(const nlohmann::json& value, const JsonPointer& place) {
    places_.push_back(place);
    YamlNode node;
    node.mark = {static_cast<int>(places_.size()), 1};
    if (value.is_object()) {
      node.kind = YamlNode::Kind::kMap;
      for (const auto& [key, member] : value.items()) {
        YamlNode made = MakeNode(member, place / key);
        const config::Mark mark = made.mark;
        node.entries.push_back({key, mark, std::move(made)});
      }
    } else if (value.is_array()) {
      node.kind = YamlNode::Kind::kList;
      for (std::size_t i = 0; i < value.size(); ++i) {
        node.items.push_back(MakeNode(value[i], place / i));
      }
    } else if (!value.is_null()) {
      node.kind = YamlNode::Kind::kScalar;
      node.quoted = value.is_string();
      node.text = node.quoted ? value.get<std::string>() : WriteJson(value);
    }
    return node;
  }

  std::vector<JsonPointer> places_;
};

// {"body", "webhook", "headers", "X-Token"}: what a pointer says, in a list. Numbers are the
// positions in lists.
Json LocOf(const JsonPointer& place, const nlohmann::json& body) {
  std::vector<std::string> names;
  for (JsonPointer rest = place; !rest.empty(); rest.pop_back()) {
    names.push_back(rest.back());
  }
  Json loc = {"body"};
  const nlohmann::json* at = &body;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (at->is_array()) {
      const std::size_t index = std::stoul(*name);
      loc.push_back(index);
      at = &at->at(index);
    } else {
      loc.push_back(*name);
      at = &at->at(*name);
    }
  }
  return loc;
}

// ---- secrets and files

bool IsPlaceholder(const nlohmann::json& value) {
  return value.is_string() && value.get_ref<const std::string&>() == kSecretText;
}

// Puts what was there before in the place of each "<secret>": a text, or a number that is taken for
// one.
void KeepSecrets(const nlohmann::json& before, nlohmann::json* body) {
  if (IsPlaceholder(*body) && before.is_primitive() && !before.is_null()) {
    *body = before;
  } else if (body->is_object() && before.is_object()) {
    for (auto& [key, member] : body->items()) {
      const auto old = before.find(key);
      if (old != before.end()) KeepSecrets(*old, &member);
    }
  } else if (body->is_array() && before.is_array()) {
    for (std::size_t i = 0; i < std::min(body->size(), before.size()); ++i) {
      KeepSecrets(before[i], &(*body)[i]);
    }
  }
}

class BodyReader {
 public:
  BodyReader(nlohmann::json body, Json* faults) : body_(std::move(body)), faults_(*faults) {}

  std::optional<ReceiverBody> Read() {
    const std::size_t faults_before = faults_.size();
    CheckReceiverName(body_, &faults_);
    const bool has_name = faults_.size() == faults_before;
    if (!has_name) body_["name"] = "receiver";  // so that the rest is read all the same
    const YamlNode tree = tree_.Make(body_);
    config::Diagnostics diagnostics;
    config::FileReport report("", diagnostics);
    std::vector<config::ReceiverSettings> read = config::DecodeReceivers({tree}, report);
    ReceiverBody out;
    Take(diagnostics, &out);
    RefuseFiles(report);
    RefusePlaceholders(report);
    if (faults_.size() > faults_before || read.empty()) return std::nullopt;
    out.settings = std::move(read.front());
    out.settings.source = "the API";
    out.settings.from_api = true;
    out.text = std::move(body_);
    return out;
  }

 private:
  void Add(config::Mark at, const std::string& message, const std::string& type) {
    faults_.push_back(Fault(LocOf(tree_.PlaceOf(at), body_), message, type));
  }

  void Take(const config::Diagnostics& diagnostics, ReceiverBody* out) {
    for (const config::Diagnostic& each : diagnostics.list()) {
      if (each.level == config::Diagnostic::Level::kError) {
        Add({each.line, each.column}, each.message, "value_error");
      } else {
        out->warnings.push_back(each.message);
      }
    }
    // ReadSecret's, of the placeholder: here it is a fault, below.
    std::erase_if(out->warnings, [](const std::string& warning) {
      return warning.find(kSecretText) != std::string::npos;
    });
  }

  void RefuseFiles(const config::FileReport& report) {
    for (const config::Mark& mark : report.named_files()) {
      Add(mark, "files are not read for receivers made over the API; send the value itself",
          "value_error.file");
    }
  }

  void RefusePlaceholders(const config::FileReport& report) {
    for (const config::Mark& mark : report.secrets()) {
      if (!IsPlaceholder(body_.at(tree_.PlaceOf(mark)))) continue;
      Add(mark, fmt::format("there is no secret to keep here; send the value, not {}", kSecretText),
          "value_error.secret");
    }
  }

  nlohmann::json body_;
  Json& faults_;
  TreeMaker tree_;
};

// ---- what depends on the configuration

std::string_view AuthorityIn(std::string_view address) {
  const std::size_t slashes = address.find("://");
  if (slashes != std::string_view::npos) address.remove_prefix(slashes + 3);
  return address.substr(0, address.find_first_of("/?#"));
}

// "hooks.example.org" of "https://user@hooks.example.org:8443/x" and of "mail.example.org:25".
std::string_view HostIn(std::string_view address) {
  address = AuthorityIn(address);
  const std::size_t user = address.rfind('@');
  if (user != std::string_view::npos) address.remove_prefix(user + 1);
  if (address.starts_with('[')) {
    return address.substr(1, std::min(address.find(']'), address.size()) - 1);
  }
  return address.substr(0, address.find(':'));
}

class ReceiverChecker {
 public:
  ReceiverChecker(const config::Settings& in_force, Json* faults)
      : egress_(in_force.egress), faults_(*faults) {}

  void Check(const config::ChannelSettings& channel) {
    if (channel.type == "webhook") {
      CheckAddress({"body", "webhook", "url"}, channel.webhook.url.Reveal());
    }
    // What channels send to; other addresses are read by whoever gets the message.
    for (const char* key : {"webhook_url", "url", "api_url", "homeserver", "smarthost"}) {
      CheckAddress({"body", channel.type, key}, channel.keys.Url(key));
    }
    for (const char* key : {"icon_url", "avatar_url"}) {
      CheckUserInfo({"body", channel.type, key}, channel.keys.Url(key));
    }
    const Json http = {"body", channel.type, "http_config"};
    CheckProxy(http, channel.http.proxy);
    if (!channel.http.oauth2) return;
    Json oauth2 = http;
    oauth2.push_back("oauth2");
    CheckProxy(oauth2, channel.http.oauth2->proxy);
    oauth2.push_back("token_url");
    CheckAddress(oauth2, channel.http.oauth2->token_url);
  }

 private:
  // Of names only those that say what they are: where others lead is seen at each message.
  void CheckAddress(const Json& loc, std::string_view address) {
    if (address.empty() || !CheckUserInfo(loc, address)) return;
    const Status allowed = egress_.policy.CheckName(HostIn(address));
    if (allowed) return;
    faults_.push_back(Fault(loc,
                            fmt::format("{}; if it is meant, name it in tocsin.egress."
                                        "allow_networks or allow_hosts",
                                        allowed.message()),
                            "value_error.egress"));
  }

  // Addresses stand in listings and logs; a password has keys of its own (http_config).
  bool CheckUserInfo(const Json& loc, std::string_view address) {
    if (AuthorityIn(address).find('@') == std::string_view::npos) return true;
    faults_.push_back(Fault(loc,
                            "user name and password do not belong into the URL; "
                            "http_config has keys for them",
                            "value_error.url"));
    return false;
  }

  void CheckProxy(const Json& loc, const config::ProxyConfig& proxy) {
    if (egress_.trust_proxy || (proxy.url.empty() && !proxy.from_environment)) return;
    Json place = loc;
    place.push_back(proxy.from_environment ? "proxy_from_environment" : "proxy_url");
    faults_.push_back(Fault(place,
                            "receivers made over the API use no proxy, which could lead them "
                            "anywhere, unless tocsin.egress.trust_proxy is true",
                            "value_error.egress"));
  }

  const config::EgressSettings& egress_;
  Json& faults_;
};

}  // namespace

std::optional<ReceiverBody> ReadReceiverBody(nlohmann::json body, const nlohmann::json* before,
                                             Json* faults) {
  for (const char* key : kReadOnly) body.erase(key);
  if (before != nullptr) KeepSecrets(*before, &body);
  return BodyReader(std::move(body), faults).Read();
}

void CheckReceiver(const config::ReceiverSettings& receiver, const config::Settings& in_force,
                   Json* faults) {
  ReceiverChecker checker(in_force, faults);
  for (const config::ChannelSettings& channel : receiver.channels) checker.Check(channel);
  if (Status sound = config::CheckGrouping(receiver, in_force.native_grouping); !sound) {
    faults->push_back(Fault({"body", "group_by"}, sound.message(), "value_error"));
  }
}

void CheckReceiverName(const nlohmann::json& body, Json* faults) {
  const Json loc = {"body", "name"};
  const auto found = body.find("name");
  if (found == body.end()) {
    faults->push_back(Fault(loc, "field required", "value_error.missing"));
    return;
  }
  if (!found->is_string()) {
    faults->push_back(Fault(loc, "str type expected", "type_error.str"));
    return;
  }
  const auto& name = found->get_ref<const std::string&>();
  const auto is_control = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  };
  if (name.empty()) {
    faults->push_back(Fault(loc, "ensure this value has at least 1 characters",
                            "value_error.any_str.min_length", {{"limit_value", 1}}));
  } else if (name.size() > kLongestName) {
    faults->push_back(
        Fault(loc, fmt::format("ensure this value has at most {} characters", kLongestName),
              "value_error.any_str.max_length", {{"limit_value", kLongestName}}));
  } else if (std::any_of(name.begin(), name.end(), is_control)) {
    faults->push_back(Fault(loc, "the name holds a control character", "value_error"));
  } else if (!IsValidUtf8(name)) {
    faults->push_back(Fault(loc, "the name is not valid UTF-8", "value_error"));
  }
}

Json JsonOfYaml(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return {};
    case YamlNode::Kind::kList: {
      Json list = Json::array();
      for (const YamlNode& item : node.items) list.push_back(JsonOfYaml(item));
      return list;
    }
    case YamlNode::Kind::kMap: {
      Json map = Json::object();
      for (const config::YamlEntry& entry : node.entries) map[entry.key] = JsonOfYaml(entry.value);
      return map;
    }
    case YamlNode::Kind::kScalar:
      break;
  }
  if (node.quoted) return node.text;
  const std::string lower = ToLowerAscii(node.text);
  if (lower == "true" || lower == "false") return lower == "true";
  if (intake::IsJsonNumber(node.text)) return ParseJson(node.text);
  return node.text;
}

}  // namespace tocsin::api
