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

// Says from which number the stream goes on: `marker` is "live" or "reset". `alerts` is a JSON
// array, or empty.
std::string Marker(std::string_view marker, std::uint64_t sequence, std::string_view alerts) {
  const std::string list = alerts.empty() ? "" : fmt::format(R"(,"alerts":{})", alerts);
  return fmt::format("id: {1}\nevent: {0}\ndata: {{\"type\":\"{0}\",\"seq\":{1}{2}}}\n\n", marker,
                     sequence, list);
}

}  // namespace

void EventStream::Opened(http::StreamWriter& writer) {
  writer_ = &writer;
  if (start_.starts_over) {
    // Without a number: a browser that loses the connection before the snapshot comes asks for the
    // same again.
    writer.Send(Shared("retry: 2000\n\n"), Weight::kFree);
    sources_.hub.AddHeld(*this);
    return StartOver();
  }
  // The number alone: a browser that loses the connection before the first event resumes with it.
  writer.Send(Shared(fmt::format("retry: 2000\nid: {}\n\n", start_.last)), Weight::kFree);
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

void EventStream::StartOver() {
  start_.announce_live = false;
  sources_.snapshots.Ask(
      *this, StreamFilter(),
      [](std::uint64_t sequence, const std::string& alerts) {
        return Marker("reset", sequence, alerts);
      },
      [this](std::string text, std::uint64_t sequence) {
        writer_->Send(Shared(std::move(text)), Weight::kFree);
        sources_.hub.GoOn(*this, sequence);
      });
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
