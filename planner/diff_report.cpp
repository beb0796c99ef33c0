#include "planner/diff_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/load/lock.hpp"
#include "kvcore/load/wrap.hpp"
#include "planner/escape.hpp"
#include "planner/explain.hpp"
#include "planner/number_text.hpp"
#include "planner/style.hpp"
#include "planner/table.hpp"

namespace kv {

namespace {

constexpr Audience everyone = {.terminal = true, .markdown = true, .csv = true};

enum class Rows { all, changed };

void add_row(Table& table, Row::Role role, std::string_view name, uint64_t before, uint64_t after) {
  table.rows.push_back({role,
                        {Cell::of_text(name), Cell::of_number(before), Cell::of_number(after),
                         Cell::of_difference(before, after), Cell::of_growth(before, after)}});
}

/// Every component and bound with both sides; sums always, the others where they are asked for.
Table component_table(const DiffReport& report, Rows rows) {
  const Allocation& before = report.before.allocation;
  const Allocation& after = report.after.allocation;
  Table table;
  table.columns = {{"component", "component", everyone},
                   {"old", "old", everyone, true},
                   {"new", "new", everyone, true},
                   {"delta", "delta", everyone, true},
                   {"change", "change", everyone, true}};
  table.rows.push_back({Row::Role::rule, {}});
  for (const ComponentInfo& component : components) {
    const bool changed = before[component.id] != after[component.id];
    if (rows == Rows::changed && !changed) continue;
    add_row(table, Row::Role::item, component.name, before[component.id], after[component.id]);
  }
  table.rows.push_back({Row::Role::rule, {}});
  add_row(table, Row::Role::total, "arena", before.arena_bytes, after.arena_bytes);
  table.rows.push_back({Row::Role::space, {}});
  for (uint64_t i = 0; i < outsides.size(); ++i) {
    const bool changed = before.outside[i].bytes != after.outside[i].bytes;
    if (rows == Rows::changed && !changed) continue;
    add_row(table, Row::Role::item, outsides[i].name, before.outside[i].bytes,
            after.outside[i].bytes);
  }
  table.rows.push_back({Row::Role::rule, {}});
  add_row(table, Row::Role::total, "container limit", before.container_bytes,
          after.container_bytes);
  if (before.disk_bytes == 0 && after.disk_bytes == 0) return table;
  table.rows.push_back({Row::Role::space, {}});
  for (uint64_t i = 0; i < disks.size(); ++i) {
    const bool changed = before.disk[i].bytes != after.disk[i].bytes;
    if (rows == Rows::changed && !changed) continue;
    add_row(table, Row::Role::item, disks[i].name, before.disk[i].bytes, after.disk[i].bytes);
  }
  table.rows.push_back({Row::Role::rule, {}});
  add_row(table, Row::Role::total, "disk", before.disk_bytes, after.disk_bytes);
  return table;
}

std::string value_text(const Config& config, const OptionInfo& option) {
  if (is_secret(option)) return "(secret)";
  const bool left_out = !option.is_text() && number(config, option.id) == unset;
  return left_out ? std::string(option.default_text) : option_value_text(config, option);
}

/// A difference of either sign as a cell.
Cell signed_cell(int64_t bytes) {
  return bytes < 0 ? Cell::of_difference(static_cast<uint64_t>(-bytes), 0)
                   : Cell::of_difference(0, static_cast<uint64_t>(bytes));
}

/// The options that cause bytes, those that cause most first.
std::vector<const OptionShare*> causes(const Attribution& attribution) {
  std::vector<const OptionShare*> found;
  for (const OptionShare& share : attribution.shares) {
    const bool any = std::any_of(share.bytes.begin(), share.bytes.end(),
                                 [](int64_t bytes) { return bytes != 0; });
    if (any) found.push_back(&share);
  }
  const auto size = [](const OptionShare* share) {
    return share->container_bytes < 0 ? -share->container_bytes : share->container_bytes;
  };
  std::stable_sort(found.begin(), found.end(),
                   [&](const OptionShare* a, const OptionShare* b) { return size(a) > size(b); });
  return found;
}

Table cause_table(const DiffReport& report) {
  Table table;
  table.columns = {{"option", "option", everyone},
                   {"old", "old", everyone, true},
                   {"new", "new", everyone, true},
                   {"arena", "arena", everyone, true},
                   {"container limit", "container", everyone, true}};
  table.rows.push_back({Row::Role::rule, {}});
  OptionShare sum = {.option = Option::none};
  for (const OptionShare* share : causes(report.attribution)) {
    const OptionInfo& option = option_info(share->option);
    table.rows.push_back({Row::Role::item,
                          {Cell::of_text(option.key),
                           Cell::of_text(value_text(report.before.settings.config, option)),
                           Cell::of_text(value_text(report.after.settings.config, option)),
                           signed_cell(share->arena_bytes), signed_cell(share->container_bytes)}});
    sum.arena_bytes += share->arena_bytes;
    sum.container_bytes += share->container_bytes;
  }
  table.rows.push_back({Row::Role::rule, {}});
  table.rows.push_back({Row::Role::total,
                        {Cell::of_text("sum"), Cell{}, Cell{}, signed_cell(sum.arena_bytes),
                         signed_cell(sum.container_bytes)}});
  return table;
}

/// "server.port 6379 → 7000": what was changed and causes no byte.
std::string without_effect(const DiffReport& report) {
  const std::vector<const OptionShare*> effective = causes(report.attribution);
  std::string text;
  for (const OptionShare& share : report.attribution.shares) {
    if (std::find(effective.begin(), effective.end(), &share) != effective.end()) continue;
    const OptionInfo& option = option_info(share.option);
    text += fmt::format("{}{} ({} → {})", text.empty() ? "" : ", ", option.key,
                        value_text(report.before.settings.config, option),
                        value_text(report.after.settings.config, option));
  }
  return text;
}

std::string method_text(const Attribution& attribution) {
  return attribution.all_orders
             ? "Each option has the mean of what it adds over all orders of applying the changes."
             : "Each option has what it adds when the changes are applied one after the other: "
               "first what is lowered, then what is raised, in the order of docs/options.md.";
}

/// "grows by 12.3 MiB (+10.0 %)"
std::string headline(const DiffReport& report) {
  const uint64_t before = report.before.allocation.container_bytes;
  const uint64_t after = report.after.allocation.container_bytes;
  if (before == after) return "the container limit stays as it is";
  return fmt::format("the container limit {} by {} ({})", after > before ? "grows" : "shrinks",
                     human_size(after > before ? after - before : before - after),
                     growth(before, after));
}

std::string growth_text(const DiffReport& report) {
  return growth_message(*report.growth, report.before.allocation.container_bytes,
                        report.after.allocation.container_bytes);
}

bool grows_too_much(const DiffReport& report) { return report.growth && report.growth->exceeded(); }

/// Bytes and nothing else between backticks, whatever the file is called.
std::string code(std::string text) {
  std::replace(text.begin(), text.end(), '`', '\'');
  return "`" + text + "`";
}

}  // namespace

std::string diff_text(const DiffReport& report, bool color) {
  std::string out = fmt::format(
      " {}\n\n", styled(report.before.name + " → " + report.after.name, Style::bold, color));
  out += render_text(component_table(report, Rows::all), color);
  if (!causes(report.attribution).empty()) {
    out += '\n' + render_text(cause_table(report), color);
    out += '\n' + wrap(method_text(report.attribution), /*indent=*/1, terminal_columns);
  }
  const std::string idle = without_effect(report);
  if (!idle.empty()) {
    out += '\n' + wrap("Changed without any effect on memory: " + idle, 1, terminal_columns);
  }
  return out;
}

std::string diff_markdown(const DiffReport& report) {
  std::string title = headline(report);
  std::string out = fmt::format("### kvplan: {}: {}\n\n", code(report.after.name), title);
  if (grows_too_much(report)) out += fmt::format("**Not allowed:** {}.\n\n", growth_text(report));
  for (const Diagnostic& error : report.errors) {
    if (error.severity == Severity::error) {
      out += fmt::format("**Error:** {}\n\n", markdown_cell(error.message));
    }
  }
  out += render_markdown(component_table(report, Rows::changed));
  if (!causes(report.attribution).empty()) {
    out += "\n**Which option causes it**\n\n" + render_markdown(cause_table(report));
  }
  const std::string idle = without_effect(report);
  if (!idle.empty()) {
    out += fmt::format("\nChanged without any effect on memory: {}\n", markdown_cell(idle));
  }
  out += fmt::format("\n<sub>{} → {}. Bytes. {}</sub>\n", code(report.before.name),
                     code(report.after.name),
                     causes(report.attribution).empty() ? "Components that are not listed are as "
                                                          "they were."
                                                        : method_text(report.attribution));
  return out;
}

std::string diff_github(const DiffReport& report) {
  std::string out;
  for (const Diagnostic& error : report.errors) {
    const Place& place = error.place;
    std::string where = "title=kvplan " + std::string(rule_info(error.rule).name);
    if (!place.file.empty()) where += ",file=" + github_property(place.file);
    if (place.line > 0) where += fmt::format(",line={},col={}", place.line, place.column);
    out += fmt::format("::{} {}::{}\n", error.severity == Severity::error ? "error" : "warning",
                       where, github_message(error.message));
  }
  if (!report.planned) return out;
  const std::string where = ",file=" + github_property(report.after.name);
  if (grows_too_much(report)) {
    out += fmt::format("::error title=kvplan diff{}::{}\n", where,
                       github_message(growth_text(report)));
  }
  out += fmt::format("::notice title=kvplan diff{}::{}\n", where, github_message(headline(report)));
  return out;
}

}  // namespace kv
