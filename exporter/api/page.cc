#include "exporter/api/page.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/text.h"

namespace tocsin::api::page {
namespace {

// Two units are enough to read at a glance.
std::string Distance(Timestamp now, Timestamp t) {
  const bool is_past = t <= now;
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(is_past ? now - t : t - now).count();
  std::string length;
  if (seconds < 60) {
    length = fmt::format("{}s", seconds);
  } else if (seconds < 3600) {
    length = fmt::format("{}m {}s", seconds / 60, seconds % 60);
  } else if (seconds < 86400) {
    length = fmt::format("{}h {}m", seconds / 3600, seconds / 60 % 60);
  } else {
    length = fmt::format("{}d {}h", seconds / 86400, seconds / 3600 % 24);
  }
  return is_past ? length + " ago" : "in " + length;
}

}  // namespace

const std::string_view kStyle = R"css(
:root{color-scheme:light dark;--line:#8884;--dim:#777}
body{font:15px/1.45 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem 1.25rem 3rem}
header{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:baseline;border-bottom:1px solid var(--line)}
h1{font-size:1.4rem;margin:.4rem 0}h2{font-size:1.05rem;margin:1.8rem 0 .4rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem .3rem 0;vertical-align:top;
border-bottom:1px solid var(--line)}th{font-weight:600;color:var(--dim);font-size:.85rem}
td{overflow-wrap:break-word}.dim{color:var(--dim)}.num{white-space:nowrap}
.tag{display:inline-block;white-space:nowrap;border-radius:.25rem;padding:0 .45rem;font-size:.85rem;font-weight:600;color:#fff;background:#666}
.critical{background:#b00020}.high{background:#c75000}.medium{background:#8a6d00}.low{background:#2e7d32}
.info{background:#1565c0}.bad{background:#b00020}.warn{background:#c75000}.good{background:#2e7d32}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.6rem;border-radius:.25rem}
.scroll{overflow-x:auto}
summary{cursor:pointer}h3{font-size:.95rem;margin:1rem 0 .2rem}
)css";

std::string Tag(std::string_view style, std::string_view text) {
  return fmt::format(R"(<span class="tag {}">{}</span>)", style, EscapeHtml(text));
}

std::string LabelsText(LabelsView labels) {
  std::string out;
  for (const Label& label : labels) {
    if (!out.empty()) out += ", ";
    out += EscapeHtml(label.name) + "=" + EscapeHtml(label.value);
  }
  return out;
}

std::string Time(Timestamp now, Timestamp t) {
  return fmt::format(R"(<time datetime="{0}" title="{0}">{1}</time>)", FormatRfc3339(t),
                     Distance(now, t));
}

// What a list of `rows` leaves out.
void AppendRest(std::size_t rows, std::string* page) {
  if (rows > kMaxRows) {
    *page += fmt::format("<p class=dim>{} more: see the API.</p>", rows - kMaxRows);
  }
}

http::Response Answer(std::string body) {
  http::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.headers = {{"Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
                       "base-uri 'none'; form-action 'none'"},
                      {"Cache-Control", "no-store"},
                      {"Referrer-Policy", "no-referrer"}};
  response.body = std::move(body);
  return response;
}

}  // namespace tocsin::api::page
