#include "evaluator/lifecycle/engine.h"

namespace tocsin::evaluator {
namespace {

constexpr std::size_t kQueueCapacity = 65'536;
constexpr std::int64_t kIdle = -1;

// Tells the person now if nothing changed, else when the change is durable. A store that cannot
// write does not make the command fail: the change is in force, and the store's trouble is reported
// by health, log and metrics.
void Reply(Lifecycle& lifecycle, const CommandResult& result, const Engine::Done& done) {
  if (result.kind != CommandResult::Kind::kDone) return done(result);
  lifecycle.WhenCommitted([done, result](const Status&) { done(result); });
}

}  // namespace

Engine::Engine(Lifecycle& lifecycle, const Clock& clock)
    : lifecycle_(lifecycle), clock_(clock), queue_(kQueueCapacity), busy_since_(kIdle) {}

Engine::~Engine() { Stop(); }

void Engine::Start(std::function<void()> on_restored) {
  thread_ = std::thread([this, on_restored = std::move(on_restored)] { Run(on_restored); });
}

void Engine::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

void Engine::Take(std::vector<Signal> signals) {
  const auto dealt_with = std::make_shared<std::latch>(1);
  if (queue_.Push(Handover{std::move(signals), dealt_with})) dealt_with->wait();
}

void Engine::Acknowledge(std::string id, AcknowledgeCommand command, Done done) {
  queue_.Push(Command([id = std::move(id), command = std::move(command), done = std::move(done)](
                          Lifecycle& lifecycle, Timestamp now) {
    Reply(lifecycle, lifecycle.Acknowledge(id, command, now), done);
  }));
}

void Engine::Unacknowledge(std::string id, std::string actor, Done done) {
  queue_.Push(Command([id = std::move(id), actor = std::move(actor), done = std::move(done)](
                          Lifecycle& lifecycle, Timestamp now) {
    Reply(lifecycle, lifecycle.Unacknowledge(id, actor, now), done);
  }));
}

void Engine::Resolve(std::string id, std::string actor, std::string note, Done done) {
  queue_.Push(Command([id = std::move(id), actor = std::move(actor), note = std::move(note),
                       done = std::move(done)](Lifecycle& lifecycle, Timestamp now) {
    Reply(lifecycle, lifecycle.Resolve(id, actor, note, now), done);
  }));
}

void Engine::ApplyRules(std::shared_ptr<const RuleIndex> rules, Duration staleness) {
  queue_.Push(Command([rules = std::move(rules), staleness](Lifecycle& lifecycle, Timestamp now) {
    lifecycle.ApplyRules(rules, staleness, now);
  }));
}

// A change is in the book a little before it is on its way to the store: both within one round of
// the thread, which this comes after.
void Engine::WhenNumbered(std::function<void()> done) {
  queue_.Push(Command([done = std::move(done)](Lifecycle& lifecycle, Timestamp /*now*/) {
    lifecycle.WhenCommitted([done](const Status&) { done(); });
  }));
}

Duration Engine::lag() const {
  const std::int64_t since = busy_since_;
  if (since == kIdle) return Duration(0);
  return std::chrono::duration_cast<Duration>(clock_.Monotonic() - std::chrono::nanoseconds(since));
}

void Engine::Deal(const Message& message, Timestamp now) {
  if (const auto* handover = std::get_if<Handover>(&message)) {
    for (const Signal& signal : handover->signals) lifecycle_.Handle(signal, now);
    handover->dealt_with->count_down();
  } else {
    std::get<Command>(message)(lifecycle_, now);
  }
}

void Engine::Run(const std::function<void()>& on_restored) {
  lifecycle_.OfferRestored();
  lifecycle_.RunDue(clock_.Now());
  lifecycle_.Flush();
  if (on_restored) on_restored();
  while (true) {
    const bool closing = queue_.closed();
    const std::vector<Message> messages = queue_.PopAll(lifecycle_.next_deadline());
    const Timestamp now = clock_.Now();
    busy_since_ = clock_.Monotonic().count();
    for (const Message& message : messages) Deal(message, now);
    lifecycle_.RunDue(now);
    lifecycle_.Flush();
    busy_since_ = kIdle;
    if (closing && messages.empty()) return;
  }
}

}  // namespace tocsin::evaluator
