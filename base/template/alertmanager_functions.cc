#include "base/template/alertmanager_functions.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <utility>

#include "base/template/base64.h"
#include "base/template/functions.h"
#include "base/template/json_text.h"
#include "base/template/utf8.h"
#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

using Kind = Value::Kind;

// What compiling an expression costs beside its length, and how much text is searched per step.
constexpr std::int64_t kStepsPerExpression = 50;
constexpr std::size_t kSearchedBytesPerStep = 16;
constexpr std::int64_t kExpressionMemory = std::int64_t{1} << 20U;

template <typename Change>
Function TextFunction(const Change& change) {
  return {1, 1, [change](const Values& args, Budget& budget) -> Result<Value> {
            const Result<std::string_view> text = TextArgument(args, 0);
            if (!text) return text.error();
            constexpr std::size_t kMostGrowth = 3;
            Status status = CheckGrowth(*text, kMostGrowth, budget);
            if (!status.ok()) return status.error();
            return MadeText(change(*text), budget);
          }};
}

// The first letter of each word in upper case, the rest in lower. Words are of letters, digits,
// underscores and apostrophes.
std::string Title(std::string_view text) {
  std::string out;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = DecodeCharacter(text, at);
    at += c.size;
    AppendCharacter(in_word ? ToLower(c.value) : ToUpper(c.value), &out);
    in_word = IsLetterOrDigit(c.value) || c.value == '_' || (in_word && c.value == '\'');
  }
  return out;
}

Result<std::vector<std::string_view>> TextsOf(const Value& list) {
  std::vector<std::string_view> texts;
  for (const Value& item : list.as_list()) {
    if (!item.text()) return WrongType(item, "string");
    texts.push_back(*item.text());
  }
  return texts;
}

Result<Value> Join(const Values& args, Budget& budget) {
  const Result<std::string_view> separator = TextArgument(args, 0);
  if (!separator) return separator.error();
  const Value list = args[1].Plain();
  if (list.kind() != Kind::kList) return WrongType(args[1], "[]string");
  const Result<std::vector<std::string_view>> texts = TextsOf(list);
  if (!texts) return texts.error();
  std::size_t bytes = texts->size() * separator->size();
  for (std::string_view text : *texts) bytes += text.size();
  Status status = budget.Allocate(bytes);
  if (!status.ok()) return status.error();
  return Value(fmt::format("{}", fmt::join(*texts, *separator)));
}

Result<std::unique_ptr<RE2>> Compile(const Values& args, std::string_view searched,
                                     Budget& budget) {
  const Result<std::string_view> pattern = TextArgument(args, 0);
  if (!pattern) return pattern.error();
  Status paid = budget.Spend(kStepsPerExpression + static_cast<std::int64_t>(pattern->size()) +
                             static_cast<std::int64_t>(searched.size() / kSearchedBytesPerStep));
  if (!paid.ok()) return paid.error();
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kExpressionMemory);
  auto expression =
      std::make_unique<RE2>(re2::StringPiece(pattern->data(), pattern->size()), options);
  if (expression->ok()) return expression;
  return Error{
      fmt::format("bad regular expression {}: {}", QuoteForMessage(*pattern), expression->error())};
}

Result<Value> Match(const Values& args, Budget& budget) {
  const Result<std::string_view> text = TextArgument(args, 1);
  if (!text) return text.error();
  const Result<std::unique_ptr<RE2>> expression = Compile(args, *text, budget);
  if (!expression) return expression.error();
  return Value(RE2::PartialMatch(re2::StringPiece(text->data(), text->size()), **expression));
}

// Appends a match as the replacement says: $1, $name, ${1}, $$. A name is as long as it can be, and
// a group that is not there is empty.
class Replacement {
 public:
  Replacement(std::string_view text, const RE2& expression)
      : text_(text), expression_(expression) {}

  void Append(const std::vector<re2::StringPiece>& groups, std::string* out) const {
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t dollar = std::min(text_.find('$', at), text_.size());
      *out += text_.substr(at, dollar - at);
      at = dollar + 1;
      if (dollar == text_.size()) return;
      std::string_view name;
      const std::size_t used = ReadName(at, &name);
      if (used == 0) {
        *out += '$';
        if (at < text_.size() && text_[at] == '$') ++at;
        continue;
      }
      at += used;
      AppendGroup(name, groups, out);
    }
  }

 private:
  static bool IsNameCharacter(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  std::size_t ReadName(std::size_t at, std::string_view* name) const {
    const bool braced = at < text_.size() && text_[at] == '{';
    const std::size_t begin = at + (braced ? 1 : 0);
    std::size_t end = begin;
    while (end < text_.size() && IsNameCharacter(text_[end])) ++end;
    if (end == begin) return 0;
    if (braced && (end == text_.size() || text_[end] != '}')) return 0;
    *name = text_.substr(begin, end - begin);
    return end + (braced ? 1 : 0) - at;
  }

  void AppendGroup(std::string_view name, const std::vector<re2::StringPiece>& groups,
                   std::string* out) const {
    std::size_t index = groups.size();
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
      if (name.size() < 6) index = static_cast<std::size_t>(std::stoi(std::string(name)));
    } else {
      const auto& named = expression_.NamedCapturingGroups();
      const auto found = named.find(std::string(name));
      if (found != named.end()) index = static_cast<std::size_t>(found->second);
    }
    if (index < groups.size()) out->append(groups[index].data(), groups[index].size());
  }

  const std::string_view text_;
  const RE2& expression_;
};

