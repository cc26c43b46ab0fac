// What a channel asks to fill in the templates of its settings: everything that one message can
// say. Every rendering is bounded in time and size (base/template/budget.h).
//
// Made for one attempt, on the dispatcher's thread. Errors name the text, the place in it and what
// is wrong there; they are final, since the same data gives the same error.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/template/objects.h"
#include "base/template/template_set.h"
#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

class MessageTexts {
 public:
  // Renders the labels of the route, which may fail. What it is given outlives the object.
  static Result<MessageTexts> For(const GroupNotification& notification,
                                  const gotemplate::TemplateSet& templates);

  // `name` is what messages call the text: the setting's key.
  Result<std::string> RenderText(const std::string& name, const std::string& text) const;
  // Escapes what is printed for the place where it stands.
  Result<std::string> RenderHtml(const std::string& name, const std::string& text) const;

  const gotemplate::KeyValues::Entries& route_labels() const { return route_labels_; }

 private:
  MessageTexts(const GroupNotification& notification, const gotemplate::TemplateSet& templates)
      : notification_(&notification), templates_(&templates) {}

  Result<std::string> Render(const std::string& name, const std::string& text,
                             gotemplate::Escaping escaping) const;

  const GroupNotification* notification_;
  const gotemplate::TemplateSet* templates_;
  gotemplate::KeyValues::Entries route_labels_;
  gotemplate::FunctionMap functions_;
  mutable std::optional<gotemplate::Value> data_;  // made when the first template asks for it
};

}  // namespace tocsin::receivers
