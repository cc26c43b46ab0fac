#include "base/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace tocsin {
namespace {

// ---- the design

constexpr std::uint32_t kInk = 0x1f2328;
constexpr std::uint32_t kQuietInk = 0x656d76;
constexpr std::uint32_t kGrid = 0xeaeef2;
constexpr std::uint32_t kFrame = 0xd0d7de;

constexpr double kMargin = 16;
constexpr double kPlotTop = 62;
constexpr double kPlotBottom = kChartHeight - 28;
constexpr double kPlotRight = kChartWidth - kMargin;
constexpr double kMinLabelWidth = 24;
constexpr double kMaxLabelWidth = 90;
constexpr double kLabelGap = 8;

constexpr double kTitleRow = 28;
constexpr double kSubtitleRow = 46;
constexpr double kTitleSize = 14;
constexpr double kTextSize = 11;

constexpr double kLineWidth = 1.75;
constexpr double kShade = 0.14;  // of the part between line and threshold
// How far from the threshold's row a line is on either side of it.
constexpr double kNear = 1;

// More is never shown, and costs time.
constexpr std::size_t kMaxTextRunes = 160;

// ---- texts

// Of no width, or with a mind of its own about the direction: Unicode's marks and separators.
bool IsInvisible(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
         (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
         (c >= 0xe0000 && c <= 0xe0fff);
}

// Its characters, one by one, without those.
std::vector<std::string> CharactersOf(std::string_view text) {
  std::vector<std::string> characters;
  for (std::size_t at = 0; at < text.size() && characters.size() < kMaxTextRunes;) {
    const std::size_t size = Utf8Length(text, at);
    const char32_t c = size == 0 ? U'\uFFFD' : Utf8CharAt(text, at);
    std::string character;
    AppendUtf8(c, &character);
    at += std::max<std::size_t>(size, 1);
    if (!IsInvisible(c)) {
      characters.push_back(std::move(character));
    } else if (c == '\n' || c == '\t' || c == 0x2028 || c == 0x2029) {
      characters.emplace_back(" ");
    }
  }
  return characters;
}

std::string Concatenate(const std::vector<std::string>& characters, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += characters[i];
  return text;
}

// ---- drawing

class Picture {
 public:
  explicit Picture(const CairoLibrary& cairo)
      : cairo_(cairo),
        surface_(cairo.image_surface_create(CAIRO_FORMAT_RGB24, kChartWidth, kChartHeight),
                 cairo.surface_destroy),
        context_(cairo.create(surface_.get()), cairo.destroy) {
    const std::unique_ptr<cairo_font_options_t, decltype(cairo.font_options_destroy)> options(
        cairo.font_options_create(), cairo.font_options_destroy);
    // In grey, and the same wherever a letter stands.
    cairo.font_options_set_antialias(options.get(), CAIRO_ANTIALIAS_GRAY);
    cairo.font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_SLIGHT);
    cairo.font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_ON);
    cairo.set_font_options(context_.get(), options.get());
    Color(kChartGround);
    cairo.paint(context_.get());
  }

  void Color(std::uint32_t rgb, double alpha = 1) {
    const auto part = [rgb](unsigned shift) { return ((rgb >> shift) & 0xffU) / 255.0; };
    cairo_.set_source_rgba(context_.get(), part(16), part(8), part(0), alpha);
  }

