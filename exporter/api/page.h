// What the plain pages at `/` are made of. Rendered on the server, without a script; texts that are
// not ours are escaped here or by whoever puts them in. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/time.h"
#include "exporter/http/http.h"

namespace tocsin::api::page {

// Rows shown of each list; the API has the rest.
inline constexpr std::size_t kMaxRows = 200;

extern const std::string_view kStyle;

// A coloured word; `style` is one of the classes of kStyle.
std::string Tag(std::string_view style, std::string_view text);
// "3h 12m ago" or "in 3h 12m", with the whole time behind it.
std::string Time(Timestamp now, Timestamp t);
// a=b, c=d; escaped.
std::string LabelsText(LabelsView labels);
// What a list of `rows` leaves out.
void AppendRest(std::size_t rows, std::string* page);

// The page, with headers that forbid it everything but its own style.
http::Response Answer(std::string body);

}  // namespace tocsin::api::page
