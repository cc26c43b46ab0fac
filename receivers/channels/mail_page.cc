// Tables and inline styles are what mail programs have in common; what they know of style sheets
// only turns the colours for the dark.
#include "receivers/channels/mail_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

// The banner's colours. Text is white on red only: on all others black has more contrast.
// https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
struct Banner {
  std::string background;
  const char* text;
};

Banner BannerOf(const MessageCard& card) {
  const bool is_red = !card.resolved && card.severity == Severity::kCritical;
  return {fmt::format("#{:06x}", card.color), is_red ? "#ffffff" : "#1f2328"};
}

// "2024-05-01 10:00:00 UTC", of "2024-05-01T10:00:00.123Z".
std::string BannerTime(Timestamp t) {
  const std::string text = FormatRfc3339(t);
  return fmt::format("{} {} UTC", text.substr(0, 10), text.substr(11, 8));
}

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<style>
  @media (prefers-color-scheme: dark) {
    .page { background: #0d1117 !important; }
    .card { background: #161b22 !important; color: #e6edf3 !important; }
    .quiet { color: #9198a1 !important; }
    .line { border-color: #30363d !important; }
    .link { color: #4493f8 !important; }
  }
</style>
)";

constexpr std::string_view kNameCell =
    R"(<td class="line quiet" style="padding:6px 12px 6px 0;border-top:1px solid #d0d7de;)"
    R"(width:30%;color:#57606a;vertical-align:top;word-break:break-word">{}</td>)";
constexpr std::string_view kCell =
    R"(<td class="line" style="padding:6px 0;border-top:1px solid #d0d7de;)"
    R"(word-break:break-word">{}</td>)";

// Line breaks of the text stay.
std::string Paragraph(const std::string& text) {
  std::string html;
  for (const std::string_view line : Split(text, '\n')) {
    if (!html.empty()) html += "<br>\n";
    html += EscapeHtml(line);
  }
  return html;
}

void OpenTable(std::string_view title, std::string* out) {
  *out += fmt::format(R"(<p class="quiet" style="margin:20px 0 6px 0;color:#57606a;font-size:12px;)"
                      R"(text-transform:uppercase;letter-spacing:0.5px">{}</p>)"
                      "\n"
                      R"(<table role="presentation" width="100%" cellpadding="0" cellspacing="0" )"
                      R"(style="font-size:14px;border-collapse:collapse">)"
                      "\n",
                      title);
}

void AppendTable(std::string_view title, const std::vector<CardFact>& rows, std::string* out) {
  if (rows.empty()) return;
  OpenTable(title, out);
  for (const CardFact& row : rows) {
    *out += "<tr>";
    *out += fmt::format(fmt::runtime(kNameCell), EscapeHtml(row.name));
    *out += fmt::format(fmt::runtime(kCell), EscapeHtml(row.value));
    *out += "</tr>\n";
  }
  *out += "</table>\n";
}

// As wide as the page: the width stands twice, since some programs know one of them only.
void AppendImage(const PageImage& image, std::string* out) {
  *out += fmt::format(R"(<tr><td style="padding:0;background:#ffffff;color:#57606a">)"
                      R"(<img src="{}" alt="{}" width="600" style="display:block;width:100%;)"
                      R"(max-width:600px;height:auto;border:0"></td></tr>)"
                      "\n",
                      EscapeHtml(image.url), EscapeHtml(image.description));
}

void AppendOthers(const MessageCard& card, std::string* out) {
  if (card.others.empty()) return;
  std::vector<std::string> lines = card.others;
  if (card.untold > 0) lines.push_back(fmt::format("and {} more", card.untold));
  OpenTable("Also in this group", out);
  for (const std::string& line : lines) {
    *out += "<tr>";
    *out += fmt::format(fmt::runtime(kCell), EscapeHtml(line));
    *out += "</tr>\n";
  }
  *out += "</table>\n";
}

void AppendLinks(const MessageCard& card, std::string* out) {
  if (card.links.empty()) return;
  *out += R"(<p style="margin:24px 0 0 0">)";
  for (const CardLink& link : card.links) {
    *out += fmt::format(
        R"(<a class="link line" href="{}" style="display:inline-block;margin:0 8px 8px 0;)"
        R"(padding:8px 16px;border:1px solid #d0d7de;border-radius:6px;color:#0969da;)"
        R"(text-decoration:none;font-size:14px">{}</a>)",
        EscapeHtml(link.url), EscapeHtml(link.text));
  }
  *out += "</p>\n";
}

// Of one SMS in its own alphabet, in which "…" does not stand.
// https://www.3gpp.org/dynareport/23040.htm
constexpr std::size_t kMaxShortRunes = 160;
constexpr std::size_t kMaxShortTitleRunes = 100;

std::string StateWord(const MessageCard& card) {
  return card.resolved ? "RESOLVED" : SeverityWord(card.severity);
}

// " (+4 more)"; nothing where it is the only one.
std::string MoreText(const MessageCard& card) {
  const std::size_t more = card.others.size() + card.untold;
  return more == 0 ? "" : fmt::format(" (+{} more)", more);
}

