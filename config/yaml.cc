// How the tree is built: yaml-cpp's parser calls a handler (TreeBuilder) for each scalar, begin and
// end of a list or map, and alias. The handler keeps the containers that are open on a stack and
// hands a node to its parent when it is complete; a node that bears an anchor is kept for copying.
//
// yaml-cpp 0.7 accepts some texts that mean something else to every reader, so they are found here:
// a control character 4 ends its input silently; a quote that is never closed is closed by the end
// of the file; a line `word` without a colon is a key with nothing; duplicate keys stay duplicate.
#include "config/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace tocsin::config {
namespace {

// yaml-cpp counts from zero.
Mark MarkOf(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Leaves the parser from inside of the handler; caught in ParseYaml, as the library's own are.
struct Refused {
  Mark mark;
  std::string message;
};
[[noreturn]] void Stop(Mark mark, std::string message) { throw Refused{mark, std::move(message)}; }
[[noreturn]] void Stop(const YAML::Mark& mark, std::string message) {
  Stop(MarkOf(mark), std::move(message));
}

std::string TooDeep() {
  return fmt::format("lists and maps are nested more than {} deep", kMaxYamlDepth);
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(FileReport& report) : report_(report) {}

  YamlNode TakeRoot() { return std::move(root_); }
  Mark last_place() const { return last_place_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) Stop(mark, "a file may hold one YAML document only");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // For `key:` the place of the nothing is the next token's; for a bare `key` it is the key's.
    if (WaitsForValue() && !stack_.back().drop_value &&
        stack_.back().key_mark.line == mark.line + 1 &&
        stack_.back().key_mark.column == mark.column + 1) {
      report_.Error(MarkOf(mark),
                    fmt::format("{} has no value; a key ends in a colon",
                                QuoteForMessage(stack_.back().node.entries.back().key)));
    }
    Complete(MakeNode(mark, YamlNode::Kind::kNull), anchor, Extent());
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckTag(mark, tag);
    YamlNode node = MakeNode(mark, YamlNode::Kind::kScalar, value.size());
    node.quoted = tag == kQuotedTag || tag == kTextTag;
    node.text = value;
    Complete(std::move(node), anchor, {1, value.size(), 0});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) Stop(mark, "an alias may not stand inside of what it names");
    const Extent& extent = known->second.extent;
    CheckDepth(mark, extent.depth);
    Count(MarkOf(mark), extent);
    YamlNode copy = known->second.node;
    copy.mark = MarkOf(mark);
    Complete(std::move(copy), YAML::NullAnchor, extent);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    Open(mark, YamlNode::Kind::kList, anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    Open(mark, YamlNode::Kind::kMap, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  static constexpr std::string_view kPlainTag = "?";   // nobody gave one
  static constexpr std::string_view kQuotedTag = "!";  // the scanner's, for quoted scalars
  static constexpr std::string_view kTextTag = "tag:yaml.org,2002:str";

  // What a node costs whoever copies it.
  struct Extent {
    std::size_t nodes = 1;  // itself and all below
    std::size_t bytes = 0;  // of their texts
    std::size_t depth = 0;  // lists and maps on the longest way down, itself included
  };
  struct OpenNode {
    YamlNode node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    Extent extent;
    // Of a map: whether a key has been read whose value comes next.
    bool waits_for_value = false;
    bool drop_value = false;  // of a key that was refused
    Mark key_mark;
    std::unordered_map<std::string, Mark> keys;
  };
  struct Anchored {
    YamlNode node;
    Extent extent;
  };

  static void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == kPlainTag || tag == kQuotedTag || tag == kTextTag) return;
    Stop(mark, fmt::format("the YAML tag {} is not supported; a text that begins with ! goes in "
                           "quotes",
                           QuoteForMessage(tag)));
  }

  bool WaitsForValue() const { return !stack_.empty() && stack_.back().waits_for_value; }

  void Count(Mark mark, const Extent& more) {
    nodes_ += more.nodes;
    bytes_ += more.bytes;
    if (nodes_ > kMaxYamlNodes || bytes_ > kMaxYamlBytes) {
      Stop(mark, fmt::format("more than {} values or {} MB of text, counting each use of an alias",
                             kMaxYamlNodes, kMaxYamlBytes >> 20));
    }
  }

  void CheckDepth(const YAML::Mark& mark, std::size_t more) const {
    if (stack_.size() + more > kMaxYamlDepth) Stop(mark, TooDeep());
  }

  YamlNode MakeNode(const YAML::Mark& mark, YamlNode::Kind kind, std::size_t bytes = 0) {
    last_place_ = MarkOf(mark);
    Count(last_place_, {1, bytes, 0});
    YamlNode node;
    node.kind = kind;
    node.mark = last_place_;
    return node;
  }

  void Open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor) {
    CheckDepth(mark, 1);
    OpenNode open;
    open.node = MakeNode(mark, kind);
    open.extent.depth = 1;
    open.anchor = anchor;
    stack_.push_back(std::move(open));
  }

