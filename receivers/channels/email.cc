// The mail channel: a page of our own design and the same as plain text, one mail for all
// recipients. The mails about one alert make one conversation. And its short form, for gateways
// that send mails on as SMS.
#include <fmt/format.h>

#include <utility>

#include "base/group_key.h"
#include "base/mail_address.h"
#include "config/environment.h"
#include "receivers/channels/channel.h"
#include "receivers/channels/mail_message.h"
#include "receivers/channels/mail_outcome.h"
#include "receivers/channels/mail_page.h"
#include "receivers/channels/mail_server.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/picture_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/transfer_metrics.h"
#include "receivers/channels/transport_settings.h"

namespace tocsin::receivers {
namespace {

// ---- configuration

// Where mails of people are handed in. https://www.rfc-editor.org/rfc/rfc6409#section-3.1
constexpr std::string_view kSubmissionPort = ":587";

// A password never crosses a network in the clear unless `require_tls: false` says so.
MailSecurity SecurityUnlessSaid(const config::CheckedKeys& keys) {
  const std::string smarthost = keys.Text("smarthost");
  const bool is_submission =
      smarthost.size() > kSubmissionPort.size() &&
      smarthost.substr(smarthost.size() - kSubmissionPort.size()) == kSubmissionPort;
  const bool is_here = smarthost.substr(0, smarthost.rfind(':')) == "localhost" ||
                       smarthost.substr(0, 4) == "127." || smarthost.substr(0, 5) == "[::1]";
  const bool needs_it = is_submission || (keys.Has("auth_username") && !is_here);
  return needs_it ? MailSecurity::kStartTls : MailSecurity::kStartTlsIfOffered;
}

struct Addresses {
  std::vector<MailAddress> from;  // one
  std::vector<MailAddress> to;
};

Result<Addresses> AddressesOf(const config::CheckedKeys& keys) {
  Result<std::vector<MailAddress>> from = ParseMailAddresses(keys.Text("from"));
  if (!from) return Error{"from: " + from.message()};
  if (from->size() != 1) return Error{"from: must be exactly one address"};
  Result<std::vector<MailAddress>> to = ParseMailAddresses(keys.Text("to"));
  if (!to) return Error{"to: " + to.message()};
  return Addresses{*std::move(from), *std::move(to)};
}

// ---- delivery

class Email final : public Channel {
 public:
  enum class Form : std::uint8_t { kPage, kShort };

  Email(Form form, config::ChannelSettings settings, MailServer server, Addresses addresses,
        TransportSettings transport, NativeTexts texts, const ChannelContext& context)
      : form_(form),
        settings_(std::move(settings)),
        server_(std::move(server)),
        addresses_(std::move(addresses)),
        transport_(std::move(transport)),
        texts_(std::move(texts)),
        mail_(context.mail),
        clock_(context.clock),
        metrics_(TransferMetrics::Protocol::kSmtp, context.metrics),
        host_name_(context.host_name) {}

  void Deliver(const Notification& notification, Duration timeout, Done done) override {
    // Files are read for each mail: whoever renews one need not reload.
    Result<std::string> password = SecretOf(settings_.keys, "auth_password");
    if (!password) {
      return done(Outcome::GiveUp(Failure::kOther, password.message(), "mend the configuration"));
    }
    Result<std::shared_ptr<const HttpTransport>> transport =
        transport_.For("https://mail.invalid/");
    if (!transport) return done(Outcome::Retry(Failure::kOther, transport.message()));
    MailRequest request;
    request.host = server_.host;
    request.port = server_.port;
    request.security = server_.security;
    request.hello = settings_.keys.Text("hello");
    if (request.hello.empty()) request.hello = "localhost";
    request.transport = *std::move(transport);
    request.user = settings_.keys.Text("auth_username");
    request.password = Secret(*std::move(password));
    request.secret = request.password;  // where the server takes no other way than CRAM-MD5
    request.from = addresses_.from.front().address;
    for (const MailAddress& one : addresses_.to) request.to.push_back(one.address);
    request.to = MailRecipients(std::move(request.to), notification.remembered);
    request.accept_partly = true;
    request.message = Write(notification);
    request.timeout = timeout;
    mail_.Send(std::move(request), [this, memory = notification.remembered,
                                    done = std::move(done)](const MailResult& result) {
      metrics_.Observe(result.phases, result.accepted || result.reply != 0);
      done(MailOutcome(result, memory, clock_.Now()));
    });
  }

