// Mail, of alertmanager.yml.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/template/template_set.h"
#include "config/alertmanager_settings.h"
#include "receivers/channels/channel.h"
#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

// Fails on settings that it cannot work with.
Result<std::unique_ptr<GroupChannel>> MakeGroupEmail(
    const config::AlertmanagerIntegration& settings,
    std::shared_ptr<const gotemplate::TemplateSet> templates, const ChannelContext& context);

}  // namespace tocsin::receivers
