// The reader of the text exposition format 0.0.4, in its two dialects.
//
// Pushes and scrapes are read by different grammars in the Prometheus world, and they disagree on
// corners that occur in practice (a missing final newline, blanks, escapes): each side follows its
// own, so that what works there works here. A page is read in one pass over its bytes; reading a
// line allocates nothing. All or nothing: the first error ends the reading, and whoever keeps what
// the visitor saw so far must throw it away.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
//
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/sample.h"
#include "exporter/exposition/family.h"

namespace tocsin::exposition {

enum class Dialect : std::uint8_t {
  kPush,    // what the Pushgateway reads: strict escapes and line ends, lax blanks
  kScrape,  // what Prometheus reads when it scrapes
};

// More is an error that names the limit and its value.
struct TextLimits {
  std::size_t labels_per_sample = 64;
  std::size_t label_name_bytes = 1024;
  std::size_t label_value_bytes = 16 * 1024;  // of a metric name too: it is the value of __name__
};

// One line with a value. Everything is borrowed: valid during the call that gets it.
struct TextSample {
  std::string_view series;  // the bytes that name it: `a{x="1"}`, as they stand in the line
  // Not filled for a series that the visitor knows.
  std::string_view name;
  const std::vector<Label>& labels;  // in the line's order, escapes resolved, empty values included
  double value = 0;  // any NaN is the normal one: a text cannot make the stale marker
  std::optional<std::int64_t> timestamp_ms;
};

// Sees a page's lines in their order. A failed Status ends the reading with that reason.
class TextVisitor {
 public:
  virtual ~TextVisitor() = default;
  virtual Status OnType(std::string_view family, MetricType type) = 0;
  // Escapes are resolved.
  virtual Status OnHelp(std::string_view family, std::string_view help) = 0;
  // Asked before OnSample of the same line: true spares decoding and checking the labels of bytes
  // that were seen, and found good, before.
  virtual bool Knows(std::string_view /*series*/) { return false; }
  virtual Status OnSample(const TextSample& sample) = 0;
};

struct ParseError {
  enum class Kind : std::uint8_t { kSyntax, kLimit, kVisitor };
  Kind kind = Kind::kSyntax;
  std::size_t line = 0;    // from 1
  std::size_t column = 0;  // from 1, in bytes
  std::string reason;
  std::string excerpt;  // of the line, quoted, control characters escaped

  // text format parsing error in line 3: <reason> (column 7 of "a{b=...")
  std::string ToString() const;
};

// Empty when the whole body was read.
[[nodiscard]] std::optional<ParseError> ParseText(std::string_view body, Dialect dialect,
                                                  TextVisitor& visitor,
                                                  const TextLimits& limits = {});

// The whole body as families, in the order of their first appearance; those without a sample are
// left out. In the push dialect a second HELP or TYPE of a family, a TYPE after its first sample
// and an `le` or `quantile` that is no number are errors. Duplicate series and timestamps are kept:
// what they mean is for the caller to say.
[[nodiscard]] std::optional<ParseError> ParseFamilies(std::string_view body, Dialect dialect,
                                                      std::vector<Family>* families,
                                                      const TextLimits& limits = {});
Result<std::vector<Family>> ParseFamilies(std::string_view body, Dialect dialect,
                                          const TextLimits& limits = {});

}  // namespace tocsin::exposition
