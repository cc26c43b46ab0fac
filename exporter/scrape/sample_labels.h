// The labels under which a scraped sample is stored: its own and those of its target.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"

namespace tocsin::scrape {

// `scraped` are the labels as the page shows them, empty values included, without the name.
//
// A label that both have: with honor_labels the page's stands, even where it is empty; without, the
// target's stands and the page's is kept as exported_<name>, the prefix repeated until it is free.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
void MergeLabels(std::string_view metric_name, const std::vector<Label>& scraped, LabelsView target,
                 bool honor_labels, LabelsBuilder* out);

// The one spelling of a `le` or `quantile`, so that series match across clients that write "1",
// "1.0" or "1e0": 1.0, 10.0, 0.25, 1e+06, +Inf. What is no number stays as it is.
// https://prometheus.io/docs/prometheus/latest/migration/#le-and-quantile-label-values
std::string NormaliseFloatLabel(std::string_view value);

}  // namespace tocsin::scrape
