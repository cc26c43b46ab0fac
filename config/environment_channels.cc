#include "config/environment_channels.h"

#include <fmt/format.h>

#include <utility>

#include "base/http_client.h"
#include "base/json_library.h"
#include "base/mail_address.h"
#include "base/number.h"
#include "base/text.h"
#include "base/url_user_info.h"
#include "config/native_channels.h"
#include "config/receivers.h"
#include "config/yaml_print.h"

namespace tocsin::config {
namespace {

using Named = EnvironmentValues::Named;

ReceiverSettings Receiver(std::string_view name, ChannelSettings channel, const Named& variable) {
  return {std::string(name), {std::move(channel)}, "environment " + variable.name};
}

void SetSecret(std::string_view key, const std::string& value, CheckedKeys* keys) {
  keys->Set(key, YamlText(kSecretText));
  keys->SetSecret(key, Secret(value));
}

class ChannelsReader {
 public:
  explicit ChannelsReader(EnvironmentValues& values) : values_(values) {}

  std::vector<ReceiverSettings> Read() {
    ReadEmail();
    ReadByUrl("slack", "SLACK_WEBHOOK_URL");
    ReadByUrl("discord", "DISCORD_WEBHOOK_URL");
    ReadByUrl("teams", "TEAMS_WEBHOOK_URL");
    ReadPagerDuty();
    ReadWebhook();
    return std::move(receivers_);
  }

 private:
  // The address may be the secret: it stands in no message.
  void CheckAddress(const Named& variable) {
    if (Status status = CheckUrlWithUserInfo(variable.value); !status) {
      values_.ReportError(fmt::format("{}: {}", variable.name, status.message()));
    }
  }

  void ReadByUrl(std::string_view type, const char* variable) {
    const std::optional<Named> url = values_.FirstOf({variable});
    const std::optional<Named> channel =
        type == "slack" ? values_.FirstOf({"SLACK_CHANNEL"}) : std::nullopt;
    if (!url) {
      if (channel) {
        values_.ReportWarning("SLACK_CHANNEL has no effect without SLACK_WEBHOOK_URL");
      }
      return;
    }
    CheckAddress(*url);
    ChannelSettings settings = MakeNativeChannel(type);
    SetSecret("webhook_url", url->value, &settings.keys);
    if (channel) settings.keys.Set("channel", YamlText(channel->value));
    if (type == "teams") settings.keys.Set("format", YamlText("auto"));
    receivers_.push_back(Receiver(type, std::move(settings), *url));
  }

  void ReadPagerDuty() {
    const std::optional<Named> key =
        values_.FirstOf({"PAGERDUTY_INTEGRATION_KEY", "PAGERDUTY_API_KEY"});
    if (!key) return;
    ChannelSettings settings = MakeNativeChannel("pagerduty");
    SetSecret("routing_key", key->value, &settings.keys);
    settings.keys.Set("url", YamlText("https://events.pagerduty.com/v2/enqueue"));
    receivers_.push_back(Receiver("pagerduty", std::move(settings), *key));
  }

