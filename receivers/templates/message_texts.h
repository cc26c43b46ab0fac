// What a channel asks to fill in the templates of its settings: everything that one message can
// say. Every rendering is bounded in time and size (base/template/budget.h).
//
// Made for one attempt, on the dispatcher's thread. Errors name the text, the place in it and what
// is wrong there; they are final, since the same data gives the same error. So with an outbox (a
// message that has a flush number) a text that fails is none: what Alertmanager would say by
// default stands in its place, or nothing, and the failure is kept for whoever tells of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/template/objects.h"
#include "base/template/template_set.h"
#include "config/checked_keys.h"
#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

class MessageTexts {
 public:
  // What a type of receivers says by default.
  struct Defaults {
    config::KeyTable keys = {};
    const Clock* clock = nullptr;  // for the templates that these keys name
  };

  // Renders the labels of the route, which may fail. What it is given outlives the object.
  static Result<MessageTexts> For(const GroupNotification& notification,
                                  const gotemplate::TemplateSet& templates, Defaults defaults);
  static Result<MessageTexts> For(const GroupNotification& notification,
                                  const gotemplate::TemplateSet& templates) {
    return For(notification, templates, Defaults());
  }

  // `name` is what messages call the text: the setting's key. `instead` is a template too.
  Result<std::string> RenderText(const std::string& name, const std::string& text,
                                 const std::string& instead = "") const;
  // Escapes what is printed for the place where it stands.
  Result<std::string> RenderHtml(const std::string& name, const std::string& text,
                                 const std::string& instead = "") const;
  // What nothing can stand in for: addresses and credentials.
  Result<std::string> RenderOrFail(const std::string& name, const std::string& text) const;

  // The template that a key has by default; empty where it has none.
  std::string DefaultOf(std::string_view key) const;
  // Of texts that something else stands for, the first few in words; empty: there was none.
  std::string failures() const;

  const gotemplate::KeyValues::Entries& route_labels() const { return route_labels_; }

 private:
  struct Text {
    const std::string& name;
    const std::string& text;
    gotemplate::Escaping escaping;
  };

  MessageTexts(const GroupNotification& notification, const gotemplate::TemplateSet& templates,
               Defaults defaults)
      : notification_(&notification), templates_(&templates), defaults_(defaults) {}

  bool forgives() const { return notification_->flush_number != 0; }
  Result<std::string> Render(const Text& text, const std::string& instead) const;
  Result<std::string> Execute(const gotemplate::TemplateSet& templates, const Text& text) const;

  const GroupNotification* notification_;
  const gotemplate::TemplateSet* templates_;
  Defaults defaults_;
  mutable std::vector<std::string> failures_;
  gotemplate::KeyValues::Entries route_labels_;
  gotemplate::FunctionMap functions_;
  mutable std::optional<gotemplate::Value> data_;  // made when the first template asks for it
};

}  // namespace tocsin::receivers
