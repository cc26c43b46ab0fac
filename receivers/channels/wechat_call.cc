#include "receivers/channels/wechat_call.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "base/json_library.h"
#include "base/mutex.h"
#include "base/text.h"
#include "receivers/channels/answer_excerpt.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/multipart_form.h"
#include "receivers/channels/picture_texts.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {

// The newest access token. Synchronises itself: the dispatcher's thread takes, that of the HTTP
// client puts.
class KeptWechatToken {
 public:
  // Empty where there is none, or one that another address gave (which holds the secret).
  std::string For(const std::string& token_url) const EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return url_ == token_url ? token_ : "";
  }
  void Keep(const std::string& token_url, const std::string& token) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    url_ = token_url;
    token_ = token;
  }
  // Unless it is another by now.
  void Forget(const std::string& token) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    if (token_ == token) token_.clear();
  }

 private:
  mutable Mutex mu_;
  std::string url_ GUARDED_BY(mu_);
  std::string token_ GUARDED_BY(mu_);
};

namespace {

// https://developer.work.weixin.qq.com/document/path/90313
constexpr std::int64_t kBusy = -1;
constexpr std::int64_t kTokenInvalid = 40014;
constexpr std::int64_t kTokenExpired = 42001;
constexpr char kCodes[] =
    "https://developer.work.weixin.qq.com/document/path/90313 tells what the code means";

// What all requests of an attempt are made of.
struct Letter {
  std::string corp_id;
  std::string token_url;
  std::string send_url;
  JsonValue message;
  std::string upload_url;
  std::optional<WechatPicture> picture;
  std::shared_ptr<KeptWechatToken> kept;
};
using LetterPtr = std::shared_ptr<const Letter>;

VendorCall AskForToken(const LetterPtr& letter);
VendorCall SendWith(const LetterPtr& letter, const std::string& token, bool is_new);

// What http_outcome.h says, but that no other status than 200 is a success. Empty for 200.
std::optional<Outcome> NotOk(const HttpClientResult& result, Timestamp now) {
  if (result.response && result.response->status == 200) return std::nullopt;
  Outcome outcome = HttpOutcome(result, now);
  if (outcome.kind != Outcome::Kind::kDelivered) return outcome;
  const int status = outcome.http_status;
  outcome = Outcome::Retry(Failure::kOther, fmt::format("HTTP status {}", status));
  outcome.http_status = status;
  outcome.may_have_arrived = true;
  return outcome;
}

// The object that the answer is; nothing where it is none or its errcode no whole number.
std::optional<nlohmann::json> ReadAnswer(const std::string& body) {
  nlohmann::json answer = ParseJson(body);
  if (!answer.is_object()) return std::nullopt;
  const auto code = answer.find("errcode");
  if (code != answer.end() && !code->is_number_integer()) return std::nullopt;
  return answer;
}

// 0, which is success, where it is absent.
std::int64_t CodeOf(const nlohmann::json& answer) {
  const auto code = answer.find("errcode");
  return code == answer.end() ? 0 : code->get<std::int64_t>();
}

std::string TextOf(const nlohmann::json& answer, const char* name) {
  const auto text = answer.find(name);
  return text != answer.end() && text->is_string() ? text->get<std::string>() : "";
}

// `code` is all that is shown of the answer: the address that was asked holds the secret.
Outcome NoToken(const Letter& letter, std::int64_t code) {
  const std::string reason = fmt::format("WeChat gives no access token for corp_id {} (errcode {})",
                                         QuoteForMessage(letter.corp_id), code);
  if (code == kBusy) return Outcome::Retry(Failure::kServerError, reason);
  return Outcome::GiveUp(Failure::kAuth, reason,
                         fmt::format("check corp_id and api_secret; {}", kCodes));
}

VendorStep OnToken(const LetterPtr& letter, const HttpClientResult& result, Timestamp now) {
  if (std::optional<Outcome> failed = NotOk(result, now)) {
    failed->reason = fmt::format("access token: {}", failed->reason);
    failed->may_have_arrived = false;  // the message is still here
    return *std::move(failed);
  }
  Outcome outcome = Outcome::GiveUp(
      Failure::kOther, "WeChat's answer with the access token cannot be read", "check api_url");
  if (const std::optional<nlohmann::json> answer = ReadAnswer(result.response->body)) {
    const std::string token = TextOf(*answer, "access_token");
    if (!token.empty()) {
      letter->kept->Keep(letter->token_url, token);
      return SendWith(letter, token, /*is_new=*/true);
    }
    outcome = NoToken(*letter, CodeOf(*answer));
  }
  outcome.http_status = 200;
  return outcome;
}

Outcome OfCode(std::int64_t code, const nlohmann::json& answer, const std::string& token) {
  if (code == 0) return Outcome::Delivered();
  const std::string reason = fmt::format("WeChat refuses the message: errcode {}: {}", code,
                                         AnswerExcerpt(TextOf(answer, "errmsg"), {token}));
  const bool is_passing = code == kBusy || code == kTokenExpired || code == kTokenInvalid;
  return is_passing ? Outcome::Retry(Failure::kOther, reason)
                    : Outcome::GiveUp(Failure::kClientError, reason, kCodes);
}

// The picture, and the message that shows it once it is there.
VendorCall Upload(const LetterPtr& letter, const std::string& token) {
  MultipartForm form;
  form.AddFile("media", kPictureFile, kPictureType, *letter->picture->bytes);
  VendorCall call;
  call.request = form.Post(AddUrlParameter(letter->upload_url, "access_token", token));
  call.judge = [letter, token](const HttpClientResult& result, Timestamp now) -> VendorStep {
    if (std::optional<Outcome> failed = NotOk(result, now)) return *std::move(failed);
    const std::optional<nlohmann::json> answer = ReadAnswer(result.response->body);
    const std::string id = answer && CodeOf(*answer) == 0 ? TextOf(*answer, "media_id") : "";
    if (id.empty()) return Outcome::Delivered();
    JsonValue message = letter->picture->message;
    message.Set("image", JsonValue::Object({{"media_id", id}}));
    return VendorCall{PostJson(AddUrlParameter(letter->send_url, "access_token", token), message),
                      nullptr};
  };
  return call;
}

VendorStep OnSent(const LetterPtr& letter, const std::string& token, bool is_new,
                  const HttpClientResult& result, Timestamp now) {
  if (std::optional<Outcome> failed = NotOk(result, now)) return *std::move(failed);
  Outcome outcome = Outcome::Retry(Failure::kOther, "WeChat's answer cannot be read");
  outcome.may_have_arrived = true;
  if (const std::optional<nlohmann::json> answer = ReadAnswer(result.response->body)) {
    const std::int64_t code = CodeOf(*answer);
    if (code == kTokenExpired || code == kTokenInvalid) {
      letter->kept->Forget(token);
      if (!is_new) return AskForToken(letter);
    }
    outcome = OfCode(code, *answer, token);
    if (code == 0 && letter->picture) {
      outcome.http_status = 200;
      return EndingWith(std::move(outcome), Upload(letter, token));
    }
  }
  outcome.http_status = 200;
  return outcome;
}

VendorCall AskForToken(const LetterPtr& letter) {
  VendorCall call;
  call.request.url = letter->token_url;
  call.judge = [letter](const HttpClientResult& result, Timestamp now) {
    return OnToken(letter, result, now);
  };
  return call;
}

VendorCall SendWith(const LetterPtr& letter, const std::string& token, bool is_new) {
  return {PostJson(AddUrlParameter(letter->send_url, "access_token", token), letter->message),
          [letter, token, is_new](const HttpClientResult& result, Timestamp now) {
            return OnSent(letter, token, is_new, result, now);
          }};
}

}  // namespace

WechatCalls::WechatCalls() : kept_(std::make_shared<KeptWechatToken>()) {}

VendorCall WechatCalls::Call(const WechatSender& sender, JsonValue message,
                             std::optional<WechatPicture> picture) const {
  auto letter = std::make_shared<Letter>();
  letter->corp_id = sender.corp_id;
  letter->token_url =
      AddUrlParameter(JoinUrlPath(sender.api_url, "gettoken"), "corpid", sender.corp_id);
  letter->token_url = AddUrlParameter(letter->token_url, "corpsecret", sender.api_secret);
  letter->send_url = JoinUrlPath(sender.api_url, "message/send");
  letter->message = std::move(message);
  letter->upload_url =
      AddUrlParameter(JoinUrlPath(sender.api_url, "media/upload"), "type", "image");
  letter->picture = std::move(picture);
  letter->kept = kept_;
  const std::string token = kept_->For(letter->token_url);
  return token.empty() ? AskForToken(letter) : SendWith(letter, token, /*is_new=*/false);
}

}  // namespace tocsin::receivers
