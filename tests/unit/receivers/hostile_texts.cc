#include "tests/unit/receivers/hostile_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/group_key.h"
#include "base/text.h"
#include "receivers/alerts/native_alert.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/support/receiver_builders.h"
#include "tests/unit/receivers/group_notifications.h"

namespace tocsin::receivers {
namespace {

std::string Repeated(std::string_view text, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += text;
  return out;
}

std::string AllControls() {
  std::string out;
  for (int c = 0; c < 0x20; ++c) out += static_cast<char>(c);
  return out + "\x7f";
}

// Not as a literal, which would look like another one.
std::string RightToLeft() {
  std::string text;
  AppendUtf8(0x202e, &text);  // from here on from right to left
  text += "gnp.exe ";
  for (const char32_t c : {0x2066, 0x200f, 0x627, 0x644, 0x642, 0x200b, 0xfeff}) {
    AppendUtf8(c, &text);
  }
  return text;
}

// More than a message may have of anything.
constexpr std::size_t kMany = 60;

// `text` where it is wanted, else something harmless.
class Texts {
 public:
  Texts(const std::string& text, std::optional<HostileField> only) : text_(text), only_(only) {}

  std::string In(HostileField field, const std::string& harmless) const {
    return !only_ || *only_ == field ? text_ : harmless;
  }