  void Font(double size, bool bold = false) {
    cairo_.select_font_face(context_.get(), "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                            bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_.set_font_size(context_.get(), size);
  }

  double WidthOf(const std::string& text) const {
    cairo_text_extents_t extents{};
    cairo_.text_extents(context_.get(), text.c_str(), &extents);
    return extents.x_advance;
  }

  // As much of it as the width has room for.
  std::string Fit(std::string_view text, double width) const {
    const std::vector<std::string> characters = CharactersOf(text);
    std::string whole = Concatenate(characters, characters.size());
    if (WidthOf(whole) <= width) return whole;
    std::size_t fits = 0;
    for (std::size_t too_many = characters.size(); fits + 1 < too_many;) {
      const std::size_t middle = (fits + too_many) / 2;
      (WidthOf(Concatenate(characters, middle) + "…") <= width ? fits : too_many) = middle;
    }
    return Concatenate(characters, fits) + "…";
  }

  void Text(double x, double y, const std::string& text) {
    cairo_.move_to(context_.get(), std::round(x), y);
    cairo_.show_text(context_.get(), text.c_str());
  }
  void TextEndingAt(double x, double y, const std::string& text) {
    Text(x - WidthOf(text), y, text);
  }

  // One pixel wide, sharp.
  void Horizontal(double left, double right, double y, std::uint32_t color) {
    Color(color);
    cairo_.rectangle(context_.get(), left, std::floor(y), right - left, 1);
    cairo_.fill(context_.get());
  }

  void Dashed(double left, double right, double y, std::uint32_t color) {
    constexpr double kDashes[] = {5, 4};
    cairo_.save(context_.get());
    Color(color);
    cairo_.set_dash(context_.get(), kDashes, 2, 0);
    cairo_.set_line_width(context_.get(), 1);
    cairo_.move_to(context_.get(), left, std::floor(y) + 0.5);
    cairo_.line_to(context_.get(), right, std::floor(y) + 0.5);
    cairo_.stroke(context_.get());
    cairo_.restore(context_.get());
  }

  void Frame() {
    Color(kFrame);
    cairo_.set_line_width(context_.get(), 1);
    cairo_.rectangle(context_.get(), 0.5, 0.5, kChartWidth - 1, kChartHeight - 1);
    cairo_.stroke(context_.get());
  }

  void Dot(const LinePoint& at, std::uint32_t color) {
    for (const auto& [radius, fill] : {std::pair{4.5, kChartGround}, std::pair{3.0, color}}) {
      Color(fill);
      cairo_.new_path(context_.get());
      cairo_.arc(context_.get(), at.x, at.y, radius, 0, 2 * std::numbers::pi);
      cairo_.fill(context_.get());
    }
  }

  // Draws within some rows only.
  template <typename Draw>
  void Within(double top, double bottom, Draw draw) {
    if (bottom <= top) return;
    cairo_.save(context_.get());
    cairo_.rectangle(context_.get(), 0, top, kChartWidth, bottom - top);
    cairo_.clip(context_.get());
    draw();
    cairo_.restore(context_.get());
  }

  void Line(const std::vector<LinePoint>& line, std::uint32_t color) {
    Color(color);
    cairo_.set_line_width(context_.get(), kLineWidth);
    // A point that stands alone is a line of no length with round ends.
    cairo_.set_line_cap(context_.get(), CAIRO_LINE_CAP_ROUND);
    cairo_.set_line_join(context_.get(), CAIRO_LINE_JOIN_ROUND);
    cairo_.new_path(context_.get());
    for (const LinePoint& point : line) {
      if (point.begins) cairo_.move_to(context_.get(), point.x, point.y);
      cairo_.line_to(context_.get(), point.x, point.y);
    }
    cairo_.stroke(context_.get());
  }

  // What is between the line and a row.
  void Shade(const std::vector<LinePoint>& line, double row, std::uint32_t color) {
    Color(color, kShade);
    for (std::size_t begin = 0; begin < line.size();) {
      std::size_t end = begin + 1;
      while (end < line.size() && !line[end].begins) ++end;
      cairo_.new_path(context_.get());
      cairo_.move_to(context_.get(), line[begin].x, row);
      for (std::size_t i = begin; i < end; ++i) {
        cairo_.line_to(context_.get(), line[i].x, line[i].y);
      }
      cairo_.line_to(context_.get(), line[end - 1].x, row);
      cairo_.close_path(context_.get());
      cairo_.fill(context_.get());
      begin = end;
    }
  }

  Result<std::string> Png() {
    const auto failed = [this](cairo_status_t status) {
      return Error{fmt::format("cannot draw a picture: {}", cairo_.status_to_string(status))};
    };
    const cairo_status_t drawn = cairo_.status(context_.get());
    if (drawn != CAIRO_STATUS_SUCCESS) return failed(drawn);
    std::string bytes;
    const auto append = [](void* out, const unsigned char* data, unsigned size) {
      static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(data), size);
      return CAIRO_STATUS_SUCCESS;
    };
    const cairo_status_t written =
        cairo_.surface_write_to_png_stream(surface_.get(), append, &bytes);
    if (written != CAIRO_STATUS_SUCCESS) return failed(written);
    return bytes;
  }

 private:
  const CairoLibrary& cairo_;
  const std::unique_ptr<cairo_surface_t, decltype(CairoLibrary::surface_destroy)> surface_;
  const std::unique_ptr<cairo_t, decltype(CairoLibrary::destroy)> context_;
};

// ---- parts of the chart

const Sample* NewestIn(const ChartSpec& spec) {
  for (auto sample = spec.samples.rbegin(); sample != spec.samples.rend(); ++sample) {
    const bool is_shown = sample->timestamp > spec.from && sample->timestamp <= spec.to;
    if (is_shown && !std::isnan(sample->value)) return &*sample;
  }
  return nullptr;
}

bool Violates(const ChartSpec& spec, double value) {
  ThresholdRule rule;
  rule.condition = spec.condition;
  rule.threshold = spec.threshold;
  return rule.Violates(value);
}

// Title and series on the left; the newest value and the threshold on the right.
void DrawHead(const ChartSpec& spec, Picture* picture) {
  const auto draw_row = [picture](double row, std::string_view left, const std::string& right,
                                  std::uint32_t right_color, std::uint32_t left_color) {
    const double room = right.empty() ? 0 : picture->WidthOf(right) + kMargin;
    picture->Color(left_color);
    picture->Text(kMargin, row, picture->Fit(left, kChartWidth - 2 * kMargin - room));
    picture->Color(right_color);
    picture->TextEndingAt(kPlotRight, row, right);
  };
  const Sample* const newest = NewestIn(spec);
  const bool is_bad = newest != nullptr && Violates(spec, newest->value);
  picture->Font(kTitleSize, /*bold=*/true);
  draw_row(kTitleRow, spec.title, newest == nullptr ? "" : ShortNumber(newest->value),
           is_bad ? ChartColor(spec.severity) : kInk, kInk);
  picture->Font(kTextSize);
  draw_row(
      kSubtitleRow, spec.subtitle,
      fmt::format("threshold {} {}", ConditionSymbol(spec.condition), ShortNumber(spec.threshold)),
      kQuietInk, kQuietInk);
}

