#include "base/curl_phases.h"

#include <algorithm>

namespace tocsin {

namespace {

bool FailedAtTls(CURLcode code) {
  return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
         code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CIPHER ||
         code == CURLE_USE_SSL_FAILED || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_ISSUER_ERROR;
}

}  // namespace

// curl counts from the beginning of the transfer, and leaves 0 where it did not get so far.
// https://curl.se/libcurl/c/curl_easy_getinfo.html#TIMES
TransferPhases PhasesOf(CURL* easy, CURLcode code) {
  using std::chrono::microseconds;
  const microseconds lookup(Info<curl_off_t>(easy, CURLINFO_NAMELOOKUP_TIME_T));
  const microseconds connect(Info<curl_off_t>(easy, CURLINFO_CONNECT_TIME_T));
  const microseconds tls(Info<curl_off_t>(easy, CURLINFO_APPCONNECT_TIME_T));
  const microseconds ready(Info<curl_off_t>(easy, CURLINFO_PRETRANSFER_TIME_T));
  const microseconds total(Info<curl_off_t>(easy, CURLINFO_TOTAL_TIME_T));
  const bool is_ready = ready.count() > 0;
  TransferPhases phases;
  phases.began = total.count() > 0;
  phases.reused = is_ready && Info<long>(easy, CURLINFO_NUM_CONNECTS) == 0;
  microseconds before{0};
  const auto note = [&](TransferPhase phase, microseconds until) {
    phases.last = phase;
    phases.took.at(static_cast<std::size_t>(phase)) = std::max(until - before, microseconds(0));
    before = std::max(until, before);
  };
  // Where it got no further, the step it was at took all the rest.
  if (lookup.count() == 0) {
    note(TransferPhase::kLookup, total);
    return phases;
  }
  note(TransferPhase::kLookup, lookup);
  // While TLS goes on, curl 7.88 takes that for a part of connecting.
  if (connect.count() == 0 && !is_ready) {
    note(FailedAtTls(code) ? TransferPhase::kTls : TransferPhase::kConnect, total);
    return phases;
  }
  note(TransferPhase::kConnect, connect);
  if (!is_ready) {
    note(TransferPhase::kTls, total);
    return phases;
  }
  if (tls.count() > 0) note(TransferPhase::kTls, tls);
  before = std::max(before, ready);
  note(TransferPhase::kExchange, total);
  return phases;
}

}  // namespace tocsin
