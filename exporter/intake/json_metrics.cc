#include "exporter/intake/json_metrics.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"

namespace tocsin::intake {
namespace {

using Outcome = JsonMetricsReader::Outcome;

enum class Reason : std::uint8_t {
  kMalformed,
  kInvalid,
  kTooManyItems,
  kAtomic,
  kTooManySeries,
  kNameTaken,
  kOutOfOrder,
  kDuplicate,
};
constexpr std::array<const char*, 8> kReasonNames = {
    "malformed",       "invalid",    "too_many_items", "atomic",
    "too_many_series", "name_taken", "out_of_order",   "duplicate"};

// One reader a worker thread, for its buffers only: it holds nothing from one request to the next
// that another could see, whichever intake it serves.
//
// Behind a pointer: every thread of the process, worker or not, has room for what stands here.
JsonMetricsReader& ThreadsReader() {
  thread_local std::unique_ptr<JsonMetricsReader> reader;
  if (reader == nullptr) reader = std::make_unique<JsonMetricsReader>();
  return *reader;
}

// Gives back what a large body took, however the request ends.
class ReaderLease {
 public:
  ReaderLease() : reader_(ThreadsReader()) {}
  ~ReaderLease() { reader_.ReleaseLargeBuffers(); }
  ReaderLease(const ReaderLease&) = delete;
  ReaderLease& operator=(const ReaderLease&) = delete;

  JsonMetricsReader& operator*() { return reader_; }

 private:
  JsonMetricsReader& reader_;
};

http::Response Json(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

std::optional<http::Response> CheckCoding(const http::Request& request) {
  const std::string_view coding = TrimSpace(request.Header("Content-Encoding"));
  if (coding.empty() || EqualsIgnoreCase(coding, "identity")) return std::nullopt;
  return http::ErrorResponse(
      415, http::ErrorStyle::kJson,
      fmt::format("Content-Encoding {} is not supported: send the JSON as it is",
                  QuoteForMessage(coding)));
}

// All or nothing? Empty for a word that is not understood.
std::optional<bool> IsAtomic(const http::Request& request) {
  const std::string_view mode = TrimSpace(request.Header("Tocsin-Batch"));
  if (mode.empty()) return false;
  if (EqualsIgnoreCase(mode, "atomic")) return true;
  return std::nullopt;
}

std::string Numbers(std::size_t accepted, std::size_t rejected) {
  return fmt::format(R"("accepted":{},"rejected":{})", accepted, rejected);
}

http::Response TooManySeries(const JsonFaults& faults, std::size_t refused, std::size_t accepted,
                             std::size_t rejected) {
  const std::string detail = fmt::format(
      "Too many series: the limit is reached and {} of these would be new; known series go on (see "
      "tocsin.series.max_series)",
      refused);
  std::string body =
      fmt::format(R"({{"detail":{},{})", JsonString(detail), Numbers(accepted, rejected));
  if (!faults.empty()) body += "," + faults.ToMembers("errors");
  return Json(429, body + "}");
}

using Spellings = std::unordered_map<std::string, std::string>;  // by stored name

std::string StoredName(const JsonMetricsReader& reader, std::uint32_t index) {
  const SampleBatch& batch = reader.samples();
  return std::string(batch.labels(batch.items()[index]).metric_name());
}

std::string SpellingAt(const JsonMetricsReader& reader, std::uint32_t index) {
  const std::string_view spelling = reader.sources()[index].spelling;
  return spelling.empty() ? StoredName(reader, index) : std::string(spelling);
}

Spellings FirstSpellings(const JsonMetricsReader& reader) {
  Spellings first;
  for (std::uint32_t i = 0; i < reader.sources().size(); ++i) {
    first.emplace(StoredName(reader, i), SpellingAt(reader, i));
  }
  return first;
}

// Names both spellings. The store may not know yet what this very request has begun.
std::string NameTaken(const JsonMetricsReader& reader, const AppendReport::Refused& refused,
                      const Spellings& spelled_first) {
  const std::string stored = StoredName(reader, refused.index);
  const std::string refused_name = SpellingAt(reader, refused.index);
  std::string owner = refused.taken_by.empty() ? spelled_first.at(stored) : refused.taken_by;
  owner = owner == refused_name ? "another spelling" : QuoteForMessage(owner);
  return fmt::format(
      "{} is refused: {} already stands for these labels, and names that differ only in dots, "
      "dashes and the like are stored as one ({})",
      QuoteForMessage(refused_name), owner, stored);
}

}  // namespace

struct JsonMetricsIntake::Metrics {
  explicit Metrics(MetricRegistry& registry)
      : received(CounterFamily(registry, "alerting_metrics_received_total",
                               "Metrics submitted, good or not.")
                     .Add({{"intake", "json"}})) {
    auto& family = CounterFamily(
        registry, "alerting_metrics_rejected_total",
        "Submitted metrics that were not stored; a body that could not be read counts as one.");
    for (std::size_t i = 0; i < by_reason.size(); ++i) {
      by_reason.at(i) = &family.Add({{"reason", kReasonNames.at(i)}});
    }
  }