 private:
  std::string Write(const Notification& notification) const {
    const MessageCard card = texts_.Card(notification);
    return form_ == Form::kShort ? WriteShort(card) : WritePage(card, notification);
  }

  // No subject: gateways put it in front of the text, which is all that is shown. And no parts:
  // not every gateway looks into them.
  std::string WriteShort(const MessageCard& card) const {
    MailMessage mail;
    mail.from = addresses_.from;
    mail.to = addresses_.to;
    mail.headers = {{"Date", MailDate(clock_.Now())}};
    mail.text = MailShort(card);
    mail.is_text_only = true;
    return WriteMail(mail);
  }

  std::string WritePage(const MessageCard& card, const Notification& notification) const {
    const std::string thread = fmt::format("<{}@{}>", notification.dedup_key, host_name_);
    MailMessage mail;
    mail.from = addresses_.from;
    mail.to = addresses_.to;
    mail.headers = {
        {"Subject", MailSubject(card)},
        {"Date", MailDate(clock_.Now())},
        // The same for every attempt at a message.
        {"Message-ID", fmt::format("<{}-{}.{}@{}>", notification.dedup_key,
                                   notification.flush_number, Sender(notification), host_name_)},
        {"References", thread},
        {"In-Reply-To", thread},
        // No answers by machines. https://www.rfc-editor.org/rfc/rfc3834#section-5
        {"Auto-Submitted", "auto-generated"},
    };
    mail.text = MailPlain(card, settings_.sender);
    std::optional<PageImage> image;
    if (notification.picture != nullptr) {
      mail.image = Chart(notification);
      image = PageImage{"cid:" + mail.image->id, PictureDescription(notification)};
    }
    mail.html = MailPage(card, settings_.sender, image);
    return WriteMail(mail);
  }

  // Its name is its content's: nothing in it needs an escape.
  static MailImage Chart(const Notification& notification) {
    return {Sha256Hex(*notification.picture).substr(0, 32) + ".chart@tocsin",
            std::string(kPictureFile), std::string(kPictureType), *notification.picture};
  }

  // One alert may be told by several mails.
  std::string Sender(const Notification& notification) const {
    return Sha256Hex(fmt::format("{}/{}", notification.receiver, settings_.keys.Text("to")))
        .substr(0, 8);
  }

  const Form form_;
  const config::ChannelSettings settings_;
  const MailServer server_;
  const Addresses addresses_;
  const TransportSettings transport_;
  const NativeTexts texts_;
  MailClient& mail_;
  const Clock& clock_;
  const TransferMetrics metrics_;
  const std::string host_name_;
};

Result<BuiltChannel> MakeMail(Email::Form form, const config::ChannelSettings& settings,
                              const ChannelContext& context) {
  const auto failed = [&settings](const Error& error) {
    return Error{fmt::format("{}: {}", settings.type, error.message)};
  };
  Result<MailServer> server = MailServerOf(settings.keys, SecurityUnlessSaid(settings.keys));
  if (!server) return failed(server.error());
  Result<Addresses> addresses = AddressesOf(settings.keys);
  if (!addresses) return failed(addresses.error());
  Result<TransportSettings> transport = TransportSettings::Make(
      settings.tls, {}, /*http2=*/false, context.egress, config::ProcessEnvironment());
  if (!transport) return failed(transport.error());
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return failed(texts.error());
  BuiltChannel built;
  built.channel = std::make_unique<Email>(form, settings, *std::move(server), *std::move(addresses),
                                          *std::move(transport), *std::move(texts), context);
  built.timeout = settings.timeout;
  built.send_resolved = settings.send_resolved;
  return built;
}

}  // namespace

// ---- kinds

Result<BuiltChannel> MakeEmail(const config::ChannelSettings& settings,
                               const ChannelContext& context) {
  return MakeMail(Email::Form::kPage, settings, context);
}

Result<BuiltChannel> MakeSms(const config::ChannelSettings& settings,
                             const ChannelContext& context) {
  return MakeMail(Email::Form::kShort, settings, context);
}

}  // namespace tocsin::receivers
