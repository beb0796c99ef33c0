#include "planner/docs.hpp"

#include <fmt/format.h>

#include "kvcore/load/flags.hpp"
#include "kvcore/load/wrap.hpp"
#include "kvcore/plan/allocation.hpp"
#include "planner/explain.hpp"
#include "planner/number_text.hpp"

namespace kv {

namespace {

constexpr std::string_view generated =
    "<!-- Written by kvplan-docs from the tables in kvcore/plan; `ninja docs` renews it. -->\n";

constexpr uint64_t page_columns = 98;

std::string kind_text(const OptionInfo& option) {
  switch (option.kind) {
    case OptionKind::count:
      return "count";
    case OptionKind::bytes:
      return "bytes; takes a size such as `64KiB`";
    case OptionKind::milliseconds:
      return "milliseconds";
    case OptionKind::toggle:
      return "`on` or `off` as a flag, `true` or `false` in a file";
    case OptionKind::choice: {
      std::string words;
      for (uint64_t i = 0; i <= option.maximum; ++i) {
        words += fmt::format("{}`{}`", i == 0 ? "one of " : ", ", choice_word(option, i));
      }
      return words;
    }
    case OptionKind::text:
    case OptionKind::secret:
      return "text";
  }
  return {};
}

bool has_bounds(const OptionInfo& option) {
  return option.kind == OptionKind::count || option.kind == OptionKind::bytes ||
         option.kind == OptionKind::milliseconds;
}

std::string default_text(const OptionInfo& option) {
  const bool left_out = !option.is_text() && number(Config{}, option.id) == unset;
  const std::string value =
      left_out ? std::string(option.default_text) : option_value_text(Config{}, option);
  return left_out ? value : "`" + value + "`";
}

std::string option_entry(const OptionInfo& option) {
  std::string out = fmt::format("### `{}`\n\n{}.\n\n", option.key, option.help);
  out += wrap(option.explanation, /*indent=*/0, page_columns) + '\n';
  out += fmt::format("- flag: `{}`", flag_name(option));
  if (!option.alias.empty()) out += fmt::format(", or `--{}`", option.alias);
  out += fmt::format("\n- value: {}\n- default: {}\n", kind_text(option), default_text(option));
  if (has_bounds(option)) {
    out += fmt::format("- least: {}\n- most: {}", grouped(option.minimum), grouped(option.maximum));
    if (option.multiple_of > 1) out += fmt::format("\n- a multiple of {}", option.multiple_of);
    out += '\n';
  }
  return out + '\n';
}

std::string request_text(const CommandInfo& command, const Terms& t, const Config& config) {
  if (command.keys == CommandInfo::several || command.values == CommandInfo::several) {
    return fmt::format("up to {}", grouped(t.request_bytes_max));
  }
  const RequestLimits limits = {config.key_size_max, config.val_size_max, t.push_elements_max};
  return grouped(request_bytes(command, limits).value());
}

std::string reply_text(const CommandInfo& command, const Terms& t, const Config& config) {
  switch (command.reply) {
    case ReplyShape::small:
      return "small";
    case ReplyShape::value:
      return grouped(bulk_bytes(config.val_size_max).value());
    case ReplyShape::list:
      return grouped(t.list_reply_bytes_max);
    case ReplyShape::key_list:
      return grouped(t.key_list_reply_bytes_max);
    case ReplyShape::several_values:
      return fmt::format("up to {}", grouped(t.reply_bytes_max));
    case ReplyShape::control:
      return fmt::format("up to {}", grouped(t.control_reply_bytes));
  }
  return {};
}

/// In a table a bar must be escaped, in code as well.
std::string code_in_table(std::string_view text) {
  if (text.empty()) return {};
  std::string out = "`";
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out + '`';
}

}  // namespace

std::string options_page() {
  std::string out = "# Options\n\n";
  out += generated;
  out +=
      "\nEvery option is a key of the config file (TOML or JSON) and a flag of `kvplan` and "
      "`kvd`.\nFlags win over the file. Sizes are bytes, or carry a unit: `KiB` `MiB` `GiB` "
      "`TiB` are powers of\n1024, `kB` `MB` `GB` `TB` powers of 1000. Digits may be grouped with "
      "`_`. A value outside of its\nbounds is an error, never adjusted.\n\n";
  std::string_view section = "none";
  for (const OptionInfo& option : options) {
    if (option.section() != section) {
      section = option.section();
      out += section.empty() ? "## Limits and store\n\n" : fmt::format("## [{}]\n\n", section);
    }
    out += option_entry(option);
  }
  out.pop_back();
  return out;
}

std::string commands_page() {
  const Allocation allocation = plan(Config{}).allocation;
  std::string out = "# Commands\n\n";
  out += generated;
  out +=
      "\nThe bytes of the largest request and reply of each command with the default limits. "
      "\"up to\" is\nthe bound for commands with any number of arguments: a request as large as "
      "the largest frame, a\nreply as large as the largest reply. A \"small\" reply is a status, "
      "an integer or an error.\n\n";
  out += "| command | arguments | group | since | largest request | largest reply | summary |\n";
  out += "|---|---|---|---|---:|---:|---|\n";
  for (const CommandInfo& command : commands) {
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", command.name,
                       code_in_table(command.syntax), command.group, command.since,
                       request_text(command, allocation.terms, allocation.config),
                       reply_text(command, allocation.terms, allocation.config), command.summary);
  }
  return out;
}

}  // namespace kv
