// What tests of native channels that keep something for each alert have in common: the alerts,
// hostile ones too, and the requests that are made of them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tests/unit/receivers/native_channel_world.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {

inline std::string AlertKey() { return Fires()->fingerprint_text(); }

inline std::shared_ptr<Alert> OnOtherHost() {
  return testing::FiringAlert(testing::CpuUsageRule(), "e2", "web-2");
}

// Settings of channels that several tests make.
inline constexpr char kJira[] =
    "{api_url: 'http://jira/rest/api/2', project: OPS, issue_type: Bug}";
inline constexpr char kSns[] =
    "{topic_arn: 'arn:aws:sns:eu-central-1:1:ops', sigv4: {region: eu-central-1, access_key: AKID, "
    "secret_key: wJalrXUtnFEMI}}";

// JSON in which $KEY stands for the alert's fingerprint.
inline Json Golden(std::string text) {
  constexpr std::string_view kPlace = "$KEY";
  for (std::size_t at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace)) {
    text.replace(at, kPlace.size(), AlertKey());
  }
  return Json::parse(text);
}

inline HttpClientRequest LastRequest(const NativeChannelWorld& channel) {
  return channel.world.http.request(channel.world.http.sent() - 1);
}

inline void AnswerLast(NativeChannelWorld& channel, int status, const std::string& body = "") {
  channel.world.http.Answer(channel.world.http.sent() - 1, status, body);
}

// Characters; bytes that are no UTF-8 are none in what was sent.
inline std::size_t Runes(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

// ---- hostile alerts

inline std::string Repeated(std::string_view filler) {
  std::string text;
  while (text.size() < 100'000) text += filler;
  return text;
}

// 100 kB in every field that may hold a text.
inline std::shared_ptr<Alert> Huge(std::string_view filler) {
  const std::string text = Repeated(filler);
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->name = rule->description = rule->metric_name = rule->threshold_text = text;
  auto alert = std::make_shared<Alert>(*testing::FiringAlert(rule, text));
  LabelsBuilder labels(Labels{{"host", text}, {"message_type", "RECOVERY"}, {"Severity", "x"}});
  for (int i = 0; i < 20; ++i) labels.Set(std::to_string(i) + text, text);
  alert->metadata = labels.Build();
  alert->acknowledged_by = alert->acknowledge_note = text;
  return alert;
}

inline std::shared_ptr<Alert> HugeOver(std::string_view filler) {
  auto alert = std::make_shared<Alert>(*testing::Resolved(*Huge(filler)));
  alert->resolved_by = alert->resolve_note = Repeated(filler);
  return alert;
}

// With links as long as they may be, and some that are longer.
inline Notification AboutHuge(const std::shared_ptr<Alert>& alert, std::string_view filler) {
  Notification notification = NativeChannelWorld::About({alert});
  const std::string longest = "http://h/?" + std::string(495, '|') + std::string(495, '&');
  notification.links = {{longest, longest, "http://h/" + Repeated(filler)}};
  return notification;
}

// An emoji, no UTF-8, what breaks lines, headers, markup and escapes.
inline constexpr const char* kFillers[] = {"x",
                                           "<",
                                           "\x01",
                                           "\"",
                                           "\\",
                                           "\n",
                                           "a\n",
                                           "\xF0\x9F\x94\xA5",
                                           "\xFF",
                                           "a\r\nBcc: b@c\n",
                                           "{noformat}[~admin]!x!",
                                           "<script>alert(1)</script>"};

}  // namespace tocsin::receivers
