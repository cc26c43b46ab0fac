// The path of a push names a group: /metrics/job/<job>{/<label>/<value>}.
// https://github.com/prometheus/pushgateway#url
//
// Pure functions; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "exporter/exposition/text_parser.h"

namespace tocsin::intake {

struct GroupingKey {
  // What tells groups apart: a label without a value is the same as none, everywhere.
  Labels labels;
  // What overwrites the labels of a pushed body, in the path's order: here a label without a value
  // still takes the body's away.
  std::vector<std::pair<std::string, std::string>> overrides;
};

// `parts` are the path's, decoded one by one after the split, from "job" or "job@base64" on.
//
// A name that ends in @base64 has its value in the URL-safe alphabet, padding optional. Of a label
// named twice the last value counts; a second job does not. Error texts are the Pushgateway's.
// REQUIRES: there is a first part.
Result<GroupingKey> ParseGroupingKey(const std::vector<std::string>& parts,
                                     const exposition::TextLimits& limits = {});

}  // namespace tocsin::intake
