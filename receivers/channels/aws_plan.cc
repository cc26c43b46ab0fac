#include "receivers/channels/aws_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/egress_policy.h"
#include "base/http_client.h"
#include "base/text.h"
#include "config/files.h"
#include "receivers/channels/authorized_headers.h"
#include "receivers/channels/aws_profiles.h"

namespace tocsin::receivers {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::size_t kMaxProfiles = 8;  // of a chain

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
constexpr char kMachine[] = "http://169.254.169.254";
constexpr char kMachineV6[] = "http://[fd00:ec2::254]";
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
constexpr char kContainer[] = "http://169.254.170.2";
constexpr std::string_view kContainerHosts[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};

// In the logs of AWS it is who did something.
constexpr char kSessionName[] = "tocsin";

std::string HostOf(std::string_view url) {
  url.remove_prefix(std::min(url.find("://") + 3, url.size()));
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (authority.starts_with('[')) return std::string(authority.substr(0, authority.find(']') + 1));
  return std::string(authority.substr(0, authority.find(':')));
}

// Keys that come over an open wire come from this machine or from AWS's own addresses, or anybody
// on the way could put theirs in.
Status CheckContainerUrl(const std::string& url) {
  constexpr char kName[] = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
  if (const Status checked = CheckUrl(url); !checked) {
    return Error{fmt::format("{}: {}", kName, checked.message())};
  }
  if (EqualsIgnoreCase(url.substr(0, 8), "https://")) return {};
  const std::string host = HostOf(url);
  const std::optional<IpAddress> address = IpAddress::Parse(host);
  const bool is_here =
      EqualsIgnoreCase(host, "localhost") || (address && SpecialPurpose(*address) == "loopback");
  const auto is_host = [&address](std::string_view known) {
    return address == IpAddress::Parse(known);
  };
  if (is_here ||
      (address && std::any_of(std::begin(kContainerHosts), std::end(kContainerHosts), is_host))) {
    return {};
  }
  return Error{
      fmt::format("{}: keys are not asked for without TLS at {}: only at an address of "
                  "this host, at 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]",
                  kName, QuoteForMessage(host))};
}

std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// It becomes part of a host name.
bool IsRegion(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

// https://docs.aws.amazon.com/general/latest/gr/sts.html. GovCloud's are all of FIPS.
std::string StsUrl(const std::string& region, bool fips) {
  const bool has_fips = fips && !region.starts_with("us-gov-");
  return fmt::format("https://sts{}.{}.amazonaws.com{}/", has_fips ? "-fips" : "", region,
                     region.starts_with("cn-") ? ".cn" : "");
}

class Planner {
 public:
  Planner(const AwsSettings& settings, const config::Environment& environment)
      : settings_(settings), environment_(environment) {}

  Result<AwsPlan> Plan() {
    ReadFiles();
    if (Status found = FindKeys(); !found) return found.error();
    if (!settings_.role_arn.empty()) {
      plan_.roles.push_back({settings_.role_arn, kSessionName, settings_.external_id});
    }
    plan_.tried = fmt::format("{}", fmt::join(tried_, ", "));
    if (Status set = SetRegion(); !set) return set.error();
    return std::move(plan_);
  }

 private:
  std::string Variable(std::string_view name) const { return environment_(name).value_or(""); }

  // ---- the shared files

  std::string PathOf(const char* variable, const char* name) const {
    std::string path = Variable(variable);
    if (!path.empty()) return path;
    const std::string home = Variable("HOME");
    return home.empty() ? "" : fmt::format("{}/.aws/{}", home, name);
  }

  // What is not there says nothing.
  void ReadFile(const std::string& path, AwsFile kind) {
    std::error_code ignored;
    if (path.empty()) return;
    paths_.push_back(path);
    if (std::filesystem::status(path, ignored).type() == std::filesystem::file_type::not_found) {
      return;
    }
    Result<std::string> text = config::DiskFiles().Read(path, kMaxFileBytes);
    if (text) {
      ReadAwsProfiles(*text, kind, &profiles_);
    } else {
      // Who needs none of it must not fail of it.
      unreadable_.push_back(text.message());
    }
  }

  // The second wins.
  void ReadFiles() {
    if (!settings_.access_key.empty() && !settings_.region.empty()) return;
    ReadFile(PathOf("AWS_CONFIG_FILE", "config"), AwsFile::kConfig);
    ReadFile(PathOf("AWS_SHARED_CREDENTIALS_FILE", "credentials"), AwsFile::kCredentials);
  }

  // "profile x of ~/.aws/config and ~/.aws/credentials", the folder as HOME has it
  std::string Place(const std::string& profile) const {
    std::string files = fmt::format("{}", fmt::join(paths_, " and "));
    if (files.empty()) files = "~/.aws (HOME is not set)";
    std::string place = fmt::format("profile {} of {}", QuoteForMessage(profile), files);
    for (const std::string& why : unreadable_) place += fmt::format(" ({})", why);
    return place;
  }

  std::string ProfileName() const {
    for (std::string name :
         {settings_.profile, Variable("AWS_PROFILE"), Variable("AWS_DEFAULT_PROFILE")}) {
      if (!name.empty()) return name;
    }
    return "default";
  }

  // ---- the chain

  Status FindKeys() {
    if (!settings_.access_key.empty()) return TakeSettings();
    tried_.emplace_back("sigv4.access_key");
    if (!settings_.profile.empty()) return TakeProfile(settings_.profile, /*must_exist=*/true);
    if (TakeEnvironment()) return {};
    tried_.emplace_back("AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY");
    const std::string token_file = Variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    if (!token_file.empty()) {
      std::string session = Variable("AWS_ROLE_SESSION_NAME");
      return TakeWebIdentity(token_file, Variable("AWS_ROLE_ARN"), std::move(session),
                             "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not");
    }
    tried_.emplace_back("AWS_WEB_IDENTITY_TOKEN_FILE");
    const std::string name = ProfileName();
    const bool is_named = !Variable("AWS_PROFILE").empty();
    return TakeProfile(name, is_named);
  }

  Status TakeSettings() {
    plan_.keys = {settings_.access_key, settings_.secret_key, Secret()};
    if (!settings_.secret_key_file.empty()) {
      Result<std::string> secret = ReadSecretFile(settings_.secret_key_file);
      if (!secret) return Error{fmt::format("sigv4.secret_key_file: {}", secret.message())};
      plan_.keys.secret_key = Secret(*std::move(secret));
    }
    if (plan_.keys.secret_key.empty()) return Error{"sigv4.access_key has no secret_key"};
    return {};
  }

  bool TakeEnvironment() {
    AwsKeys keys{Variable("AWS_ACCESS_KEY_ID"), Secret(Variable("AWS_SECRET_ACCESS_KEY")),
                 Secret(Variable("AWS_SESSION_TOKEN"))};
    if (keys.access_key.empty() || keys.secret_key.empty()) return false;
    plan_.keys = std::move(keys);
    return true;
  }

  Status TakeWebIdentity(const std::string& token_file, std::string role_arn, std::string session,
                         std::string_view without_role) {
    if (role_arn.empty()) return Error{std::string(without_role)};
    plan_.source = AwsPlan::Source::kWebIdentity;
    plan_.token_file = token_file;
    plan_.identity = {std::move(role_arn), session.empty() ? kSessionName : std::move(session)};
    return {};
  }

  Status TakeProfile(const std::string& name, bool must_exist) {
    const auto found = profiles_.find(name);
    if (found == profiles_.end()) {
      if (must_exist) return Error{fmt::format("there is no {}", Place(name))};
      tried_.push_back(Place(name));
      return TakeContainerOrMachine();
    }
    if (std::find(chain_.begin(), chain_.end(), name) != chain_.end()) {
      return Error{fmt::format("{}: source_profile leads back to it", Place(name))};
    }
    if (chain_.size() == kMaxProfiles) {
      return Error{fmt::format("{}: more than {} profiles take their keys from one another",
                               Place(name), kMaxProfiles)};
    }
    chain_.push_back(name);
    const AwsProfile& profile = found->second;
    if (Status taken = TakeKeysOf(name, profile); !taken) return taken;
    const bool is_assumed =
        plan_.source == AwsPlan::Source::kWebIdentity && plan_.identity.arn == profile.role_arn;
    if (!profile.role_arn.empty() && !is_assumed) {
      plan_.roles.push_back(
          {profile.role_arn,
           profile.role_session_name.empty() ? kSessionName : profile.role_session_name,
           profile.external_id});
    }
    return {};
  }

  Status TakeKeysOf(const std::string& name, const AwsProfile& profile) {
    const bool is_role = !profile.role_arn.empty();
    const bool has_keys = !profile.access_key.empty() && !profile.secret_key.empty();
    if (is_role && !profile.source_profile.empty() && !profile.credential_source.empty()) {
      return Error{fmt::format("{} has source_profile and credential_source: one of them, please",
                               Place(name))};
    }
    if (is_role && !profile.source_profile.empty() && profile.source_profile != name) {
      return TakeProfile(profile.source_profile, /*must_exist=*/true);
    }
    if (has_keys) {
      plan_.keys = {profile.access_key, profile.secret_key, profile.session_token};
      return {};
    }
    if (is_role && !profile.credential_source.empty()) return TakeSource(name, profile);
    if (!profile.web_identity_token_file.empty()) {
      return TakeWebIdentity(
          profile.web_identity_token_file, profile.role_arn, profile.role_session_name,
          fmt::format("{} has web_identity_token_file and no role_arn", Place(name)));
    }
    if (!profile.beyond_us.empty()) {
      return Error{fmt::format("{} takes {}, which is not supported: {}", Place(name),
                               profile.beyond_us, kAwsKeysAdvice)};
    }
    tried_.push_back(Place(name));
    return TakeContainerOrMachine();
  }

  Status TakeSource(const std::string& name, const AwsProfile& profile) {
    const std::string& source = profile.credential_source;
    if (source == "Ec2InstanceMetadata") return TakeMachine();
    if (source == "EcsContainer") {
      const Result<bool> taken = TakeContainer();
      if (!taken) return taken.error();
      if (*taken) return {};
      return Error{
          fmt::format("{}: credential_source is EcsContainer, and "
                      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set",
                      Place(name))};
    }
    if (source != "Environment") {
      return Error{
          fmt::format("{}: credential_source must be Environment, EcsContainer or "
                      "Ec2InstanceMetadata",
                      Place(name))};
    }
    if (TakeEnvironment()) return {};
    return Error{
        fmt::format("{}: credential_source is Environment, and AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY are not set",
                    Place(name))};
  }

  Status TakeContainerOrMachine() {
    const Result<bool> taken = TakeContainer();
    if (!taken) return taken.error();
    if (*taken) return {};
    tried_.emplace_back(
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI");
    return TakeMachine();
  }

  // Whether there is one.
  Result<bool> TakeContainer() {
    const std::string relative = Variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const std::string full = Variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative.empty() && full.empty()) return false;
    plan_.url = full;
    if (!relative.empty()) {
      plan_.url = fmt::format("{}{}{}", kContainer, relative.starts_with('/') ? "" : "/", relative);
    }
    if (Status checked = CheckContainerUrl(plan_.url); !checked) return checked.error();
    plan_.source = AwsPlan::Source::kContainer;
    plan_.token_file = Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (plan_.token_file.empty()) {
      plan_.token = Secret(Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    }
    return true;
  }

  Status TakeMachine() {
    if (EqualsIgnoreCase(Variable("AWS_EC2_METADATA_DISABLED"), "true")) {
      return Error{fmt::format(
          "there are no credentials in {}, and AWS_EC2_METADATA_DISABLED keeps those of the "
          "machine out: {}",
          fmt::join(tried_, ", "), kAwsKeysAdvice)};
    }
    const bool is_v6 = EqualsIgnoreCase(Variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), "ipv6");
    plan_.source = AwsPlan::Source::kMachine;
    plan_.url = WithoutSlash(Variable("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
    if (plan_.url.empty()) plan_.url = is_v6 ? kMachineV6 : kMachine;
    if (const Status checked = CheckUrl(plan_.url); !checked) {
      return Error{fmt::format("AWS_EC2_METADATA_SERVICE_ENDPOINT: {}", checked.message())};
    }
    return {};
  }

  // ---- the region

  // https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
  Status SetRegion() {
    std::string region = settings_.region;
    if (region.empty()) region = Variable("AWS_REGION");
    if (region.empty()) region = Variable("AWS_DEFAULT_REGION");
    const auto profile = profiles_.find(ProfileName());
    if (region.empty() && profile != profiles_.end()) region = profile->second.region;
    if (!IsRegion(region)) {
      return Error{fmt::format("{} is no region: give sigv4.region, or set AWS_REGION",
                               QuoteForMessage(region))};
    }
    plan_.region = region;
    plan_.sts_url = Variable("AWS_ENDPOINT_URL_STS");
    if (plan_.sts_url.empty()) plan_.sts_url = StsUrl(region, settings_.fips_sts);
    if (const Status checked = CheckUrl(plan_.sts_url); !checked) {
      return Error{fmt::format("AWS_ENDPOINT_URL_STS: {}", checked.message())};
    }
    return {};
  }

  const AwsSettings& settings_;
  const config::Environment& environment_;
  AwsProfiles profiles_;
  std::vector<std::string> paths_;
  std::vector<std::string> unreadable_;
  std::vector<std::string> tried_;
  std::vector<std::string> chain_;  // of profiles
  AwsPlan plan_;
};

std::string OfSigV4(const config::CheckedKeys& keys, std::string_view key) {
  const config::YamlNode* sigv4 = keys.Find("sigv4");
  const config::YamlNode* value = sigv4 == nullptr ? nullptr : FindMember(*sigv4, key);
  return value == nullptr ? "" : value->text;
}

}  // namespace

AwsSettings AwsSettingsOf(const config::CheckedKeys& keys) {
  AwsSettings settings;
  settings.region = OfSigV4(keys, "region");
  settings.access_key = OfSigV4(keys, "access_key");
  settings.secret_key = keys.SecretOf("sigv4.secret_key");
  settings.secret_key_file = OfSigV4(keys, "secret_key_file");
  settings.profile = OfSigV4(keys, "profile");
  settings.role_arn = OfSigV4(keys, "role_arn");
  settings.external_id = OfSigV4(keys, "external_id");
  settings.fips_sts = OfSigV4(keys, "use_fips_sts_endpoint") == "true";
  return settings;
}

Result<AwsPlan> PlanAwsKeys(const AwsSettings& settings, const config::Environment& environment) {
  return Planner(settings, environment).Plan();
}

}  // namespace tocsin::receivers
