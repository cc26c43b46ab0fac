// SecretMask: hides what is secret of a receiver's settings in whatever is shown of its messages.
// A value; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "config/alertmanager_settings.h"
#include "config/settings.h"

namespace tocsin::receivers {

class SecretMask {
 public:
  // Every secret of the settings, and what stands in the files that they name.
  void Add(const config::ChannelSettings& settings);
  void Add(const config::AlertmanagerIntegration& settings);

  // The text with `<secret>` in place of each.
  std::string Hide(std::string_view text) const;
  // An address; of one that is a secret itself, no more than scheme and host.
  std::string HideUrl(std::string_view url) const;
  // The value of a header, all of it where the header is there to carry a secret.
  std::string HideHeader(std::string_view name, std::string_view value) const;
  // Whether an access token is asked for there: its answers are nothing to show.
  bool IsTokenUrl(std::string_view url) const;

 private:
  void AddText(std::string text);
  void AddSecret(const Secret& secret) { AddText(secret.Reveal()); }
  // As basic authorization has them: a server may repeat that header. What is read from files, too.
  void AddLogin(const std::string& user, const std::string& password);
  void AddFile(const std::string& path);
  void AddUrl(const Secret& url);
  void AddHttp(const config::HttpConfig& http);
  void AddProxy(const config::ProxyConfig& proxy);
  void AddTls(const config::TlsConfig& tls);
  void AddKeys(const config::CheckedKeys& keys);

  std::vector<std::string> texts_;  // the longest first
  std::vector<std::string> urls_;   // that are secret as a whole
  std::vector<std::string> token_urls_;
};

}  // namespace tocsin::receivers
