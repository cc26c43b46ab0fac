// The labels of a route. Their values are templates, which may ask for one another by
// `routeLabels "name"`; each is rendered once, when it is first asked for.
//
// Lives as long as the labels of one notification are being rendered, on that thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/template/objects.h"
#include "base/template/template_set.h"

namespace tocsin::receivers {

class RouteLabelRenderer {
 public:
  // All of it outlives the renderer.
  RouteLabelRenderer(const Labels& written, const gotemplate::TemplateSet& templates,
                     const gotemplate::Value& data);
  RouteLabelRenderer(const RouteLabelRenderer&) = delete;
  RouteLabelRenderer& operator=(const RouteLabelRenderer&) = delete;

  // Of all labels. Fails where a template fails, and where labels ask for each other in a circle.
  Result<gotemplate::KeyValues::Entries> Render();

 private:
  Result<std::string> RenderOne(std::string_view name);

  const Labels& written_;
  const gotemplate::TemplateSet& templates_;
  const gotemplate::Value& data_;
  const gotemplate::FunctionMap functions_;
  gotemplate::KeyValues::Entries rendered_;
  std::vector<std::string> under_way_;  // each was asked for by the one before
};

// The function routeLabels over labels that are rendered: "" for one that there is not.
gotemplate::FunctionMap RouteLabelFunctions(gotemplate::KeyValues::Entries rendered);

}  // namespace tocsin::receivers
