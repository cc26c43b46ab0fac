#include "exporter/api/alert_stream.h"

#include <memory>
#include <utility>

#include "base/scopes.h"
#include "exporter/api/alert_command.h"

namespace tocsin::api {
namespace {

// Of one client; more wait for the answers first.
constexpr std::size_t kMostCommands = 16;
// A client for which so much waits gets the next snapshot instead of this one.
constexpr std::size_t kBacklog = 64 << 10;

std::shared_ptr<const std::string> Shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace

void AlertStream::Opened(http::StreamWriter& writer) {
  writer_ = &writer;
  all_.insert(this);
  sources_.hub.AddHeld(*this);
  Begin();
}

void AlertStream::Begin() {
  if (!start_.last) return StartOver();
  announce_live_ = true;
  sources_.snapshots.Ask(
      *this, filter_,
      [last = *start_.last](std::uint64_t sequence, const std::string& alerts) {
        return AlertsMessage("initial_alerts", last, sequence, std::nullopt, alerts);
      },
      [this](std::string text, std::uint64_t /*sequence*/) {
        SendInitial(std::move(text));
        sources_.hub.GoOn(*this, *start_.last);
      });
}

// A snapshot is one message and the marker behind it another.
void AlertStream::StartOver() {
  const bool says_so = start_.starts_over || has_begun_;
  announce_live_ = false;
  sources_.snapshots.Ask(
      *this, filter_,
      [](std::uint64_t sequence, const std::string& alerts) {
        return AlertsMessage("initial_alerts", sequence, sequence, std::nullopt, alerts);
      },
      [this, says_so](std::string text, std::uint64_t sequence) {
        SendInitial(std::move(text));
        if (says_so) Send(MarkerMessage("reset", sequence));
        sources_.hub.GoOn(*this, sequence);
      });
}

void AlertStream::SendInitial(std::string message) {
  writer_->Send(Shared(std::move(message)), http::StreamWriter::Weight::kFree);
  has_begun_ = true;
  for (const std::string& text : std::exchange(early_, {})) Received(text);
}

void AlertStream::Closed() {
  all_.erase(this);
  sources_.samples.Listen(StreamHub::IdOf(*this), nullptr);
  sources_.hub.Remove(*this);
}

void AlertStream::Send(std::string message) { writer_->Send(Shared(std::move(message))); }

// ---- what the client says

void AlertStream::Received(std::string_view text) {
  if (!has_begun_) {
    if (early_.size() >= kMostCommands) return Send(ErrorMessage(Json(), "Busy; try again"));
    early_.emplace_back(text);
    return;
  }
  if (!sources_.guard.TakeMessage(start_.caller)) {
    return Send(ErrorMessage(Json(), "Rate limit exceeded"));
  }
  const ClientMessage message = ParseClientMessage(text);
  switch (message.kind) {
    case ClientMessage::Kind::kIgnored:
      return;
    case ClientMessage::Kind::kTextPing:
      return Send("pong");
    case ClientMessage::Kind::kPing:
      return Send(R"({"type":"pong"})");
    case ClientMessage::Kind::kWrong:
      return Send(ErrorMessage(message.request_id, message.fault));
    case ClientMessage::Kind::kSubscribe:
      return Subscribe(message);
    case ClientMessage::Kind::kAcknowledge:
    case ClientMessage::Kind::kResolve:
      return Command(message);
  }
}

void AlertStream::Subscribe(const ClientMessage& message) {
  filter_ = message.filter;
  samples_.reset();
  decimator_.reset();
  if (message.samples) {
    samples_ = std::make_shared<const SampleSubscription>(*message.samples);
    decimator_.emplace(samples_->max_rate);
  }
  sources_.samples.Listen(StreamHub::IdOf(*this), samples_);
  Send(OkMessage(message.request_id));
}

std::string AlertStream::ActorOf(const ClientMessage& message) const {
  if (!message.actor.empty()) return message.actor;
  return start_.caller.actor.known() ? start_.caller.actor.name : start_.client_id;
}

void AlertStream::Command(const ClientMessage& message) {
  const bool resolves = message.kind == ClientMessage::Kind::kResolve;
  if (!sources_.guard.Permit(start_.caller, Scope::kOperate,
                             resolves ? "WebSocket resolve" : "WebSocket acknowledge")) {
    return Send(ErrorMessage(message.request_id, "Not permitted"));
  }
  if (commands_under_way_ >= kMostCommands) {
    return Send(ErrorMessage(message.request_id, "Too many commands wait for their answers"));
  }
  CommandBody body;
  body.actor = ActorOf(message);
  body.note = message.note;
  body.expires_in = message.expires_in;
  const auto answer = [this, &hub = sources_.hub, id = StreamHub::IdOf(*this),
                       request_id = message.request_id](const auto& result) {
    hub.Tell(id, [this, request_id, result] { Answer(request_id, result); });
  };
  const bool is_taken = sources_.hub.RunAside([&sources = sources_, alert = message.alert_id, body,
                                               resolves, answer, caller = start_.caller] {
    // Nobody need be there any more when it is done: the audit log has it all the same.
    const http::Change change = ChangeOf(resolves ? "alert.resolve" : "alert.acknowledge", alert,
                                         sources.book.Find(alert), body);
    const auto done = [&guard = sources.guard, caller, change,
                       answer](const std::optional<evaluator::CommandResult>& result) {
      if (!result || result->kind == evaluator::CommandResult::Kind::kDone) {
        guard.NoteDone(caller, change, result ? 200 : 503);
      }
      answer(result);
    };
    if (resolves) {
      sources.resolve(alert, body.actor, body.note, done);
    } else {
      sources.acknowledge(alert, {body.actor, body.note, body.expires_in, std::nullopt}, done);
    }
  });
  if (!is_taken) return Send(ErrorMessage(message.request_id, "Busy; try again"));
  ++commands_under_way_;
}

void AlertStream::Answer(const Json& request_id,
                         const std::optional<evaluator::CommandResult>& result) {
  --commands_under_way_;
  if (!result) {
    return Send(ErrorMessage(
        request_id, "The change is in force, but the state store has not confirmed it yet"));
  }
  Send(result->kind == evaluator::CommandResult::Kind::kDone
           ? OkMessage(request_id)
           : ErrorMessage(request_id, result->detail));
}

// ---- what it is told

bool AlertStream::Wants(const Event& event) const {
  return filter_.empty() ||
         filter_.Selects(receivers::SeverityOfLabels(event.labels), event.rule_id, event.labels);
}

void AlertStream::Deliver(StreamEvent& event) {
  if (!Wants(event.event())) return;
  if (const http::StreamText& text = sources_.snapshots.AlertMessage(event)) {
    writer_->Send(text, http::StreamWriter::Weight::kCounted);
  }
}

void AlertStream::CaughtUp(std::uint64_t sequence) {
  if (std::exchange(announce_live_, false)) Send(MarkerMessage("live", sequence));
}

std::function<void(StreamEvent&)> AlertStream::Writer() const {
  return [&snapshots = sources_.snapshots](StreamEvent& event) { snapshots.AlertMessage(event); };
}

void AlertStream::Fail() {
  writer_->Close(http::CloseCode::kTryAgainLater, "the history cannot be read at the moment");
}

void AlertStream::Tick(Timestamp now) {
  if (!sources_.guard.MayStay(start_.caller)) {
    return writer_->Close(http::CloseCode::kPolicyViolation, kKeyHasEnded);
  }
  // Those that catch up are told it all in its order first.
  if (now < start_.next_update || !StreamHub::IsLive(*this)) return;
  start_.next_update = now + settings_.update_interval;
  if (writer_->waiting_bytes() <= kBacklog) SendUpdate(now);
}

// Held until it is made, so that no event overtakes it that it does not show.
void AlertStream::SendUpdate(Timestamp now) {
  StreamHub::Hold(*this);
  sources_.snapshots.Ask(
      *this, filter_,
      [now](std::uint64_t sequence, const std::string& alerts) {
        return AlertsMessage("alert_update", sequence, sequence, now, alerts);
      },
      [this](std::string text, std::uint64_t sequence) {
        const http::StreamText shared = Shared(std::move(text));
        sources_.hub.GoOnTo(*this, sequence, [this, shared] {
          writer_->Send(shared, http::StreamWriter::Weight::kFree);
        });
      });
}

void AlertStream::Show(const std::vector<SampleTap::Tapped>& samples, Timestamp now) {
  if (!decimator_) return;
  for (const SampleTap::Tapped& tapped : samples) {
    if (samples_->Selects(tapped.labels)) decimator_->Offer(tapped.labels, tapped.sample);
  }
  // What cannot be taken now is replaced by what is newer then.
  if (writer_->waiting_bytes() > kBacklog) return;
  for (std::string& message : decimator_->TakeDue(now)) Send(std::move(message));
}

}  // namespace tocsin::api