  void Reject(Reason reason, std::size_t n = 1) const {
    if (n > 0) by_reason.at(static_cast<std::size_t>(reason))->Increment(static_cast<double>(n));
  }

  prometheus::Counter& received;
  std::array<prometheus::Counter*, kReasonNames.size()> by_reason{};
};

JsonMetricsIntake::JsonMetricsIntake(const Context& context, const JsonMetricsLimits& limits)
    : sink_(context.sink),
      clock_(context.clock),
      admission_(context.admission),
      limits_(limits),
      window_(context.window),
      metrics_(std::make_unique<const Metrics>(context.metrics)) {}

JsonMetricsIntake::~JsonMetricsIntake() = default;

std::vector<http::Route> JsonMetricsIntake::Routes() {
  std::vector<http::Route> routes;
  for (const char* mount : {"/api/v1/alerting", "/alerting"}) {
    const auto add = [&](const char* path, std::size_t max_body, http::Handler handler) {
      http::Route route;
      route.method = "POST";
      route.pattern = std::string(mount) + path;
      route.handler = std::move(handler);
      route.max_body = max_body;
      route.errors = http::ErrorStyle::kJson;
      route.access = http::Access::kPush;
      routes.push_back(std::move(route));
    };
    add("/metrics", limits_.single_bytes,
        [this](const http::Request& request) { return SubmitOne(request); });
    add("/metrics/batch", limits_.batch_bytes,
        [this](const http::Request& request) { return SubmitBatch(request); });
  }
  return routes;
}

JsonMetricsLimits JsonMetricsIntake::LimitsNow() const {
  JsonMetricsLimits limits = limits_;
  if (window_) {
    const TimestampWindow window = window_();
    limits.past = window.past;
    limits.future = window.future;
  }
  return limits;
}

http::Response JsonMetricsIntake::SubmitOne(const http::Request& request) {
  if (std::optional<http::Response> refused = CheckCoding(request)) return *std::move(refused);
  ReaderLease lease;
  JsonMetricsReader& reader = *lease;
  const Timestamp now = clock_.Now();
  const Outcome outcome = reader.ReadOne(request.body, LimitsNow(), now);
  if (std::optional<http::Response> refused = RefuseWhole(request, reader, outcome)) {
    return *std::move(refused);
  }
  Tally tally;
  Append(reader, now, &tally);
  if (tally.too_many_series > 0) return TooManySeries(reader.faults(), 1, 0, 1);
  if (!reader.faults().empty()) {
    return Json(422, "{" + reader.faults().ToMembers("detail") + "}");
  }
  return Json(200, R"({"message":"Metric submitted successfully"})");
}

http::Response JsonMetricsIntake::SubmitBatch(const http::Request& request) {
  if (std::optional<http::Response> refused = CheckCoding(request)) return *std::move(refused);
  const std::optional<bool> atomic = IsAtomic(request);
  if (!atomic) {
    return Json(422, R"({"detail":[{"loc":["header","Tocsin-Batch"],"msg":"value is not a valid )"
                     R"(enumeration member; permitted: 'atomic'","type":"type_error.enum",)"
                     R"("ctx":{"enum_values":["atomic"]}}]})");
  }
  ReaderLease lease;
  JsonMetricsReader& reader = *lease;
  const Timestamp now = clock_.Now();
  const Outcome outcome = reader.ReadBatch(request.body, LimitsNow(), now);
  if (std::optional<http::Response> refused = RefuseWhole(request, reader, outcome)) {
    return *std::move(refused);
  }
  Tally tally;
  tally.batch = true;
  if (*atomic && !reader.faults().empty()) {
    const std::size_t bad = reader.items() - reader.samples().size();
    metrics_->received.Increment(static_cast<double>(reader.items()));
    metrics_->Reject(Reason::kInvalid, bad);
    metrics_->Reject(Reason::kAtomic, reader.samples().size());
    tally.rejected = reader.items();
  } else {
    Append(reader, now, &tally);
  }
  const std::size_t rejected = tally.rejected + tally.too_many_series;
  const std::size_t accepted = reader.items() - rejected;
  if (tally.too_many_series > 0) {
    return TooManySeries(reader.faults(), tally.too_many_series, accepted, rejected);
  }
  if (!reader.faults().empty()) {
    return Json(422, fmt::format("{{{},{}}}", reader.faults().ToMembers("detail"),
                                 Numbers(accepted, rejected)));
  }
  return Json(200, fmt::format(R"({{"message":"Submitted {} metrics successfully"}})", accepted));
}

