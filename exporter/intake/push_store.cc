#include "exporter/intake/push_store.h"

#include <fmt/format.h>
#include <prometheus/metric_family.h>

#include <future>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "exporter/exposition/registry_families.h"
#include "exporter/intake/push_journal.h"

namespace tocsin::intake {
namespace {

void AddSeries(const PushedFamily& family, Timestamp stamp, SampleBatch* batch) {
  for (const PushedFamily::Series& series : family.series) {
    batch->Add(series.labels.view(), {stamp, series.value});
  }
}

void AddStale(LabelsView labels, Timestamp stamp, SampleBatch* batch) {
  batch->Add(labels, {stamp, StaleNan()});
}

void AddTimes(const Labels& group, const PushTimes& times, Timestamp stamp, SampleBatch* batch) {
  for (const PushedFamilyPtr& family : TimesAsFamilies(times, group)) {
    batch->AddMetadata(family->metadata);
    AddSeries(*family, stamp, batch);
  }
}

// Whether the sink took all series that it did not know. What it refused for its time alone is only
// late: it knows the series.
PushOutcome OutcomeOf(const AppendReport& report, const SampleBatch& batch) {
  std::size_t no_room = 0;
  for (const AppendReport::Refused& refused : report.refused) {
    if (refused.why == Refusal::kNameTaken) {
      const LabelsView labels = batch.labels(batch.items()[refused.index]);
      return Inconsistent(fmt::format(
          "metric {} is held under another spelling of its name{}", DescribeSeries(labels),
          refused.taken_by.empty() ? "" : ", " + QuoteForMessage(refused.taken_by)));
    }
    if (refused.why == Refusal::kTooManySeries) ++no_room;
  }
  if (no_room == 0) return {};
  return {PushTrouble::kTooManySeries,
          fmt::format("limit max_series of the series store is reached: no room for {} of {} new "
                      "series, nothing of this push was stored",
                      no_room, batch.size())};
}

// Ends what a refused batch began.
void TakeBack(const SampleBatch& batch, const AppendReport& report, Timestamp now,
              SampleSink& sink) {
  SampleBatch stale(Origin::kPush);
  std::size_t next_refused = 0;
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    if (next_refused < report.refused.size() && report.refused[next_refused].index == i) {
      ++next_refused;
      continue;
    }
    AddStale(batch.labels(batch.items()[i]), batch.items()[i].sample.timestamp, &stale);
  }
  if (!stale.empty()) sink.Append(stale, now);
}

}  // namespace

PushStore::PushStore(const Context& context, PushLimits limits)
    : sink_(context.sink),
      store_(context.store),
      clock_(context.clock),
      log_(context.log.Named("push")),
      own_metrics_(context.metrics),
      limits_(limits),
      groups_gauge_(
          GaugeFamily(context.metrics, "tocsin_push_groups", "Groups that were pushed.").Add({})),
      series_gauge_(GaugeFamily(context.metrics, "tocsin_push_series",
                                "Series in pushed groups, without their times.")
                        .Add({})),
      journal_failures_(CounterFamily(context.metrics, "tocsin_push_journal_failures_total",
                                      "Changes of pushed groups that could not be written down.")
                            .Add({})),
      table_(limits.series_per_group) {}

Status PushStore::Restore() {
  const Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kPushedGroups);
  if (!rows) return Error{fmt::format("cannot restore pushed groups: {}", rows.message())};
  JournalContent journal = ReadJournal(*rows);
  for (auto& [key, group] : journal.groups) {
    const PushOutcome outcome = table_.Restore(key, group.times, std::move(group.families));
    if (!outcome.ok()) {
      log_.Error("pushed group left out", {{"group", key.ToString()}, {"err", outcome.message}});
    }
  }
  for (const std::string& row : journal.damaged) {
    log_.Error("damaged row of a pushed group left out", {{"err", row}});
  }
  ShowCounts();
  return {};
}

PushOutcome PushStore::Push(const PushTurns::Turn& /*turn*/, const GroupingKey& key, PushMode mode,
                            std::vector<exposition::Family> parsed) {
  LoadOwnTypes();
  BuiltFamilies built = BuildFamilies(key, std::move(parsed), limits_.text);
  PushOutcome outcome = std::move(built.outcome);
  if (outcome.ok()) outcome = Accept(key.labels, mode, std::move(built.families));
  if (!outcome.ok()) NoteFailure(key.labels, outcome.trouble);
  ShowCounts();
  if (table_.AreSamplesDue(key.labels)) AppendAgain(key.labels, clock_.Now());
  return outcome;
}

PushOutcome PushStore::Accept(const Labels& group, PushMode mode, PushedFamilies families) {
  PushTable::Plan plan;
  PushOutcome outcome = table_.Reserve(group, mode, std::move(families), clock_.Now(), &plan);
  if (!outcome.ok()) return outcome;
  outcome = AppendFresh(group, plan);
  if (!outcome.ok()) {
    table_.Abort(plan);
    return outcome;
  }
  AppendRest(group, plan);
  table_.Commit(group, plan);
  for (const std::string& family : plan.change.help_conflicts) {
    log_.Info("pushed help text differs from that of another group, one of them is shown",
              {{"metric", family}, {"group", group.ToString()}});
  }
  WriteChange(group, plan);
  return outcome;
}

PushOutcome PushStore::AppendFresh(const Labels& group, const PushTable::Plan& plan) {
  SampleBatch batch(Origin::kPush);
  if (plan.group_is_new) AddTimes(group, plan.times, plan.stamp, &batch);
  for (const PushedFamily::Series* series : plan.change.fresh) {
    batch.Add(series->labels.view(), {plan.stamp, series->value});
  }
  if (batch.empty()) return {};
  const AppendReport report = sink_.Append(batch, plan.stamp);
  PushOutcome outcome = OutcomeOf(report, batch);
  if (!outcome.ok()) TakeBack(batch, report, plan.stamp, sink_);
  return outcome;
}

