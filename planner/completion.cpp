#include "planner/completion.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "kvcore/plan/validate.hpp"
#include "planner/commands.hpp"
#include "planner/explain.hpp"

namespace kv {

namespace {

struct Flag {
  std::vector<std::string> long_names;  ///< without dashes
  std::vector<std::string> short_names;
  std::string help;  ///< one line
  std::vector<std::string> words;
  bool takes_value = false;
  bool takes_file = false;
};

struct Completed {
  std::string name;
  std::string summary;
  std::vector<Flag> flags;
  std::vector<std::string> words;  ///< of the words without a flag
  bool is_default = false;
};

/// The words of "a|b|c FILE"; none where there is no '|'.
std::vector<std::string> words_of(std::string_view type) {
  std::vector<std::string> out;
  type = type.substr(0, type.find(' '));
  if (type.find('|') == std::string_view::npos) return out;
  while (!type.empty()) {
    const auto end = std::min(type.find('|'), type.size());
    out.emplace_back(type.substr(0, end));
    type.remove_prefix(std::min(end + 1, type.size()));
  }
  return out;
}

/// What a word or a flag can be given: the ids of rules and of components too, which are too many
/// for the help to list.
std::vector<std::string> words_of(const CLI::Option& option) {
  std::vector<std::string> out = words_of(option.get_type_name());
  if (option.get_name(/*positional=*/true) == "RULE") {
    for (const RuleInfo& rule : rules) out.emplace_back(rule.name);
  } else if (option.get_type_name() == "[COMPONENT]") {
    for (const std::string_view name : explainable_names()) {
      if (name.find(' ') == std::string_view::npos) out.emplace_back(name);
    }
  }
  return out;
}

Completed command_of(const CommandRow& row) {
  Completed out;
  out.name = row.name;
  out.summary = row.summary;
  row.show([&](const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
      const std::string type = option->get_type_name();
      if (option->get_positional()) {
        const auto words = words_of(*option);
        out.words.insert(out.words.end(), words.begin(), words.end());
        continue;
      }
      std::string help = option->get_description();
      help.resize(std::min(help.find(" ["), help.size()));
      out.flags.push_back({option->get_lnames(), option->get_snames(), help, words_of(*option),
                           option->get_items_expected_max() > 0, type == "FILE"});
    }
  });
  return out;
}

std::vector<Completed> all_commands() {
  std::vector<Completed> out;
  for (const CommandRow& row : command_rows()) out.push_back(command_of(row));
  out.front().is_default = true;
  return out;
}

std::string names_of(const Flag& flag) {
  std::string out;
  for (const std::string& name : flag.long_names) out += fmt::format(" --{}", name);
  for (const std::string& name : flag.short_names) out += fmt::format(" -{}", name);
  return out.substr(1);
}

std::string in_single_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

/// "    name)" with what bash does after each flag, and for a new word.
std::string bash_case(const Completed& command) {
  std::string values;
  std::string flags;
  for (const Flag& flag : command.flags) {
    flags += ' ' + names_of(flag);
    if (!flag.takes_value) continue;
    std::string names = names_of(flag);
    for (auto at = names.find(' '); at != std::string::npos; at = names.find(' ', at + 1)) {
      names[at] = '|';
    }
    const std::string what =
        flag.takes_file ? "-f" : fmt::format("-W '{}'", fmt::join(flag.words, " "));
    values +=
        fmt::format("        {}) COMPREPLY=($(compgen {} -- \"$word\")); return ;;\n", names, what);
  }
  return fmt::format(
      "    {})\n      case \"$before\" in\n{}      esac\n      flags='{}'\n      words='{}'\n"
      "      ;;\n",
      command.name, values, flags.substr(1), fmt::join(command.words, " "));
}

/// A description of zsh may hold neither ':' nor ']' nor '['.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_flag(const Flag& flag) {
  std::string value;
  if (flag.takes_value) {
    value = flag.takes_file      ? ":file:_files"
            : flag.words.empty() ? ":value: "
                                 : fmt::format(":value:({})", fmt::join(flag.words, " "));
  }
  std::string out;
  std::string names = names_of(flag) + ' ';
  while (!names.empty()) {
    const auto end = names.find(' ');
    out += fmt::format(" \\\n        {}",
                       in_single_quotes(fmt::format("{}[{}]{}", names.substr(0, end),
                                                    zsh_text(flag.help), value)));
    names.erase(0, end + 1);
  }
  return out;
}