  void ReadEmail() {
    const std::optional<Named> host =
        values_.FirstOf({"EMAIL_SMTP_HOST", "SMTP_SERVER", "SMTP_HOST"});
    const std::optional<Named> port = values_.FirstOf({"EMAIL_SMTP_PORT", "SMTP_PORT"});
    const std::optional<Named> user = values_.FirstOf({"EMAIL_SMTP_USERNAME", "SMTP_USERNAME"});
    const std::optional<Named> password = values_.FirstOf({"EMAIL_SMTP_PASSWORD", "SMTP_PASSWORD"});
    const std::optional<Named> from = values_.FirstOf({"EMAIL_FROM", "SMTP_FROM"});
    const std::optional<Named> to = values_.FirstOf({"EMAIL_TO"});
    if (!host) {
      for (const std::optional<Named>* other : {&port, &user, &password, &from, &to}) {
        if (!*other) continue;
        values_.ReportWarning(
            fmt::format("{} has no effect without EMAIL_SMTP_HOST", (*other)->name));
      }
      return;
    }
    ChannelSettings settings = MakeNativeChannel("email");
    CheckedKeys& keys = settings.keys;
    const bool is_ipv6 = host->value.find(':') != host->value.rfind(':');
    if (!is_ipv6 && host->value.find(':') != std::string::npos) {
      values_.ReportError(
          fmt::format("{} must be a host without a port; set EMAIL_SMTP_PORT", host->name));
    }
    keys.Set("smarthost",
             YamlText(fmt::format("{}:{}", is_ipv6 ? "[" + host->value + "]" : host->value,
                                  port ? CheckedPort(*port) : "587")));
    keys.Set("hello", YamlText("localhost"));
    if (user) keys.Set("auth_username", YamlText(user->value));
    if (password) SetSecret("auth_password", password->value, &keys);
    const std::string sender = Sender(from, user);
    if (sender.empty()) return;
    keys.Set("from", YamlText(sender));
    keys.Set("to", YamlText(to ? CheckedAddresses(*to) : sender));
    if (!to) {
      values_.ReportWarning("EMAIL_TO is not set: mail goes to the sender's own address");
    }
    receivers_.push_back(Receiver("email", std::move(settings), *host));
  }

  std::string CheckedPort(const Named& port) {
    const std::optional<std::int64_t> number = ParseInt(port.value);
    if (!number || *number < 1 || *number > 65535) {
      values_.ReportError(fmt::format("{} must be a number from 1 to 65535, not {}", port.name,
                                      QuoteForMessage(port.value)));
    }
    return port.value;
  }

  std::string CheckedAddresses(const Named& variable) {
    const Result<std::vector<MailAddress>> list = ParseMailAddresses(variable.value);
    if (!list) values_.ReportError(fmt::format("{}: {}", variable.name, list.message()));
    return variable.value;
  }

  // Who sends mail: what is said, or the user where that is an address.
  std::string Sender(const std::optional<Named>& from, const std::optional<Named>& user) {
    if (from) return CheckedAddresses(*from);
    if (user && ParseMailAddresses(user->value).ok()) return user->value;
    values_.ReportError("EMAIL_FROM is not set, and the mail user is no address to send from");
    return "";
  }

  void ReadWebhook() {
    const std::optional<Named> url = values_.FirstOf({"WEBHOOK_URL"});
    const std::optional<Named> headers = values_.FirstOf({"WEBHOOK_HEADERS"});
    if (!url) {
      if (headers) values_.ReportWarning("WEBHOOK_HEADERS has no effect without WEBHOOK_URL");
      return;
    }
    ChannelSettings channel;
    channel.type = "webhook";
    if (Status status = CheckUrl(url->value); !status) {
      values_.ReportError("WEBHOOK_URL: " + status.message());
    }
    channel.webhook.url = Secret(url->value);
    if (headers) ReadHeaders(headers->value, &channel.webhook);
    receivers_.push_back(Receiver("webhook", std::move(channel), *url));
  }

  void ReadHeaders(const std::string& text, WebhookSettings* webhook) {
    const nlohmann::json object = ParseJson(text);
    if (!object.is_object()) {
      values_.ReportError("WEBHOOK_HEADERS must be a JSON object, such as {\"X-Team\": \"ops\"}");
      return;
    }
    for (const auto& [name, value] : object.items()) {
      const auto* content = value.get_ptr<const nlohmann::json::string_t*>();
      if (content == nullptr) {
        values_.ReportError(fmt::format("WEBHOOK_HEADERS: the value of {} must be a string",
                                        QuoteForMessage(name)));
        continue;
      }
      if (Status status = CheckHeader(name, *content); !status) {
        values_.ReportError("WEBHOOK_HEADERS: " + status.message());
      }
      webhook->headers.emplace_back(name, Secret(*content));
    }
  }

  EnvironmentValues& values_;
  std::vector<ReceiverSettings> receivers_;
};

}  // namespace

std::vector<ReceiverSettings> ReadEnvironmentChannels(EnvironmentValues& values) {
  return ChannelsReader(values).Read();
}

}  // namespace tocsin::config
