#include "receivers/channels/aws_fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/text.h"
#include "receivers/channels/authorized_headers.h"
#include "receivers/channels/http_outcome.h"

namespace tocsin::receivers {
namespace {

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
constexpr char kTokenPath[] = "/latest/api/token";
constexpr char kRolePath[] = "/latest/meta-data/iam/security-credentials/";
constexpr char kTokenHeader[] = "X-aws-ec2-metadata-token";
constexpr char kTokenSecondsHeader[] = "X-aws-ec2-metadata-token-ttl-seconds";
constexpr char kTokenSeconds[] = "60";  // as long as one fetch takes
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
constexpr char kStsVersion[] = "2011-06-15";
// Longer than any answer that is one.
constexpr std::size_t kMaxAnswerBytes = 64 << 10;
constexpr std::size_t kMaxTokenBytes = 1024;
constexpr std::size_t kMaxRoleBytes = 128;

using Parameters = std::initializer_list<std::pair<std::string_view, std::string_view>>;

std::string Form(Parameters parameters) {
  std::string body;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    body += fmt::format("{}{}={}", body.empty() ? "" : "&", name, PercentEncode(value));
  }
  return body;
}

HttpClientRequest StsRequest(const std::string& url, Parameters parameters) {
  HttpClientRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = Form(parameters);
  return request;
}

bool IsVisible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html: letters, digits, _+=,.@-
bool IsRoleName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRoleBytes && IsVisible(text) &&
         text.find_first_of("/?#%\\") == std::string_view::npos && text != "." && text != "..";
}

}  // namespace

AwsFetch::AwsFetch(AwsPlan plan) : plan_(std::move(plan)) {
  lent_.keys = plan_.keys;
  switch (plan_.source) {
    case AwsPlan::Source::kKeys:
      Advance();
      break;
    case AwsPlan::Source::kWebIdentity:
      step_ = Step::kIdentity;
      break;
    case AwsPlan::Source::kContainer:
      step_ = Step::kContainerKeys;
      break;
    case AwsPlan::Source::kMachine:
      step_ = Step::kMachineToken;
      break;
  }
}

bool AwsFetch::is_local() const {
  return step_ == Step::kMachineToken || step_ == Step::kMachineRole ||
         step_ == Step::kMachineKeys || step_ == Step::kContainerKeys;
}

// The step after the one that is over.
void AwsFetch::Advance() {
  if (step_ == Step::kMachineToken) {
    step_ = Step::kMachineRole;
  } else if (step_ == Step::kMachineRole) {
    step_ = Step::kMachineKeys;
  } else {
    if (step_ == Step::kRole) ++role_;
    step_ = role_ < plan_.roles.size() ? Step::kRole : Step::kDone;
  }
}

// ---- requests

Result<HttpClientRequest> AwsFetch::Next(Timestamp now) const {
  Result<HttpClientRequest> request = step_ == Step::kRole            ? RoleRequest(now)
                                      : step_ == Step::kIdentity      ? IdentityRequest()
                                      : step_ == Step::kContainerKeys ? ContainerRequest()
                                                                      : MachineRequest();
  if (!request) return request;
  request->max_response_bytes = kMaxAnswerBytes;
  request->follow_redirects = false;  // the keys are at this address or nowhere
  request->carries_credentials = true;
  return request;
}

Result<HttpClientRequest> AwsFetch::MachineRequest() const {
  HttpClientRequest request;
  if (step_ == Step::kMachineToken) {
    request.method = "PUT";
    request.url = plan_.url + kTokenPath;
    request.headers = {{kTokenSecondsHeader, kTokenSeconds}};
    return request;
  }
  request.url = plan_.url + kRolePath + machine_role_;
  request.headers = {{kTokenHeader, machine_token_.Reveal()}};
  return request;
}

Result<HttpClientRequest> AwsFetch::ContainerRequest() const {
  HttpClientRequest request;
  request.url = plan_.url;
  request.headers = {{"Accept", "application/json"}};
  Result<std::string> token = plan_.token.Reveal();
  if (!plan_.token_file.empty()) token = ReadSecretFile(plan_.token_file);
  if (!token) {
    return Error{fmt::format("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {}", token.message())};
  }
  if (!token->empty()) request.headers.emplace_back("Authorization", *token);
  return request;
}

// Unsigned: the token says who asks.
Result<HttpClientRequest> AwsFetch::IdentityRequest() const {
  const Result<std::string> token = ReadSecretFile(plan_.token_file);
  if (!token) return Error{fmt::format("the web identity token: {}", token.message())};
  if (token->empty()) {
    return Error{fmt::format("the web identity token: {} is empty", plan_.token_file)};
  }
  return StsRequest(plan_.sts_url, {{"Action", "AssumeRoleWithWebIdentity"},
                                    {"RoleArn", plan_.identity.arn},
                                    {"RoleSessionName", plan_.identity.session_name},
                                    {"Version", kStsVersion},
                                    {"WebIdentityToken", *token}});
}

