// Whether the kit's table is whole: a channel that is new has to stand in it.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/integration_keys.h"
#include "config/native_channels.h"
#include "receivers/channels/vendor_list.h"
#include "tests/unit/config/alertmanager_loading.h"
#include "tests/unit/config/loading.h"
#include "tests/unit/receivers/channel_kit.h"

namespace tocsin::receivers {
namespace {

// Not reached by HTTP. For mail there is hostile_mail_test.cc.
const std::set<std::string> kWithoutHttp = {"console", "email", "sms"};

std::set<std::string> VendorTypes() {
  return {
#define TOCSIN_VENDOR(Name, type) #type,
      TOCSIN_VENDORS
#undef TOCSIN_VENDOR
  };
}

std::set<std::string> NativeTypes() {
  std::set<std::string> types;
  for (const char* name : {
#define TOCSIN_CHANNEL(Name) #Name,
#include "receivers/channels/channel_list.h"
#undef TOCSIN_CHANNEL
       }) {
    types.insert(ToLowerAscii(name));
  }
  return types;
}

std::set<std::string> TypesOfRows(bool is_vendor) {
  std::set<std::string> types;
  for (const KitRow& row : KitRows()) {
    if (row.is_vendor == is_vendor) types.insert(row.type);
  }
  return types;
}

TEST(ChannelKitRows, HaveEveryVendor) {
  EXPECT_EQ(TypesOfRows(/*is_vendor=*/true), VendorTypes())
      << "receivers/channels/vendor_list.h and tests/unit/receivers/channel_kit_rows.cc differ: a "
         "new vendor needs a row in the kit";
}

TEST(ChannelKitRows, HaveEveryChannelThatSpeaksHttp) {
  std::set<std::string> types = TypesOfRows(/*is_vendor=*/false);
  types.insert(kWithoutHttp.begin(), kWithoutHttp.end());
  EXPECT_EQ(types, NativeTypes())
      << "receivers/channels/channel_list.h and tests/unit/receivers/channel_kit_rows.cc differ: "
         "a new channel needs a row in the kit, and a word here where it does not speak HTTP";
}

TEST(ChannelKitRows, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const KitRow& row : KitRows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.name.starts_with(row.is_vendor ? "vendor_" : "native_")) << row.name;
  }
}

// ---- secrets

bool IsSecret(config::ValueKind kind) {
  using config::ValueKind;
  return kind == ValueKind::kSecret || kind == ValueKind::kSecretUrl ||
         kind == ValueKind::kSecretTemplateUrl;
}

// Of keys inside of others as "sigv4.secret_key".
std::vector<std::string> SecretPaths(config::KeyTable table, const std::string& prefix = "") {
  std::vector<std::string> paths;
  for (const config::KeySpec& spec : table) {
    const std::string path = prefix + std::string(spec.key);
    if (IsSecret(spec.kind)) paths.push_back(path);
    for (std::string& inner : SecretPaths(spec.inner, path + ".")) {
      paths.push_back(std::move(inner));
    }
  }
  return paths;
}

std::string SettingsOf(const KitRow& row) {
  std::string settings = row.settings;
  for (std::size_t at = 0; (at = settings.find("URL")) != std::string::npos;) {
    settings.replace(at, 3, "http://127.0.0.1:1");
  }
  return settings;
}

config::CheckedKeys KeysOf(const KitRow& row) {
  const std::string settings = "{" + SettingsOf(row) + "}";
  if (row.is_vendor) return config::GoodIntegration(row.type + "_configs", settings).keys;
  const std::string receivers = "[{name: ops, " + row.type + ": " + settings + "}]";
  return config::GoodSettings("tocsin: {receivers: " + receivers + "}\n")
      .receivers.at(0)
      .channels.at(0)
      .keys;
}

// Whether a row of that type has a secret there that the kit would find again.
bool IsPlanted(const std::string& type, bool is_vendor, const std::string& path) {
  const std::vector<KitRow>& rows = KitRows();
  return std::any_of(rows.begin(), rows.end(), [&](const KitRow& row) {
    return row.type == type && row.is_vendor == is_vendor &&
           KeysOf(row).SecretOf(path).Reveal().find(kSecretMark) != std::string::npos;
  });
}

TEST(ChannelKitRows, PlantASecretInEverySecretKeyOfAVendor) {
  for (const config::IntegrationType& type : config::IntegrationTypes()) {
    const std::string name(type.name);
    if (VendorTypes().count(name) == 0) continue;
    for (const std::string& path : SecretPaths(type.keys)) {
      EXPECT_TRUE(IsPlanted(name, /*is_vendor=*/true, path)) << name << ": " << path;
    }
  }
}

TEST(ChannelKitRows, PlantASecretInEverySecretKeyOfAChannel) {
  for (const config::NativeChannelType& type : config::NativeChannelTypes()) {
    const std::string name(type.name);
    if (kWithoutHttp.count(name) != 0) continue;
    for (const std::string& path : SecretPaths(type.keys)) {
      EXPECT_TRUE(IsPlanted(name, /*is_vendor=*/false, path)) << name << ": " << path;
    }
  }
}

}  // namespace
}  // namespace tocsin::receivers
