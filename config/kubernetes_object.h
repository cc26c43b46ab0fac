// Files on their way into a cluster are often at hand as the object that brings them there. Pure
// functions.
#pragma once

#include <string_view>

#include "config/report.h"
#include "config/yaml.h"

namespace tocsin::config {

// Where it says that it is a "ConfigMap"; null for what is no object of Kubernetes.
const YamlNode* KubernetesKind(const YamlNode& root);

// Where `root` is such an object: reports that it is not what was expected ("a rule file"), with
// the key of a ConfigMap that holds a file.
bool RefuseKubernetesObject(const YamlNode& root, std::string_view expected, FileReport& report);

}  // namespace tocsin::config
