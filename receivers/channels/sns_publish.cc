#include "receivers/channels/sns_publish.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "receivers/channels/authorized_headers.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_RequestParameters
constexpr std::size_t kMaxMessageBytes = 262'144;
constexpr std::size_t kMaxSmsRunes = 1600;
constexpr std::size_t kMaxSubjectRunes = 99;
constexpr char kVersion[] = "2010-03-31";

// ---- access

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

Result<AwsKeys> KeysOf(const config::CheckedKeys& keys, const config::Environment& environment) {
  AwsKeys found{OfSigV4(keys, "access_key"), keys.SecretOf("sigv4.secret_key"), Secret()};
  if (found.access_key.empty()) {
    return AwsKeys{environment("AWS_ACCESS_KEY_ID").value_or(""),
                   Secret(environment("AWS_SECRET_ACCESS_KEY").value_or("")),
                   Secret(environment("AWS_SESSION_TOKEN").value_or(""))};
  }
  if (const std::string file = OfSigV4(keys, "secret_key_file"); !file.empty()) {
    Result<std::string> secret = ReadSecretFile(file);
    if (!secret) return Error{fmt::format("sigv4.secret_key_file: {}", secret.message())};
    found.secret_key = Secret(*std::move(secret));
  }
  return found;
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

// ---- request

// The query protocol's parameters, in the order of their names. SNS takes nothing but UTF-8.
using Form = std::map<std::string, std::string>;

std::string Encode(const Form& form) {
  std::string body;
  for (const auto& [name, value] : form) {
    body +=
        fmt::format("{}{}={}", body.empty() ? "" : "&", PercentEncode(name), PercentEncode(value));
  }
  return body;
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
  std::string subject = ToValidUtf8(text);
  for (char& c : subject) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return TruncateRunes(TrimSpace(subject), kMaxSubjectRunes);
}

// https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
void AddAttributes(const std::map<std::string, std::string>& attributes, Form* form) {
  int number = 0;
  for (const auto& [name, value] : attributes) {
    const std::string entry = fmt::format("MessageAttributes.entry.{}.", ++number);
    (*form)[entry + "Name"] = name;
    (*form)[entry + "Value.DataType"] = "String";
    (*form)[entry + "Value.StringValue"] = value;
  }
}

Form FormOf(const SnsTarget& target, const std::string& address, const SnsMessage& message) {
  Form form = {{"Action", "Publish"}, {"Version", kVersion}};
  form[target.parameter] = ToValidUtf8(address);
  if (form[target.parameter].ends_with(".fifo")) {
    form["MessageGroupId"] = message.group_id;
    form["MessageDeduplicationId"] = message.id;
  }
  const std::string subject = Subject(message.subject);
  if (!subject.empty()) form["Subject"] = subject;
  const std::string text = ToValidUtf8(message.message);
  form["Message"] = IsPhone(target) ? FirstRunes(text, kMaxSmsRunes)
                                    : std::string(TruncateUtf8(text, kMaxMessageBytes));
  std::map<std::string, std::string> attributes;
  for (const auto& [name, value] : message.attributes) {
    attributes[ToValidUtf8(name)] = ToValidUtf8(value);
  }
  if (form["Message"].size() < text.size()) attributes["truncated"] = "true";
  AddAttributes(attributes, &form);
  return form;
}

// https://docs.aws.amazon.com/general/latest/gr/sns.html
// https://docs.amazonaws.cn/en_us/aws/latest/userguide/endpoints-Beijing.html
std::string EndpointOf(const std::string& region) {
  return fmt::format("https://sns.{}.amazonaws.com{}/", region,
                     region.starts_with("cn-") ? ".cn" : "");
}

// ---- answer

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

}  // namespace

Result<SnsAccess> SnsAccessOf(const config::CheckedKeys& keys,
                              const config::Environment& environment) {
  if (Status checked = CheckSigV4(keys); !checked) return checked.error();
  Result<AwsKeys> found = KeysOf(keys, environment);
  if (!found) return found.error();
  SnsAccess access{*std::move(found), RegionOf(keys, environment)};
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

SnsTarget SnsTargetOf(const config::CheckedKeys& keys) {
  if (keys.Has("topic_arn")) return {"topic_arn", "TopicArn"};
  if (keys.Has("target_arn")) return {"target_arn", "TargetArn"};
  return {"phone_number", "PhoneNumber"};
}

bool IsPhone(const SnsTarget& target) { return target.key == std::string_view("phone_number"); }

Result<VendorCall> PublishToSns(const SnsTarget& target, const std::string& address,
                                const SnsMessage& message, const std::string& api_url,
                                const SnsAccess& access, Timestamp now) {
  VendorCall call{{}, Judge};
  HttpClientRequest& request = call.request;
  request.method = "POST";
  request.url = api_url.empty() ? EndpointOf(access.region) : api_url;
  // User name and password would take the signature's place.
  if (const Status checked = CheckUrl(request.url); !checked) {
    return Error{fmt::format("api_url: {}", checked.message())};
  }
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = Encode(FormOf(target, address, message));
  SignAwsRequest(access.keys, {access.region, "sns"}, now, &request);
  return call;
}

}  // namespace tocsin::receivers