 private:
  const std::string& text_;
  const std::optional<HostileField> only_;
};

Labels LabelsOf(const Texts& texts, std::size_t more) {
  LabelsBuilder labels;
  for (const char* name : {"host", "instance", "job"}) {
    labels.Set(name, texts.In(HostileField::kLabel, "one"));
  }
  labels.Set(texts.In(HostileField::kLabelName, "name"), "named");
  for (std::size_t i = 0; i < more; ++i) {
    labels.Set(fmt::format("label_{}", i), texts.In(HostileField::kLabel, "one"));
  }
  return labels.Build();
}

Labels WithName(const Labels& labels, const Texts& texts) {
  return LabelsBuilder(labels)
      .Set("alertname", texts.In(HostileField::kName, "DiskFull"))
      .Set("severity", "critical")
      .Build();
}

std::shared_ptr<Alert> AlertOfRule(const Texts& texts, std::size_t more_labels, bool is_over) {
  const auto rule = testing::CpuUsageRule();
  rule->name = texts.In(HostileField::kName, "DiskFull");
  rule->description = texts.In(HostileField::kDescription, "the disk is full");
  rule->metric_name = texts.In(HostileField::kMetric, "disk.used");
  rule->threshold_text = texts.In(HostileField::kMetric, "90");
  rule->notification_template = "{rule_name} {description} {metric_name} {host} {url} " +
                                texts.In(HostileField::kTemplate, "");
  std::shared_ptr<Alert> alert = testing::FiringAlert(rule, "e1");
  alert->metadata = LabelsOf(texts, more_labels);
  alert->labels = WithName(alert->metadata, texts);
  if (!is_over) return alert;
  alert = testing::Resolved(*alert, ResolveReason::kManual);
  alert->resolved_by = texts.In(HostileField::kNote, "anna");
  alert->resolve_note = texts.In(HostileField::kNote, "done");
  return alert;
}

PostedAlert AlertOfSender(const Texts& texts, std::size_t more_labels) {
  PostedAlert alert = DiskFull();
  alert.labels = WithName(LabelsOf(texts, more_labels), texts);
  alert.annotations = {
      {"dashboard_url", "http://dashboard.test/" + texts.In(HostileField::kLink, "")},
      {"description", texts.In(HostileField::kDescription, "the disk is full")},
      {"runbook_url", "https://runbook.test/?" + texts.In(HostileField::kLink, "")},
      {"summary", texts.In(HostileField::kAnnotation, "98%")},
      {texts.In(HostileField::kAnnotation, "note"), texts.In(HostileField::kAnnotation, "none")}};
  std::sort(alert.annotations.begin(), alert.annotations.end());
  alert.generator_url = "http://source.test/#" + texts.In(HostileField::kLink, "");
  alert.fingerprint = alert.labels.view().Fingerprint();
  alert.hash = LogHash(alert.labels);
  return alert;
}

GroupNotification MessageAbout(const Texts& texts, std::size_t more_labels, bool is_over) {
  PostedAlert of_rule = MakeNativeAlert(AlertOfRule(texts, more_labels, is_over),
                                        texts.In(HostileField::kTemplate, "the disk is full"));
  PostedAlert posted = AlertOfSender(texts, more_labels);
  GroupNotification message =
      About({is_over ? IsOver(std::move(of_rule)) : Fires(std::move(of_rule)),
             is_over ? IsOver(std::move(posted)) : Fires(std::move(posted))});
  message.group_labels = Labels{{"alertname", texts.In(HostileField::kGroupLabel, "DiskFull")},
                                {"host", texts.In(HostileField::kGroupLabel, "one")}};
  message.group_key = RootGroupKey(message.group_labels);
  message.external_url = "http://tocsin.test/" + texts.In(HostileField::kExternalUrl, "");
  message.dedup_key = "a-group";
  message.flush_number = 1;
  return message;
}

}  // namespace

const std::vector<HostileText>& HostileTexts() {
  static const std::vector<HostileText> kTexts = {
      {"script", "<script>alert(1)</script><img src=x onerror=alert(1)> &amp; &#60;"},
      {"attribute", "\"><b onmouseover='x'>\" ' ` <!-- --> ]]> <![CDATA["},
      {"markdown", "*b* _i_ ~s~ **B** `c` ```\n# h\n> q\n[t](http://evil.test/) ![i](x) | a | \\"},
      {"slack", "<!channel> <!here> <!everyone> <@U1> <#C1> <http://evil.test/|text> &lt;"},
      {"mentions", "@everyone @here @channel <@&1> <users/all> @room"},
      {"lines",
       "a\r\nX-Injected: yes\r\n\r\nGET /injected HTTP/1.1\r\nBcc: evil@evil.test\r\n.\r\n"},
      {"line feeds", "a\nX-Injected: yes\n\nb\rX-Injected: yes\r\rc\v\f\x1c\x1d"},
      {"other lines", "a\xc2\x85X-Injected: yes\xe2\x80\xa8X-Injected: yes\xe2\x80\xa9"},
      {"right to left", RightToLeft()},
      {"controls", AllControls()},
      {"NUL", std::string("a\0b\0\0", 5)},
      {"terminal", "\x1b[2J\x1b]0;title\x07\x1b[31m\b\b\b"},
      {"no UTF-8", "\xff\xfe \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82 end \xc3"},
      {"json", R"("},{"x":1}],"a":"\u0000\ud800","b":{"$ref":"#"}} \ \\ \" \u)"},
      {"templates", "{{ .Labels }} {{ define \"x\" }} {{/* {host} ${HOME} $(id) %s %n %00 %0d%0a"},
      {"yaml", "yes\n- a: b\n  &x *x !!python/object:os.system ---\n1e400 0x1F ~ null"},
      {"forms", "a&b=c;d=e&&=%zz+%20?#/../../etc/passwd\\..\\"},
      {"mail", "=?utf-8?q?=0d=0aX-Injected:_yes?= <evil@evil.test>, \"a\" (b) :;\t"},
      {"emoji",
       "\xf0\x9f\x9a\xa8\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb e\xcc\x81\xcc\x81\xcc\x81"},
      {"blanks", " \t \xc2\xa0 \xe3\x80\x80 "},
  };
  return kTexts;
}

const std::vector<HostileText>& LongTexts() {
  constexpr std::size_t kLong = 100'000;
  static const std::vector<HostileText> kTexts = {
      {"long markup", Repeated(std::string("<&>\"'*_`[\r\n\0\xff", 13), kLong)},
      {"long emoji", Repeated("\xf0\x9f\x9a\xa8", kLong)},
  };
  return kTexts;
}

GroupNotification HostileMessage(const std::string& text, bool is_over) {
  return MessageAbout(Texts(text, std::nullopt), 0, is_over);
}

GroupNotification HostileMessageIn(HostileField field, const std::string& text) {
  return MessageAbout(Texts(text, field), 0, /*is_over=*/false);
}

GroupNotification MessageWithManyLabels(const std::string& text) {
  return MessageAbout(Texts(text, HostileField::kLabel), kMany, /*is_over=*/false);
}

}  // namespace tocsin::receivers
