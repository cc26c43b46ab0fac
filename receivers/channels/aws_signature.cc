#include "receivers/channels/aws_signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/group_key.h"
#include "base/text.h"
#include "receivers/channels/hmac_sha256.h"

namespace tocsin::receivers {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// ---- the parts of a URL, as the signature sees them

struct Url {
  std::string_view scheme;
  std::string_view host;  // with its port
  std::string_view path;
  std::string_view query;
};

Url SplitUrl(std::string_view text) {
  Url url;
  text = text.substr(0, text.find('#'));
  const std::size_t slashes = text.find("://");
  url.scheme = text.substr(0, slashes);
  text.remove_prefix(slashes + 3);
  const std::size_t host_end = std::min(text.find_first_of("/?"), text.size());
  url.host = text.substr(0, host_end);
  text.remove_prefix(host_end);
  const std::size_t path_end = std::min(text.find('?'), text.size());
  url.path = text.substr(0, path_end);
  url.query = text.substr(std::min(path_end + 1, text.size()));
  return url;
}

// As clients send it: without the port that the scheme implies.
std::string HostHeader(const Url& url) {
  std::string_view host = url.host;
  const std::string_view port = EqualsIgnoreCase(url.scheme, "https") ? ":443" : ":80";
  if (host.ends_with(port)) host.remove_suffix(port.size());
  return std::string(host);
}

// Without `.`, `..` and empty segments, and escaped once more than it is in the request.
std::string CanonicalPath(std::string_view path) {
  std::vector<std::string_view> segments;
  for (const std::string_view segment : Split(path, '/')) {
    if (segment == ".." && !segments.empty()) segments.pop_back();
    if (!segment.empty() && segment != "." && segment != "..") segments.push_back(segment);
  }
  std::string canonical;
  for (const std::string_view segment : segments) canonical += "/" + PercentEncode(segment);
  const bool is_folder = path.ends_with('/') && !segments.empty();
  return canonical.empty() || is_folder ? canonical + "/" : canonical;
}

// What is no escape stands for itself.
std::string Escaped(std::string_view text) {
  return PercentEncode(PercentDecode(text).value_or(std::string(text)));
}

std::string CanonicalQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const std::string_view parameter : Split(query, '&')) {
    if (parameter.empty()) continue;
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    parameters.emplace_back(Escaped(parameter.substr(0, equals)),
                            Escaped(parameter.substr(std::min(equals + 1, parameter.size()))));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string canonical;
  for (const auto& [name, value] : parameters) {
    canonical += fmt::format("{}{}={}", canonical.empty() ? "" : "&", name, value);
  }
  return canonical;
}

// ---- the canonical request

// Blanks around it are cut off, those inside stand alone.
std::string CanonicalValue(std::string_view value) {
  std::string canonical;
  for (const char c : TrimSpace(value)) {
    if (c != ' ' || !canonical.ends_with(' ')) canonical.push_back(c);
  }
  return canonical;
}

// By name in lower case; the values of one that is there several times, in their order.
using Headers = std::map<std::string, std::string>;

Headers CanonicalHeaders(const HttpClientRequest& request, const Url& url) {
  Headers headers{{"host", HostHeader(url)}};
  for (const auto& [name, value] : request.headers) {
    const auto [header, is_new] = headers.try_emplace(ToLowerAscii(name), CanonicalValue(value));
    if (!is_new) header->second += "," + CanonicalValue(value);
  }
  return headers;
}

std::string SignedHeaders(const Headers& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string CanonicalRequest(const HttpClientRequest& request, const Url& url,
                             const Headers& headers) {
  std::string canonical = fmt::format("{}\n{}\n{}\n", request.method, CanonicalPath(url.path),
                                      CanonicalQuery(url.query));
  for (const auto& [name, value] : headers) canonical += fmt::format("{}:{}\n", name, value);
  return canonical + fmt::format("\n{}\n{}", SignedHeaders(headers), Sha256Hex(request.body));
}

// ---- the signature

std::string SigningKey(const AwsKeys& keys, const AwsService& service, std::string_view day) {
  std::string key = HmacSha256("AWS4" + keys.secret_key.Reveal(), day);
  for (const std::string_view part :
       {std::string_view(service.region), std::string_view(service.name),
        std::string_view("aws4_request")}) {
    key = HmacSha256(key, part);
  }
  return key;
}

// "20150830T123600Z"
std::string BasicTime(Timestamp now) {
  std::string time = FormatRfc3339(std::chrono::floor<std::chrono::seconds>(now));
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return time;
}

}  // namespace

void SignAwsRequest(const AwsKeys& keys, const AwsService& service, Timestamp now,
                    HttpClientRequest* request) {
  const std::string time = BasicTime(now);
  const std::string day = time.substr(0, time.find('T'));
  request->headers.emplace_back("X-Amz-Date", time);
  if (!keys.session_token.empty()) {
    request->headers.emplace_back("X-Amz-Security-Token", keys.session_token.Reveal());
  }
  const Url url = SplitUrl(request->url);
  const Headers headers = CanonicalHeaders(*request, url);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, service.region, service.name);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope,
                                          Sha256Hex(CanonicalRequest(*request, url, headers)));
  request->headers.emplace_back(
      "Authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                   kAlgorithm, keys.access_key, scope, SignedHeaders(headers),
                                   HmacSha256Hex(SigningKey(keys, service, day), to_sign)));
}

}  // namespace tocsin::receivers
