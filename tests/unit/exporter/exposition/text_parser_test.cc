// The two text grammars, line by line of the table of forms that occur in the field.
#include "exporter/exposition/text_parser.h"

#include <bit>
#include <limits>
#include <string>
#include <vector>

#include "base/number.h"

namespace tocsin::exposition {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct SeenSample {
  std::string series;
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
  std::optional<std::int64_t> timestamp_ms;
};

class Recorder : public TextVisitor {
 public:
  Status OnType(std::string_view family, MetricType type) override {
    metadata.push_back("TYPE " + std::string(family) + " " + std::string(MetricTypeName(type)));
    return {};
  }
  Status OnHelp(std::string_view family, std::string_view help) override {
    metadata.push_back("HELP " + std::string(family) + " " + std::string(help));
    return {};
  }
  Status OnSample(const TextSample& sample) override {
    SeenSample seen;
    seen.series = sample.series;
    seen.name = sample.name;
    for (const Label& label : sample.labels) seen.labels.emplace_back(label.name, label.value);
    seen.value = sample.value;
    seen.timestamp_ms = sample.timestamp_ms;
    samples.push_back(std::move(seen));
    return {};
  }

  std::vector<std::string> metadata;
  std::vector<SeenSample> samples;
};

struct Outcome {
  std::optional<ParseError> error;
  Recorder seen;
};

Outcome Parse(std::string_view body, Dialect dialect, const TextLimits& limits = {}) {
  Outcome outcome;
  outcome.error = ParseText(body, dialect, outcome.seen, limits);
  return outcome;
}
Outcome Push(std::string_view body) { return Parse(body, Dialect::kPush); }
Outcome Scrape(std::string_view body) { return Parse(body, Dialect::kScrape); }

std::string Why(const Outcome& outcome) {
  return outcome.error ? outcome.error->reason : std::string("no error");
}

// One row of the table: does a page with this body parse?
struct Form {
  const char* what;
  std::string body;
  bool push;
  bool scrape;
};

std::vector<Form> Forms() {
  return {
      {"a plain line", "a 1\n", true, true},
      {"no final newline", "a 1", false, true},
      {"a comment without a final newline", "a 1\n# end", false, true},
      {"an empty body", "", true, true},
      {"carriage returns", "a 1\r\n", false, false},
      {"carriage return behind a type", "# TYPE a counter\r\na 1\n", false, false},
      {"a trailing blank behind the value", "a 1 \n", false, true},
      {"leading blanks", "  a 1\n", true, false},
      {"a leading tab", "\ta 1\n", true, false},
      {"blanks inside braces", "a { x = \"1\" , y = \"2\" } 1\n", true, true},
      {"a trailing comma", "a{x=\"1\",} 1\n", true, true},
      {"a comma alone", "a{,} 1\n", false, false},
      {"two commas", "a{x=\"1\",,y=\"2\"} 1\n", false, false},
      {"labels without a comma between", "a{x=\"1\" y=\"2\"} 1\n", false, true},
      {"a tab as separator", "a{x=\"1\"}\t1\n", true, true},
      {"empty braces", "a{} 1\n", true, true},
      {"no blank before the value", "a{x=\"1\"}1\n", true, true},
      {"a duplicate label name", "a{x=\"1\",x=\"2\"} 1\n", false, false},
      {"a duplicate label name of equal value", "a{x=\"1\",x=\"1\"} 1\n", false, false},
      {"an unknown type word", "# TYPE a info\na 1\n", false, false},
      {"another unknown type word", "# TYPE a foo\na 1\n", false, false},
      {"a type word in capitals", "# TYPE a COUNTER\na 1\n", true, false},
      {"a type without a word", "# TYPE a\na 1\n", true, false},
      {"a type for no name", "# TYPE 1a counter\n", false, false},
      {"help for no name", "# HELP 1a text\n", false, false},
      {"help without a text", "# HELP a\na 1\n", true, true},
      {"a keyword alone", "# HELP\n", true, true},
      {"a keyword glued to the hash", "#TYPE a foo\na 1\n", false, true},
      {"a brace behind a keyword", "# TYPE{ a foo\n# HELP{\na 1\n", true, true},
      {"words for special values", "a NaN\na nan\na Nan\na +Inf\na -inf\na Infinity\n", true, true},
      {"a hexadecimal value", "a 0x10\n", false, false},
      {"a value with underscores", "a 1_000\n", false, false},
      {"a value out of range", "a 1e400\n", false, false},
      {"no value", "a\n", false, false},
      {"no value behind labels", "a{x=\"1\"}\n", false, false},
      {"a word as value", "a b\n", false, false},
      {"spellings of numbers", "a 1e3\na 1E+3\na .5\na 5.\na +5\n", true, true},
      {"2^64 written out", "a 18446744073709551616\n", true, true},
      {"a timestamp", "a 1 1700000000123\n", true, true},
      {"a timestamp with a fraction", "a 1 1700000000.5\n", false, false},
      {"a negative timestamp", "a 1 -5\n", true, false},
      {"a timestamp beyond 64 bits", "a 1 99999999999999999999\n", false, false},
      {"a blank behind the timestamp", "a 1 5 \n", false, true},
      {"something behind the timestamp", "a 1 5 6\n", false, false},
      {"an exemplar", "a_bucket{le=\"1\"} 1 # {t=\"x\"} 1\n", false, false},
      {"a comment behind the value", "a 1 # why\n", false, false},
      {"an unknown escape", "a{x=\"\\q\"} 1\n", false, true},
      {"an unknown escape in help", "# HELP a \\q\na 1\n", false, true},
      {"a raw newline inside a label value", "a{x=\"1\n2\"} 1\n", false, true},
      {"an escaped raw newline", "a{x=\"1\\\n2\"} 1\n", false, false},
      {"invalid UTF-8 in a label value", "a{x=\"\xff\"} 1\n", false, false},
      {"invalid UTF-8 behind a backslash", "a{x=\"\\\xff\"} 1\n", false, false},
      {"invalid UTF-8 in help", "# HELP a \xff\na 1\n", false, false},
      {"invalid UTF-8 in a comment", "# \xff\na 1\n", true, true},
      {"a quoted metric name", "{\"my.metric\"} 1\n", false, false},
      {"a quoted label name", "a{\"my.label\"=\"1\"} 1\n", false, false},
      {"a reserved label name", "a{__name__=\"b\"} 1\n", false, false},
      {"a label name with a colon", "a{b:c=\"1\"} 1\n", false, false},
      {"a metric name with a colon", "a:b 1\n", true, true},
      {"a metric name that begins with a digit", "1a 1\n", false, false},
      {"a NUL at the start of a line", std::string("a 1\n\0\n", 6), false, false},
      {"blank lines", "\n\na 1\n\n", true, true},
      {"a line of blanks", "  \t\na 1\n", true, true},
      {"a free comment", "# anything {\" goes\na 1\n#\n", true, true},
      {"an unclosed label value", "a{x=\"1\n", false, false},
      {"an unclosed brace", "a{x=\"1\" 1\n", false, false},
      {"a label without a value", "a{x} 1\n", false, false},
      {"a label value without quotes", "a{x=1} 1\n", false, false},
  };
}

TEST(TextParser, TakesTheFormsThatEachSideTakesInTheField) {
  for (const Form& form : Forms()) {
    EXPECT_EQ(!Push(form.body).error, form.push)
        << "push: " << form.what << ": " << Why(Push(form.body));
    EXPECT_EQ(!Scrape(form.body).error, form.scrape)
        << "scrape: " << form.what << ": " << Why(Scrape(form.body));
  }
}

TEST(TextParser, TellsNameLabelsValueTimestampAndTheBytesOfTheSeries) {
  const Outcome outcome =
      Scrape("http_requests_total{method=\"post\", code=\"200\"} 1027.5 1395066363000\n");
  ASSERT_FALSE(outcome.error);
  ASSERT_EQ(outcome.seen.samples.size(), 1U);
  const SeenSample& sample = outcome.seen.samples[0];
  EXPECT_EQ(sample.series, "http_requests_total{method=\"post\", code=\"200\"}");
  EXPECT_EQ(sample.name, "http_requests_total");
  EXPECT_THAT(sample.labels, ElementsAre(std::pair<std::string, std::string>("method", "post"),
                                         std::pair<std::string, std::string>("code", "200")));
  EXPECT_EQ(sample.value, 1027.5);
  EXPECT_EQ(sample.timestamp_ms, 1395066363000);
}

TEST(TextParser, GivesTheSeriesOfAnUnlabelledLineWithoutItsBlanks) {
  const Outcome outcome = Scrape("a \t 1\nb{}  2\n");
  ASSERT_EQ(outcome.seen.samples.size(), 2U);
  EXPECT_EQ(outcome.seen.samples[0].series, "a");
  EXPECT_EQ(outcome.seen.samples[1].series, "b{}");
  EXPECT_EQ(outcome.seen.samples[0].timestamp_ms, std::nullopt);
}

TEST(TextParser, ReadsEverySpellingOfANumberExactly) {
  const Outcome outcome = Push(
      "a 1e3\na 1E+3\na .5\na 5.\na +5\na -0\na 18446744073709551616\na +Inf\na -inf\na "
      "Infinity\n");
  std::vector<double> values;
  for (const SeenSample& sample : outcome.seen.samples) values.push_back(sample.value);
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_THAT(values,
              ElementsAre(1000, 1000, 0.5, 5, 5, -0.0, 18446744073709551616.0, inf, -inf, inf));
}

TEST(TextParser, MakesTheNormalNanOfEveryNan) {
  const Outcome outcome = Scrape("a NaN\na nan\na Nan\n");
  ASSERT_EQ(outcome.seen.samples.size(), 3U);
  for (const SeenSample& sample : outcome.seen.samples) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(sample.value), kNormalNanBits);
  }
}

