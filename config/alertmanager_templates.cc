#include "config/alertmanager_templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/number.h"
#include "base/text.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kMaxTemplateFileBytes = std::size_t{4} << 20U;

// A number and the colon behind it, off the front of a text; 0 where there is none.
int TakeNumber(std::string_view* text) {
  const std::size_t colon = text->find(':');
  if (colon == std::string_view::npos) return 0;
  const std::optional<std::int64_t> number = ParseInt(text->substr(0, colon));
  text->remove_prefix(colon + 1);
  return number ? static_cast<int>(*number) : 0;
}

// "a.tmpl:3:14: what is wrong", in its parts. The template library counts characters.
Diagnostic DiagnosticOf(const std::string& file, std::string_view message) {
  Diagnostic diagnostic;
  diagnostic.file = file;
  if (message.starts_with(file + ":")) {
    message.remove_prefix(file.size() + 1);
    const bool has_place = !message.empty() && message.front() != ' ';
    diagnostic.line = has_place ? TakeNumber(&message) : 0;
    diagnostic.column = has_place ? TakeNumber(&message) : 0;
  }
  diagnostic.message = TrimSpace(message);
  return diagnostic;
}

class FilesLoader {
 public:
  FilesLoader(gotemplate::TemplateSet set, Files& files, Diagnostics& diagnostics)
      : set_(std::move(set)), files_(files), diagnostics_(diagnostics) {}

  TemplateChecker Load(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) LoadFile(path);
    if (failed_.empty()) ReportUndefinedCalls(paths);
    return {std::make_shared<const gotemplate::TemplateSet>(std::move(set_)), failed_.empty()};
  }

 private:
  // One that two patterns match is added twice: its definitions are the latest ones again.
  void LoadFile(const std::string& path) {
    if (failed_.count(path) > 0) return;
    Result<std::string> text = files_.Read(path, kMaxTemplateFileBytes);
    if (!text) {
      return Fail({Diagnostic::Level::kError, path, 0, 0, "cannot be read: " + text.message()});
    }
    if (Status added = set_.Add(path, *std::move(text)); !added) {
      Fail(DiagnosticOf(path, added.message()));
    }
  }

  void Fail(Diagnostic diagnostic) {
    failed_.insert(diagnostic.file);
    diagnostics_.Add(std::move(diagnostic));
  }

  void ReportUndefinedCalls(const std::vector<std::string>& paths) {
    for (const Error& error : set_.UndefinedCalls()) {
      const auto path = std::find_if(paths.begin(), paths.end(), [&error](const std::string& each) {
        return error.message.starts_with(each + ":");
      });
      diagnostics_.Add(DiagnosticOf(path == paths.end() ? "" : *path, error.message));
    }
  }

  gotemplate::TemplateSet set_;
  Files& files_;
  Diagnostics& diagnostics_;
  std::set<std::string> failed_;
};

bool HoldsTemplate(std::string_view text) { return text.find("{{") != std::string_view::npos; }

bool IsFileName(std::string_view key) { return key.ends_with("_file"); }

}  // namespace

void TemplateChecker::CheckKeys(const YamlNode& map, KeyTable table, FileReport& report) const {
  if (set_ == nullptr) return;
  for (const YamlEntry& entry : map.entries) {
    const KeySpec* spec = FindSpec(table, entry.key);
    if (spec != nullptr) CheckKey(*spec, entry.value, report);
  }
}

void TemplateChecker::CheckKey(const KeySpec& spec, const YamlNode& value,
                               FileReport& report) const {
  if (spec.is_plain || IsFileName(spec.key)) return;
  switch (spec.kind) {
    case ValueKind::kText:
    case ValueKind::kTexts:
    case ValueKind::kTextMap:
    case ValueKind::kAny:
    case ValueKind::kAnyMap:
      return CheckText(std::string(spec.key), value, report);
    case ValueKind::kSecretTemplateUrl:
      return CheckSecret(spec, value, report);
    case ValueKind::kMap:
      return CheckKeys(value, spec.inner, report);
    case ValueKind::kMaps:
      for (const YamlNode& item : value.items) CheckKeys(item, spec.inner, report);
      return;
    default:
      return;
  }
}

// Recursion is bounded by the reader of the tree: kMaxYamlDepth.
void TemplateChecker::CheckText(const std::string& name, const YamlNode& value,
                                FileReport& report) const {
  if (set_ == nullptr) return;
  if (value.kind == YamlNode::Kind::kScalar) {
    if (Status checked = Check(name, value.text); !checked) {
      report.Error(value.mark, checked.message());
    }
  }
  for (const YamlNode& item : value.items) CheckText(name, item, report);
  for (const YamlEntry& entry : value.entries) {
    if (Status checked = Check(name, entry.key); !checked) {
      report.Error(entry.mark, checked.message());
    }
    CheckText(name, entry.value, report);
  }
}

// The place in the text, and nothing of it.
void TemplateChecker::CheckSecret(const KeySpec& spec, const YamlNode& value,
                                  FileReport& report) const {
  const Status checked = Check(std::string(spec.key), value.text);
  if (checked) return;
  const std::string_view message = checked.message();
  report.Error(value.mark, fmt::format("{}: its template cannot be read",
                                       message.substr(0, message.find(": "))));
}

Status TemplateChecker::Check(const std::string& name, const std::string& text) const {
  if (!HoldsTemplate(text)) return {};
  return checks_calls_ ? set_->Check(name, text) : set_->CheckSyntax(name, text);
}

TemplateChecker LoadTemplateFiles(const std::vector<std::string>& paths,
                                  gotemplate::TemplateSet set, Files& files,
                                  Diagnostics& diagnostics) {
  return FilesLoader(std::move(set), files, diagnostics).Load(paths);
}

}  // namespace tocsin::config
