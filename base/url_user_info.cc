#include "base/url_user_info.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/http_client.h"
#include "base/text.h"

namespace tocsin {
namespace {

struct Place {
  std::size_t begin = 0;
  std::size_t at = 0;  // of the `@`
};

std::optional<Place> FindUserInfo(std::string_view url) {
  const std::size_t slashes = url.find("://");
  if (slashes == std::string_view::npos) return std::nullopt;
  const std::size_t begin = slashes + 3;
  const std::size_t at = url.substr(0, url.find_first_of("/?#", begin)).rfind('@');
  if (at == std::string_view::npos || at < begin) return std::nullopt;
  return Place{begin, at};
}

// What is no percent escape stands for itself.
std::string Decode(std::string_view text) {
  return PercentDecode(text).value_or(std::string(text));
}

}  // namespace

std::optional<UrlUserInfo> TakeUserInfo(std::string* url) {
  const std::optional<Place> place = FindUserInfo(*url);
  if (!place) return std::nullopt;
  const std::string text = url->substr(place->begin, place->at - place->begin);
  url->erase(place->begin, place->at + 1 - place->begin);
  const std::size_t colon = std::min(text.find(':'), text.size());
  UrlUserInfo info{Decode(std::string_view(text).substr(0, colon)), Secret()};
  if (colon < text.size()) info.password = Secret(Decode(std::string_view(text).substr(colon + 1)));
  return info;
}

std::string BasicAuthorization(std::string_view user, std::string_view password) {
  return "Basic " + Base64Encode(fmt::format("{}:{}", user, password));
}

Status CheckUrlWithUserInfo(std::string_view url) {
  const std::optional<Place> place = FindUserInfo(url);
  if (!place) return CheckUrl(url);
  // What is in front of the host may not split a request either.
  const std::string_view info = url.substr(place->begin, place->at - place->begin);
  if (Status status = CheckUrl(fmt::format("http://a/{}", info)); !status) return status;
  return CheckUrl(fmt::format("{}{}", url.substr(0, place->begin), url.substr(place->at + 1)));
}

}  // namespace tocsin
