// Keys and hashes that other programs have stored: Alertmanager's group key, its SHA-256 (the
// incident keys of PagerDuty, Opsgenie and others), and the hash of label sets in its notification
// log. All of them are fixed for ever, byte by byte: a change orphans open incidents. Pure
// functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"

namespace tocsin {

// {}/{severity="critical"}:{alertname="DiskFull", instance="web-1:9100"}. One list of matchers for
// each node from the root, whose own list is empty, down to the route.
// https://github.com/prometheus/alertmanager/blob/main/dispatch/dispatch.go
std::string GroupKey(const std::vector<std::vector<Matcher>>& route_matchers,
                     LabelsView group_labels);

// 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

// XXH64, seed 0, over name, 0xff, value, 0xff of each label.
std::uint64_t LogHash(LabelsView labels);

}  // namespace tocsin
