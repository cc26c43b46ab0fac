#include "exporter/intake/intakes.h"

namespace tocsin::intake {

#define TOCSIN_INTAKE(Name) \
  std::unique_ptr<Intake> Make##Name(const Context& context, PushStore& push_store);
#include "exporter/intake/intake_list.h"
#undef TOCSIN_INTAKE

std::vector<std::unique_ptr<Intake>> MakeIntakes(const Context& context, PushStore& push_store) {
  std::vector<std::unique_ptr<Intake>> intakes;
#define TOCSIN_INTAKE(Name) intakes.push_back(Make##Name(context, push_store));
#include "exporter/intake/intake_list.h"
#undef TOCSIN_INTAKE
  return intakes;
}

}  // namespace tocsin::intake
