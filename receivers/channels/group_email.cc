// Mail, of alertmanager.yml: HTML by default, text where the settings have it, one message for all
// recipients. https://prometheus.io/docs/alerting/latest/configuration/#email_config
#include "receivers/channels/group_email.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/group_key.h"
#include "base/mail_address.h"
#include "config/environment.h"
#include "config/integration_keys.h"
#include "receivers/channels/mail_message.h"
#include "receivers/channels/mail_outcome.h"
#include "receivers/channels/mail_server.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/transfer_metrics.h"
#include "receivers/channels/transport_settings.h"

namespace tocsin::receivers {
namespace {

// ---- configuration

std::string MemberOf(const config::CheckedKeys& keys, std::string_view map, std::string_view key) {
  const config::YamlNode* node = keys.Find(map);
  const config::YamlNode* member = node == nullptr ? nullptr : FindMember(*node, key);
  return member == nullptr ? "" : member->text;
}

// ---- message

constexpr std::string_view kDefaultSubject = R"({{ template "email.default.subject" . }})";

// What the settings say of a header wins.
void AddMissing(const char* name, std::string value, MailMessage* mail) {
  const bool is_there = std::any_of(mail->headers.begin(), mail->headers.end(),
                                    [name](const auto& header) { return header.first == name; });
  if (!is_there) mail->headers.emplace_back(name, std::move(value));
}

// Of the messages about a group, so that mail programs show them as one conversation.
std::string ThreadId(const GroupNotification& notification, bool daily, Timestamp now) {
  return fmt::format("<alert-{}-{}@alertmanager>", Sha256Hex(notification.group_key).substr(0, 16),
                     daily ? FormatRfc3339(now).substr(0, 10) : "");
}

class Mail {
 public:
  Mail(const GroupNotification& notification, SettingTexts& settings, Timestamp now)
      : notification_(notification), settings_(settings), now_(now) {}

  std::string Write(const std::string& message_id) {
    MailMessage mail;
    for (const config::YamlEntry& header : EntriesOf(settings_.keys(), "headers")) {
      mail.headers.emplace_back(
          header.key, settings_.Fill(header.key, header.value.text, InsteadOf(header.key)));
    }
    AddMissing("Subject", settings_.Fill("Subject", std::string(kDefaultSubject)), &mail);
    AddMissing("To", settings_.Text("to"), &mail);
    AddMissing("From", settings_.Text("from"), &mail);
    AddMissing("Message-Id", message_id, &mail);
    if (MemberOf(settings_.keys(), "threading", "enabled") == "true") {
      const bool daily = MemberOf(settings_.keys(), "threading", "thread_by_date") == "daily";
      const std::string thread = ThreadId(notification_, daily, now_);
      AddMissing("References", thread, &mail);
      AddMissing("In-Reply-To", thread, &mail);
    }
    AddMissing("Date", MailDate(now_), &mail);
    mail.text = settings_.Text("text");
    mail.html = settings_.Html("html");
    return WriteMail(mail);
  }

 private:
  // What a header says that the settings do not name.
  std::string InsteadOf(std::string_view header) const {
    if (header == "Subject") return std::string(kDefaultSubject);
    if (header == "To") return settings_.Plain("to");
    return header == "From" ? settings_.Plain("from") : "";
  }

  const GroupNotification& notification_;
  SettingTexts& settings_;
  const Timestamp now_;
};

// ---- delivery

// Alertmanager tries every step again, whatever the server said.
Outcome AsAlertmanager(Outcome outcome) {
  if (outcome.kind == Outcome::Kind::kGiveUp) outcome.kind = Outcome::Kind::kRetry;
  return outcome;
}

class GroupEmail final : public GroupChannel {
 public:
  GroupEmail(config::CheckedKeys keys, std::size_t index, MailServer server,
             TransportSettings transport, std::shared_ptr<const gotemplate::TemplateSet> templates,
             const ChannelContext& context)
      : keys_(std::move(keys)),
        index_(index),
        server_(std::move(server)),
        transport_(std::move(transport)),
        templates_(std::move(templates)),
        mail_(context.mail),
        clock_(context.clock),
        metrics_(TransferMetrics::Protocol::kSmtp, context.metrics),
        host_name_(context.host_name) {}

  void Deliver(const GroupNotification& notification, Duration timeout,
               Channel::Done done) override {
    std::string failures;
    Result<MailRequest> request = Prepare(notification, &failures);
    done = TellingOf(std::move(failures), std::move(done));
    if (!request) {
      return done(Outcome::GiveUp(Failure::kOther, request.message(), "mend the configuration"));
    }
    // Read for each mail: who renews a certificate need not reload.
    Result<std::shared_ptr<const HttpTransport>> transport =
        transport_.For("https://mail.invalid/");
    if (!transport) return done(Outcome::Retry(Failure::kOther, transport.message()));
    request->transport = *std::move(transport);
    request->timeout = timeout;
    request->owner = this;
    mail_.Send(*std::move(request),
               [this, durable = notification.flush_number != 0, memory = notification.remembered,
                done = std::move(done)](const MailResult& result) {
                 metrics_.Observe(result.phases, result.accepted || result.reply != 0);
                 Outcome outcome = MailOutcome(result, memory, clock_.Now());
                 done(durable ? std::move(outcome) : AsAlertmanager(std::move(outcome)));
               });
  }

