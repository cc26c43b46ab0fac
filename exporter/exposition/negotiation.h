// What a reader of /metrics asks for in its headers, and what it gets. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::exposition {

enum class Format : std::uint8_t { kText, kOpenMetrics };

struct Negotiated {
  Format format = Format::kText;
  std::string content_type;
};

// The best of what `accept` names and Tocsin writes, by weight, then by order; text 0.0.4 where
// nothing else fits. Names on a page are always of the legacy alphabet, so every escaping that may
// be asked for is satisfied; allow-utf-8 is confirmed to whoever asked for it.
// https://prometheus.io/docs/instrumenting/content_negotiation/
Negotiated NegotiateFormat(std::string_view accept);

// https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace tocsin::exposition