Result<std::string> ReplaceAll(const RE2& expression, const Replacement& replacement,
                               std::string_view text, const Budget& budget) {
  std::vector<re2::StringPiece> groups(
      static_cast<std::size_t>(expression.NumberOfCapturingGroups()) + 1);
  const re2::StringPiece subject(text.data(), text.size());
  std::string out;
  std::size_t at = 0;
  std::size_t copied = 0;  // everything in front of it is in `out`
  while (at <= text.size() && expression.Match(subject, at, text.size(), RE2::UNANCHORED,
                                               groups.data(), static_cast<int>(groups.size()))) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = begin + groups[0].size();
    // Nothing found right behind a match is no match of its own.
    const bool counts = end > begin || begin > copied || begin == 0;
    out += text.substr(copied, begin - copied);
    if (counts) replacement.Append(groups, &out);
    if (out.size() > budget.bytes_left()) return Error{"the replaced text is too long"};
    copied = end;
    at = end;
    if (end > begin) continue;
    at += end < text.size() ? DecodeCharacter(text, end).size : 1;
  }
  out += text.substr(copied);
  return out;
}

Result<Value> ReReplaceAll(const Values& args, Budget& budget) {
  const Result<std::string_view> replacement = TextArgument(args, 1);
  if (!replacement) return replacement.error();
  const Result<std::string_view> text = TextArgument(args, 2);
  if (!text) return text.error();
  const Result<std::unique_ptr<RE2>> expression = Compile(args, *text, budget);
  if (!expression) return expression.error();
  Result<std::string> replaced =
      ReplaceAll(**expression, Replacement(*replacement, **expression), *text, budget);
  if (!replaced) return replaced.error();
  return MadeText(*std::move(replaced), budget);
}

template <SafeText::Kind kKind>
Result<Value> Safe(const Values& args, Budget& budget) {
  const Result<std::string_view> text = TextArgument(args, 0);
  if (!text) return text.error();
  Status status = budget.Allocate(text->size());
  if (!status.ok()) return status.error();
  return Value(SafeText{kKind, std::string(*text)});
}

Result<Value> StringSlice(const Values& args, Budget& budget) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const Result<std::string_view> text = TextArgument(args, i);
    if (!text) return text.error();
    Status status = budget.Allocate(text->size());
    if (!status.ok()) return status.error();
    texts.emplace_back(*text);
  }
  return MadeContainer(Value::OfStrings(texts), budget);
}

Result<Value> List(const Values& args, Budget& budget) {
  return MadeContainer(Value::OfList(args), budget);
}

Result<Value> Append(const Values& args, Budget& budget) {
  const Value list = args[0].Plain();
  if (list.kind() != Kind::kList) return WrongType(args[0], "a list");
  Status status = budget.Allocate(list.ShallowBytes());
  if (!status.ok()) return status.error();
  Values items = list.as_list();
  items.insert(items.end(), args.begin() + 1, args.end());
  return MadeContainer(Value::OfList(std::move(items)), budget);
}

Result<Value> Dict(const Values& args, Budget& budget) {
  if (args.size() % 2 != 0) return Error{"the number of arguments is odd; want keys and values"};
  Map entries;
  for (std::size_t i = 0; i < args.size(); i += 2) {
    if (!args[i].text()) return Error{"keys must be strings, got " + args[i].TypeName()};
    entries[std::string(*args[i].text())] = args[i + 1];
  }
  return MadeContainer(Value::OfMap(std::move(entries)), budget);
}

Result<Value> Json(const Values& args, Budget& budget) {
  Result<std::string> text = ToJson(args[0], budget.bytes_left());
  if (!text) return text.error();
  return MadeText(*std::move(text), budget);
}

Result<Value> UrlUnescape(const Values& args, Budget& budget) {
  const Result<std::string_view> text = TextArgument(args, 0);
  if (!text) return text.error();
  std::optional<std::string> decoded = PercentDecode(*text, /*plus_is_space=*/true);
  if (!decoded) return Error{fmt::format("bad escape in {}", QuoteForMessage(*text))};
  return MadeText(*std::move(decoded), budget);
}

Result<Value> Base64Decode(const Values& args, Budget& budget) {
  const Result<std::string_view> text = TextArgument(args, 0);
  if (!text) return text.error();
  std::optional<std::string> decoded = DecodeBase64Url(*text);
  if (!decoded) return Error{fmt::format("{} is not base64", QuoteForMessage(*text))};
  return MadeText(*std::move(decoded), budget);
}

}  // namespace

FunctionMap AlertmanagerFunctions(const Environment& environment) {
  constexpr int kAny = Function::kAnyNumber;
  const auto upper = [](std::string_view text) { return ToUpper(text); };
  const auto lower = [](std::string_view text) { return ToLower(text); };
  const auto trim = [](std::string_view text) { return std::string(TrimSpace(text)); };
  FunctionMap functions = {
      {"toUpper", TextFunction(upper)},
      {"toLower", TextFunction(lower)},
      {"title", TextFunction(Title)},
      {"trimSpace", TextFunction(trim)},
      {"base64encode", TextFunction(EncodeBase64Url)},
      {"base64decode", {1, 1, Base64Decode}},
      {"urlUnescape", {1, 1, UrlUnescape}},
      {"join", {2, 2, Join}},
      {"match", {2, 2, Match}},
      {"reReplaceAll", {3, 3, ReReplaceAll}},
      {"safeHtml", {1, 1, Safe<SafeText::Kind::kHtml>}},
      {"safeUrl", {1, 1, Safe<SafeText::Kind::kUrl>}},
      {"stringSlice", {0, kAny, StringSlice}},
      {"list", {0, kAny, List}},
      {"append", {1, kAny, Append}},
      {"dict", {0, kAny, Dict}},
      {"toJson", {1, 1, Json}},
  };
  AddTimeFunctions(environment, &functions);
  return functions;
}

}  // namespace tocsin::gotemplate
