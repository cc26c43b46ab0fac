#include "receivers/episode.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::string_view kKeyPrefix = "episode/";

constexpr std::array<std::string_view, 5> kOutcomes = {"pending", "delivered", "retrying", "failed",
                                                       "superseded"};

std::string_view OutcomeName(Receipt::Last last) {
  return kOutcomes.at(static_cast<std::size_t>(last));
}

std::optional<Receipt::Last> ParseOutcome(std::string_view name) {
  for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
    if (kOutcomes.at(i) == name) return static_cast<Receipt::Last>(i);
  }
  return std::nullopt;
}

json TimeToJson(const std::optional<Timestamp>& t) { return t ? json(ToUnixMillis(*t)) : json(); }
std::optional<Timestamp> TimeFromJson(const json& j) {
  if (j.is_null()) return std::nullopt;
  return FromUnixMillis(j.get<std::int64_t>());
}

json ReceiptToJson(const Receipt& receipt) {
  return {{"outcome", OutcomeName(receipt.last)},
          {"attempts", receipt.attempts},
          {"last_error", receipt.last_error},
          {"arrived", receipt.arrived},
          {"resolve_made", receipt.resolve_made}};
}

Receipt ReceiptFromJson(const json& j) {
  const std::optional<Receipt::Last> last = ParseOutcome(j.at("outcome").get<std::string>());
  if (!last) throw json::other_error::create(501, "unknown outcome", &j);
  Receipt receipt;
  receipt.last = *last;
  receipt.attempts = j.at("attempts").get<std::uint32_t>();
  receipt.last_error = j.at("last_error").get<std::string>();
  receipt.arrived = j.at("arrived").get<bool>();
  receipt.resolve_made = j.at("resolve_made").get<bool>();
  return receipt;
}

Episode EpisodeFromJson(const json& j) {
  if (j.at("v").get<int>() != kVersion) throw json::other_error::create(501, "unknown version", &j);
  const std::optional<std::uint64_t> fingerprint =
      ParseHex64(j.at("fingerprint").get<std::string>());
  if (!fingerprint) throw json::other_error::create(501, "bad fingerprint", &j);
  Episode episode;
  episode.fingerprint = *fingerprint;
  episode.acknowledged = j.at("acknowledged").get<bool>();
  episode.flushes = j.at("flushes").get<std::uint32_t>();
  episode.resolve_flush = j.at("resolve_flush").get<std::uint32_t>();
  episode.announced_at = TimeFromJson(j.at("announced_at"));
  episode.confirmed = j.at("confirmed").get<std::set<std::uint32_t>>();
  episode.last_notification_at = TimeFromJson(j.at("last_notification_at"));
  episode.closed_at = TimeFromJson(j.at("closed_at"));
  for (const auto& [integration, receipt] : j.at("receipts").items()) {
    episode.receipts.emplace(integration, ReceiptFromJson(receipt));
  }
  episode.committed = true;
  return episode;
}

std::string_view ReceiverOf(std::string_view integration) {
  return integration.substr(0, integration.rfind('/'));
}

}  // namespace

AnnouncementView Episode::View() const {
  std::map<std::string_view, int> channels_of;
  for (const auto& [integration, receipt] : receipts) ++channels_of[ReceiverOf(integration)];
  AnnouncementView view;
  view.notifications_sent = static_cast<std::uint32_t>(confirmed.size());
  view.last_notification_at = last_notification_at;
  for (const auto& [integration, receipt] : receipts) {
    const std::string_view receiver = ReceiverOf(integration);
    ChannelDelivery delivery;
    delivery.receiver = channels_of[receiver] == 1 ? receiver : std::string_view(integration);
    delivery.last_outcome = OutcomeName(receipt.last);
    delivery.attempts = receipt.attempts;
    delivery.last_error = receipt.last_error;
    view.channels.push_back(std::move(delivery));
  }
  return view;
}

std::string EpisodeKey(std::string_view id) { return std::string(kKeyPrefix).append(id); }

std::string SerializeEpisode(const Episode& episode) {
  json receipts = json::object();
  for (const auto& [integration, receipt] : episode.receipts) {
    receipts[integration] = ReceiptToJson(receipt);
  }
  const json out = {{"v", kVersion},
                    {"fingerprint", FormatHex64(episode.fingerprint)},
                    {"acknowledged", episode.acknowledged},
                    {"flushes", episode.flushes},
                    {"resolve_flush", episode.resolve_flush},
                    {"announced_at", TimeToJson(episode.announced_at)},
                    {"confirmed", episode.confirmed},
                    {"last_notification_at", TimeToJson(episode.last_notification_at)},
                    {"closed_at", TimeToJson(episode.closed_at)},
                    {"receipts", std::move(receipts)}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Episode> ParseEpisode(std::string_view key, std::string_view text) {
  if (key.substr(0, kKeyPrefix.size()) != kKeyPrefix) return Error{"unknown kind of row"};
  try {
    Episode episode = EpisodeFromJson(json::parse(text));
    episode.id = key.substr(kKeyPrefix.size());
    return episode;
  } catch (const json::exception& e) {
    return Error{fmt::format("cannot read a stored announcement: {}", e.what())};
  }
}

}  // namespace tocsin::receivers
