#include "receivers/channels/sns_publish.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "receivers/channels/aws_answers.h"
#include "receivers/channels/aws_signature.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_RequestParameters
constexpr std::size_t kMaxMessageBytes = 262'144;
constexpr std::size_t kMaxSmsRunes = 1600;
constexpr std::size_t kMaxSubjectRunes = 99;
constexpr char kVersion[] = "2010-03-31";

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

// ---- one attempt

// What all requests of an attempt are made of.
struct Letter {
  HttpClientRequest request;  // not signed yet
  AwsPlan plan;
  std::shared_ptr<AwsCredentials> credentials;
  const Clock& clock;
};
using LetterPtr = std::shared_ptr<const Letter>;

VendorCall SendLetter(const LetterPtr& letter, bool is_second);

// https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
bool SaysExpired(std::string_view code) {
  return code == "ExpiredToken" || code == "ExpiredTokenException";
}

// Keys that have come to their end before their time are replaced in the same attempt, once.
VendorStep Judge(const LetterPtr& letter, const AwsKeys& used, bool is_second,
                 const HttpClientResult& result, Timestamp now) {
  Outcome outcome = HttpOutcome(result, now);
  if (outcome.kind == Outcome::Kind::kDelivered || !result.response) return outcome;
  const std::string code = AwsErrorCode(result.response->body);
  if (!code.empty()) outcome.reason += fmt::format(" ({})", code);
  if (!SaysExpired(code)) return outcome;
  if (letter->credentials->Forget(used) && !is_second) return SendLetter(letter, true);
  // Those of a file or of the environment somebody else renews.
  outcome.kind = Outcome::Kind::kRetry;
  outcome.failure = Failure::kAuth;
  outcome.payload_refused = false;
  return outcome;
}

VendorCall SendLetter(const LetterPtr& letter, bool is_second) {
  const auto used = std::make_shared<AwsKeys>();  // written before the request is sent, then read
  VendorCall call;
  call.request = letter->request;
  call.judge = [letter, used, is_second](const HttpClientResult& result, Timestamp now) {
    return Judge(letter, *used, is_second, result, now);
  };
  call.complete = [letter, used](HttpClientRequest request, Duration left, const Completed& done) {
    letter->credentials->Get(
        letter->plan, left,
        [letter, used, request = std::move(request), done](const AwsKeysOrNot& answer) mutable {
          if (answer.failure) return done(std::move(request), answer.failure);
          *used = answer.keys;
          SignAwsRequest(answer.keys, {letter->plan.region, "sns"}, letter->clock.Now(), &request);
          done(std::move(request), std::nullopt);
        });
  };
  return call;
}

}  // namespace

SnsTarget SnsTargetOf(const config::CheckedKeys& keys) {
  if (keys.Has("topic_arn")) return {"topic_arn", "TopicArn"};
  if (keys.Has("target_arn")) return {"target_arn", "TargetArn"};
  return {"phone_number", "PhoneNumber"};
}

bool IsPhone(const SnsTarget& target) { return target.key == std::string_view("phone_number"); }

// ---- who sends

SnsSender::SnsSender(const config::CheckedKeys& keys, std::shared_ptr<AwsCredentials> credentials,
                     const ChannelContext& context, config::Environment environment)
    : target_(SnsTargetOf(keys)),
      settings_(AwsSettingsOf(keys)),
      credentials_(std::move(credentials)),
      clock_(context.clock),
      environment_(std::move(environment)) {}

Result<std::shared_ptr<const SnsSender>> SnsSender::Make(const config::CheckedKeys& keys,
                                                         const config::HttpConfig& http,
                                                         const ChannelContext& context,
                                                         const config::Environment& environment) {
  Result<std::shared_ptr<AwsCredentials>> credentials =
      AwsCredentials::Make(http.proxy, context, environment);
  if (!credentials) return credentials.error();
  return std::shared_ptr<const SnsSender>(
      new SnsSender(keys, *std::move(credentials), context, environment));
}

Result<VendorCall> SnsSender::Publish(const std::string& address, const SnsMessage& message,
                                      const std::string& api_url) const {
  Result<AwsPlan> plan = PlanAwsKeys(settings_, environment_);
  if (!plan) return Error{fmt::format("sns: {}", plan.message())};
  HttpClientRequest request;
  request.method = "POST";
  request.url = api_url.empty() ? EndpointOf(plan->region) : api_url;
  // User name and password would take the signature's place.
  if (const Status checked = CheckUrl(request.url); !checked) {
    return Error{fmt::format("api_url: {}", checked.message())};
  }
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = Encode(FormOf(target_, address, message));
  return SendLetter(std::make_shared<const Letter>(
                        Letter{std::move(request), *std::move(plan), credentials_, clock_}),
                    /*is_second=*/false);
}

}  // namespace tocsin::receivers
