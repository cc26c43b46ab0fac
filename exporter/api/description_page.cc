#include "exporter/api/description_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "exporter/api/page.h"

namespace tocsin::api {
namespace {

// An operation where it stands.
struct Entry {
  std::string method;
  std::string path;
  const Json* operation;
};

std::string Escaped(const Json& text) { return EscapeHtml(text.get<std::string>()); }

std::string Preformatted(const Json& schema) {
  return fmt::format("<pre>{}</pre>", EscapeHtml(schema.dump(1)));
}

// The name behind "#/components/responses/Status404"; empty where it is no reference.
std::string NameIn(const Json& value) {
  const auto found = value.find("$ref");
  if (found == value.end()) return "";
  const auto& reference = found->get_ref<const std::string&>();
  return reference.substr(reference.rfind('/') + 1);
}

// What a reference into `components` leads to, or the value itself.
const Json& Followed(const Json& value, const Json& components) {
  const std::string name = NameIn(value);
  return name.empty() ? value : components.at(name);
}

// A link to a named schema, or the schema itself.
std::string SchemaText(const Json& schema) {
  if (schema.is_null()) return "";
  const std::string name = NameIn(schema);
  if (name.empty()) return Preformatted(schema);
  return fmt::format(R"(<a href="#schema-{0}">{0}</a>)", EscapeHtml(name));
}

// By media type.
std::string ContentText(const Json& holder) {
  std::string text;
  const auto content = holder.find("content");
  if (content == holder.end()) return text;
  for (const auto& [media_type, of_type] : content->items()) {
    text += fmt::format("<span class=dim>{}</span> {} ", EscapeHtml(media_type),
                        SchemaText(of_type.at("schema")));
  }
  return text;
}

std::string ScopesText(const Json& operation) {
  const Json& ways = operation.at("security");
  if (ways.empty()) return "<span class=dim>none</span>";
  std::string text;
  for (const Json& scope : ways.front().front()) {
    text += (text.empty() ? "" : " or ") + Escaped(scope);
  }
  return text;
}

void AppendParameters(const Json& operation, const Json& components, std::string* page) {
  const auto parameters = operation.find("parameters");
  if (parameters == operation.end()) return;
  *page += "<div class=scroll><table><tr><th>Parameter<th>In<th>Is<th>Schema</tr>";
  for (const Json& given : *parameters) {
    const Json& parameter = Followed(given, components.at("parameters"));
    *page += fmt::format("<tr><td>{}<td>{}<td>{}<td><code>{}</code></tr>",
                         Escaped(parameter.at("name")), Escaped(parameter.at("in")),
                         EscapeHtml(parameter.value("description", std::string())),
                         EscapeHtml(parameter.at("schema").dump()));
  }
  *page += "</table></div>";
}

void AppendAnswers(const Json& operation, const Json& components, std::string* page) {
  *page += "<div class=scroll><table><tr><th>Answer<th>Means<th>Body</tr>";
  for (const auto& [status, given] : operation.at("responses").items()) {
    const Json& answer = Followed(given, components.at("responses"));
    *page += fmt::format("<tr><td>{}<td>{}<td>{}</tr>", EscapeHtml(status),
                         Escaped(answer.at("description")), ContentText(answer));
  }
  *page += "</table></div>";
}

void AppendOperation(const Entry& entry, const Json& components, std::string* page) {
  const Json& operation = *entry.operation;
  *page += fmt::format(
      "<h3 id=\"{}\">{} {}</h3><p>{}. <span class=dim>Scope: {}.</span></p>"
      "<details><summary>Parameters, body, answers</summary>",
      Escaped(operation.at("operationId")), EscapeHtml(entry.method), EscapeHtml(entry.path),
      Escaped(operation.at("summary")), ScopesText(operation));
  AppendParameters(operation, components, page);
  if (const auto body = operation.find("requestBody"); body != operation.end()) {
    *page += fmt::format("<p>Body{}: {}</p>",
                         body->at("required").get<bool>() ? "" : " (may be left out)",
                         ContentText(*body));
  }
  AppendAnswers(operation, components, page);
  *page += "</details>";
}

std::string UpperCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

// In the order in which their first operations stand.
std::vector<std::pair<std::string, std::vector<Entry>>> ByTag(const Json& paths) {
  std::vector<std::pair<std::string, std::vector<Entry>>> tags;
  std::map<std::string, std::size_t> places;
  for (const auto& [path, methods] : paths.items()) {
    for (const auto& [method, operation] : methods.items()) {
      const auto tag = operation.at("tags").front().get<std::string>();
      const auto [place, is_new] = places.try_emplace(tag, tags.size());
      if (is_new) tags.emplace_back(tag, std::vector<Entry>());
      tags[place->second].second.push_back({UpperCase(method), path, &operation});
    }
  }
  return tags;
}

}  // namespace

std::string DescriptionPage(const Json& description) {
  const Json& components = description.at("components");
  const std::string title = Escaped(description.at("info").at("title"));
  std::string page = fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><title>{0}</title>"
      "<meta name=viewport content=\"width=device-width,initial-scale=1\"><style>{1}</style>"
      "<header><h1>{0}</h1><span class=dim>version {2}</span></header><p>{3}</p><p>",
      title, page::kStyle, Escaped(description.at("info").at("version")),
      Escaped(description.at("info").at("description")));
  for (const Json& server : description.at("servers")) {
    const std::string url = Escaped(server.at("url"));
    page += fmt::format("<code>{0}</code> &middot; ", url);
  }
  page += fmt::format(
      "<a href=\"{}/openapi.json\">OpenAPI 3.1</a> &middot; <a href=\"/\">Overview</a></p>",
      Escaped(description.at("servers").front().at("url")));
  for (const auto& [tag, entries] : ByTag(description.at("paths"))) {
    page += fmt::format("<h2>{}</h2>", EscapeHtml(tag));
    for (const Entry& entry : entries) AppendOperation(entry, components, &page);
  }
  page += "<h2>Schemas</h2>";
  for (const auto& [name, schema] : components.at("schemas").items()) {
    page += fmt::format(R"(<details id="schema-{0}"><summary>{0}</summary>{1}</details>)",
                        EscapeHtml(name), Preformatted(schema));
  }
  return page;
}

}  // namespace tocsin::api