  void Close() {
    CHECK(!stack_.empty());
    OpenNode done = std::move(stack_.back());
    stack_.pop_back();
    Complete(std::move(done.node), done.anchor, done.extent);
  }

  // A node is whole: goes to whatever holds it.
  void Complete(YamlNode node, YAML::anchor_t anchor, const Extent& extent) {
    if (anchor != YAML::NullAnchor) {
      // Kept for its aliases: a copy as well, which nested anchors make of the same values.
      Count(node.mark, extent);
      anchors_[anchor] = {node, extent};
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& parent = stack_.back();
    parent.extent.nodes += extent.nodes;
    parent.extent.bytes += extent.bytes;
    parent.extent.depth = std::max(parent.extent.depth, extent.depth + 1);
    if (parent.node.kind == YamlNode::Kind::kList) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.waits_for_value) {
      TakeKey(parent, std::move(node));
    } else {
      parent.waits_for_value = false;
      if (!parent.drop_value) parent.node.entries.back().value = std::move(node);
    }
  }

  void TakeKey(OpenNode& map, YamlNode key) {
    map.waits_for_value = true;
    map.key_mark = key.mark;
    map.drop_value = !CheckKey(map, key);
    if (map.drop_value) return;
    map.keys.emplace(key.text, key.mark);
    map.node.entries.push_back({std::move(key.text), key.mark, YamlNode()});
  }

  bool CheckKey(const OpenNode& map, const YamlNode& key) {
    if (key.kind != YamlNode::Kind::kScalar) {
      report_.Error(key.mark, key.is_null() ? "a key is missing before the colon"
                                            : "a key must be a text, not a list or map");
      return false;
    }
    if (key.text == "<<" && !key.quoted) {
      report_.Error(key.mark, "merge keys (<<) are not supported; write the entries out");
      return false;
    }
    const auto first = map.keys.find(key.text);
    if (first == map.keys.end()) return true;
    report_.Error(key.mark,
                  fmt::format("key {} stands twice in this map; first at {}:{}",
                              QuoteForMessage(key.text), first->second.line, first->second.column));
    return false;
  }

  FileReport& report_;
  YamlNode root_;
  std::vector<OpenNode> stack_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
  int documents_ = 0;
  Mark last_place_{1, 1};
};

Mark PlaceOfOffset(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<int>(lines) + 1, static_cast<int>(offset - line_start) + 1};
}

// YAML's printable characters: https://yaml.org/spec/1.2.2/#51-character-set
bool IsForbiddenControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
}

// Where the first malformed UTF-8 sequence begins. REQUIRES: there is one.
std::size_t FirstInvalidByte(std::string_view text) {
  std::size_t good = 0;  // text[0, good) is valid; lines are, or hold the first bad one
  while (true) {
    const std::size_t end = std::min(text.find('\n', good), text.size() - 1) + 1;
    if (!IsValidUtf8(text.substr(good, end - good))) break;
    good = end;
  }
  std::size_t length = 1;
  while (true) {
    // A sequence is at most four bytes long: longer and still incomplete means it is bad.
    const std::size_t most = std::min<std::size_t>(4, text.size() - good);
    for (length = 1; length <= most; ++length) {
      if (IsValidUtf8(text.substr(good, length))) break;
    }
    if (length > most) return good;
    good += length;
  }
}

