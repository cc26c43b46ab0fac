// Amazon SNS, of alertmanager.yml: one Publish to a topic, a phone or an endpoint of an app.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
//
// Requests are signed here, without AWS's SDK: with the keys of `sigv4` or, as the SDK would, of
// the environment. Where only the SDK could find them (profiles, roles, those of the machine)
// every message fails with the reason. `use_aws_http_client` says something about the SDK and
// changes nothing.
#include <fmt/format.h>

#include <functional>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/group_key.h"
#include "base/text.h"
#include "config/environment.h"
#include "receivers/channels/aws_signature.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_RequestParameters
constexpr std::size_t kMaxMessageBytes = 262'144;
constexpr std::size_t kMaxSmsRunes = 1600;
constexpr std::size_t kMaxSubjectRunes = 99;
constexpr char kVersion[] = "2010-03-31";

// ---- message

// The query protocol's parameters, in the order of their names.
using Form = std::map<std::string, std::string>;

std::string Encode(const Form& form) {
  std::string body;
  for (const auto& [name, value] : form) {
    body +=
        fmt::format("{}{}={}", body.empty() ? "" : "&", PercentEncode(name), PercentEncode(value));
  }
  return body;
}

// SNS takes nothing else: what is no UTF-8 becomes U+FFFD.
std::string ValidUtf8(std::string_view text) {
  std::string valid;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = Utf8Length(text, at);
    valid += length == 0 ? "\xEF\xBF\xBD" : text.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  return valid;
}

// A text message gets no "…" at its end: in its alphabet there is none, and with one it is sent in
// another, as more than twice as many messages.
// https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
std::string FirstRunes(std::string_view text, std::size_t limit) {
  std::size_t at = 0;
  for (; at < text.size() && limit > 0; --limit) at += Utf8Length(text, at);
  return std::string(text.substr(0, at));
}

// One line, not too long: SNS refuses messages with any other subject.
std::string Subject(std::string_view text) {
  std::string subject = ValidUtf8(text);
  for (char& c : subject) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return TruncateRunes(TrimSpace(subject), kMaxSubjectRunes);
}

class PublishMaker {
 public:
  PublishMaker(const GroupNotification& notification, SettingTexts& settings)
      : notification_(notification), settings_(settings) {}

  Form Make() {
    form_ = {{"Action", "Publish"}, {"Version", kVersion}};
    AddTarget();
    const std::string subject = Subject(settings_.Text("subject"));
    if (!subject.empty()) form_["Subject"] = subject;
    const std::string message = ValidUtf8(settings_.Text("message"));
    form_["Message"] = settings_.keys().Has("phone_number")
                           ? FirstRunes(message, kMaxSmsRunes)
                           : std::string(TruncateUtf8(message, kMaxMessageBytes));
    AddAttributes(form_["Message"].size() < message.size());
    return std::move(form_);
  }

 private:
  void AddTarget() {
    for (const auto& [key, name] :
         {std::pair{"topic_arn", "TopicArn"}, std::pair{"target_arn", "TargetArn"},
          std::pair{"phone_number", "PhoneNumber"}}) {
      if (!settings_.keys().Has(key)) continue;
      form_[name] = ValidUtf8(settings_.Text(key));
      if (form_[name].ends_with(".fifo")) AddOrder();
    }
  }

  // Within five minutes a topic in order takes one message of each id. Alertmanager's id is the
  // group's: it loses the end of what was announced a moment ago. Where messages are numbered each
  // has its own, the same for all attempts.
  // https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
  void AddOrder() {
    form_["MessageGroupId"] = Sha256Hex(notification_.group_key);
    form_["MessageDeduplicationId"] =
        notification_.flush_number == 0
            ? form_["MessageGroupId"]
            : Sha256Hex(IdempotencyKey(notification_.dedup_key, notification_.status(),
                                       notification_.flush_number));
  }

  // https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
  void AddAttributes(bool is_cut) {
    std::map<std::string, std::string> attributes;
    for (const config::YamlEntry& entry : EntriesOf(settings_.keys(), "attributes")) {
      const std::string name = settings_.Fill("attributes", entry.key);
      attributes[ValidUtf8(name)] = ValidUtf8(settings_.Fill("attributes", entry.value.text));
    }
    if (is_cut) attributes["truncated"] = "true";
    int number = 0;
    for (const auto& [name, value] : attributes) {
      const std::string entry = fmt::format("MessageAttributes.entry.{}.", ++number);
      form_[entry + "Name"] = name;
      form_[entry + "Value.DataType"] = "String";
      form_[entry + "Value.StringValue"] = value;
    }
  }

  const GroupNotification& notification_;
  SettingTexts& settings_;
  Form form_;
};

// ---- delivery

// Who sends, and to which of AWS's places.
struct Access {
  AwsKeys keys;
  std::string region;
};

// https://docs.aws.amazon.com/general/latest/gr/sns.html
// https://docs.amazonaws.cn/en_us/aws/latest/userguide/endpoints-Beijing.html
std::string EndpointOf(const std::string& region) {
  return fmt::format("https://sns.{}.amazonaws.com{}/", region,
                     region.starts_with("cn-") ? ".cn" : "");
}

