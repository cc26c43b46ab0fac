// The templates of an alertmanager.yml: the files that it names, and the texts in the settings of
// receivers and in the labels of routes. All are parsed when the file is loaded, so that a mistake
// is reported then and not by the first alert.
//
// A checker lives while one file is being loaded, on that thread; the set in it is published.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/template/template_set.h"
#include "config/checked_keys.h"
#include "config/diagnostics.h"
#include "config/files.h"
#include "config/report.h"
#include "config/yaml.h"

namespace tocsin::config {

class TemplateChecker {
 public:
  // Checks nothing.
  TemplateChecker() = default;
  // With `calls`, a text must call nothing that is not defined.
  TemplateChecker(std::shared_ptr<const gotemplate::TemplateSet> set, bool calls)
      : set_(std::move(set)), checks_calls_(calls) {}

  const std::shared_ptr<const gotemplate::TemplateSet>& set() const { return set_; }

  // Every template among the values of a receiver's map.
  void CheckKeys(const YamlNode& map, KeyTable table, FileReport& report) const;
  // A text, or all texts that a list or map holds.
  void CheckText(const std::string& name, const YamlNode& value, FileReport& report) const;

 private:
  Status Check(const std::string& name, const std::string& text) const;
  void CheckKey(const KeySpec& spec, const YamlNode& value, FileReport& report) const;
  void CheckSecret(const KeySpec& spec, const YamlNode& value, FileReport& report) const;

  std::shared_ptr<const gotemplate::TemplateSet> set_;
  bool checks_calls_ = false;
};

// Adds the files in this order to `set`. Files that cannot be read or parsed are reported, each
// with the first mistake in it; and, where there is none, every call of a template that nobody
// defines.
TemplateChecker LoadTemplateFiles(const std::vector<std::string>& paths,
                                  gotemplate::TemplateSet set, Files& files,
                                  Diagnostics& diagnostics);

}  // namespace tocsin::config