TEST(TextParser, ResolvesEscapesInLabelValues) {
  const std::string body = "a{x=\"c:\\\\dir\\n\",y=\"say \\\"hi\\\"\",z=\"plain\"} 1\n";
  for (const Dialect dialect : {Dialect::kPush, Dialect::kScrape}) {
    const Outcome outcome = Parse(body, dialect);
    ASSERT_EQ(outcome.seen.samples.size(), 1U);
    const auto& labels = outcome.seen.samples[0].labels;
    ASSERT_EQ(labels.size(), 3U);
    EXPECT_EQ(labels[0].second, "c:\\dir\n");
    EXPECT_EQ(labels[1].second, "say \"hi\"");
    EXPECT_EQ(labels[2].second, "plain");
  }
}

TEST(TextParser, KeepsUnknownEscapesOfScrapedPagesAsTheyAre) {
  const Outcome outcome = Scrape("# HELP a \\q \\n \\\\\na{x=\"\\q\\t\"} 1\n");
  ASSERT_FALSE(outcome.error) << Why(outcome);
  EXPECT_EQ(outcome.seen.samples[0].labels[0].second, "\\q\\t");
  EXPECT_THAT(outcome.seen.metadata, ElementsAre("HELP a \\q \n \\"));
}

TEST(TextParser, KeepsARawNewlineOfAScrapedLabelValueAndCountsItsLine) {
  const Outcome good = Scrape("a{x=\"1\n2\"} 1\n");
  ASSERT_FALSE(good.error);
  EXPECT_EQ(good.seen.samples[0].labels[0].second, "1\n2");
  const Outcome bad = Scrape("a{x=\"1\n2\"} 1\nb c\n");
  ASSERT_TRUE(bad.error);
  EXPECT_EQ(bad.error->line, 3U);
}

