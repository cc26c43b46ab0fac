#include "exporter/http/connection_counts.h"

#include <algorithm>
#include <optional>

namespace tocsin::http {

bool ConnectionCounts::IsCounted(const std::string& address) const {
  const std::optional<IpAddress> parsed = IpAddress::Parse(address);
  return !parsed ||
         std::none_of(uncounted_.begin(), uncounted_.end(),
                      [&](const IpNetwork& network) { return network.Contains(*parsed); });
}

bool ConnectionCounts::Enter(const std::string& address) {
  if (!IsCounted(address)) return true;
  MutexLock lock(mu_);
  std::size_t& connections = of_address_[address];
  if (connections >= most_) return false;
  ++connections;
  return true;
}

void ConnectionCounts::Leave(const std::string& address) {
  MutexLock lock(mu_);
  const auto found = of_address_.find(address);
  if (found != of_address_.end() && --found->second == 0) of_address_.erase(found);
}

}  // namespace tocsin::http