std::optional<http::Response> JsonMetricsIntake::RefuseWhole(const http::Request& request,
                                                             JsonMetricsReader& reader,
                                                             Outcome outcome) {
  switch (outcome) {
    case Outcome::kRead:
      if (!admission_) return std::nullopt;
      return admission_(request, reader.items(), http::ErrorStyle::kJson);
    case Outcome::kMalformed:
      metrics_->Reject(Reason::kMalformed);
      return Json(422, "{" + reader.faults().ToMembers("detail") + "}");
    case Outcome::kTooManyItems:
      break;
  }
  metrics_->Reject(Reason::kTooManyItems);
  return http::ErrorResponse(
      413, http::ErrorStyle::kJson,
      fmt::format("Batch of more than {} metrics: nothing was taken, send smaller batches",
                  limits_.batch_items));
}

void JsonMetricsIntake::Append(JsonMetricsReader& reader, Timestamp now, Tally* tally) {
  metrics_->received.Increment(static_cast<double>(reader.items()));
  tally->rejected = reader.items() - reader.samples().size();
  metrics_->Reject(Reason::kInvalid, tally->rejected);
  if (reader.samples().empty()) return;

  const AppendReport report = sink_.Append(reader.samples(), now);
  Spellings spelled_first;  // of this request
  for (const AppendReport::Refused& refused : report.refused) {
    const JsonMetricsReader::Source& source = reader.sources()[refused.index];
    switch (refused.why) {
      // Stored is the newer one: nothing that the sender could do better.
      case Refusal::kOutOfOrder:
        metrics_->Reject(Reason::kOutOfOrder);
        break;
      case Refusal::kDuplicate:
        metrics_->Reject(Reason::kDuplicate);
        break;
      case Refusal::kTooManySeries:
        metrics_->Reject(Reason::kTooManySeries);
        ++tally->too_many_series;
        break;
      case Refusal::kNameTaken: {
        metrics_->Reject(Reason::kNameTaken);
        ++tally->rejected;
        JsonPlace place{std::nullopt, "metric_name", {}};
        if (tally->batch) place.item = source.item;
        if (spelled_first.empty()) spelled_first = FirstSpellings(reader);
        reader.faults().Add(place, NameTaken(reader, refused, spelled_first),
                            "value_error.name_taken");
        break;
      }
    }
  }
  TellSpellings(reader, report, now);
}

// After the samples, so that a refused spelling does not replace the one that has the name.
void JsonMetricsIntake::TellSpellings(const JsonMetricsReader& reader, const AppendReport& report,
                                      Timestamp now) {
  SampleBatch news(Origin::kJson);
  auto refused = report.refused.begin();
  for (std::uint32_t i = 0; i < reader.sources().size(); ++i) {
    if (refused != report.refused.end() && refused->index == i) {
      ++refused;
      continue;
    }
    const std::string_view spelling = reader.sources()[i].spelling;
    if (spelling.empty() || told_.Knows(spelling, now)) continue;
    FamilyMetadata family;
    family.name = MapMetricName(spelling);
    family.original_name = spelling;
    news.AddMetadata(std::move(family));
    told_.Note(spelling, now);
  }
  if (!news.metadata().empty()) sink_.Append(news, now);
}

// As the list of intakes has them all; this one needs no store of pushed groups.
std::unique_ptr<Intake> MakeJsonMetrics(const Context& context, PushStore& /*push_store*/) {
  return std::make_unique<JsonMetricsIntake>(context);
}

}  // namespace tocsin::intake