TEST(TextParser, KeepsEmptyLabelValuesForWhoeverTheyMeanSomethingTo) {
  const Outcome outcome = Scrape("a{instance=\"\"} 1\n");
  ASSERT_EQ(outcome.seen.samples.size(), 1U);
  EXPECT_THAT(outcome.seen.samples[0].labels,
              ElementsAre(std::pair<std::string, std::string>("instance", "")));
}

TEST(TextParser, TellsMetadataInTheOrderOfItsLines) {
  const Outcome outcome = Push(
      "# HELP a A \\\\ text\\nin two lines\n"
      "# TYPE a histogram\n"
      "#   TYPE \t b   untyped\n"
      "# TYPE c Gauge\n");
  EXPECT_THAT(outcome.seen.metadata,
              ElementsAre("HELP a A \\ text\nin two lines", "TYPE a histogram", "TYPE b unknown",
                          "TYPE c gauge"));
}

TEST(TextParser, ForgetsScrapedHelpForSomethingThatIsNoName) {
  const Outcome outcome = Scrape("# HELP a.b text\na 1\n");
  EXPECT_FALSE(outcome.error);
  EXPECT_THAT(outcome.seen.metadata, IsEmpty());
}

TEST(TextParser, KeepsTheLineNumberOfTheFirstError) {
  const Outcome outcome = Push("# TYPE a counter\na 1\n\na{x=\"y\"} one\nb two\n");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->line, 4U);
  EXPECT_EQ(outcome.error->column, 10U);
  EXPECT_EQ(outcome.error->reason, "expected float as value, got \"one\"");
  EXPECT_EQ(
      outcome.error->ToString(),
      "text format parsing error in line 4: expected float as value, got \"one\" (column 10 of "
      "\"a{x=\\\"y\\\"} one\")");
}

