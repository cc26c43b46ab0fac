#include "receivers/channels/url_path.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::receivers {

std::string JoinUrlPath(std::string_view url, std::string_view path) {
  const std::size_t end = std::min(url.find_first_of("?#"), url.size());
  std::string_view base = url.substr(0, end);
  while (base.ends_with('/')) base.remove_suffix(1);
  return fmt::format("{}/{}{}", base, path, url.substr(end));
}

std::string PathOf(std::string_view url) {
  const std::size_t host = std::min(url.find("://") + 3, url.size());
  const std::size_t begin = std::min(url.find_first_of("/?#", host), url.size());
  const std::string_view path = url.substr(begin);
  return path == "/" ? "" : std::string(path);
}

std::string AddUrlParameter(std::string_view url, std::string_view name, std::string_view value) {
  url = url.substr(0, url.find('#'));
  const char separator = url.find('?') == std::string_view::npos ? '?' : '&';
  return fmt::format("{}{}{}={}", url, separator, name, PercentEncode(value));
}

}  // namespace tocsin::receivers
