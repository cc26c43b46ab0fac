// ConnectionCounts: how many connections each address has, so that one of them cannot hold all
// threads. A connection is counted from its first request on: the linked server tells nobody of
// those that it accepts, and cuts off those that send none.
//
// Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/egress_policy.h"
#include "base/mutex.h"

namespace tocsin::http {

class ConnectionCounts {
 public:
  // Addresses in `uncounted` have no limit.
  ConnectionCounts(std::size_t most, std::vector<IpNetwork> uncounted)
      : most_(most), uncounted_(std::move(uncounted)) {}

  // Whether an address may have one more; if so, Leave() follows once it is closed.
  bool Enter(const std::string& address) EXCLUDES(mu_);
  void Leave(const std::string& address) EXCLUDES(mu_);

 private:
  bool IsCounted(const std::string& address) const;

  // constant after construction
  const std::size_t most_;
  const std::vector<IpNetwork> uncounted_;

  Mutex mu_;
  std::unordered_map<std::string, std::size_t> of_address_ GUARDED_BY(mu_);
};

}  // namespace tocsin::http
