#include "receivers/templates/message_texts.h"

#include <utility>

#include "receivers/templates/route_labels.h"
#include "receivers/templates/template_data.h"

namespace tocsin::receivers {

Result<MessageTexts> MessageTexts::For(const GroupNotification& notification,
                                       const gotemplate::TemplateSet& templates) {
  MessageTexts texts(notification, templates);
  if (!notification.route_labels.empty()) {
    // The labels see everything but themselves.
    const gotemplate::Value data = MakeTemplateData(notification, {});
    Result<gotemplate::KeyValues::Entries> rendered =
        RouteLabelRenderer(notification.route_labels, templates, data).Render();
    if (!rendered) return rendered.error();
    texts.route_labels_ = *std::move(rendered);
  }
  texts.functions_ = RouteLabelFunctions(texts.route_labels_);
  return texts;
}

Result<std::string> MessageTexts::RenderText(const std::string& name,
                                             const std::string& text) const {
  return Render(name, text, gotemplate::Escaping::kNone);
}

Result<std::string> MessageTexts::RenderHtml(const std::string& name,
                                             const std::string& text) const {
  return Render(name, text, gotemplate::Escaping::kHtml);
}

Result<std::string> MessageTexts::Render(const std::string& name, const std::string& text,
                                         gotemplate::Escaping escaping) const {
  const bool is_html = escaping == gotemplate::Escaping::kHtml;
  if (!is_html && text.find("{{") == std::string::npos) return text;
  if (!data_) data_ = MakeTemplateData(*notification_, route_labels_);
  gotemplate::ExecuteOptions options;
  options.escaping = escaping;
  options.functions = &functions_;
  return templates_->ExecuteText(name, text, *data_, options);
}

}  // namespace tocsin::receivers
