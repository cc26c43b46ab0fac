#include "receivers/channels/jira_description.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/text.h"
#include "receivers/channels/jira_calls.h"
#include "receivers/channels/plain_card.h"

namespace tocsin::receivers {
namespace {

MessageCard WithoutLinks(MessageCard card) {
  card.links.clear();
  return card;
}

// Less and less of the text until it fits with all that markup adds. What is left without any text
// is short. The limit counts a document as it is written.
template <typename Make>
JsonValue Fitting(const Make& make) {
  for (std::size_t max_bytes = kMaxJiraDescriptionRunes;; max_bytes /= 2) {
    JsonValue description = make(max_bytes);
    if (max_bytes == 0 || description.Write().size() <= kMaxJiraDescriptionRunes) {
      return description;
    }
  }
}

// ---- wiki markup

// A backslash takes the meaning from the character behind it, unless there is another one in front:
// those of the text become entities.
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "&#92;";
      continue;
    }
    if (std::string_view("-#*_+?^~|%{}[]()!@").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// What would end the link before its address does, or begin another one.
std::string LinkOf(const CardLink& link) {
  std::string url;
  for (const char& c : link.url) {
    const bool is_markup = std::string_view("|[]{}\\^!").find(c) != std::string_view::npos;
    url += is_markup ? PercentEncode({&c, 1}) : std::string(1, c);
  }
  return fmt::format("[{}|{}]", link.text, url);
}

// ---- document

JsonValue TextNode(std::string_view text) {
  return JsonValue::Object({{"type", "text"}, {"text", text}});
}

JsonValue LinkNode(const CardLink& link) {
  JsonValue node = TextNode(link.text);
  node.Set("marks", JsonValue::List({JsonValue::Object(
                        {{"type", "link"}, {"attrs", JsonValue::Object({{"href", link.url}})}})}));
  return node;
}

JsonValue Paragraph(JsonValue content) {
  return JsonValue::Object({{"type", "paragraph"}, {"content", std::move(content)}});
}

// A node has a text, or there is none.
JsonValue LineNodes(std::string_view text) {
  JsonValue nodes = JsonValue::List();
  for (const std::string_view line : Split(text, '\n')) {
    if (!nodes.empty()) nodes.Append(JsonValue::Object({{"type", "hardBreak"}}));
    if (!line.empty()) nodes.Append(TextNode(line));
  }
  return nodes;
}

JsonValue LinkNodes(const MessageCard& card) {
  JsonValue nodes = JsonValue::List();
  for (const CardLink& link : card.links) {
    if (!nodes.empty()) nodes.Append(TextNode(" · "));
    nodes.Append(LinkNode(link));
  }
  return nodes;
}

}  // namespace

JsonValue JiraWikiDescription(const MessageCard& card) {
  return Fitting([&card, text_card = WithoutLinks(card)](std::size_t max_bytes) {
    std::string text = Escape(PlainCard(text_card, max_bytes));
    for (const CardLink& link : card.links) {
      text += (&link == &card.links.front() ? "\n\n" : " · ") + LinkOf(link);
    }
    return JsonValue(std::move(text));
  });
}

JsonValue JiraDocument(const MessageCard& card) {
  return Fitting([&card, text_card = WithoutLinks(card)](std::size_t max_bytes) {
    JsonValue content = JsonValue::List();
    JsonValue lines = LineNodes(PlainCard(text_card, max_bytes));
    if (!lines.empty()) content.Append(Paragraph(std::move(lines)));
    if (!card.links.empty()) content.Append(Paragraph(LinkNodes(card)));
    return JsonValue::Object({{"type", "doc"}, {"version", 1}, {"content", std::move(content)}});
  });
}

}  // namespace tocsin::receivers
