// Routes are kept in a tree with one level for each part of a path: finding one costs a lookup per
// part, whatever the number of routes, and allocates nothing that the request does not keep.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/text.h"
#include "exporter/http/http.h"

namespace tocsin::http {
namespace {

constexpr std::string_view kRest = "**";

bool IsPlaceholder(std::string_view part) {
  return part.size() > 2 && part.front() == '{' && part.back() == '}';
}

// One part of a path, decoded into `out`; false where it is malformed.
bool DecodePart(std::string_view part, std::string* out) {
  if (part.find('%') == std::string_view::npos) {
    out->assign(part);
  } else {
    std::optional<std::string> decoded = PercentDecode(part);
    if (!decoded) return false;
    *out = *std::move(decoded);
  }
  return IsValidUtf8(*out) && out->find('\0') == std::string::npos;
}

// Splits what follows the leading slash. False where a part is malformed; `parts` then ends before
// it. The strings of an earlier path are reused.
bool SplitPath(std::string_view raw, std::vector<std::string>* parts) {
  std::size_t n = 0;
  bool well_formed = !raw.empty() && raw[0] == '/';
  while (well_formed && !raw.empty()) {
    raw.remove_prefix(1);
    const std::string_view part = raw.substr(0, raw.find('/'));
    raw.remove_prefix(part.size());
    if (n == parts->size()) parts->emplace_back();
    well_formed = DecodePart(part, &(*parts)[n]);
    if (well_formed) ++n;
  }
  parts->resize(n);
  return well_formed;
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> placeholder;
  std::unique_ptr<Node> rest;                  // its routes only
  std::vector<std::unique_ptr<Route>> routes;  // of this very path, one a method
  std::optional<ErrorStyle> style;             // of the first route at or below
  bool mixed = false;                          // routes at or below differ in style

  // A path as the tree sees it: `length` parts, and under ** all of them, with the empty one that a
  // trailing slash makes.
  struct Path {
    const std::vector<std::string>& parts;
    std::size_t length;
  };

  Node& Child(std::string_view part) {
    if (part == kRest || IsPlaceholder(part)) {
      std::unique_ptr<Node>& child = part == kRest ? rest : placeholder;
      if (child == nullptr) child = std::make_unique<Node>();
      return *child;
    }
    std::unique_ptr<Node>& child = literals[std::string(part)];
    if (child == nullptr) child = std::make_unique<Node>();
    return *child;
  }

  void NoteStyle(ErrorStyle of_route) {
    if (!style) style = of_route;
    mixed = mixed || *style != of_route;
  }

  const Node* Literal(std::string_view part) const {
    const auto found = literals.find(part);
    return found == literals.end() ? nullptr : found->second.get();
  }

  // The node whose routes fit, or null. `captures` ends as it began where nothing fits.
  const Node* Find(const Path& path, std::size_t at, std::vector<std::string>* captures) const {
    if (at == path.length && !routes.empty()) return this;
    if (at < path.length) {
      const std::string& part = path.parts[at];
      if (const Node* child = Literal(part)) {
        if (const Node* found = child->Find(path, at + 1, captures)) return found;
      }
      if (placeholder != nullptr && !part.empty()) {
        captures->push_back(part);
        if (const Node* found = placeholder->Find(path, at + 1, captures)) return found;
        captures->pop_back();
      }
    }
    if (rest == nullptr || at >= path.parts.size()) return nullptr;
    captures->insert(captures->end(), path.parts.begin() + static_cast<std::ptrdiff_t>(at),
                     path.parts.end());
    return rest.get();
  }

  ErrorStyle StyleFor(const std::vector<std::string>& parts) const {
    const Node* node = this;
    for (const std::string& part : parts) {
      const Node* child = node->Literal(part);
      if (child == nullptr) child = node->placeholder.get();
      if (child == nullptr) break;
      node = child;
    }
    return node->mixed ? ErrorStyle::kPlain : node->style.value_or(ErrorStyle::kPlain);
  }

  const Route* RouteOf(std::string_view method) const {
    for (const std::unique_ptr<Route>& route : routes) {
      if (route->method == method) return route.get();
    }
    return method == "HEAD" ? RouteOf("GET") : nullptr;
  }

  std::string AllowedMethods() const {
    std::string allowed;
    for (const std::unique_ptr<Route>& route : routes) {
      if (!allowed.empty()) allowed += ", ";
      allowed += route->method == "GET" ? "GET, HEAD" : route->method;
    }
    return allowed;
  }

  // As Alertmanager writes them in the message: those that do something of their own.
  std::string NamedMethods() const {
    std::string named;
    for (const std::unique_ptr<Route>& route : routes) {
      if (route->method == "OPTIONS") continue;
      if (!named.empty()) named.push_back(',');
      named += route->method;
    }
    return named;
  }

  void AppendRoutesTo(std::vector<const Route*>* all) const {
    for (const std::unique_ptr<Route>& route : routes) all->push_back(route.get());
    for (const auto& [part, child] : literals) child->AppendRoutesTo(all);
    if (placeholder != nullptr) placeholder->AppendRoutesTo(all);
    if (rest != nullptr) rest->AppendRoutesTo(all);
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::Add(Route route) {
  CHECK(!route.pattern.empty() && route.pattern[0] == '/' && route.handler != nullptr);
  CHECK(route.pattern.find("**/") == std::string::npos);
  Node* node = root_.get();
  node->NoteStyle(route.errors);
  if (route.pattern != "/") {
    for (std::string_view part : Split(std::string_view(route.pattern).substr(1), '/')) {
      CHECK(!part.empty());
      node = &node->Child(part);
      node->NoteStyle(route.errors);
    }
  }
  for (const std::unique_ptr<Route>& known : node->routes) CHECK(known->method != route.method);
  node->routes.push_back(std::make_unique<Route>(std::move(route)));
}

Router::Match Router::Find(Request& request) const {
  Match match;
  request.captures.clear();
  request.route = nullptr;
  if (!SplitPath(request.raw_path, &request.path)) {
    match.errors = root_->StyleFor(request.path);
    match.error = ErrorResponse(
        400, match.errors, "the path has a part that is no UTF-8 text or a bad percent escape");
    return match;
  }
  const bool trailing_slash = request.path.back().empty();
  const std::size_t length = request.path.size() - (trailing_slash ? 1 : 0);
  const Node* node = root_->Find({request.path, length}, 0, &request.captures);
  if (node == nullptr) {
    match.errors = root_->StyleFor(request.path);
    match.error = ErrorResponse(404, match.errors,
                                match.errors == ErrorStyle::kCoded
                                    ? fmt::format("path {} was not found", request.raw_path)
                                    : "Not Found");
    return match;
  }
  if (node->RouteOf(request.method) == nullptr) {
    match.errors = node->routes.front()->errors;
    const std::string allowed = node->AllowedMethods();
    match.error = ErrorResponse(405, match.errors,
                                match.errors == ErrorStyle::kCoded
                                    ? fmt::format("method {} is not allowed, but [{}] are",
                                                  request.method, node->NamedMethods())
                                    : "Method Not Allowed");
    match.error.headers.emplace_back("Allow", allowed);
    return match;
  }
  match.route = node->RouteOf(request.method);
  request.route = match.route;
  match.errors = match.route->errors;
  if (trailing_slash && !match.route->pattern.ends_with(kRest)) request.path.pop_back();
  return match;
}

void Router::FinishBelow(std::string prefix, Finisher finisher) {
  finishers_.emplace_back(std::move(prefix), std::move(finisher));
}

void Router::Finish(const Request& request, Response* response) const {
  for (const auto& [prefix, finisher] : finishers_) {
    if (!request.raw_path.starts_with(prefix)) continue;
    const bool is_below = request.raw_path.size() == prefix.size() ||
                          request.raw_path[prefix.size()] == '/' || prefix.empty();
    if (is_below) finisher(request, response);
  }
}

std::optional<Response> Router::Refuse(Request& request, ErrorStyle errors) const {
  return guard_ ? guard_(request, errors) : std::nullopt;
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> all;
  root_->AppendRoutesTo(&all);
  return all;
}

}  // namespace tocsin::http
