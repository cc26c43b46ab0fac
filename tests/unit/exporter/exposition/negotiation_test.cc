#include "exporter/exposition/negotiation.h"

#include <string>

namespace tocsin::exposition {
namespace {

constexpr char kText[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kOpenMetrics[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";

std::string TypeFor(std::string_view accept) { return NegotiateFormat(accept).content_type; }

TEST(Negotiation, AnswersTextToWhoeverAsksForNothing) {
  EXPECT_EQ(TypeFor(""), kText);
  EXPECT_EQ(TypeFor("*/*"), kText);
  EXPECT_EQ(TypeFor("text/html,application/xhtml+xml,*/*;q=0.8"), kText);
  EXPECT_EQ(TypeFor("application/json"), kText);
}

TEST(Negotiation, GivesOpenMetricsToPrometheus242) {
  const Negotiated got = NegotiateFormat(
      "application/openmetrics-text;version=1.0.0,application/"
      "openmetrics-text;version=0.0.1;q=0.75,"
      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1");
  EXPECT_EQ(got.format, Format::kOpenMetrics);
  EXPECT_EQ(got.content_type, kOpenMetrics);
}

TEST(Negotiation, GivesOpenMetricsAndTheEscapingThatPrometheus3AsksFor) {
  EXPECT_EQ(TypeFor("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                    "application/openmetrics-text;version=0.0.1;q=0.5,"
                    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
  EXPECT_EQ(TypeFor("application/openmetrics-text;version=1.0.0;escaping=underscores"),
            kOpenMetrics);
}

TEST(Negotiation, WeighsBeforeItCounts) {
  EXPECT_EQ(TypeFor("application/openmetrics-text;q=0.3,text/plain;q=0.7"), kText);
  EXPECT_EQ(TypeFor("text/plain;q=0.3,application/openmetrics-text;q=0.7"), kOpenMetrics);
  EXPECT_EQ(TypeFor("text/plain,application/openmetrics-text"), kText);
  EXPECT_EQ(TypeFor("application/openmetrics-text;q=0"), kText);
  EXPECT_EQ(TypeFor("application/openmetrics-text;q=much,text/plain;q=0.1"), kText);
}

TEST(Negotiation, PassesOverVersionsThatItDoesNotWrite) {
  EXPECT_EQ(TypeFor("application/openmetrics-text;version=2.0.0"), kText);
  EXPECT_EQ(TypeFor("text/plain;version=1.0.0,application/openmetrics-text;version=1.0.0;q=0.1"),
            kOpenMetrics);
}

TEST(Negotiation, AnswersTheOlderOpenMetricsVersionToItsReaders) {
  EXPECT_EQ(TypeFor("application/openmetrics-text; version=0.0.1"),
            "application/openmetrics-text; version=0.0.1; charset=utf-8");
}

TEST(Negotiation, ReadsBlanksQuotesAndCapitals) {
  EXPECT_EQ(
      TypeFor("  Application/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=0.9 , text/plain; q=0.2"),
      kOpenMetrics);
}

TEST(Negotiation, PacksForThoseWhoSaySo) {
  EXPECT_TRUE(AcceptsGzip("gzip"));
  EXPECT_TRUE(AcceptsGzip("deflate, GZIP;q=0.5, br"));
  EXPECT_TRUE(AcceptsGzip("*"));
  EXPECT_FALSE(AcceptsGzip(""));
  EXPECT_FALSE(AcceptsGzip("identity"));
  EXPECT_FALSE(AcceptsGzip("gzip;q=0"));
  EXPECT_FALSE(AcceptsGzip("gzip;q=0, *"));
  EXPECT_FALSE(AcceptsGzip("*;q=0"));
}

}  // namespace
}  // namespace tocsin::exposition