TEST(TextParser, CallsAMissingFinalNewlineAnUnexpectedEnd) {
  const Outcome outcome = Push("a 1\nb 2");
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(outcome.error->ToString(),
              StartsWith("text format parsing error in line 2: unexpected end of input"));
}

TEST(TextParser, ShowsControlCharactersOfTheOffendingLineEscaped) {
  const Outcome outcome = Push("a 1\r\n");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->excerpt, "\"a 1\\r\"");
  EXPECT_EQ(outcome.error->ToString().find('\r'), std::string::npos);
}

TEST(TextParser, ShowsAtMostEightyBytesAroundTheFault) {
  const std::string line = "a{x=\"" + std::string(5000, 'v') + "\"} oops" + std::string(5000, 's');
  const Outcome outcome = Push(line + "\n");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->column, 5009U);
  EXPECT_THAT(outcome.error->excerpt, HasSubstr("oops"));
  // Eighty bytes, two quotes, one of the line's quotes escaped, and the sign that more follows.
  EXPECT_LE(outcome.error->excerpt.size(), 80U + 2U + 1U + 3U);
  EXPECT_LT(outcome.error->ToString().size(), 400U);
}

TEST(TextParser, EndsWhenTheVisitorHasHadEnough) {
  class Fussy final : public Recorder {
   public:
    Status OnSample(const TextSample& sample) override {
      if (samples.size() == 2) return Error{"sample_limit exceeded"};
      return Recorder::OnSample(sample);
    }
  };
  Fussy visitor;
  const auto error = ParseText("a 1\na 2\n  \na 3\na 4\n", Dialect::kScrape, visitor);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ParseError::Kind::kVisitor);
  EXPECT_EQ(error->line, 4U);
  EXPECT_EQ(error->reason, "sample_limit exceeded");
  EXPECT_EQ(visitor.samples.size(), 2U);
}

// --- series that the visitor knows ---

class Knowing final : public Recorder {
 public:
  explicit Knowing(std::vector<std::string> known) : known_(std::move(known)) {}
  bool Knows(std::string_view series) override {
    asked.emplace_back(series);
    return std::find(known_.begin(), known_.end(), series) != known_.end();
  }
  std::vector<std::string> asked;

 private:
  std::vector<std::string> known_;
};

TEST(TextParser, ReadsOnlyTheValueOfASeriesThatTheVisitorKnows) {
  Knowing visitor({"a{x=\"}\\\"\",y=\"2\"}", "b"});
  const auto error =
      ParseText("a{x=\"}\\\"\",y=\"2\"} 1 77\nb 2\nc{z=\"3\"} 3\n", Dialect::kScrape, visitor);
  ASSERT_FALSE(error) << error->ToString();
  EXPECT_THAT(visitor.asked, ElementsAre("a{x=\"}\\\"\",y=\"2\"}", "b", "c{z=\"3\"}"));
  ASSERT_EQ(visitor.samples.size(), 3U);
  EXPECT_EQ(visitor.samples[0].series, "a{x=\"}\\\"\",y=\"2\"}");
  EXPECT_EQ(visitor.samples[0].name, "");
  EXPECT_THAT(visitor.samples[0].labels, IsEmpty());
  EXPECT_EQ(visitor.samples[0].value, 1);
  EXPECT_EQ(visitor.samples[0].timestamp_ms, 77);
  EXPECT_EQ(visitor.samples[1].name, "");
  EXPECT_EQ(visitor.samples[2].name, "c");
  EXPECT_EQ(visitor.samples[2].labels.size(), 1U);
}

TEST(TextParser, NeverAsksForASeriesWhoseBracesDoNotClose) {
  Knowing visitor({});
  EXPECT_TRUE(ParseText("a{x=\"1\", 1\n} 2\n", Dialect::kScrape, visitor));
  EXPECT_THAT(visitor.asked, IsEmpty());
}

