#include "exporter/api/stream_api.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "base/text.h"
#include "exporter/api/alert_stream.h"
#include "exporter/api/event_stream.h"
#include "exporter/api/faults.h"

namespace tocsin::api {
namespace {

using http::Request;
using http::StreamOffer;

constexpr std::size_t kMaxClientId = 128;
constexpr const char* kClientIdPattern = R"(^[A-Za-z0-9._:@-]{1,128}$)";
constexpr std::uint64_t kLastNumber = std::numeric_limits<std::int64_t>::max();

bool IsClientId(std::string_view id) {
  constexpr std::string_view kOthers = "._:@-";
  return !id.empty() && id.size() <= kMaxClientId && std::all_of(id.begin(), id.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

StreamOffer Refused(http::Response response) { return {nullptr, std::move(response)}; }

StreamOffer Unreadable() {
  http::Response response = Detail(503, "The history cannot be read at the moment");
  response.headers.emplace_back("Retry-After", "5");
  return Refused(std::move(response));
}

// What the client has seen: ?since=, or what a browser says by itself when it comes back.
std::optional<std::uint64_t> ReadSince(const Request& request, bool with_header, Json* faults) {
  Request asked;
  asked.query = request.query;
  if (const std::string_view last = request.Header("Last-Event-ID"); with_header && !last.empty()) {
    asked.query = "since=" + PercentEncode(last);
  }
  if (!asked.QueryParameter("since")) return std::nullopt;
  std::uint64_t since = 0;
  ReadCount(asked, "since", 0, kLastNumber, &since, faults);
  return since;
}

// The parameters of GET /events that choose; those that page have no place here.
EventRequest ReadFilter(const Request& request, Json* faults) {
  constexpr std::array<std::string_view, 6> kChoosing = {"type",     "rule_id", "alert_id",
                                                         "receiver", "match[]", "filter"};
  Request asked;
  for (const std::string_view pair : Split(request.query, '&')) {
    const std::optional<std::string> name =
        PercentDecode(pair.substr(0, pair.find('=')), /*plus_is_space=*/true);
    if (name && std::find(kChoosing.begin(), kChoosing.end(), *name) != kChoosing.end()) {
      asked.query.append(pair).push_back('&');
    }
  }
  return ReadEventRequest(asked, faults);
}

}  // namespace

StreamApi::StreamApi(StreamSources sources, StreamSettings settings)
    : sources_(std::move(sources)), settings_(settings) {}

StreamApi::~StreamApi() = default;

std::vector<http::Route> StreamApi::Routes() {
  using http::StreamKind;
  std::vector<http::Route> routes;
  for (const std::string mount : {"/api/v1/alerting", "/alerting"}) {
    routes.push_back(http::StreamRoute(StreamKind::kWebSocket, mount + "/ws/{client_id}",
                                       [this](const Request& r) { return OpenWebSocket(r); }));
    routes.push_back(http::StreamRoute(StreamKind::kServerSentEvents, mount + "/events/stream",
                                       [this](const Request& r) { return OpenEvents(r); }));
  }
  return routes;
}

StreamOffer StreamApi::OpenWebSocket(const Request& request) {
  Json faults = Json::array();
  if (!IsClientId(request.captures[0])) {
    faults.push_back(Fault({"path", "client_id"},
                           std::string("string does not match regex \"") + kClientIdPattern + "\"",
                           "value_error.str.regex", {{"pattern", kClientIdPattern}}));
  }
  const std::optional<std::uint64_t> since = ReadSince(request, /*with_header=*/false, &faults);
  if (!faults.empty()) return Refused(Unprocessable(faults));

  StreamHub::Interest interest = sources_.hub.Join();
  const Result<bool> resumes = since ? sources_.hub.Holds(*since) : Result<bool>(false);
  if (!resumes) return Unreadable();
  AlertStream::Start start;
  start.client_id = request.captures[0];
  start.caller = {request.actor, request.remote_address};
  start.next_update = sources_.clock.Now() + settings_.update_interval;
  if (*resumes) start.last = since;
  start.starts_over = since && !*resumes;
  return {std::make_unique<AlertStream>(sources_, settings_, std::move(interest), std::move(start),
                                        alert_streams_),
          {}};
}

StreamOffer StreamApi::OpenEvents(const Request& request) {
  Json faults = Json::array();
  EventStream::Start start;
  start.caller = {request.actor, request.remote_address};
  start.filter = ReadFilter(request, &faults);
  const std::optional<std::uint64_t> since = ReadSince(request, /*with_header=*/true, &faults);
  if (!faults.empty()) return Refused(Unprocessable(faults));

  // In this order: whatever happens from here on comes after that number.
  StreamHub::Interest interest = sources_.hub.Join();
  const std::uint64_t newest = sources_.store.LastEvent();
  const Result<bool> resumes = since ? sources_.hub.Holds(*since) : Result<bool>(false);
  if (!resumes) return Unreadable();
  start.last = *resumes ? *since : newest;
  start.announce_live = *resumes;
  start.starts_over = since && !*resumes;
  StreamOffer offer;
  offer.stream = std::make_unique<EventStream>(sources_, std::move(interest), std::move(start));
  offer.response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  return offer;
}

void StreamApi::Tick(Timestamp now) {
  if (sources_.samples.has_listeners()) {
    const std::vector<SampleTap::Tapped> samples = sources_.samples.Take();
    for (AlertStream* stream : alert_streams_) stream->Show(samples, now);
  }
  sources_.hub.Tick(now);
}

}  // namespace tocsin::api