HttpClientRequest AwsFetch::RoleRequest(Timestamp now) const {
  const AwsRole& role = plan_.roles.at(role_);
  HttpClientRequest request = StsRequest(plan_.sts_url, {{"Action", "AssumeRole"},
                                                         {"ExternalId", role.external_id},
                                                         {"RoleArn", role.arn},
                                                         {"RoleSessionName", role.session_name},
                                                         {"Version", kStsVersion}});
  SignAwsRequest(lent_.keys, {plan_.region, "sts"}, now, &request);
  return request;
}

// ---- answers

std::optional<Outcome> AwsFetch::Take(const HttpClientResult& result, Timestamp now) {
  const bool is_answered = result.response && result.response->status == 200;
  if (!is_answered) return Refused(result, now);
  if (const Status read = Read(result.response->body); !read) {
    Outcome outcome = Outcome::Retry(Failure::kOther, read.message());
    return Named(std::move(outcome));
  }
  Advance();
  return std::nullopt;
}

Status AwsFetch::Read(const std::string& body) {
  const std::string_view text = TrimSpace(body);
  switch (step_) {
    case Step::kMachineToken:
      if (text.empty() || text.size() > kMaxTokenBytes || !IsVisible(text)) {
        return Error{"the answer is no token"};
      }
      machine_token_ = Secret(std::string(text));
      return {};
    case Step::kMachineRole:
      machine_role_ = TrimSpace(text.substr(0, text.find('\n')));
      if (!IsRoleName(machine_role_)) {
        machine_role_.clear();
        return Error{"the answer names no role"};
      }
      return {};
    case Step::kMachineKeys:
    case Step::kContainerKeys:
      return ReadLent(ReadLentKeys(body));
    default:
      return ReadLent(ReadStsAnswer(body));
  }
}

Status AwsFetch::ReadLent(Result<LentAwsKeys> lent) {
  if (!lent) return lent.error();
  lent_ = *std::move(lent);
  return {};
}

// ---- failures

std::string AwsFetch::What() const {
  const std::string at = RedactUrl(is_local() ? plan_.url : plan_.sts_url);
  switch (step_) {
    case Step::kMachineToken:
      return fmt::format("asking the machine's metadata service at {} for a token", at);
    case Step::kMachineRole:
      return fmt::format("asking the machine's metadata service at {} for its role", at);
    case Step::kMachineKeys:
      return fmt::format("asking the machine's metadata service at {} for the keys of {}", at,
                         QuoteForMessage(machine_role_));
    case Step::kContainerKeys:
      return fmt::format("asking the container's service at {} for keys", at);
    case Step::kIdentity:
      return fmt::format("assuming {} by web identity at {}", QuoteForMessage(plan_.identity.arn),
                         at);
    default:
      return fmt::format("assuming {} at {}", QuoteForMessage(plan_.roles.at(role_).arn), at);
  }
}

// Nothing was sent to anybody: the message is still here.
Outcome AwsFetch::Named(Outcome outcome) const {
  outcome.reason = fmt::format("no AWS credentials: {}: {}", What(), outcome.reason);
  if (is_local() && !plan_.tried.empty()) {
    outcome.reason += fmt::format("; before, there were none in {}", plan_.tried);
  }
  outcome.may_have_arrived = false;
  outcome.payload_refused = false;
  return outcome;
}

Outcome AwsFetch::Failed(const Error& error) const {
  return Named(Outcome::Retry(Failure::kOther, error.message));
}

Outcome AwsFetch::Refused(const HttpClientResult& result, Timestamp now) const {
  Outcome outcome = HttpOutcome(result, now);
  if (!result.response) return Named(std::move(outcome));
  const int status = result.response->status;
  // Nothing else of the answer: it may repeat what it was asked.
  outcome.reason = fmt::format("HTTP status {}", status);
  const std::string code = AwsErrorCode(result.response->body);
  if (!code.empty()) outcome.reason += fmt::format(" ({})", code);
  if (outcome.kind == Outcome::Kind::kDelivered) {  // 2xx, and yet no answer
    outcome.kind = Outcome::Kind::kRetry;
    outcome.failure = Failure::kOther;
  }
  if (outcome.kind == Outcome::Kind::kGiveUp) {
    outcome.failure = Failure::kAuth;
    outcome.advice = is_local() ? kAwsKeysAdvice
                                : "check the role's name, and that its trust policy lets these "
                                  "credentials assume it";
    if (step_ == Step::kMachineRole && status == 404) {
      outcome.reason += ": the machine has no role";
    }
  }
  return Named(std::move(outcome));
}

}  // namespace tocsin::receivers
