// All intakes, through intake_list.h. Made by the daemon, which mounts their routes.
#pragma once

#include <memory>
#include <vector>

#include "exporter/intake/intake.h"
#include "exporter/intake/push_store.h"

namespace tocsin::intake {

// `push_store` outlives the intakes; it is the daemon's, which also re-samples and shows it.
std::vector<std::unique_ptr<Intake>> MakeIntakes(const Context& context, PushStore& push_store);

}  // namespace tocsin::intake
