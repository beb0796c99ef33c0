// A sweep as tables, CSV, JSON ("kvplan/sweep/1") and as a plot in SVG.
//
// CSV and JSON hold every component of every point; what people read holds the totals.
#pragma once

#include <string>

#include "kvcore/load/diagnostic.hpp"
#include "planner/sweep.hpp"

namespace kv {

constexpr std::string_view sweep_schema = "kvplan/sweep/1";

/// The container limit of every point; with two axes the values of the second are columns.
std::string sweep_text(const Sweep& sweep, bool color);
std::string sweep_markdown(const Sweep& sweep);
std::string sweep_csv(const Sweep& sweep);

/// `sweep` is null where the config could not be read.
std::string sweep_json(const Sweep* sweep, const Diagnostics& errors);
std::string sweep_json_schema();

/// A plot of the components as stacked areas up to the container limit, one panel for each
/// value of the second axis. Coordinates are whole tenths of a pixel.
std::string sweep_svg(const Sweep& sweep);

}  // namespace kv
