// A sweep: the plan at every value of one option, or at every pair of values of two.
//
// At most `sweep_points_max` plans, each kept as a few numbers, about 200 bytes.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/load/settings.hpp"
#include "kvcore/plan/validate.hpp"

namespace kv {

constexpr uint64_t sweep_points_max = 10'000;

/// Values of a second option that a table or a plot can show side by side.
constexpr uint64_t sweep_columns_max = 12;

struct SweepAxis {
  Option option = Option::none;
  std::vector<uint64_t> values;  ///< ascending
};

/// An axis, or what is wrong with its words.
struct ParsedAxis {
  SweepAxis axis;
  std::string problem;
  std::string hint;
};

/// "list_max=10:1000:10": from, to (if the steps hit it), step; in units where the option has
/// them.
ParsedAxis parse_axis(std::string_view words);

struct SweepPoint {
  std::array<uint64_t, component_count> components = {};
  std::array<uint64_t, outsides.size()> outside = {};
  uint64_t arena_bytes = 0;
  uint64_t container_bytes = 0;
  bool planned = false;        ///< the bytes are meant
  std::optional<Rule> broken;  ///< the first rule that this config breaks; its budget at most
                               ///< where it is planned
};

struct Sweep {
  std::vector<SweepAxis> axes;     ///< one or two
  std::vector<SweepPoint> points;  ///< the first axis runs fastest

  uint64_t columns() const { return axes.size() < 2 ? 1 : axes[1].values.size(); }
  const SweepPoint& at(uint64_t first, uint64_t second) const {
    return points[second * axes[0].values.size() + first];
  }
};

/// Plans every point. REQUIRES: one or two axes of different options, at most
/// `sweep_points_max` points.
Sweep sweep(const Config& config, std::vector<SweepAxis> axes);

}  // namespace kv
