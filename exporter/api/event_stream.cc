#include "exporter/api/event_stream.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace tocsin::api {
namespace {

using Weight = http::StreamWriter::Weight;

std::shared_ptr<const std::string> Shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace

std::string EventStream::Marker(std::string_view marker, std::uint64_t sequence,
                                std::string_view alerts) {
  const std::string list = alerts.empty() ? "" : fmt::format(R"(,"alerts":{})", alerts);
  return fmt::format("id: {1}\nevent: {0}\ndata: {{\"type\":\"{0}\",\"seq\":{1}{2}}}\n\n", marker,
                     sequence, list);
}

void EventStream::Opened(http::StreamWriter& writer) {
  writer_ = &writer;
  writer.Send(Shared(std::move(start_.text)), Weight::kFree);
  sources_.hub.Add(*this, start_.last);
}

void EventStream::Deliver(StreamEvent& event) {
  if (!EventMatches(start_.filter.query, event.event()) || !start_.filter.Selects(event.event())) {
    return;
  }
  writer_->Send(event.AsServerSentEvent(), Weight::kCounted);
}

void EventStream::CaughtUp(std::uint64_t sequence) {
  if (!std::exchange(start_.announce_live, false)) return;
  writer_->Send(Shared(Marker("live", sequence, "")), Weight::kCounted);
}

std::function<std::string(std::uint64_t)> EventStream::StartOver() {
  return [&sources = sources_](std::uint64_t sequence) {
    return Marker("reset", sequence, *sources.snapshots.Get(StreamFilter(), sequence));
  };
}

void EventStream::Restarted(http::StreamText text, std::uint64_t /*sequence*/) {
  start_.announce_live = false;
  writer_->Send(std::move(text), Weight::kFree);
}

void EventStream::Fail() {
  writer_->Close(http::CloseCode::kTryAgainLater, "the history cannot be read at the moment");
}

void EventStream::Tick(Timestamp /*now*/) {
  if (sources_.guard.MayStay(start_.caller)) return;
  writer_->Close(http::CloseCode::kPolicyViolation, kKeyHasEnded);
}

std::function<void(StreamEvent&)> EventStream::Writer() const {
  return [](StreamEvent& event) { event.AsServerSentEvent(); };
}

}  // namespace tocsin::api
