// The keys of prometheus.yml: global, scrape_configs, rule_files. Names, defaults and the words of
// load errors are Prometheus's, so that its files load unchanged and its users know what is wrong.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/
#pragma once

#include <vector>

#include "config/decode.h"
#include "config/environment.h"
#include "config/settings.h"

namespace tocsin::config {

// Reads them from the top level of a configuration file. The environment is for ${NAME} in
// external_labels, which Prometheus expands too. Returns the patterns of rule_files as written;
// they start at the file's folder.
std::vector<PlacedText> DecodePrometheusKeys(MapDecoder& top, const Environment& environment,
                                             Settings* settings);

}  // namespace tocsin::config
