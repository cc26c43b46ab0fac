#include "receivers/templates/message_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "receivers/templates/default_templates.h"
#include "receivers/templates/route_labels.h"
#include "receivers/templates/template_data.h"

namespace tocsin::receivers {
namespace {

constexpr std::size_t kMaxFailuresTold = 3;

}  // namespace

Result<MessageTexts> MessageTexts::For(const GroupNotification& notification,
                                       const gotemplate::TemplateSet& templates,
                                       Defaults defaults) {
  MessageTexts texts(notification, templates, defaults);
  if (!notification.route_labels.empty()) {
    // The labels see everything but themselves.
    const gotemplate::Value data = MakeTemplateData(notification, {});
    Result<gotemplate::KeyValues::Entries> rendered =
        RouteLabelRenderer(notification.route_labels, templates, data).Render();
    if (rendered) {
      texts.route_labels_ = *std::move(rendered);
    } else if (texts.forgives()) {
      texts.failures_.push_back(rendered.message());
    } else {
      return rendered.error();
    }
  }
  texts.functions_ = RouteLabelFunctions(texts.route_labels_);
  return texts;
}

Result<std::string> MessageTexts::RenderText(const std::string& name, const std::string& text,
                                             const std::string& instead) const {
  return Render({name, text, gotemplate::Escaping::kNone}, instead);
}

Result<std::string> MessageTexts::RenderHtml(const std::string& name, const std::string& text,
                                             const std::string& instead) const {
  return Render({name, text, gotemplate::Escaping::kHtml}, instead);
}

Result<std::string> MessageTexts::RenderOrFail(const std::string& name,
                                               const std::string& text) const {
  return Execute(*templates_, {name, text, gotemplate::Escaping::kNone});
}

// The template that stands in may be redefined in the user's files, and fail as well.
Result<std::string> MessageTexts::Render(const Text& text, const std::string& instead) const {
  Result<std::string> rendered = Execute(*templates_, text);
  if (rendered || !forgives()) return rendered;
  failures_.push_back(rendered.message());
  if (instead.empty()) return std::string();
  const Text other{text.name, instead, text.escaping};
  if (instead != text.text) rendered = Execute(*templates_, other);
  if (!rendered && defaults_.clock != nullptr) {
    rendered = Execute(MakeDefaultTemplates(*defaults_.clock), other);
  }
  return rendered ? std::move(rendered) : std::string();
}

Result<std::string> MessageTexts::Execute(const gotemplate::TemplateSet& templates,
                                          const Text& text) const {
  const bool is_html = text.escaping == gotemplate::Escaping::kHtml;
  if (!is_html && text.text.find("{{") == std::string::npos) return text.text;
  if (!data_) data_ = MakeTemplateData(*notification_, route_labels_);
  gotemplate::ExecuteOptions options;
  options.escaping = text.escaping;
  options.functions = &functions_;
  return templates.ExecuteText(text.name, text.text, *data_, options);
}

std::string MessageTexts::DefaultOf(std::string_view key) const {
  const config::KeySpec* const spec = config::FindSpec(defaults_.keys, key);
  return spec == nullptr ? "" : std::string(spec->fallback);
}

std::string MessageTexts::failures() const {
  std::string told;
  for (std::size_t i = 0; i < std::min(failures_.size(), kMaxFailuresTold); ++i) {
    told += fmt::format("{}{}", i == 0 ? "" : "; ", failures_[i]);
  }
  if (failures_.size() > kMaxFailuresTold) {
    told += fmt::format("; and {} more", failures_.size() - kMaxFailuresTold);
  }
  return told;
}

}  // namespace tocsin::receivers