// With the labels of the values; says where the line may be.
PlotArea DrawGrid(const ValueAxis& axis, Picture* picture) {
  PlotArea area{0, kPlotTop, kPlotRight, kPlotBottom};
  double widest = kMinLabelWidth;
  picture->Font(kTextSize);
  for (const double tick : TicksOf(axis)) {
    widest = std::max(widest, picture->WidthOf(TickLabel(tick, axis)));
  }
  area.left = std::round(kMargin + std::min(widest, kMaxLabelWidth) + kLabelGap);
  for (const double tick : TicksOf(axis)) {
    const double row = RowOf(tick, axis, area);
    picture->Horizontal(area.left, area.right, row, kGrid);
    picture->Color(kQuietInk);
    picture->TextEndingAt(area.left - kLabelGap, std::round(row) + 4, TickLabel(tick, axis));
  }
  return area;
}

void DrawTimes(const ChartSpec& spec, const PlotArea& area, Picture* picture) {
  const double row = area.bottom + 17;
  picture->Color(kQuietInk);
  picture->TextEndingAt(area.left - kLabelGap, row, "UTC");
  for (const Timestamp tick : TimeTicks(spec.from, spec.to)) {
    const double x = ColumnOf(tick, spec.from, spec.to, area);
    const std::string label = ClockLabel(tick);
    const double width = picture->WidthOf(label);
    picture->Horizontal(std::floor(x), std::floor(x) + 1, area.bottom + 1, kFrame);
    picture->Horizontal(std::floor(x), std::floor(x) + 1, area.bottom + 2, kFrame);
    picture->Color(kQuietInk);
    picture->Text(std::clamp(x - width / 2, area.left, area.right - width), row, label);
  }
}

// The rows in which a line violates the threshold: above it, below it, on it or not on it.
template <typename Draw>
void WithinViolation(Condition condition, double threshold_row, Picture* picture, Draw draw) {
  const double above = threshold_row - kNear;
  const double below = threshold_row + kNear;
  switch (condition) {
    case Condition::kGreater:
      return picture->Within(0, above, draw);
    case Condition::kGreaterEqual:
      return picture->Within(0, below, draw);
    case Condition::kLess:
      return picture->Within(below, kChartHeight, draw);
    case Condition::kLessEqual:
      return picture->Within(above, kChartHeight, draw);
    case Condition::kEqual:
      return picture->Within(above, below, draw);
    case Condition::kNotEqual:
      picture->Within(0, above, draw);
      return picture->Within(below, kChartHeight, draw);
  }
}

void DrawSeries(const ChartSpec& spec, const ValueAxis& axis, const PlotArea& area,
                Picture* picture) {
  const std::uint32_t color = ChartColor(spec.severity);
  const double threshold_row = std::floor(RowOf(spec.threshold, axis, area)) + 0.5;
  const std::vector<LinePoint> line = LineOf(spec.samples, spec.from, spec.to, axis, area);
  WithinViolation(spec.condition, threshold_row, picture,
                  [&] { picture->Shade(line, threshold_row, color); });
  picture->Dashed(area.left, area.right, threshold_row, color);
  picture->Line(line, kChartLineColor);
  WithinViolation(spec.condition, threshold_row, picture, [&] { picture->Line(line, color); });
  if (line.empty()) {
    picture->Font(kTextSize);
    picture->Color(kQuietInk);
    const std::string text = "no samples";
    picture->Text((area.left + area.right - picture->WidthOf(text)) / 2,
                  (area.top + area.bottom) / 2, text);
    return;
  }
  const Sample* const newest = NewestIn(spec);
  CHECK(newest != nullptr);
  picture->Dot(line.back(), Violates(spec, newest->value) ? color : kChartLineColor);
}

}  // namespace

std::uint32_t ChartColor(Severity severity) {
  switch (severity) {
    case Severity::kCritical:
      return 0xcf222e;
    case Severity::kHigh:
      return 0xd9530b;
    case Severity::kMedium:
      return 0xb07c00;
    case Severity::kLow:
      return 0x1a7f37;
    case Severity::kInfo:
      return 0x0969da;
  }
  return kInk;
}

Result<std::string> DrawChart(const CairoLibrary& cairo, const ChartSpec& spec) {
  CHECK(spec.from < spec.to);
  Picture picture(cairo);
  const ValueAxis axis = AxisFor(spec.samples, spec.threshold);
  DrawHead(spec, &picture);
  const PlotArea area = DrawGrid(axis, &picture);
  DrawTimes(spec, area, &picture);
  DrawSeries(spec, axis, area, &picture);
  picture.Frame();
  return picture.Png();
}

}  // namespace tocsin
