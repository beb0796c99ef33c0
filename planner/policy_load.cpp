// The policy file: TOML, whose names are those of the options, rules and budgets.
#include <fmt/format.h>

#include <filesystem>

#include "kvcore/load/toml_tree.hpp"
#include "kvcore/load/words.hpp"
#include "planner/policy.hpp"

namespace kv {

namespace {

using words::did_you_mean;
using words::in_quotes;

constexpr std::string_view level_words[] = {"off", "warn", "error"};

const OptionInfo* find_option(std::string_view key) {
  for (const OptionInfo& option : options) {
    if (option.key == key) return &option;
  }
  return nullptr;
}

bool has_order(const OptionInfo& option) {
  return option.kind == OptionKind::count || option.kind == OptionKind::bytes ||
         option.kind == OptionKind::milliseconds;
}

class Reader {
 public:
  Reader(Document& document, Policy& policy, Diagnostics& out)
      : document_(document), policy_(policy), out_(out) {}

  void read(const TomlNode& root) {
    for (const TomlNode& node : root.children) {
      if (node.key == "rules") {
        PolicyEntry everywhere;
        everywhere.globs = {"*"};
        read_rules(node, everywhere);
        policy_.entries.insert(policy_.entries.begin(), std::move(everywhere));
      } else if (node.key == "files") {
        if (!is(node, FileValue::Kind::array, "tables, written as [[files]]")) continue;
        for (const TomlNode& entry : node.children) read_entry(entry);
      } else {
        unknown(node, "key", {"rules", "files"});
      }
    }
  }

 private:
  void error(Rule rule, const Place& place, std::string message, std::string hint = {}) {
    document_.error(rule, place, std::move(message), std::move(hint));
  }

  void unknown(const TomlNode& node, std::string_view what,
               const std::vector<std::string_view>& known) {
    error(Rule::unknown_key, node.key_place,
          fmt::format("unknown {} {} in a policy", what, in_quotes(node.key)),
          did_you_mean(nearest(node.key, known)));
  }

  bool is(const TomlNode& node, FileValue::Kind kind, std::string_view wanted) {
    if (node.value.kind == kind) return true;
    error(Rule::wrong_type, node.key_place, fmt::format("{} must be {}", node.key, wanted));
    return false;
  }

  std::string where(const Place& place) const {
    return fmt::format("{}:{}", place.file, place.line);
  }

  void read_entry(const TomlNode& node) {
    if (!node.is_table()) {
      error(Rule::wrong_type, node.place, "files must be tables, written as [[files]]");
      return;
    }
    PolicyEntry entry;
    for (const TomlNode& child : node.children) {
      if (child.key == "match") {
        read_globs(child, entry);
      } else if (child.key == "maximum") {
        if (is(child, FileValue::Kind::table, "a table")) read_bounds(child, "", entry.maxima);
      } else if (child.key == "minimum") {
        if (is(child, FileValue::Kind::table, "a table")) read_bounds(child, "", entry.minima);
      } else if (child.key == "required") {
        read_required(child, entry);
      } else if (child.key == "budget") {
        if (is(child, FileValue::Kind::table, "a table")) read_budgets(child, entry);
      } else if (child.key == "rules") {
        read_rules(child, entry);
      } else {
        unknown(child, "key", {"match", "maximum", "minimum", "required", "budget", "rules"});
      }
    }
    if (entry.globs.empty()) {
      error(Rule::wrong_type, node.place,
            "[[files]] needs match, the globs of the files it is for");
    }
    policy_.entries.push_back(std::move(entry));
  }

  void read_globs(const TomlNode& node, PolicyEntry& entry) {
    const auto add = [&](const TomlNode& glob) {
      entry.globs.push_back(glob.value.text);
      if (glob.value.kind == FileValue::Kind::text && !glob.value.text.empty()) return;
      error(Rule::wrong_type, glob.place, "match must be a glob, or an array of globs");
    };
    if (!node.is_array()) return add(node);
    for (const TomlNode& glob : node.children) add(glob);
  }

  /// Sections are tables in the table, "memory.budget" or { memory = { budget = … } }.
  void read_bounds(const TomlNode& table, const std::string& prefix,
                   std::vector<PolicyBound>& bounds) {
    for (const TomlNode& node : table.children) {
      const std::string key = prefix + node.key;
      if (node.is_table() && prefix.empty() && document_.is_section(key)) {
        read_bounds(node, key + ".", bounds);
        continue;
      }
      const OptionInfo* option = option_of(key, node.key_place);
      if (!option) continue;
      if (!has_order(*option)) {
        error(Rule::wrong_type, node.key_place,
              fmt::format("{} is not a number and has no bound", key));
        continue;
      }
      uint64_t limit = 0;
      if (read_number(*option, node, limit)) {
        bounds.push_back({option->id, limit, where(node.key_place)});
      }
    }
  }

