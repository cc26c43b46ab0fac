#include "receivers/templates/template_data.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace tocsin::receivers {
namespace {

using gotemplate::KeyValues;
using gotemplate::Record;
using gotemplate::Value;
using gotemplate::Values;
using Members = std::vector<gotemplate::Object::Member>;

constexpr std::string_view kFiring = "firing";
constexpr std::string_view kResolved = "resolved";

template <typename Pairs>
KeyValues::Entries EntriesOf(const Pairs& pairs) {
  KeyValues::Entries entries;
  for (const auto& [name, value] : pairs) entries.emplace(name, value);
  return entries;
}

Value KeyValuesOf(KeyValues::Entries entries) {
  return Value::OfObject<KeyValues>(std::move(entries));
}

Value MakeAlert(const FrozenAlert& frozen) {
  const PostedAlert& alert = *frozen.alert;
  return Value::OfObject<Record>(
      "template.Alert",
      Members{
          {"Status", "status", Value(frozen.resolved ? kResolved : kFiring)},
          {"Labels", "labels", KeyValuesOf(EntriesOf(alert.labels))},
          {"Annotations", "annotations", KeyValuesOf(EntriesOf(alert.annotations))},
          {"StartsAt", "startsAt", Value(alert.starts_at)},
          {"EndsAt", "endsAt", frozen.resolved ? Value(alert.ends_at) : Value(gotemplate::Time())},
          {"GeneratorURL", "generatorURL", Value(alert.generator_url)},
          {"Fingerprint", "fingerprint", Value(FormatHex64(alert.fingerprint))}});
}

// .Alerts, with .Alerts.Firing and .Alerts.Resolved.
class Alerts final : public gotemplate::Object {
 public:
  explicit Alerts(const std::vector<FrozenAlert>& alerts) {
    Values all;
    Values firing;
    Values resolved;
    for (const FrozenAlert& alert : alerts) {
      all.push_back(MakeAlert(alert));
      (alert.resolved ? resolved : firing).push_back(all.back());
    }
    all_ = Value::OfList(std::move(all));
    firing_ = Value::OfList(std::move(firing));
    resolved_ = Value::OfList(std::move(resolved));
  }

  std::string_view type_name() const override { return "template.Alerts"; }
  Value Plain() const override { return all_; }
  std::optional<Result<Value>> Method(std::string_view name, const Values& args) const override {
    if (name != "Firing" && name != "Resolved") return std::nullopt;
    if (!args.empty()) return Error{"wrong number of arguments: want 0"};
    return name == "Firing" ? firing_ : resolved_;
  }

 private:
  Value all_;
  Value firing_;
  Value resolved_;
};

void KeepCommon(const KeyValues::Entries& other, KeyValues::Entries* common) {
  std::erase_if(*common, [&other](const auto& entry) {
    const auto found = other.find(entry.first);
    return found == other.end() || found->second != entry.second;
  });
}

// What all alerts have in common of what `get` gives.
template <typename Get>
KeyValues::Entries CommonOf(const std::vector<FrozenAlert>& alerts, const Get& get) {
  KeyValues::Entries common = EntriesOf(get(*alerts.front().alert));
  for (std::size_t i = 1; i < alerts.size() && !common.empty(); ++i) {
    KeepCommon(EntriesOf(get(*alerts[i].alert)), &common);
  }
  return common;
}

}  // namespace

Value MakeTemplateData(const GroupNotification& notification, KeyValues::Entries route_labels) {
  const std::vector<FrozenAlert>& alerts = notification.alerts;
  const auto labels = [](const PostedAlert& alert) -> const Labels& { return alert.labels; };
  const auto annotations = [](const PostedAlert& alert) -> const Annotations& {
    return alert.annotations;
  };
  return Value::OfObject<Record>(
      "template.Data",
      Members{
          {"Receiver", "receiver", Value(QuoteForRegex(notification.receiver))},
          {"Status", "status", Value(StatusOf(alerts))},
          {"Alerts", "alerts", Value::OfObject<Alerts>(alerts)},
          {"NotificationReason", "notification_reason",
           Value(NotificationReasonText(notification.reason))},
          {"GroupLabels", "groupLabels", KeyValuesOf(EntriesOf(notification.group_labels))},
          {"CommonLabels", "commonLabels", KeyValuesOf(CommonOf(alerts, labels))},
          {"CommonAnnotations", "commonAnnotations", KeyValuesOf(CommonOf(alerts, annotations))},
          {"RouteLabels", "routeLabels", KeyValuesOf(std::move(route_labels))},
          {"ExternalURL", "externalURL", Value(notification.external_url)}});
}

std::string_view StatusOf(const std::vector<FrozenAlert>& alerts) {
  const bool fires = std::any_of(alerts.begin(), alerts.end(),
                                 [](const FrozenAlert& alert) { return !alert.resolved; });
  return fires ? kFiring : kResolved;
}

std::string QuoteForRegex(std::string_view name) {
  std::string quoted;
  for (const char c : name) {
    if (std::string_view(R"(\.+*?()|[]{}^$)").find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

}  // namespace tocsin::receivers