// "InvalidParameter", of an answer that says what is wrong; empty where it is no word.
// https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
std::string ErrorCode(std::string_view answer) {
  constexpr std::string_view kBegin = "<Code>";
  const std::size_t begin = answer.find(kBegin);
  if (begin == std::string_view::npos) return "";
  const std::string_view rest = answer.substr(begin + kBegin.size());
  const std::string_view code = rest.substr(0, rest.find('<'));
  const bool is_word =
      code.size() <= 60 && code.find_first_not_of(
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789.") == std::string_view::npos;
  return is_word ? std::string(code) : "";
}

VendorStep Judge(const HttpClientResult& result, Timestamp now) {
  Outcome outcome = HttpOutcome(result, now);
  if (outcome.kind == Outcome::Kind::kDelivered || !result.response) return outcome;
  const std::string code = ErrorCode(result.response->body);
  if (!code.empty()) outcome.reason += fmt::format(" ({})", code);
  return outcome;
}

class GroupSns final : public VendorApi {
 public:
  // `now` is asked by the thread that prepares.
  // Without access every message fails with the reason, as it does at Alertmanager; the rest of the
  // configuration goes on working.
  GroupSns(config::CheckedKeys keys, Result<Access> access, std::function<Timestamp()> now)
      : keys_(std::move(keys)), access_(std::move(access)), now_(std::move(now)) {}

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    if (!access_) return access_.error();
    SettingTexts settings(keys_, texts);
    VendorCall call{{}, Judge};
    HttpClientRequest& request = call.request;
    request.method = "POST";
    request.url = Url(settings);
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = Encode(PublishMaker(notification, settings).Make());
    if (!settings.status()) return settings.status().error();
    SignAwsRequest(access_->keys, {access_->region, "sns"}, now_(), &request);
    return call;
  }

 private:
  std::string Url(SettingTexts& settings) const {
    std::string url = settings.Text("api_url");
    if (url.empty()) return EndpointOf(access_->region);
    // User name and password would take the signature's place.
    if (const Status checked = CheckUrl(url); !checked) {
      settings.Fail(Error{fmt::format("api_url: {}", checked.message())});
    }
    return url;
  }

  const config::CheckedKeys keys_;
  const Result<Access> access_;
  const std::function<Timestamp()> now_;
};

// ---- kind

std::string OfSigV4(const config::CheckedKeys& keys, std::string_view key) {
  const config::YamlNode* sigv4 = keys.Find("sigv4");
  const config::YamlNode* value = sigv4 == nullptr ? nullptr : FindMember(*sigv4, key);
  return value == nullptr ? "" : value->text;
}

Status CheckSigV4(const config::CheckedKeys& keys) {
  for (const char* key : {"profile", "role_arn"}) {
    if (OfSigV4(keys, key).empty()) continue;
    return Error{fmt::format(
        "sns: sigv4.{} is not supported: it takes the AWS SDK, which is not part of this program; "
        "give sigv4.access_key and sigv4.secret_key, or set AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY and, for keys that expire, AWS_SESSION_TOKEN",
        key)};
  }
  return {};
}

AwsKeys KeysOf(const config::CheckedKeys& keys, const config::Environment& environment) {
  AwsKeys found{OfSigV4(keys, "access_key"), keys.SecretOf("sigv4.secret_key"), Secret()};
  if (!found.access_key.empty()) return found;
  return {environment("AWS_ACCESS_KEY_ID").value_or(""),
          Secret(environment("AWS_SECRET_ACCESS_KEY").value_or("")),
          Secret(environment("AWS_SESSION_TOKEN").value_or(""))};
}

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
std::string RegionOf(const config::CheckedKeys& keys, const config::Environment& environment) {
  std::string region = OfSigV4(keys, "region");
  return region.empty() ? environment("AWS_REGION").value_or("") : region;
}

// It becomes part of a host name.
bool IsRegion(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Result<Access> AccessOf(const config::CheckedKeys& keys, const config::Environment& environment) {
  if (Status checked = CheckSigV4(keys); !checked) return checked.error();
  Access access{KeysOf(keys, environment), RegionOf(keys, environment)};
  if (access.keys.access_key.empty() || access.keys.secret_key.empty()) {
    return Error{
        "sns: there are no credentials: give sigv4.access_key and sigv4.secret_key, or set "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (those of a machine or a container cannot be "
        "used)"};
  }
  if (!IsRegion(access.region)) {
    return Error{fmt::format("sns: {} is no region: give sigv4.region, or set AWS_REGION",
                             QuoteForMessage(access.region))};
  }
  return access;
}

}  // namespace

Result<BuiltVendor> MakeGroupSns(const config::AlertmanagerIntegration& settings) {
  return BuiltVendor{std::make_unique<GroupSns>(
      settings.keys, AccessOf(settings.keys, config::ProcessEnvironment()),
      [] { return SystemClock().Now(); })};
}

}  // namespace tocsin::receivers
