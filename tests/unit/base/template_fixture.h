// What the tests of the template language share: data shaped like a notification, and a set with
// every function, whose clock stands still.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/template/alertmanager_functions.h"
#include "base/template/objects.h"
#include "base/template/template_set.h"

namespace tocsin::gotemplate {

// 2026-01-02 03:04:05.678 UTC, a Friday.
inline Timestamp TestNow() { return FromUnixMillis(1767323045678); }

inline Value TestLabels() {
  return Value::OfObject<KeyValues>(KeyValues::Entries{
      {"alertname", "DiskFull"}, {"severity", "critical"}, {"instance", "db-1"}});
}

inline Value TestAlert(std::string_view status, std::string_view instance) {
  using Member = Object::Member;
  const Value labels = Value::OfObject<KeyValues>(
      KeyValues::Entries{{"alertname", "DiskFull"}, {"instance", std::string(instance)}});
  return Value::OfObject<Record>("template.Alert",
                                 std::vector<Member>{{"Status", "status", Value(status)},
                                                     {"Labels", "labels", labels},
                                                     {"StartsAt", "startsAt", Value(TestNow())},
                                                     {"EndsAt", "endsAt", Value(Time())}});
}

// A list with methods, as a host writes one.
class TestAlerts final : public Object {
 public:
  explicit TestAlerts(Values alerts) : alerts_(Value::OfList(std::move(alerts))) {}

  std::string_view type_name() const override { return "template.Alerts"; }
  std::optional<Result<Value>> Method(std::string_view name, const Values& args) const override {
    if ((name != "Firing" && name != "Resolved") || !args.empty()) return std::nullopt;
    const std::string_view wanted = name == "Firing" ? "firing" : "resolved";
    Values found;
    for (const Value& alert : alerts_.as_list()) {
      if (alert.as_object().Field("Status")->text() == wanted) found.push_back(alert);
    }
    return Value::OfObject<TestAlerts>(std::move(found));
  }
  Value Plain() const override { return alerts_; }

 private:
  const Value alerts_;
};

inline Value TestData() {
  using Member = Object::Member;
  const auto twice = std::make_shared<const Function>(
      Function{1, 1, [](const Values& args, Budget&) -> Result<Value> {
                 if (args[0].kind() != Value::Kind::kInt) return Error{"wants a number"};
                 return Value(args[0].as_int() * 2);
               }});
  const Value alerts = Value::OfObject<TestAlerts>(Values{
      TestAlert("firing", "db-1"), TestAlert("firing", "db-2"), TestAlert("resolved", "web")});
  return Value::OfObject<Record>(
      "template.Data",
      std::vector<Member>{
          {"Receiver", "receiver", Value("ops")},
          {"Alerts", "alerts", alerts},
          {"CommonLabels", "commonLabels", TestLabels()},
          {"ExternalURL", "externalURL", Value("http://am.example:9093")},
          {"List", "list", Value::OfStrings({"a", "b", "c"})},
          {"Mixed", "mixed", Value::OfList({Value(1), Value("x"), Value(), Value(1.5)})},
          {"Empty", "empty", Value::OfStrings({})},
          {"Map", "map", Value::OfStringMap({{"b", "2"}, {"a", "1"}})},
          {"Any", "any",
           Value::OfMap({{"n", Value(7)}, {"in", Value::OfMap({{"x", Value("y")}})}})},
          {"Int", "int", Value(17)},
          {"Zero", "zero", Value(0)},
          {"Float", "float", Value(2.5)},
          {"True", "true", Value(true)},
          {"False", "false", Value(false)},
          {"Nil", "nil", Value()},
          {"At", "at", Value(TestNow())},
          {"Span", "span", Value(Span{3'723'500'000'000})},
          {"Twice", "twice", Value(twice)},
          {"Html", "html", Value("<b>\"Q&A\"</b>")},
      });
}

inline Environment TestEnvironment() {
  Environment environment;
  environment.now = TestNow;
  environment.zone = [](std::string_view zone, std::int64_t) -> std::optional<ZoneAt> {
    if (zone == "Europe/Vienna") return ZoneAt{3600, "CET"};
    if (zone == "Asia/Kolkata") return ZoneAt{19800, "IST"};
    return std::nullopt;
  };
  return environment;
}

inline TemplateSet TestSet() { return TemplateSet(AlertmanagerFunctions(TestEnvironment())); }

// The text, or "error: " and the message.
inline std::string Execute(std::string_view text, const Value& data,
                           const ExecuteOptions& options = {}) {
  const Result<std::string> result = TestSet().ExecuteText("t", std::string(text), data, options);
  return result ? *result : "error: " + result.message();
}

inline std::string Execute(std::string_view text) { return Execute(text, TestData()); }

inline std::string ExecuteHtml(std::string_view text, const Value& data) {
  ExecuteOptions options;
  options.escaping = Escaping::kHtml;
  return Execute(text, data, options);
}

struct Case {
  std::string_view text;
  std::string_view want;
};

inline void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(Execute(c.text), c.want) << c.text;
}

inline void CheckHtml(const Value& data, const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(ExecuteHtml(c.text, data), c.want) << c.text;
}

}  // namespace tocsin::gotemplate
