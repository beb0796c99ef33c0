// Where reports and diagnostics go: standard output or a file, standard error, with or
// without colour. A report that could not be written whole is an error, a full disk included.
#pragma once

#include <string>
#include <string_view>

#include "kvcore/load/diagnostic.hpp"

namespace kv {

enum class Format { table, json, csv, markdown, github, svg };
enum class ColorMode { automatic, always, never };

/// Whether to colour what goes to `file_descriptor`: a terminal, unless NO_COLOR is set and
/// not empty, or TERM is "dumb". `always` and `never` win over all of that.
bool use_color(ColorMode mode, int file_descriptor);

/// Writes the report to `path`, or to standard output where that is empty or "-". Returns an
/// empty text, or why it could not.
std::string write_report(std::string_view report, const std::string& path);

/// Every diagnostic on standard error, in their order.
void print_diagnostics(const Diagnostics& diagnostics, ColorMode mode);

/// "kvplan: error: …" on standard error, with a hint on a line of its own if there is one.
void print_error(std::string_view message, std::string_view hint, ColorMode mode);

}  // namespace kv
