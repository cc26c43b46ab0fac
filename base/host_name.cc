#include "base/host_name.h"

#include <sys/utsname.h>

namespace tocsin {

std::string HostName() {
  utsname machine{};
  const bool known = uname(&machine) == 0 && machine.nodename[0] != '\0';
  return known ? machine.nodename : "localhost";
}

}  // namespace tocsin