// --- limits ---

std::string LabelsOf(int count) {
  std::string body = "a{";
  for (int i = 0; i < count; ++i) body += "l" + std::to_string(i) + "=\"v\",";
  return body + "} 1\n";
}

TEST(TextParser, RefusesLabelBombsByTheNameAndValueOfTheLimit) {
  EXPECT_FALSE(Push(LabelsOf(64)).error);
  const Outcome outcome = Push(LabelsOf(10'000));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, ParseError::Kind::kLimit);
  EXPECT_EQ(outcome.error->reason, "limit labels_per_sample (64) exceeded: 65");
}

TEST(TextParser, RefusesALabelNameOverTheLimit) {
  EXPECT_FALSE(Push("a{" + std::string(1024, 'n') + "=\"1\"} 1\n").error);
  const Outcome outcome = Push("a{" + std::string(1025, 'n') + "=\"1\"} 1\n");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, ParseError::Kind::kLimit);
  EXPECT_EQ(outcome.error->reason, "limit label_name_bytes (1024) exceeded: 1025");
}

TEST(TextParser, RefusesALabelValueOverTheLimit) {
  EXPECT_FALSE(Scrape("a{x=\"" + std::string(16384, 'v') + "\"} 1\n").error);
  const Outcome outcome = Scrape("a{x=\"" + std::string(1 << 20, 'v') + "\"} 1\n");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, ParseError::Kind::kLimit);
  EXPECT_EQ(outcome.error->reason, "limit label_value_bytes (16384) exceeded: 1048576");
}

TEST(TextParser, RefusesAMetricNameOverTheLimitOfValues) {
  EXPECT_FALSE(Push(std::string(16384, 'n') + " 1\n").error);
  EXPECT_EQ(Why(Push(std::string(16385, 'n') + " 1\n")),
            "limit label_value_bytes (16384) exceeded: 16385");
  EXPECT_EQ(Why(Push("# TYPE " + std::string(16385, 'n') + " gauge\n")),
            "limit label_value_bytes (16384) exceeded: 16385");
}

TEST(TextParser, TakesLimitsFromWhoeverCalls) {
  const TextLimits limits{2, 3, 4};
  EXPECT_FALSE(Parse("abcd{abc=\"1234\",b=\"\"} 1\n", Dialect::kPush, limits).error);
  EXPECT_EQ(Why(Parse("a{b=\"\",c=\"\",d=\"\"} 1\n", Dialect::kPush, limits)),
            "limit labels_per_sample (2) exceeded: 3");
  EXPECT_EQ(Why(Parse("a{abcd=\"\"} 1\n", Dialect::kPush, limits)),
            "limit label_name_bytes (3) exceeded: 4");
  EXPECT_EQ(Why(Parse("a{b=\"12345\"} 1\n", Dialect::kPush, limits)),
            "limit label_value_bytes (4) exceeded: 5");
}

// --- families ---

std::vector<Family> Families(std::string_view body, Dialect dialect = Dialect::kPush) {
  Result<std::vector<Family>> parsed = ParseFamilies(body, dialect);
  EXPECT_TRUE(parsed.ok()) << parsed.message();
  return parsed ? *std::move(parsed) : std::vector<Family>();
}

std::string FamilyError(std::string_view body, Dialect dialect = Dialect::kPush) {
  const Result<std::vector<Family>> parsed = ParseFamilies(body, dialect);
  return parsed ? "no error" : parsed.message();
}

TEST(ParseFamilies, GathersHelpTypeAndPointsOfEachFamily) {
  const std::vector<Family> families =
      Families("# HELP a Help of a.\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 2\nb 3\n");
  ASSERT_EQ(families.size(), 2U);
  EXPECT_EQ(families[0].metadata.name, "a");
  EXPECT_EQ(families[0].metadata.help, "Help of a.");
  EXPECT_EQ(families[0].metadata.type, MetricType::kGauge);
  ASSERT_EQ(families[0].points.size(), 2U);
  EXPECT_EQ(families[0].points[1].labels.Get("x"), "2");
  EXPECT_EQ(families[0].points[1].value, 2);
  EXPECT_EQ(families[1].metadata.name, "b");
  EXPECT_EQ(families[1].metadata.type, MetricType::kUnknown);
}

