#include "receivers/templates/route_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/template/functions.h"
#include "base/text.h"

namespace tocsin::receivers {
namespace {

using gotemplate::KeyValues;

// Each label that asks for another one takes some of the stack.
constexpr std::size_t kMostUnderWay = 20;

gotemplate::FunctionMap FunctionsOf(
    std::function<Result<std::string>(std::string_view name)> find) {
  gotemplate::Function function;
  function.min_args = 1;
  function.max_args = 1;
  function.body = [find = std::move(find)](
                      const gotemplate::Values& args,
                      gotemplate::Budget& budget) -> Result<gotemplate::Value> {
    const Result<std::string_view> name = gotemplate::TextArgument(args, 0);
    if (!name) return name.error();
    Result<std::string> value = find(*name);
    if (!value) return value.error();
    return gotemplate::MadeText(*std::move(value), budget);
  };
  gotemplate::FunctionMap functions;
  functions.emplace("routeLabels", std::move(function));
  return functions;
}

}  // namespace

RouteLabelRenderer::RouteLabelRenderer(const Labels& written,
                                       const gotemplate::TemplateSet& templates,
                                       const gotemplate::Value& data)
    : written_(written),
      templates_(templates),
      data_(data),
      functions_(FunctionsOf([this](std::string_view name) { return RenderOne(name); })) {}

Result<KeyValues::Entries> RouteLabelRenderer::Render() {
  for (const auto& [name, value] : written_) {
    const Result<std::string> text = RenderOne(name);
    if (!text) return Error{fmt::format("route label {}: {}", name, text.message())};
  }
  return std::move(rendered_);
}

Result<std::string> RouteLabelRenderer::RenderOne(std::string_view name) {
  if (const auto known = rendered_.find(name); known != rendered_.end()) return known->second;
  const std::string_view text = written_.Get(name);
  if (std::find(under_way_.begin(), under_way_.end(), name) != under_way_.end()) {
    return Error{fmt::format("the labels {} and {} need each other",
                             QuoteForMessage(under_way_.back()), QuoteForMessage(name))};
  }
  if (under_way_.size() == kMostUnderWay) {
    return Error{fmt::format("more than {} labels need one another", kMostUnderWay)};
  }
  under_way_.emplace_back(name);
  gotemplate::ExecuteOptions options;
  options.functions = &functions_;
  Result<std::string> rendered =
      templates_.ExecuteText(std::string(name), std::string(text), data_, options);
  under_way_.pop_back();
  if (rendered && written_.Has(name)) rendered_.emplace(name, *rendered);
  return rendered;
}

gotemplate::FunctionMap RouteLabelFunctions(KeyValues::Entries rendered) {
  return FunctionsOf(
      [rendered = std::move(rendered)](std::string_view name) -> Result<std::string> {
        const auto found = rendered.find(name);
        return found == rendered.end() ? std::string() : found->second;
      });
}

}  // namespace tocsin::receivers