void PushStore::AppendRest(const Labels& group, const PushTable::Plan& plan) {
  SampleBatch batch(Origin::kPush);
  if (!plan.group_is_new) AddTimes(group, plan.times, plan.stamp, &batch);
  for (const auto& [name, family] : plan.change.added) batch.AddMetadata(family->metadata);
  for (const PushedFamily::Series* series : plan.change.known) {
    batch.Add(series->labels.view(), {plan.stamp, series->value});
  }
  for (const PushedFamily::Series* series : plan.change.vanished) {
    AddStale(series->labels, plan.stamp, &batch);
  }
  sink_.Append(batch, plan.stamp);
}

void PushStore::WriteChange(const Labels& group, const PushTable::Plan& plan) {
  WriteBatch batch;
  PutTimes(group, plan.times, &batch);
  for (const auto& [name, family] : plan.change.removed) {
    if (plan.change.added.count(name) == 0) DeleteFamily(group, name, &batch);
  }
  for (const auto& [name, family] : plan.change.added) PutFamily(group, *family, &batch);
  Write(std::move(batch));
}

void PushStore::NoteFailure(const Labels& group, PushTrouble trouble) {
  const PushTable::Plan plan = table_.PlanFailure(group, clock_.Now());
  // Where a limit was hit, a group that would hold nothing but its times only takes more room.
  if (plan.group_is_new && trouble != PushTrouble::kInconsistent) return;
  SampleBatch batch(Origin::kPush);
  AddTimes(group, plan.times, plan.stamp, &batch);
  const AppendReport report = sink_.Append(batch, plan.stamp);
  if (plan.group_is_new && !OutcomeOf(report, batch).ok()) {
    TakeBack(batch, report, plan.stamp, sink_);
    return;
  }
  table_.Commit(group, plan);
  WriteChange(group, plan);
}

void PushStore::Delete(const PushTurns::Turn& /*turn*/, const GroupingKey& key) {
  const std::optional<PushTable::Content> content = table_.Remove(key.labels, clock_.Now());
  if (!content) return;
  SampleBatch stale(Origin::kPush);
  WriteBatch rows;
  for (const auto& [name, family] : content->families) {
    for (const PushedFamily::Series& series : family->series) {
      AddStale(series.labels, content->stamp, &stale);
    }
    DeleteFamily(key.labels, name, &rows);
  }
  for (const PushedFamilyPtr& family : TimesAsFamilies(content->times, key.labels)) {
    AddStale(family->series.front().labels, content->stamp, &stale);
  }
  DeleteTimes(key.labels, &rows);
  sink_.Append(stale, content->stamp);
  ShowCounts();
  Write(std::move(rows));
}

void PushStore::Resample(Timestamp now) {
  for (const Labels& group : table_.Keys()) {
    // With the turn, no push can be overtaken by the values that it replaces.
    if (const std::optional<PushTurns::Turn> turn = turns_.TryTake(group)) {
      AppendAgain(group, now);
    } else {
      table_.MarkSamplesDue(group);
    }
  }
}

void PushStore::AppendAgain(const Labels& group, Timestamp now) {
  const std::optional<PushTable::Content> content = table_.TakeSamples(group, now);
  if (!content) return;
  SampleBatch batch(Origin::kPush);
  AddTimes(group, content->times, content->stamp, &batch);
  for (const auto& [name, family] : content->families) {
    batch.AddMetadata(family->metadata);
    AddSeries(*family, content->stamp, &batch);
  }
  sink_.Append(batch, content->stamp);
}

std::vector<exposition::Family> PushStore::Families() const {
  std::map<std::string, exposition::Family> by_name;
  for (const PushedFamilyPtr& family : table_.AllFamilies()) {
    exposition::Family shown = ToExposition(*family);
    const auto [at, is_new] = by_name.try_emplace(family->metadata.name);
    if (is_new) {
      at->second = std::move(shown);
      continue;
    }
    if (at->second.metadata.help.empty()) at->second.metadata.help = shown.metadata.help;
    at->second.points.insert(at->second.points.end(), std::make_move_iterator(shown.points.begin()),
                             std::make_move_iterator(shown.points.end()));
  }
  std::vector<exposition::Family> families;
  families.reserve(by_name.size());
  for (auto& [name, family] : by_name) families.push_back(std::move(family));
  return families;
}

void PushStore::LoadOwnTypes() {
  std::call_once(own_types_loaded_, [this] {
    std::unordered_map<std::string, MetricType> types;
    for (const exposition::Family& family : exposition::CollectFamilies(own_metrics_)) {
      types.emplace(family.metadata.name, family.metadata.type);
    }
    table_.SetOwnTypes(std::move(types));
  });
}

void PushStore::Write(WriteBatch batch) {
  // Shared, since the writer may still be leaving set_value when the wait here is over.
  auto done = std::make_shared<std::promise<Status>>();
  std::future<Status> committed = done->get_future();
  store_.Submit(std::move(batch), [done](const Status& status) { done->set_value(status); });
  const Status status = committed.get();
  if (status.ok()) {
    if (!journal_works_.exchange(true)) log_.Info("pushed groups are written down again");
    return;
  }
  journal_failures_.Increment();
  if (journal_works_.exchange(false)) {
    log_.Warn("pushed groups cannot be written down, a restart would lose changes",
              {{"err", status.message()}});
  }
}

void PushStore::ShowCounts() {
  groups_gauge_.Set(static_cast<double>(table_.group_count()));
  series_gauge_.Set(static_cast<double>(table_.series_count()));
}

}  // namespace tocsin::intake