  void Cancel() override { mail_.Cancel(this); }

 private:
  Result<MailRequest> Prepare(const GroupNotification& notification, std::string* failures) {
    const Result<MessageTexts> texts =
        MessageTexts::For(notification, *templates_, {config::KeysOfType("email"), &clock_});
    if (!texts) return texts.error();
    Result<MailRequest> request = Prepare(notification, *texts);
    *failures = texts->failures();
    return request;
  }

  Result<MailRequest> Prepare(const GroupNotification& notification, const MessageTexts& texts) {
    SettingTexts settings(keys_, texts);
    MailRequest request;
    request.host = server_.host;
    request.port = server_.port;
    request.security = server_.security;
    if (keys_.Has("hello")) request.hello = keys_.Text("hello");
    if (Status added = AddAddresses(settings, &request); !added) return added.error();
    request.to = MailRecipients(std::move(request.to), notification.remembered);
    AddCredentials(settings, &request);
    request.accept_partly = notification.flush_number != 0;
    request.message = Mail(notification, settings, clock_.Now()).Write(MessageId(notification));
    if (!settings.status()) return settings.status().error();
    return request;
  }

  static Status AddAddresses(SettingTexts& settings, MailRequest* request) {
    const std::string from = settings.Text("from");
    const std::string to = settings.Text("to");
    if (!settings.status()) return settings.status();
    Result<std::vector<MailAddress>> sender = ParseMailAddresses(from);
    if (!sender) return Error{"from: " + sender.message()};
    if (sender->size() != 1) return Error{"from: must be exactly one address"};
    request->from = std::move(sender->front().address);
    const Result<std::vector<MailAddress>> recipients = ParseMailAddresses(to);
    if (!recipients) return Error{"to: " + recipients.message()};
    for (const MailAddress& one : *recipients) request->to.push_back(one.address);
    return {};
  }

  void AddCredentials(SettingTexts& settings, MailRequest* request) const {
    request->user = keys_.Text("auth_username");
    if (request->user.empty()) return;
    if (keys_.Has("auth_password") || keys_.Has("auth_password_file")) {
      request->password = Secret(settings.Secret("auth_password"));
    }
    if (keys_.Has("auth_secret") || keys_.Has("auth_secret_file")) {
      request->secret = Secret(settings.Secret("auth_secret"));
    }
    request->identity = keys_.Text("auth_identity");
  }

  // With an outbox the same for every attempt at a message. Without, no two are the same.
  std::string MessageId(const GroupNotification& notification) {
    if (notification.flush_number != 0) {
      return fmt::format("<{}-{}.{}@{}>", notification.dedup_key, notification.flush_number,
                         Sender(notification), host_name_);
    }
    return fmt::format("<{}.{}.{}.{}@{}>", ToUnixMillis(clock_.Now()), ++mails_,
                       Sha256Hex(notification.group_key).substr(0, 16), Sender(notification),
                       host_name_);
  }

  // One group may be told by several mails.
  std::string Sender(const GroupNotification& notification) const {
    return Sha256Hex(fmt::format("{}/{}", notification.receiver, index_)).substr(0, 8);
  }

  const config::CheckedKeys keys_;
  const std::size_t index_;  // among its receiver's
  const MailServer server_;
  const TransportSettings transport_;
  const std::shared_ptr<const gotemplate::TemplateSet> templates_;
  MailClient& mail_;
  const Clock& clock_;
  const TransferMetrics metrics_;
  const std::string host_name_;
  std::uint64_t mails_ = 0;
};

}  // namespace

// ---- kind

Result<std::unique_ptr<GroupChannel>> MakeGroupEmail(
    const config::AlertmanagerIntegration& settings,
    std::shared_ptr<const gotemplate::TemplateSet> templates, const ChannelContext& context) {
  Result<MailServer> server = MailServerOf(settings.keys, MailSecurity::kStartTls);
  if (!server) return server.error();
  Result<TransportSettings> transport =
      TransportSettings::Make(settings.tls.value_or(config::TlsConfig()), {}, /*http2=*/false,
                              context.egress, config::ProcessEnvironment());
  if (!transport) return transport.error();
  return std::unique_ptr<GroupChannel>(
      std::make_unique<GroupEmail>(settings.keys, settings.index, *std::move(server),
                                   *std::move(transport), std::move(templates), context));
}

}  // namespace tocsin::receivers
