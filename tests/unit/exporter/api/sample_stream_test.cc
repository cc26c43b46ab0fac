// Samples on their way to stream clients: what is tapped, and how it is thinned out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/number.h"
#include "exporter/api/sample_decimator.h"
#include "exporter/api/sample_tap.h"

namespace tocsin::api {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Timestamp kNow = FromUnixMillis(1'700'000'000'000);

Labels Series(const std::string& name, const std::string& host) {
  return Labels({{"__name__", name}, {"host", host}});
}

// Refuses the items that it is told to.
class PickySink final : public SampleSink {
 public:
  AppendReport Append(const SampleBatch& batch, Timestamp /*now*/) override {
    AppendReport report;
    report.accepted = batch.size() - refused.size();
    report.refused = refused;
    return report;
  }
  std::vector<AppendReport::Refused> refused;
};

class Tap : public ::testing::Test {
 protected:
  void Append(const std::vector<std::pair<Labels, double>>& samples) {
    SampleBatch batch(Origin::kJson);
    for (const auto& [labels, value] : samples) batch.Add(labels, {kNow, value});
    tap_.Append(batch, kNow);
  }
  static std::shared_ptr<const SampleSubscription> Wanting(const std::string& name) {
    auto wanted = std::make_shared<SampleSubscription>();
    wanted->selectors.push_back({Matcher::Equal("__name__", name)});
    return wanted;
  }
  std::vector<std::string> Taken() {
    std::vector<std::string> texts;
    for (const SampleTap::Tapped& tapped : tap_.Take()) {
      texts.push_back(std::string(tapped.labels.view().Get("host")) + "=" +
                      FormatFloat(tapped.sample.value));
    }
    return texts;
  }

  PickySink sink_;
  MetricRegistry registry_;
  SampleTap tap_{sink_, registry_};
};

TEST_F(Tap, SeesTheNewestOfEachSeriesThatSomebodyWants) {
  tap_.Listen(1, Wanting("cpu"));
  Append({{Series("cpu", "a"), 1}, {Series("mem", "a"), 7}, {Series("cpu", "b"), 2}});
  Append({{Series("cpu", "a"), 3}});
  EXPECT_THAT(Taken(), ::testing::UnorderedElementsAre("a=3", "b=2"));
  EXPECT_THAT(Taken(), IsEmpty());
}

TEST_F(Tap, SeesNothingThatWasRefused) {
  tap_.Listen(1, Wanting("cpu"));
  sink_.refused = {{0, Refusal::kOutOfOrder}};
  Append({{Series("cpu", "a"), 1}, {Series("cpu", "b"), 2}});
  EXPECT_THAT(Taken(), ElementsAre("b=2"));
}

TEST_F(Tap, SeesNothingWhileNobodyListens) {
  Append({{Series("cpu", "a"), 1}});
  tap_.Listen(1, Wanting("cpu"));
  tap_.Listen(2, Wanting("mem"));
  tap_.Listen(1, nullptr);
  Append({{Series("cpu", "a"), 1}, {Series("mem", "a"), 5}});
  EXPECT_THAT(Taken(), ElementsAre("a=5"));
  tap_.Listen(2, nullptr);
  EXPECT_FALSE(tap_.has_listeners());
  Append({{Series("mem", "a"), 5}});
  EXPECT_THAT(Taken(), IsEmpty());
}

std::vector<double> Values(const std::vector<std::string>& messages) {
  std::vector<double> values;
  for (const std::string& message : messages) {
    const json parsed = json::parse(message);
    for (const json& sample : parsed.at("samples")) {
      values.push_back(sample.at("value"));
    }
  }
  return values;
}

TEST(Decimator, SendsTheFirstAtOnceAndThenTheNewestWhenItsTimeHasCome) {
  SampleDecimator decimator(2);  // a second: one each 500 ms
  const Labels cpu = Series("cpu", "a");
  decimator.Offer(cpu, {kNow, 1});
  EXPECT_THAT(Values(decimator.TakeDue(kNow)), ElementsAre(1));
  decimator.Offer(cpu, {kNow, 2});
  EXPECT_THAT(decimator.TakeDue(kNow + Duration(499)), IsEmpty());
  decimator.Offer(cpu, {kNow, 3});
  EXPECT_THAT(Values(decimator.TakeDue(kNow + Duration(500))), ElementsAre(3));
  EXPECT_THAT(decimator.TakeDue(kNow + Duration(5000)), IsEmpty());
}

TEST(Decimator, EachSeriesHasItsOwnTime) {
  SampleDecimator decimator(1);
  decimator.Offer(Series("cpu", "a"), {kNow, 1});
  EXPECT_THAT(Values(decimator.TakeDue(kNow)), ElementsAre(1));
  decimator.Offer(Series("cpu", "a"), {kNow, 2});
  decimator.Offer(Series("cpu", "b"), {kNow, 7});
  EXPECT_THAT(Values(decimator.TakeDue(kNow + Duration(1))), ElementsAre(7));
}

TEST(Decimator, WritesLabelsTimeAndValue) {
  SampleDecimator decimator(1);
  decimator.Offer(Series("cpu", "a"), {kNow, 85.5});
  const std::vector<std::string> messages = decimator.TakeDue(kNow);
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(json::parse(messages[0]),
            json::parse(R"({"type":"samples","samples":[{"labels":{"__name__":"cpu","host":"a"},
                            "timestamp":"2023-11-14T22:13:20Z","value":85.5}]})"));
}

TEST(Decimator, WritesWhatJsonHasNoNumberFor) {
  const auto value = [](double v) {
    SampleDecimator decimator(1);
    decimator.Offer(Series("cpu", "a"), {kNow, v});
    return json::parse(decimator.TakeDue(kNow).at(0)).at("samples").at(0).at("value");
  };
  EXPECT_EQ(value(StaleNan()), json());
  EXPECT_EQ(value(std::numeric_limits<double>::infinity()), json("+Inf"));
  EXPECT_EQ(value(std::nan("")), json("NaN"));
}

TEST(Decimator, ManySamplesAreSeveralMessages) {
  SampleDecimator decimator(1);
  for (int i = 0; i < 1001; ++i) decimator.Offer(Series("cpu", std::to_string(i)), {kNow, 1});
  const std::vector<std::string> messages = decimator.TakeDue(kNow);
  EXPECT_THAT(messages, SizeIs(3));
  EXPECT_THAT(Values(messages), SizeIs(1001));
}

}  // namespace
}  // namespace tocsin::api
