// How it works: the reader of YAML says where keys stand, the lines say what stands around them. A
// rewrite is planned for whole lines and dropped as soon as something about them is not as plain as
// most files are (values over several lines, anchors, tags).
#include "config/alertmanager_fix.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/matcher.h"
#include "base/matcher_text.h"
#include "base/text.h"
#include "config/yaml.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kBlanks = " \t\r";

// 'it''s'
std::string SingleQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

// Where the quoted text that begins at `begin` ends, behind its quote; npos where it does not.
std::size_t QuotedEnd(std::string_view line, std::size_t begin) {
  const char quote = line[begin];
  for (std::size_t i = begin + 1; i < line.size(); ++i) {
    if (quote == '"' && line[i] == '\\') {
      ++i;
    } else if (line[i] == quote) {
      if (quote == '"' || i + 1 == line.size() || line[i + 1] != '\'') return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

// Where a comment, or nothing but blanks, begins.
bool IsTail(std::string_view rest) {
  const std::size_t at = rest.find_first_not_of(kBlanks);
  return at == std::string_view::npos || (at > 0 && rest[at] == '#') || rest[0] == '#';
}

// Where the one-line scalar that begins at `begin` ends; nothing where it is not so plain.
std::optional<std::size_t> ScalarEnd(std::string_view line, std::size_t begin) {
  if (begin >= line.size() || std::string_view("&*!|>[{?@`%").find(line[begin]) != line.npos) {
    return std::nullopt;
  }
  std::size_t end = line.size();
  if (line[begin] == '"' || line[begin] == '\'') {
    end = QuotedEnd(line, begin);
    if (end == std::string_view::npos || !IsTail(line.substr(end))) return std::nullopt;
    return end;
  }
  for (std::size_t i = begin + 1; i < line.size(); ++i) {
    if (line[i] == '#' && kBlanks.find(line[i - 1]) != std::string_view::npos) {
      end = i;
      break;
    }
  }
  return line.find_last_not_of(kBlanks, end - 1) + 1;
}

// Where the one-line flow map that begins at `begin` ends.
std::optional<std::size_t> FlowEnd(std::string_view line, std::size_t begin) {
  int depth = 0;
  for (std::size_t i = begin; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '&' || c == '*' || c == '!') return std::nullopt;
    const bool opens_quote =
        (c == '"' || c == '\'') && std::string_view("{[,: ").find(line[i - 1]) != line.npos;
    if (opens_quote) {
      const std::size_t end = QuotedEnd(line, i);
      if (end == std::string_view::npos) return std::nullopt;
      i = end - 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return IsTail(line.substr(i + 1)) ? std::optional<std::size_t>(i + 1) : std::nullopt;
    }
  }
  return std::nullopt;
}

const YamlEntry* EntryOf(const YamlNode& map, std::string_view key) {
  for (const YamlEntry& entry : map.entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

// The spelling of group keys is kept: they hold the anchored form of what stood in match_re.
std::optional<std::string> MatcherText(const YamlEntry& pair, bool is_regex) {
  std::string value = pair.value.text;
  if (is_regex) value = fmt::format("^(?:{})$", value);
  const Matcher::Op op = is_regex ? Matcher::Op::kRegex : Matcher::Op::kEqual;
  const Result<Matcher> matcher = Matcher::Make(pair.key, op, value);
  if (!matcher) return std::nullopt;
  return SingleQuoted(FormatMatcher(*matcher));
}

class Fixer {
 public:
  explicit Fixer(std::string_view text) {
    for (std::string_view line : Split(text, '\n')) lines_.emplace_back(line);
  }

  void FixTop(const YamlNode& top) {
    RenameMuteIntervals(top);
    if (const YamlEntry* route = EntryOf(top, "route")) FixRoute(route->value);
    if (const YamlEntry* rules = EntryOf(top, "inhibit_rules")) {
      for (const YamlNode& rule : rules->value.items) {
        FixMatchers(rule, "source_match", "source_match_re", "source_matchers");
        FixMatchers(rule, "target_match", "target_match_re", "target_matchers");
      }
    }
    const YamlEntry* receivers = EntryOf(top, "receivers");
    if (receivers == nullptr) return;
    for (const YamlNode& receiver : receivers->value.items) {
      const YamlEntry* emails = EntryOf(receiver, "email_configs");
      if (emails == nullptr) continue;
      for (const YamlNode& email : emails->value.items) FixEmail(email);
    }
  }

  FixedText Take() {
    FixedText fixed;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const auto edit = edits_.find(i);
      const std::vector<std::string> same = {lines_[i]};
      for (const std::string& line : edit == edits_.end() ? same : edit->second) {
        if (!fixed.text.empty() || i > 0) fixed.text += '\n';
        fixed.text += line;
      }
    }
    std::stable_sort(fixes_.begin(), fixes_.end(),
                     [](const Fix& a, const Fix& b) { return a.line < b.line; });
    fixed.fixes = std::move(fixes_);
    return fixed;
  }

 private:
  // What becomes of lines, by their index.
  using Edits = std::map<std::size_t, std::vector<std::string>>;

  static std::size_t Row(Mark mark) { return static_cast<std::size_t>(mark.line - 1); }
  static std::size_t Column(Mark mark) { return static_cast<std::size_t>(mark.column - 1); }
  std::string_view Line(Mark mark) const {
    return Row(mark) < lines_.size() ? std::string_view(lines_[Row(mark)]) : std::string_view();
  }

  void Leave(Mark at, std::string what) { fixes_.push_back({at.line, std::move(what), {}, {}}); }

  // False where another fix has been here, which then has to be applied first.
  bool Apply(Mark at, std::string what, const Edits& edits) {
    for (const auto& [row, after] : edits) {
      if (edits_.count(row) > 0) return false;
    }
    Fix fix{at.line, std::move(what), {}, {}};
    for (const auto& [row, after] : edits) {
      fix.before.push_back(lines_[row]);
      fix.after.insert(fix.after.end(), after.begin(), after.end());
    }
    edits_.insert(edits.begin(), edits.end());
    fixes_.push_back(std::move(fix));
    return true;
  }

  // The line with another key; nothing where the key is quoted or is not followed by its colon.
  std::optional<std::string> WithKey(const YamlEntry& entry, std::string_view key) const {
    const std::string_view line = Line(entry.mark);
    const std::size_t at = Column(entry.mark);
    const std::size_t behind = at + entry.key.size();
    if (behind >= line.size() || line.substr(at, entry.key.size()) != entry.key ||
        line.substr(behind, 1) != ":") {
      return std::nullopt;
    }
    return fmt::format("{}{}{}", line.substr(0, at), key, line.substr(behind));
  }

  bool Rename(const YamlEntry& entry, std::string_view key, std::string_view why = "") {
    const std::optional<std::string> line = WithKey(entry, key);
    return line && Apply(entry.mark, fmt::format("{} becomes {}{}", entry.key, key, why),
                         {{Row(entry.mark), {*line}}});
  }

  void RenameMuteIntervals(const YamlNode& top) {
    const YamlEntry* entry = EntryOf(top, "mute_time_intervals");
    if (entry == nullptr) return;
    if (EntryOf(top, "time_intervals") != nullptr) {
      Leave(entry->mark, "mute_time_intervals is deprecated: move its items to time_intervals");
    } else if (!Rename(*entry, "time_intervals")) {
      Leave(entry->mark, "mute_time_intervals is deprecated: call it time_intervals");
    }
  }

  // Recursion is bounded by the reader of the tree: kMaxYamlDepth.
  void FixRoute(const YamlNode& route) {
    FixMatchers(route, "match", "match_re", "matchers");
    const YamlEntry* routes = EntryOf(route, "routes");
    if (routes == nullptr) return;
    for (const YamlNode& child : routes->value.items) FixRoute(child);
  }

  // ---- matchers

  void FixMatchers(const YamlNode& map, std::string_view equal, std::string_view regex,
                   std::string_view matchers) {
    std::vector<const YamlEntry*> old;
    for (const YamlEntry& entry : map.entries) {
      if (entry.key == equal || entry.key == regex) old.push_back(&entry);
    }
    if (old.empty()) return;
    const std::string advice =
        fmt::format("{} is deprecated: write {} instead", old[0]->key, matchers);
    Edits edits;
    bool is_done = EntryOf(map, matchers) == nullptr;
    for (std::size_t i = 0; i < old.size() && is_done; ++i) {
      // The second one's items go on with the first one's list, so they must follow it.
      is_done = i == 0 || Follows(*old[i - 1], *old[i]);
      is_done = is_done && Rewrite(*old[i], old[i]->key == regex, i == 0 ? matchers : "",
                                   old.size() > 1, &edits);
    }
    std::string what = old[0]->key;
    if (old.size() > 1) what += fmt::format(" and {}", old[1]->key);
    is_done =
        is_done &&
        Apply(old[0]->mark,
              fmt::format("{} become{} {}", what, old.size() > 1 ? "" : "s", matchers), edits);
    if (!is_done) Leave(old[0]->mark, advice);
  }

  // Both are block maps, the second begins behind the last pair of the first, and its pairs stand
  // in the same column.
  bool Follows(const YamlEntry& first, const YamlEntry& second) const {
    if (first.value.entries.empty() || second.value.entries.empty()) return false;
    const Mark last = first.value.entries.back().mark;
    for (std::size_t row = Row(last) + 1; row < Row(second.mark); ++row) {
      if (!IsTail(lines_[row])) return false;
    }
    return Row(last) < Row(second.mark) &&
           first.value.entries.front().mark.column == second.value.entries.front().mark.column;
  }

  bool Rewrite(const YamlEntry& entry, bool is_regex, std::string_view key, bool block_only,
               Edits* edits) const {
    if (entry.value.kind != YamlNode::Kind::kMap || entry.value.entries.empty()) return false;
    const std::string_view line = Line(entry.mark);
    const std::size_t colon = Column(entry.mark) + entry.key.size();
    if (!WithKey(entry, "x")) return false;
    const std::size_t value = line.find_first_not_of(kBlanks, colon + 1);
    const bool is_flow = value != std::string_view::npos && line[value] == '{';
    if (is_flow) return !block_only && RewriteFlow(entry, is_regex, key, value, edits);
    if (!IsTail(line.substr(colon + 1))) return false;
    return RewriteKeyLine(entry, key, edits) && RewritePairs(entry, is_regex, edits);
  }

  bool RewriteFlow(const YamlEntry& entry, bool is_regex, std::string_view key, std::size_t value,
                   Edits* edits) const {
    const std::string_view line = Line(entry.mark);
    const std::optional<std::size_t> end = FlowEnd(line, value);
    if (!end) return false;
    std::vector<std::string> items;
    for (const YamlEntry& pair : entry.value.entries) {
      const std::optional<std::string> item = MatcherText(pair, is_regex);
      if (!item || pair.mark.line != entry.mark.line) return false;
      items.push_back(*item);
    }
    return edits
        ->emplace(Row(entry.mark), std::vector<std::string>{fmt::format(
                                       "{}{}: [{}]{}", line.substr(0, Column(entry.mark)), key,
                                       fmt::join(items, ", "), line.substr(*end))})
        .second;
  }

  // An empty key takes the line away, all but a comment.
  bool RewriteKeyLine(const YamlEntry& entry, std::string_view key, Edits* edits) const {
    std::vector<std::string> after;
    if (!key.empty()) {
      after.push_back(*WithKey(entry, key));
    } else {
      const std::string_view line = Line(entry.mark);
      if (line.find_first_not_of(kBlanks) != Column(entry.mark)) return false;  // "- match_re:"
      const std::string_view rest = line.substr(Column(entry.mark) + entry.key.size() + 1);
      const std::size_t comment = rest.find('#');
      if (comment != std::string_view::npos) {
        after.push_back(
            fmt::format("{}{}", line.substr(0, Column(entry.mark)), rest.substr(comment)));
      }
    }
    return edits->emplace(Row(entry.mark), std::move(after)).second;
  }

  bool RewritePairs(const YamlEntry& entry, bool is_regex, Edits* edits) const {
    for (const YamlEntry& pair : entry.value.entries) {
      const std::string_view line = Line(pair.mark);
      const std::size_t column = Column(pair.mark);
      const std::optional<std::string> item = MatcherText(pair, is_regex);
      const std::optional<std::size_t> end = PairEnd(pair);
      if (line.empty()) return false;
      const bool is_alone = line.find_first_not_of(kBlanks) == column;
      if (!item || !end || !is_alone || pair.mark.line == entry.mark.line ||
          column <= Column(entry.mark)) {
        return false;
      }
      const std::string after =
          fmt::format("{}- {}{}", line.substr(0, column), *item, line.substr(*end));
      if (!edits->emplace(Row(pair.mark), std::vector<std::string>{after}).second) return false;
    }
    return true;
  }

  // Where `name: value` ends, if all of it stands on one line.
  std::optional<std::size_t> PairEnd(const YamlEntry& pair) const {
    const std::string_view line = Line(pair.mark);
    if (pair.value.kind != YamlNode::Kind::kScalar || pair.value.mark.line != pair.mark.line ||
        GoesOn(pair)) {
      return std::nullopt;
    }
    return ScalarEnd(line, Column(pair.value.mark));
  }

  // Whether the value has a line below that of its key.
  bool GoesOn(const YamlEntry& entry) const {
    for (std::size_t row = Row(entry.mark) + 1; row < lines_.size(); ++row) {
      const std::size_t first = lines_[row].find_first_not_of(kBlanks);
      if (first == std::string::npos) continue;
      return first > Column(entry.mark) && lines_[row][first] != '#';
    }
    return false;
  }

  // ---- mail

  void FixEmail(const YamlNode& email) {
    if (const YamlEntry* subject = EntryOf(email, "subject")) {
      if (EntryOf(email, "headers") != nullptr || !FixSubject(*subject)) {
        Leave(subject->mark, "subject is no key of email_configs: write headers: {Subject: ...}");
      }
    }
    const YamlEntry* body = EntryOf(email, "body");
    if (body == nullptr) return;
    const bool is_html = body->value.text.find("</") != std::string::npos;
    const bool has_html = EntryOf(email, "html") != nullptr;
    if (!is_html || has_html || !Rename(*body, "html")) {
      Leave(body->mark, "body is no key of email_configs: write html or text");
    }
  }

  bool FixSubject(const YamlEntry& subject) {
    const std::optional<std::string> key = WithKey(subject, "headers");
    if (!key || !PairEnd(subject)) return false;
    const std::string_view line = Line(subject.mark);
    const std::string_view head = std::string_view(*key).substr(0, Column(subject.mark));
    const std::string_view rest = line.substr(Column(subject.mark) + subject.key.size());
    return Apply(
        subject.mark, "subject becomes headers: {Subject: ...}",
        {{Row(subject.mark),
          {fmt::format("{}headers:", head),
           fmt::format("{}Subject{}", std::string(Column(subject.mark) + 2, ' '), rest)}}});
  }

  std::vector<std::string> lines_;
  Edits edits_;
  std::vector<Fix> fixes_;
};

}  // namespace

FixedText FixAlertmanagerText(std::string_view text) {
  Diagnostics ignored;  // whoever loads the file says what is wrong
  FileReport report("", ignored);
  const std::optional<YamlNode> root = ParseYaml(text, report);
  if (!root || ignored.has_errors() || root->kind != YamlNode::Kind::kMap) {
    return {std::string(text), {}};
  }
  Fixer fixer(text);
  fixer.FixTop(*root);
  return fixer.Take();
}

}  // namespace tocsin::config