  const OptionInfo* option_of(const std::string& key, const Place& place) {
    const OptionInfo* option = find_option(key);
    if (option) return option;
    std::vector<std::string_view> known;
    for (const OptionInfo& candidate : options) known.push_back(candidate.key);
    error(Rule::unknown_key, place, fmt::format("unknown option {} in a policy", in_quotes(key)),
          did_you_mean(nearest(key, known)));
    return nullptr;
  }

  /// The same words and units as in a config.
  bool read_number(const OptionInfo& option, const TomlNode& node, uint64_t& value) {
    const FileValue::Kind kind = node.value.kind;
    if (kind != FileValue::Kind::integer && kind != FileValue::Kind::text) {
      error(Rule::wrong_type, node.key_place,
            fmt::format("{} must be a number, or a string with a unit", node.key));
      return false;
    }
    Settings scratch;
    if (!set_from_text(option.id, node.value.text, node.place, scratch, out_)) return false;
    value = number(scratch.config, option.id);
    return true;
  }

  void read_required(const TomlNode& node, PolicyEntry& entry) {
    if (!is(node, FileValue::Kind::array, "an array of option names")) return;
    for (const TomlNode& name : node.children) {
      if (name.value.kind != FileValue::Kind::text) {
        error(Rule::wrong_type, name.place, "required must be an array of option names");
        continue;
      }
      const OptionInfo* option = option_of(name.value.text, name.place);
      if (option) entry.required.push_back({option->id, 0, where(name.place)});
    }
  }

  void read_budgets(const TomlNode& table, PolicyEntry& entry) {
    for (const TomlNode& node : table.children) {
      std::vector<std::string_view> known;
      const BudgetInfo* found = nullptr;
      for (const BudgetInfo& budget : budgets) {
        if (budget.key.empty()) continue;
        if (budget.key == node.key) found = &budget;
        known.push_back(budget.key);
      }
      if (!found) {
        unknown(node, "budget", known);
        continue;
      }
      uint64_t limit = 0;
      if (!read_number(option_info(found->option), node, limit)) continue;
      entry.budgets.push_back({found, limit, where(node.key_place)});
    }
  }

  void read_rules(const TomlNode& table, PolicyEntry& entry) {
    if (!is(table, FileValue::Kind::table, "a table of rules, each off, warn or error")) return;
    for (const TomlNode& node : table.children) {
      const RuleInfo* found = nullptr;
      std::vector<std::string_view> known;
      for (const RuleInfo& rule : rules) {
        if (rule.name == node.key) found = &rule;
        known.push_back(rule.name);
      }
      if (!found) {
        unknown(node, "rule", known);
      } else if (!is_adjustable(*found)) {
        error(Rule::bad_choice, node.key_place,
              fmt::format("rule '{}' is always an error, as kvd does not start with it",
                          found->name));
      } else {
        read_level(node, *found, entry);
      }
    }
  }

  void read_level(const TomlNode& node, const RuleInfo& rule, PolicyEntry& entry) {
    for (uint64_t i = 0; i < std::size(level_words); ++i) {
      if (node.value.kind != FileValue::Kind::text || node.value.text != level_words[i]) continue;
      entry.rules.push_back({rule.id, static_cast<RuleLevel>(i)});
      return;
    }
    const std::vector<std::string_view> known(std::begin(level_words), std::end(level_words));
    error(Rule::bad_choice, node.place,
          fmt::format("{} is {} but must be \"off\", \"warn\" or \"error\"", rule.name,
                      in_quotes(node.value.text)),
          did_you_mean(nearest(node.value.text, known)));
  }

  Document& document_;
  Policy& policy_;
  Diagnostics& out_;
};

}  // namespace

bool load_policy(const std::string& path, Policy& policy, Diagnostics& out) {
  std::string text;
  if (!read_file(path, text, out)) return false;
  const Source source(path == "-" ? "<stdin>" : path, without_bom(text));
  Settings unused;
  Document document(source, FileFormat::toml, unused, out);
  TomlNode root;
  read_toml_tree(document, root);
  Reader(document, policy, out).read(root);
  std::error_code error;
  policy.directory =
      std::filesystem::absolute(path, error).lexically_normal().parent_path().string();
  return document.finish();
}

}  // namespace kv