std::string FactOf(const MessageCard& card, std::string_view name) {
  for (const CardFact& fact : card.facts) {
    if (fact.name == name) return fact.value;
  }
  return "";
}

// What stands below the sentence about the ending.
std::string_view OwnMessage(const MessageCard& card) {
  std::string_view message = card.message;
  if (message.starts_with(card.ending)) message.remove_prefix(card.ending.size());
  return TrimSpace(message);
}

std::string CutShort(const std::string& text, std::size_t max_runes) {
  const std::string cut = TruncateRunes(text, max_runes - 2);
  return cut == text ? text : cut.substr(0, cut.size() - std::string_view("…").size()) + "...";
}

}  // namespace

std::string MailSubject(const MessageCard& card) {
  std::string subject = fmt::format("[{}] {}{}", StateWord(card), card.title, MoreText(card));
  std::erase_if(subject, [](char c) { return c == '\r' || c == '\n'; });
  return subject;
}

std::string MailPage(const MessageCard& card, const std::string& sender,
                     const std::optional<PageImage>& image) {
  const Banner banner = BannerOf(card);
  std::string out(kHead);
  out += fmt::format("<title>{}</title>\n</head>\n", EscapeHtml(MailSubject(card)));
  out += fmt::format(
      R"(<body class="page" style="margin:0;padding:0;background:#f6f8fa">)"
      "\n"
      R"(<table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0" )"
      R"(style="background:#f6f8fa"><tr><td align="center" style="padding:24px 8px">)"
      "\n"
      R"(<table class="card" role="presentation" width="100%" cellpadding="0" cellspacing="0" )"
      R"(style="max-width:600px;background:#ffffff;color:#1f2328;border-radius:8px;)"
      R"(font-family:-apple-system,'Segoe UI',Helvetica,Arial,sans-serif">)"
      "\n"
      R"(<tr><td style="padding:20px 24px;background:{};color:{};border-radius:8px 8px 0 0">)"
      R"(<p style="margin:0 0 4px 0;font-size:12px;font-weight:bold;letter-spacing:1px">{}</p>)"
      R"(<p style="margin:0 0 4px 0;font-size:20px;font-weight:bold;word-break:break-word">{}</p>)"
      R"(<p style="margin:0;font-size:13px">{}</p></td></tr>)"
      "\n",
      banner.background, banner.text, StateWord(card), EscapeHtml(card.title), BannerTime(card.at));
  if (image) AppendImage(*image, &out);
  out += R"(<tr><td style="padding:20px 24px 24px 24px">)"
         "\n";
  out += fmt::format(R"(<p style="margin:0;font-size:15px;line-height:1.5;)"
                     R"(word-break:break-word">{}</p>)"
                     "\n",
                     card.message.empty() ? "No description provided" : Paragraph(card.message));
  AppendTable("Details", card.facts, &out);
  AppendTable("Where", card.labels, &out);
  AppendOthers(card, &out);
  AppendLinks(card, &out);
  out += fmt::format(
      R"(</td></tr>)"
      "\n"
      R"(<tr><td class="quiet line" style="padding:12px 24px;border-top:1px solid #d0d7de;)"
      R"(color:#57606a;font-size:12px">Sent by {} Alert System</td></tr>)"
      "\n</table>\n</td></tr></table>\n</body>\n</html>\n",
      EscapeHtml(sender));
  return out;
}

std::string MailShort(const MessageCard& card) {
  std::string text =
      fmt::format("{} {}", StateWord(card), CutShort(card.title, kMaxShortTitleRunes));
  const std::string lasted = FactOf(card, "Duration");
  if (!lasted.empty()) text += " after " + lasted;
  text += MoreText(card);
  // Before the labels, which may be long: else it looks like a recovery.
  if (!card.ending.empty()) text += ": " + card.ending;
  for (const CardFact& label : card.labels) text += fmt::format(" {}={}", label.name, label.value);
  for (const CardFact& fact : card.facts) {
    if (fact.name == "Condition" || fact.name == "Metric") text += " " + fact.value;
  }
  if (const std::string_view message = OwnMessage(card); !message.empty()) {
    text.append(". ").append(message);
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  return CutShort(text, kMaxShortRunes);
}

std::string MailPlain(const MessageCard& card, const std::string& sender) {
  std::string out = fmt::format("{}: {}\n\n", StateWord(card), card.title);
  out += (card.message.empty() ? "No description provided" : card.message) + "\n\n";
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    for (const CardFact& fact : *facts) out += fmt::format("{}: {}\n", fact.name, fact.value);
  }
  if (!card.others.empty()) {
    out += "\nAlso in this group:\n";
    for (const std::string& line : card.others) out += "- " + line + "\n";
    if (card.untold > 0) out += fmt::format("- and {} more\n", card.untold);
  }
  if (!card.links.empty()) out += "\n";
  for (const CardLink& link : card.links) out += fmt::format("{}: {}\n", link.text, link.url);
  // What mail programs take for a signature.
  return out + fmt::format("\n-- \nSent by {} Alert System\n", sender);
}

}  // namespace tocsin::receivers
