// Pushed groups as rows of the state store: one for a group's times and one for each family, so
// that a POST writes only what it changes.
//
// A key is the grouping labels, written {job="x"}, and for a family a blank and its name behind it.
// A value is text of the exposition format under a line that names the version.
//
// Pure functions; any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/state_store.h"
#include "exporter/intake/push_group.h"

namespace tocsin::intake {

void PutTimes(LabelsView group, const PushTimes& times, WriteBatch* batch);
void PutFamily(LabelsView group, const PushedFamily& family, WriteBatch* batch);
void DeleteTimes(LabelsView group, WriteBatch* batch);
void DeleteFamily(LabelsView group, const std::string& family, WriteBatch* batch);

struct JournalledGroup {
  PushTimes times;
  PushedFamilies families;
};

struct JournalContent {
  std::map<Labels, JournalledGroup> groups;
  std::vector<std::string> damaged;  // "<key>: <why>" of rows that say nothing readable
};
JournalContent ReadJournal(const std::vector<StateStore::Row>& rows);

}  // namespace tocsin::intake
