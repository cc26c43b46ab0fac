// What the tests of chats of tocsin.yml have in common: alerts that chats have their trouble with.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/receivers/native_channel_world.h"

namespace tocsin::receivers {

inline std::string TextIn(const HttpClientRequest& request, const char* key) {
  return BodyOf(request).at(key);
}

inline std::shared_ptr<Alert> WithTexts(const std::string& name, const std::string& description,
                                        const std::string& host) {
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->name = name;
  rule->description = description;
  return testing::FiringAlert(rule, "e1", host);
}

// An alert whose texts mean something to whoever shows them.
inline std::shared_ptr<Alert> Marked() {
  return WithTexts("<b>CPU</b> *x*", "_a_ & <@U1> @channel [x](http://evil/) \"q\"", "a`b`<!all>");
}

// One whose texts are endless, and of whatever costs a vendor's escapes the most.
inline std::shared_ptr<Alert> Endless(const std::string& what) {
  std::string text;
  while (text.size() < 100'000) text += what;
  auto alert = WithTexts(text, text, text);
  LabelsBuilder labels(alert->metadata);
  for (int i = 0; i < 60; ++i) labels.Set(fmt::format("label{}_{}", i, what), text.substr(0, 500));
  alert->metadata = labels.Build();
  return alert;
}

inline constexpr const char* kEndless[] = {"x", "<",    "&",  "'",    "@a ",        "*_`[", "é",
                                           "🚨", "\xff", "\n", "\x01", "http://h/_", "> ",   "<b>"};

inline std::vector<AlertPtr> ManyAlerts(int count) {
  std::vector<AlertPtr> alerts;
  for (int i = 0; i < count; ++i) {
    alerts.push_back(testing::FiringAlert(testing::CpuUsageRule(), fmt::format("e{}", i),
                                          fmt::format("web-{}", i)));
  }
  return alerts;
}

// Of one alert with links, of which one is endless.
inline Notification WithLinks(AlertPtr alert) {
  Notification notification = NativeChannelWorld::About({std::move(alert)});
  notification.links = {{"https://runbook/a_(b)?x=\"1\"&y=<2>", "http://d/" + std::string(900, '&'),
                         "javascript:alert(1)"}};
  return notification;
}

inline constexpr char kWechatToken[] = R"({"errcode":0,"errmsg":"ok","access_token":"t0ken"})";

// The message of an attempt, which asks for a token first unless it has one.
inline HttpClientRequest WechatMessage(NativeChannelWorld& wechat,
                                       const Notification& notification) {
  const HttpClientRequest first = wechat.Deliver(notification);
  if (first.method == "POST") return first;
  wechat.world.http.Answer(wechat.world.http.sent() - 1, 200, kWechatToken);
  return wechat.world.http.request(wechat.world.http.sent() - 1);
}

inline HttpClientRequest WechatMessage(NativeChannelWorld& wechat, std::vector<AlertPtr> alerts) {
  return WechatMessage(wechat, NativeChannelWorld::About(std::move(alerts)));
}

}  // namespace tocsin::receivers
