// The Matrix channel: a message to a room, as text and as HTML. The number of the message is the
// transaction's id, so that a homeserver takes a retry for what it is.
// https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
// A picture is an event of its own behind the message, with its own transaction; it is uploaded
// first. https://spec.matrix.org/latest/client-server-api/#post_matrixmediav3upload
#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "base/json_library.h"
#include "base/text.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/picture_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// An event has 65,536 bytes, of which the homeserver adds some.
// https://spec.matrix.org/latest/client-server-api/#size-limits
constexpr std::size_t kMaxBodyBytes = 60'000;
constexpr std::size_t kMaxShortMessageBytes = 2000;
constexpr std::size_t kMaxMessageRunes = 4000;
constexpr std::size_t kMaxFactRunes = 200;
constexpr std::size_t kMaxFacts = 40;

// ---- message

std::string Cut(std::string_view text, std::size_t limit) { return TruncateRunes(text, limit); }

std::string PlainOf(const MessageCard& card) {
  std::string text = Cut(card.heading, kMaxFactRunes) + "\n" + Cut(card.message, kMaxMessageRunes);
  std::size_t count = 0;
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    for (const CardFact& fact : *facts) {
      if (++count > kMaxFacts) break;
      text +=
          fmt::format("\n{}: {}", Cut(fact.name, kMaxFactRunes), Cut(fact.value, kMaxFactRunes));
    }
  }
  for (const std::string& line : card.others) text += "\n- " + Cut(line, kMaxFactRunes);
  if (card.untold > 0) text += fmt::format("\nand {} more", card.untold);
  for (const CardLink& link : card.links) text += fmt::format("\n{}: {}", link.text, link.url);
  return text;
}

// The tags that clients show.
// https://spec.matrix.org/latest/client-server-api/#mroommessage-msgtypes
std::string HtmlOf(const MessageCard& card) {
  std::string html = fmt::format("<p><strong><font color=\"#{:06x}\">{}</font></strong></p>",
                                 card.color, EscapeHtml(Cut(card.heading, kMaxFactRunes)));
  html += fmt::format("<p>{}</p><ul>", EscapeHtml(Cut(card.message, kMaxMessageRunes)));
  std::size_t count = 0;
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    for (const CardFact& fact : *facts) {
      if (++count > kMaxFacts) break;
      html +=
          fmt::format("<li><strong>{}</strong>: {}</li>", EscapeHtml(Cut(fact.name, kMaxFactRunes)),
                      EscapeHtml(Cut(fact.value, kMaxFactRunes)));
    }
  }
  html += "</ul>";
  if (!card.others.empty()) {
    html += "<p>Also in this group:</p><ul>";
    for (const std::string& line : card.others) {
      html += fmt::format("<li>{}</li>", EscapeHtml(Cut(line, kMaxFactRunes)));
    }
    if (card.untold > 0) html += fmt::format("<li>and {} more</li>", card.untold);
    html += "</ul>";
  }
  for (const CardLink& link : card.links) {
    html += fmt::format("<a href=\"{}\">{}</a> ", EscapeHtml(link.url), EscapeHtml(link.text));
  }
  return html;
}

// With a caption, which older clients take for its name.
// https://spec.matrix.org/latest/client-server-api/#mimage
JsonValue ImageOf(const Notification& notification) {
  return JsonValue::Object(
      {{"msgtype", "m.image"},
       {"body", PictureDescription(notification)},
       {"filename", kPictureFile},
       {"info",
        JsonValue::Object({{"mimetype", kPictureType},
                           {"size", static_cast<std::int64_t>(notification.picture->size())}})}});
}

// ---- delivery

// Where the homeserver keeps what was uploaded, "mxc://example.org/abc"; empty where the answer
// does not say. https://spec.matrix.org/latest/client-server-api/#matrix-content-mxc-uris
std::string ContentUriIn(const std::string& body) {
  const nlohmann::json answer = ParseJson(body);
  if (!answer.is_object()) return "";
  const auto uri = answer.find("content_uri");
  if (uri == answer.end() || !uri->is_string()) return "";
  std::string text = uri->get<std::string>();
  return text.starts_with("mxc://") ? text : "";
}

class MatrixMessages {
 public:
  MatrixMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> server = SecretUrlOf(settings_.keys, "homeserver");
    if (!server) return server.error();
    const Result<std::string> token = SecretOf(settings_.keys, "access_token");
    if (!token) return token.error();
    MessageCard card = texts_.Card(notification);
    const Event event{UrlOf(*server, notification.IdempotencyKey()), *token};
    VendorCall call{event.Put(Message(card)), nullptr};
    if (call.request.body.size() > kMaxBodyBytes) {
      ShortenCard(kMaxShortMessageBytes, &card);
      call.request = event.Put(Message(card));
    }
    if (notification.picture == nullptr) return call;
    return FollowedBy(std::move(call),
                      [upload = Upload(*server, *token, notification)](const HttpClientResponse&) {
                        return std::optional(upload);
                      });
  }

 private:
  // An address at which something is said, once, and by whom.
  struct Event {
    std::string url;
    std::string token;

    HttpClientRequest Put(const JsonValue& content) const {
      HttpClientRequest request = PostJson(url, content);
      request.method = "PUT";
      request.headers.emplace_back("Authorization", "Bearer " + token);
      return request;
    }
  };

  std::string UrlOf(const std::string& server, const std::string& transaction) const {
    return JoinUrlPath(server, fmt::format("_matrix/client/v3/rooms/{}/send/m.room.message/{}",
                                           PercentEncode(settings_.keys.Text("room_id")),
                                           PercentEncode(transaction)));
  }

  // And the event that shows it, once it is there.
  VendorCall Upload(const std::string& server, const std::string& token,
                    const Notification& notification) const {
    HttpClientRequest request;
    request.method = "POST";
    request.url = JoinUrlPath(server, "_matrix/media/v3/upload");
    request.headers = {{"Content-Type", std::string(kPictureType)},
                       {"Authorization", "Bearer " + token}};
    request.body = *notification.picture;
    const Event event{UrlOf(server, notification.IdempotencyKey() + "-picture"), token};
    return {std::move(request),
            [event, image = ImageOf(notification)](const HttpClientResult& result,
                                                   Timestamp now) -> VendorStep {
              Outcome outcome = HttpOutcome(result, now);
              if (outcome.kind != Outcome::Kind::kDelivered) return outcome;
              const std::string uri = ContentUriIn(result.response->body);
              if (uri.empty()) return outcome;
              JsonValue content = image;
              content.Set("url", uri);
              return VendorCall{event.Put(content), nullptr};
            }};
  }

  // A notice: other bots do not answer it.
  static JsonValue Message(const MessageCard& card) {
    return JsonValue::Object({{"msgtype", "m.notice"},
                              {"body", PlainOf(card)},
                              {"format", "org.matrix.custom.html"},
                              {"formatted_body", HtmlOf(card)}});
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeMatrix(const config::ChannelSettings& settings,
                                const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto matrix = std::make_shared<const MatrixMessages>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [matrix](const Notification& notification) {
    return matrix->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