TEST(ParseFamilies, PutsThePartsOfHistogramsAndSummariesIntoTheirFamily) {
  const std::vector<Family> families = Families(
      "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nh_count 1\n"
      "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 2\ns_count 1\n"
      "# TYPE g gauge\ng 1\ng_sum 2\ns_bucket 3\n");
  ASSERT_EQ(families.size(), 5U);
  EXPECT_EQ(families[0].points.size(), 3U);
  EXPECT_EQ(families[0].points[1].name, "h_sum");
  EXPECT_EQ(families[1].points.size(), 3U);
  EXPECT_EQ(families[2].points.size(), 1U);
  EXPECT_EQ(families[3].metadata.name, "g_sum");
  EXPECT_EQ(families[4].metadata.name, "s_bucket");
}

TEST(ParseFamilies, PrefersAFamilyOfTheSamplesOwnName) {
  const std::vector<Family> families =
      Families("# TYPE s summary\ns_sum 1\n# TYPE s_sum gauge\ns_sum 2\n");
  ASSERT_EQ(families.size(), 2U);
  EXPECT_EQ(families[1].metadata.name, "s_sum");
  EXPECT_EQ(families[1].metadata.type, MetricType::kGauge);
}

TEST(ParseFamilies, JoinsFamiliesThatAreSplitOnThePage) {
  for (const Dialect dialect : {Dialect::kPush, Dialect::kScrape}) {
    const std::vector<Family> families =
        Families("# TYPE a gauge\na{x=\"1\"} 1\nb 2\na{x=\"2\"} 3\n", dialect);
    ASSERT_EQ(families.size(), 2U);
    EXPECT_EQ(families[0].points.size(), 2U);
  }
}

TEST(ParseFamilies, LeavesOutFamiliesWithoutASample) {
  EXPECT_THAT(Families("# HELP a text\n# TYPE a gauge\n"), IsEmpty());
}

TEST(ParseFamilies, RefusesASecondTypeOfAPush) {
  const std::string body = "# TYPE a gauge\n# TYPE a gauge\na 1\n";
  EXPECT_THAT(
      FamilyError(body),
      StartsWith("text format parsing error in line 2: second TYPE line for metric name \"a\""));
  EXPECT_EQ(FamilyError(body, Dialect::kScrape), "no error");
}

TEST(ParseFamilies, RefusesATypeBehindTheFirstSampleOfAPush) {
  const std::string body = "a 1\n# TYPE a gauge\na{x=\"1\"} 1\n";
  EXPECT_THAT(FamilyError(body), HasSubstr("TYPE reported after samples"));
  const std::vector<Family> scraped = Families(body, Dialect::kScrape);
  ASSERT_EQ(scraped.size(), 1U);
  EXPECT_EQ(scraped[0].metadata.type, MetricType::kGauge);
}

TEST(ParseFamilies, RefusesASecondHelpOfAPush) {
  const std::string body = "# HELP a x\n# HELP a y\na 1\n";
  EXPECT_THAT(
      FamilyError(body),
      StartsWith("text format parsing error in line 2: second HELP line for metric name \"a\""));
  EXPECT_EQ(Families(body, Dialect::kScrape)[0].metadata.help, "y");
}

TEST(ParseFamilies, RefusesPushedBoundariesThatAreNoNumbers) {
  EXPECT_THAT(FamilyError("# TYPE h histogram\nh_bucket{le=\"wide\"} 1\n"),
              HasSubstr("expected float as value for 'le' label, got \"wide\""));
  EXPECT_THAT(FamilyError("# TYPE s summary\ns{quantile=\"half\"} 1\n"),
              HasSubstr("expected float as value for 'quantile' label, got \"half\""));
  EXPECT_EQ(FamilyError("# TYPE g gauge\ng{le=\"wide\"} 1\n"), "no error");
}

TEST(ParseFamilies, GivesNothingOfAPageWithAnError) {
  std::vector<Family> families(1);
  const auto error = ParseFamilies("a 1\nb\n", Dialect::kScrape, &families);
  ASSERT_TRUE(error);
  EXPECT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].metadata.name, "");
}

TEST(ParseFamilies, TakesAHundredThousandFamilies) {
  std::string body;
  for (int i = 0; i < 100'000; ++i) body += "metric_" + std::to_string(i) + " 1\n";
  EXPECT_EQ(Families(body).size(), 100'000U);
}

}  // namespace
}  // namespace tocsin::exposition