bool CheckCharacters(std::string_view text, FileReport& report) {
  const auto control = std::find_if(text.begin(), text.end(), IsForbiddenControl);
  if (control != text.end()) {
    const auto offset = static_cast<std::size_t>(control - text.begin());
    report.Error(PlaceOfOffset(text, offset),
                 fmt::format("the file holds the control character 0x{:02x}; it is no text",
                             static_cast<unsigned char>(*control)));
    return false;
  }
  if (!IsValidUtf8(text)) {
    report.Error(PlaceOfOffset(text, FirstInvalidByte(text)), "the file is not valid UTF-8");
    return false;
  }
  return true;
}

// Reads the caller's bytes, then a document end. That end makes yaml-cpp notice a quote that was
// never closed, which it would otherwise let run to the end of the file.
constexpr std::string_view kDocumentEnd = "\n...\n";

class TextBuffer final : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) : text_(text) {
    if (text.empty() || text.back() == '\n') end_.remove_prefix(1);
  }

 protected:
  int_type underflow() override {
    while (gptr() == egptr() && next_ < 2) {
      const std::string_view part = next_++ == 0 ? text_ : end_;
      // The get area is never written to; std::streambuf has no const form of it.
      char* begin = const_cast<char*>(part.data());
      setg(begin, begin, begin + part.size());
    }
    return gptr() == egptr() ? traits_type::eof() : traits_type::to_int_type(*gptr());
  }

 private:
  std::string_view text_;
  std::string_view end_ = kDocumentEnd;
  int next_ = 0;
};

// The library's words where they are clear, ours where they are not.
std::string Explain(const YAML::ParserException& error) {
  const std::string& message = error.msg;
  if (message == YAML::ErrorMsg::CHAR_IN_BLOCK) {
    return "not valid YAML: a text that begins with > or | goes in quotes";
  }
  if (message == YAML::ErrorMsg::UNKNOWN_TOKEN) {
    return "not valid YAML: a text cannot begin with this character; put it in quotes";
  }
  if (message == YAML::ErrorMsg::MAP_VALUE) {
    return "not valid YAML: a colon is not expected here; check the indentation, and put a text "
           "with a colon in quotes";
  }
  if (message == YAML::ErrorMsg::END_OF_MAP) {
    return "not valid YAML: `key: value` is expected here; check the colon and the indentation";
  }
  return "not valid YAML: " + message;
}

// Where a tab indents this line. yaml-cpp takes it for a blank between words, and complains of what
// comes next.
std::optional<Mark> FindIndentingTab(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    if (text.empty()) return std::nullopt;
  }
  const std::size_t indentation = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t tab = text.substr(0, indentation).find('\t');
  if (tab == std::string_view::npos) return std::nullopt;
  return Mark{line, static_cast<int>(tab) + 1};
}

}  // namespace

const YamlNode* FindMember(const YamlNode& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                  [key](const YamlEntry& entry) { return entry.key == key; });
  return found == map.entries.end() ? nullptr : &found->value;
}

std::optional<YamlNode> ParseYaml(std::string_view text, FileReport& report) {
  if (!CheckCharacters(text, report)) return std::nullopt;
  const Mark end = PlaceOfOffset(text, text.size());
  const int last_line = end.column == 1 ? end.line - 1 : end.line;  // what follows is kDocumentEnd
  TreeBuilder builder(report);
  try {
    TextBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.TakeRoot();
  } catch (const Refused& refused) {
    report.Error(refused.mark, refused.message);
  } catch (const YAML::DeepRecursion& error) {
    report.Error(MarkOf(error.mark), TooDeep());
  } catch (const YAML::ParserException& error) {
    const Mark place = MarkOf(error.mark);
    if (error.msg == YAML::ErrorMsg::DOC_IN_SCALAR && place.line > last_line) {
      report.Error(builder.last_place(),
                   "not valid YAML: a quote that is opened after this place is never closed");
    } else if (const std::optional<Mark> tab = FindIndentingTab(text, place.line)) {
      report.Error(*tab, "not valid YAML: lines are indented with blanks, not with tabs");
    } else {
      report.Error(std::min(place, end, [](Mark a, Mark b) { return a.line < b.line; }),
                   Explain(error));
    }
  } catch (const YAML::Exception& error) {
    report.Error(MarkOf(error.mark), "not valid YAML: " + error.msg);
  }
  return std::nullopt;
}

}  // namespace tocsin::config
