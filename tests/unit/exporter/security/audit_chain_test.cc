#include "exporter/security/audit_chain.h"

#include "base/json_library.h"

namespace tocsin::security {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Rows = std::vector<std::pair<std::string, std::string>>;

const Timestamp kSealedAt = FromUnixMillis(1'700'000'000'000);

AuditRecord Record(const std::string& target) {
  return {"0123456789abcdef", "ann", "10.0.0.1", "key.create", target, "", R"({"a":1})", "200", 1};
}

// Entries 1 to n and their head.
struct Chain {
  explicit Chain(std::uint64_t n) {
    for (std::uint64_t i = 1; i <= n; ++i) Append(Record("target " + std::to_string(i)));
  }
  void Append(const AuditRecord& record) {
    const SealedEntry sealed = SealEntry(head.number + 1, kSealedAt, head.hash, record);
    head = {head.number + 1, sealed.hash};
    rows.emplace_back(AuditKey(head.number), sealed.row);
  }
  std::vector<std::string> Findings() const {
    AuditVerifier verifier;
    for (const auto& [key, row] : rows) verifier.Take(key, row);
    return verifier.Finish(HeadRow(head));
  }

  Rows rows;
  AuditHead head;
};

TEST(AuditChain, AnEntrySaysWhoWhenWhatAndHowItEnded) {
  const nlohmann::json entry = ParseJson(Chain(1).rows[0].second);
  EXPECT_EQ(entry["seq"], 1);
  EXPECT_EQ(entry["at"], "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(entry["key_id"], "0123456789abcdef");
  EXPECT_EQ(entry["actor"], "ann");
  EXPECT_EQ(entry["from"], "10.0.0.1");
  EXPECT_EQ(entry["action"], "key.create");
  EXPECT_EQ(entry["target"], "target 1");
  EXPECT_TRUE(entry["before"].is_null());
  EXPECT_EQ(entry["after"]["a"], 1);
  EXPECT_EQ(entry["outcome"], "200");
  EXPECT_EQ(entry["count"], 1);
  EXPECT_EQ(entry["prev"], std::string(64, '0'));
}

TEST(AuditChain, WhatIsNoJsonOrTooLongDoesNotSpoilTheEntry) {
  Chain chain(0);
  AuditRecord record = Record("x");
  record.before = "no json \xff";
  record.after = "\"" + std::string(20'000, 'x') + "\"";
  record.target = std::string(5'000, 'y');
  chain.Append(record);
  const nlohmann::json entry = ParseJson(chain.rows[0].second);
  ASSERT_TRUE(entry.is_object());
  EXPECT_TRUE(entry["before"].is_string());
  EXPECT_EQ(entry["after"]["bytes"], 20'002);
  EXPECT_LT(chain.rows[0].second.size(), 2'000U);
  EXPECT_THAT(chain.Findings(), IsEmpty());
}

TEST(AuditVerifier, FindsNothingInASoundLog) {
  EXPECT_THAT(Chain(1).Findings(), IsEmpty());
  EXPECT_THAT(Chain(20).Findings(), IsEmpty());
}

TEST(AuditVerifier, FindsEveryAlteredByte) {
  const Chain sound(3);
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t at = 0; at < sound.rows[row].second.size(); ++at) {
      Chain chain = sound;
      chain.rows[row].second[at] ^= 1;
      EXPECT_THAT(chain.Findings(), ::testing::Not(IsEmpty())) << row << " " << at;
    }
  }
}

TEST(AuditVerifier, NamesWhatWasAltered) {
  Chain chain(3);
  std::string& row = chain.rows[1].second;
  row.replace(row.find("ann"), 3, "eve");
  EXPECT_THAT(chain.Findings(), ElementsAre("entry 2 was altered"));
}

TEST(AuditVerifier, FindsAnEntryThatWasSealedAnew) {
  Chain chain(3);
  chain.rows[1].second =
      SealEntry(2, kSealedAt, ReadAuditEntry(chain.rows[0].second)->hash, Record("forged")).row;
  EXPECT_THAT(chain.Findings(), ElementsAre("entry 3 was made for another entry 2 than the one "
                                            "that stands there"));
  Chain last(3);
  last.rows[2].second =
      SealEntry(3, kSealedAt, ReadAuditEntry(last.rows[1].second)->hash, Record("forged")).row;
  EXPECT_THAT(last.Findings(), ElementsAre("the last entry is 3, but was another when it was "
                                           "written"));
}

TEST(AuditVerifier, FindsWhatIsMissing) {
  Chain middle(5);
  middle.rows.erase(middle.rows.begin() + 1, middle.rows.begin() + 3);
  EXPECT_THAT(middle.Findings(), ElementsAre("entries 2 to 3 are missing"));
  Chain first(5);
  first.rows.erase(first.rows.begin());
  EXPECT_THAT(first.Findings(),
              ElementsAre("entry 1 is missing, and no checkpoint stands for them"));
  Chain last(5);
  last.rows.pop_back();
  EXPECT_THAT(last.Findings(), ElementsAre("entry 5 is missing"));
  Chain all(5);
  all.rows.clear();
  EXPECT_EQ(all.Findings().size(), 1U);
}

TEST(AuditVerifier, FindsEntriesThatChangedPlaces) {
  Chain chain(4);
  std::swap(chain.rows[1].second, chain.rows[2].second);
  EXPECT_THAT(
      chain.Findings(),
      ::testing::Contains(R"(row "00000000000000000002" holds entry 3: it was moved or altered)"));
}

TEST(AuditVerifier, FindsAHeadThatIsGone) {
  const Chain chain(2);
  AuditVerifier verifier;
  for (const auto& [key, row] : chain.rows) verifier.Take(key, row);
  EXPECT_THAT(verifier.Finish(std::nullopt),
              ElementsAre("the row that names the last entry is missing or damaged"));
}

TEST(AuditVerifier, BelievesACheckpointForWhatWasPrunedAndNothingElse) {
  const auto pruned = [](std::uint64_t noted, std::size_t gone) {
    Chain chain(5);
    const std::string hash = ReadAuditEntry(chain.rows[noted - 1].second)->hash;
    AuditRecord note;
    note.action = kPruneAction;
    note.after = PruneNote({noted, hash});
    note.outcome = "done";
    chain.Append(note);
    chain.rows.erase(chain.rows.begin(), chain.rows.begin() + static_cast<std::ptrdiff_t>(gone));
    return chain.Findings();
  };
  EXPECT_THAT(pruned(3, 3), IsEmpty());
  EXPECT_THAT(pruned(3, 4),
              ElementsAre("entries 1 to 4 are missing, and no checkpoint stands for them"));
  EXPECT_THAT(pruned(4, 3),
              ElementsAre("entries 1 to 3 are missing, and no checkpoint stands for them"));
}

}  // namespace
}  // namespace tocsin::security
