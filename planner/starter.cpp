#include "planner/starter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/load/words.hpp"
#include "kvcore/load/wrap.hpp"
#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/budgets.hpp"
#include "kvcore/plan/options.hpp"
#include "planner/number_text.hpp"
#include "planner/table.hpp"

namespace kv {

namespace {

constexpr uint64_t comment_columns = 78;

/// What most of the memory follows from, and so what a reader should see as a value.
constexpr bool is_set(Option option) {
  switch (option) {
    case Option::connections_max:
    case Option::key_count:
    case Option::key_size_max:
    case Option::val_size_max:
    case Option::list_length_max:
    case Option::memory_budget:
    case Option::server_address:
    case Option::server_port:
      return true;
    default:
      return false;
  }
}

std::string comment(std::string_view text) {
  std::string out;
  const std::string lines = wrap(text, /*indent=*/0, comment_columns);
  for (uint64_t begin = 0; begin < lines.size();) {
    const uint64_t end = lines.find('\n', begin);
    out += fmt::format("# {}\n", std::string_view(lines).substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

std::string number_value(const OptionInfo& option, uint64_t value) {
  switch (option.kind) {
    case OptionKind::bytes:
      return value < 1024 ? std::to_string(value) : quoted(words::exact_size(value));
    case OptionKind::milliseconds:
      return quoted(words::exact_time(value));
    case OptionKind::toggle:
      return value == 0 ? "false" : "true";
    case OptionKind::choice:
      return quoted(choice_word(option, value));
    default: {
      std::string digits = value < 10000 ? std::to_string(value) : grouped(value);
      std::replace(digits.begin(), digits.end(), ',', '_');
      return digits;
    }
  }
}

/// The option's value in a plan of defaults, as TOML.
std::string toml_value(const OptionInfo& option, const Allocation& plan_of_defaults) {
  if (option.is_text()) return quoted((Config{}.*option.text).view());
  for (const BudgetInfo& budget : budgets) {
    if (budget.option != option.id) continue;
    // What the defaults have none of can have no budget of 0.
    const uint64_t planned = budget.planned_bytes(plan_of_defaults);
    return quoted(words::round_size(std::max(planned, option.minimum)));
  }
  return number_value(option, number(plan_of_defaults.config, option.id));
}

std::string limits_comment(const OptionInfo& option) {
  const bool bounded = option.kind == OptionKind::count || option.kind == OptionKind::bytes ||
                       option.kind == OptionKind::milliseconds;
  if (option.kind == OptionKind::choice) {
    std::string words;
    for (uint64_t i = 0; i <= option.maximum; ++i) {
      words += fmt::format("{}{}", i == 0 ? "" : ", ", choice_word(option, i));
    }
    return fmt::format("# One of: {}.\n", words);
  }
  if (!bounded) return {};
  const auto text = [&](uint64_t value) {
    if (option.kind == OptionKind::bytes) return words::exact_size(value);
    if (option.kind == OptionKind::milliseconds) return words::exact_time(value);
    return grouped(value);
  };
  std::string out = fmt::format("# From {} to {}", text(option.minimum), text(option.maximum));
  if (option.multiple_of > 1) out += fmt::format(", a multiple of {}", option.multiple_of);
  if (!option.default_text.empty()) out += fmt::format("; left out: {}", option.default_text);
  return out + ".\n";
}

std::string entry(const OptionInfo& option, const Allocation& plan_of_defaults) {
  std::string out = "\n";
  std::string help(option.help);
  help[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(help[0])));
  out += comment(fmt::format("{}. {}", help, option.explanation));
  out += limits_comment(option);
  out += fmt::format("{}{} = {}\n", is_set(option.id) ? "" : "# ", option.key_in_section(),
                     toml_value(option, plan_of_defaults));
  return out;
}

}  // namespace

std::string starter_config(std::string_view schema) {
  const Allocation plan_of_defaults = plan(Config{}).allocation;
  std::string out = fmt::format("#:schema {}\n", schema);
  out +=
      "# The line above lets an editor check this file; kvplan schema --output kvd.schema.json\n"
      "# writes what it names.\n"
      "#\n"
      "#   kvplan --config FILE      what kvd takes with this config, to the byte\n"
      "#   kvplan check FILE         whether it is valid and within its budgets\n"
      "#   kvd    --config FILE      takes it, and serves\n"
      "#\n"
      "# A line that begins with '# name =' is an option at its default, or a budget that holds\n"
      "# the defaults. Sizes are bytes, or carry a unit: KiB MiB GiB TiB are powers of 1024,\n"
      "# kB MB GB TB powers of 1000.\n";
  std::string_view section;
  for (const OptionInfo& option : options) {
    if (option.section() != section) {
      section = option.section();
      out += fmt::format("\n[{}]\n", section);
    }
    out += entry(option, plan_of_defaults);
  }
  return out;
}

}  // namespace kv
