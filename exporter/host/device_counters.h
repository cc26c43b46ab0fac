// DeviceCounters: N counters of each of several devices, how much they grew since the round before,
// and totals over all devices that never fall although devices come and go.
//
// Only growth that was seen counts: a device that is new, or whose counter fell, contributes from
// the next round on. Owned by the source that reads the devices.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::host {

template <std::size_t N>
class DeviceCounters {
 public:
  using Values = std::array<std::uint64_t, N>;

  // Starts a round at a time of the monotonic clock.
  void Begin(std::chrono::nanoseconds now) {
    elapsed_ = began_ ? std::optional(std::chrono::duration<double>(now - *began_)) : std::nullopt;
    if (elapsed_ && elapsed_->count() <= 0) elapsed_.reset();
    began_ = now;
    grown_.fill(0);
    ++round_;
  }

  // Returns the device's growth; nothing for one that the round before did not have.
  std::optional<Values> Add(std::string_view name, const Values& now) {
    auto found = devices_.find(name);
    if (found == devices_.end()) {
      devices_.emplace(name, Device{now, round_});
      if (round_ == 1) Accumulate(now, &totals_);
      return std::nullopt;
    }
    Device& device = found->second;
    Values growth;
    for (std::size_t i = 0; i < N; ++i) {
      growth[i] = now[i] >= device.values[i] ? now[i] - device.values[i] : 0;
    }
    device = Device{now, round_};
    Accumulate(growth, &grown_);
    Accumulate(growth, &totals_);
    return growth;
  }

  // Forgets the devices that this round did not have.
  void End() {
    for (auto it = devices_.begin(); it != devices_.end();) {
      it = it->second.round == round_ ? std::next(it) : devices_.erase(it);
    }
  }

  const Values& totals() const { return totals_; }
  // Per second since the round before; nothing in the first round.
  std::optional<double> Rate(std::uint64_t growth) const {
    if (!elapsed_) return std::nullopt;
    return static_cast<double>(growth) / elapsed_->count();
  }
  // Of all devices together.
  std::optional<double> TotalRate(std::size_t i) const { return Rate(grown_[i]); }

 private:
  struct Device {
    Values values;
    std::uint64_t round = 0;
  };

  static void Accumulate(const Values& values, Values* sum) {
    for (std::size_t i = 0; i < N; ++i) (*sum)[i] += values[i];
  }

  std::map<std::string, Device, std::less<>> devices_;
  Values totals_{};
  Values grown_{};
  std::uint64_t round_ = 0;
  std::optional<std::chrono::nanoseconds> began_;
  std::optional<std::chrono::duration<double>> elapsed_;
};

}  // namespace tocsin::host