std::string fish_flag(const Completed& command, const Flag& flag) {
  std::string out = fmt::format("complete -c kvplan -n '__kvplan_is {}'", command.name);
  for (const std::string& name : flag.short_names) out += fmt::format(" -s {}", name);
  for (const std::string& name : flag.long_names) out += fmt::format(" -l {}", name);
  if (flag.takes_value) out += flag.takes_file ? " -rF" : " -x";
  if (!flag.words.empty()) out += fmt::format(" -a '{}'", fmt::join(flag.words, " "));
  return out + fmt::format(" -d {}\n", in_single_quotes(flag.help));
}

}  // namespace

std::string bash_completion() {
  const std::vector<Completed> rows = all_commands();
  std::string names;
  std::string cases;
  for (const Completed& command : rows) {
    names += (names.empty() ? "" : " ") + command.name;
    cases += bash_case(command);
  }
  return fmt::format(
      "# bash completion for kvplan: source <(kvplan completion bash)\n"
      "_kvplan() {{\n"
      "  local word=\"${{COMP_WORDS[COMP_CWORD]}}\" before=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n"
      "  local command='{0}' commands='{1}' flags='' words=''\n"
      "  if ((COMP_CWORD > 1)) && [[ \" $commands \" == *\" ${{COMP_WORDS[1]}} \"* ]]; then\n"
      "    command=\"${{COMP_WORDS[1]}}\"\n"
      "  fi\n"
      "  case \"$command\" in\n{2}  esac\n"
      "  if [[ \"$word\" == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$flags\" -- \"$word\"))\n"
      "  elif ((COMP_CWORD == 1)); then\n"
      "    COMPREPLY=($(compgen -W \"$commands\" -- \"$word\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\"))\n"
      "  fi\n"
      "}}\n"
      "complete -o filenames -F _kvplan kvplan\n",
      rows.front().name, names, cases);
}

std::string zsh_completion() {
  const std::vector<Completed> rows = all_commands();
  std::string described;
  std::string cases;
  for (const Completed& command : rows) {
    described += fmt::format("    {}\n", in_single_quotes(fmt::format("{}:{}", command.name,
                                                                      zsh_text(command.summary))));
    cases += fmt::format("    {})\n      _arguments -s", command.name);
    for (const Flag& flag : command.flags) cases += zsh_flag(flag);
    cases += command.words.empty()
                 ? " \\\n        '*:file:_files'\n      ;;\n"
                 : fmt::format(" \\\n        '1:word:({})' \\\n        '*:file:_files'\n      ;;\n",
                               fmt::join(command.words, " "));
  }
  return fmt::format(
      "#compdef kvplan\n"
      "# zsh completion for kvplan: kvplan completion zsh > \"${{fpath[1]}}/_kvplan\"\n"
      "_kvplan() {{\n"
      "  local -a commands\n"
      "  commands=(\n{1}  )\n"
      "  local command={0}\n"
      "  if ((CURRENT == 2)) && [[ \"$words[2]\" != -* ]]; then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  if ((CURRENT > 2)) && (($commands[(I)$words[2]:*])); then\n"
      "    command=$words[2]\n"
      "    shift words\n"
      "    ((CURRENT--))\n"
      "  fi\n"
      "  case $command in\n{2}  esac\n"
      "}}\n"
      "if [[ $funcstack[1] == _kvplan ]]; then _kvplan \"$@\"; else compdef _kvplan kvplan; fi\n",
      rows.front().name, described, cases);
}

std::string fish_completion() {
  const std::vector<Completed> rows = all_commands();
  std::string names;
  std::string lines;
  for (const Completed& command : rows) {
    names += (names.empty() ? "" : " ") + command.name;
    lines += fmt::format("complete -c kvplan -n __kvplan_needs_command -f -a {} -d {}\n",
                         command.name, in_single_quotes(command.summary));
    for (const Flag& flag : command.flags) lines += fish_flag(command, flag);
    if (command.words.empty()) continue;
    lines += fmt::format("complete -c kvplan -n '__kvplan_is {}' -a '{}'\n", command.name,
                         fmt::join(command.words, " "));
  }
  return fmt::format(
      "# fish completion for kvplan: kvplan completion fish | source\n"
      "function __kvplan_needs_command\n"
      "  test (count (commandline -opc)) -eq 1\n"
      "end\n"
      "function __kvplan_is\n"
      "  set -l words (commandline -opc)\n"
      "  set -l command {}\n"
      "  contains -- \"$words[2]\" {}\n"
      "  and set command $words[2]\n"
      "  test \"$command\" = $argv[1]\n"
      "end\n{}",
      rows.front().name, names, lines);
}

}  // namespace kv
