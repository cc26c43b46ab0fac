// The clock, and how well it is kept. https://man7.org/linux/man-pages/man2/adjtimex.2.html
#include <fmt/core.h>
#include <sys/timex.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

constexpr double kMicrosecond = 1e-6;
constexpr double kNanosecond = 1e-9;
// Frequencies are in parts per million with 16 bits after the point.
constexpr double kFrequencyUnit = kMicrosecond / 65536;

class TimeSource final : public Source {
 public:
  std::string_view name() const override { return "time"; }

  Status Collect(Round& round) override {
    round.emit.Add(seconds_, ToUnixSeconds(round.now));
    return Status();
  }

 private:
  const Family seconds_{"node_time_seconds", MetricType::kGauge,
                        "The host's clock, in seconds since 1970."};
};

struct ClockReading {
  timex value{};
  int state = 0;  // TIME_ERROR where the clock is not synchronised

  // Of the fields that become finer with STA_NANO.
  double unit() const { return (value.status & STA_NANO) != 0 ? kNanosecond : kMicrosecond; }
};

struct ClockFamily {
  using Get = double (*)(const ClockReading&);
  ClockFamily(std::string_view name, std::string_view help, Get get_value,
              MetricType type = MetricType::kGauge)
      : family(name, type, help), get(get_value) {}
  Family family;
  Get get;
};

class TimexSource final : public Source {
 public:
  explicit TimexSource(ReadClock read_clock) : read_clock_(read_clock) {}

  std::string_view name() const override { return "timex"; }

  Status Collect(Round& round) override {
    ClockReading clock;  // its modes are 0: ask, change nothing
    clock.state = read_clock_(&clock.value);
    if (clock.state < 0) {
      // Containers may not even ask: then the host's clock is not ours to tell of.
      if (errno == EPERM || errno == EACCES || errno == ENOSYS) return Status();
      const std::error_code error(errno, std::generic_category());
      return Error{fmt::format("cannot ask for the clock's state (adjtimex): {}", error.message())};
    }
    for (const ClockFamily& each : families_) round.emit.Add(each.family, each.get(clock));
    return Status();
  }

 private:
  const ReadClock read_clock_;

  using R = const ClockReading&;
  const std::array<ClockFamily, 17> families_ = {
      ClockFamily("node_timex_sync_status", "1 while the clock is synchronised to a reliable one.",
                  [](R r) { return r.state == TIME_ERROR ? 0.0 : 1.0; }),
      ClockFamily("node_timex_offset_seconds", "How far the clock is from its reference.",
                  [](R r) { return static_cast<double>(r.value.offset) * r.unit(); }),
      ClockFamily("node_timex_frequency_adjustment_ratio",
                  "How much faster the clock is made to run.",
                  [](R r) { return 1 + static_cast<double>(r.value.freq) * kFrequencyUnit; }),
      ClockFamily("node_timex_maxerror_seconds", "Largest error of the clock.",
                  [](R r) { return static_cast<double>(r.value.maxerror) * kMicrosecond; }),
      ClockFamily("node_timex_estimated_error_seconds", "Likely error of the clock.",
                  [](R r) { return static_cast<double>(r.value.esterror) * kMicrosecond; }),
      ClockFamily("node_timex_status", "Status bits of the clock (STA_* of timex.h).",
                  [](R r) { return static_cast<double>(r.value.status); }),
      ClockFamily("node_timex_loop_time_constant", "Time constant of the phase-locked loop.",
                  [](R r) { return static_cast<double>(r.value.constant); }),
      ClockFamily("node_timex_tick_seconds", "Seconds between ticks of the clock.",
                  [](R r) { return static_cast<double>(r.value.tick) * kMicrosecond; }),
      ClockFamily("node_timex_tai_offset_seconds", "Seconds that atomic time is ahead of UTC.",
                  [](R r) { return static_cast<double>(r.value.tai); }),
      ClockFamily("node_timex_pps_frequency_hertz", "Frequency of the pulse-per-second signal.",
                  [](R r) { return static_cast<double>(r.value.ppsfreq) * kFrequencyUnit; }),
      ClockFamily("node_timex_pps_jitter_seconds", "Jitter of the pulse-per-second signal.",
                  [](R r) { return static_cast<double>(r.value.jitter) * r.unit(); }),
      ClockFamily("node_timex_pps_shift_seconds", "Interval of the pulse-per-second calibration.",
                  [](R r) { return static_cast<double>(r.value.shift); }),
      ClockFamily("node_timex_pps_stability_hertz", "Stability of the pulse-per-second signal.",
                  [](R r) { return static_cast<double>(r.value.stabil) * kFrequencyUnit; }),
      ClockFamily(
          "node_timex_pps_jitter_total", "Times that the pulse-per-second jitter was too large.",
          [](R r) { return static_cast<double>(r.value.jitcnt); }, MetricType::kCounter),
      ClockFamily(
          "node_timex_pps_calibration_total", "Calibrations by the pulse-per-second signal.",
          [](R r) { return static_cast<double>(r.value.calcnt); }, MetricType::kCounter),
      ClockFamily(
          "node_timex_pps_error_total", "Calibrations by the pulse-per-second signal that failed.",
          [](R r) { return static_cast<double>(r.value.errcnt); }, MetricType::kCounter),
      ClockFamily(
          "node_timex_pps_stability_exceeded_total",
          "Times that the pulse-per-second signal was too unstable.",
          [](R r) { return static_cast<double>(r.value.stbcnt); }, MetricType::kCounter),
  };
};

}  // namespace

std::unique_ptr<Source> MakeTimeSource() { return std::make_unique<TimeSource>(); }

std::unique_ptr<Source> MakeTimexSource(ReadClock read_clock) {
  return std::make_unique<TimexSource>(read_clock);
}

}  // namespace tocsin::host
