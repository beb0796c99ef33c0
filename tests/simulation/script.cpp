#include "script.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "kvcore/plan/options.hpp"

namespace kv::sim {

namespace {

using Kind = Action::Kind;

/// What stands behind the name of an action.
struct Form {
  Kind kind;
  std::string_view name;
  bool clients;
  bool number;
  bool seed;
  bool words;
};

constexpr auto forms = std::to_array<Form>({
    {Kind::connect, "connect", true, true, false, false},
    {Kind::send, "send", true, false, false, true},
    {Kind::line, "line", true, false, false, true},
    {Kind::half, "half", true, true, false, true},
    {Kind::rest, "rest", true, false, false, false},
    {Kind::junk, "junk", true, false, false, false},
    {Kind::shut, "shut", true, false, false, false},
    {Kind::reset, "reset", true, false, false, false},
    {Kind::cancel, "cancel", true, false, false, false},
    {Kind::retry, "retry", true, true, false, false},
    {Kind::slow, "slow", true, true, false, false},
    {Kind::fast, "fast", true, false, false, false},
    {Kind::turn, "turn", false, true, true, false},
    {Kind::clock, "clock", false, true, false, false},
    {Kind::forward, "forward", false, true, false, false},
    {Kind::back, "back", false, true, false, false},
    {Kind::no_buffer, "no_buffer", false, true, false, false},
    {Kind::refuse, "refuse", false, true, false, false},
    {Kind::disk, "disk", false, false, false, true},
    {Kind::crash, "crash", false, false, true, false},
    {Kind::kill, "kill", false, false, true, false},
    {Kind::restart, "restart", false, false, true, false},
});

const Form& form_of(Kind kind) {
  return *std::find_if(forms.begin(), forms.end(), [&](const Form& f) { return f.kind == kind; });
}

/// A run of a letter is written short, an empty word as "".
std::string text_of_word(const std::string& word) {
  if (word.empty()) return "\"\"";
  const bool is_run = word.size() > 3 && word.find_first_not_of(word[0]) == std::string::npos;
  if (is_run) return "~" + std::to_string(word.size()) + "," + word[0];
  return word;
}

std::string word_of_text(const std::string& text) {
  if (text == "\"\"") return "";
  if (text.size() < 4 || text[0] != '~') return text;
  return std::string(std::strtoull(text.c_str() + 1, nullptr, 10), text.back());
}

std::string text_of(const Config& config) {
  const Config usual;
  std::string out;
  for (const OptionInfo& option : options) {
    const std::string name = " " + std::string(option.name) + "=";
    if (option.is_text()) {
      const Text& text = config.*option.text;
      if (text != usual.*option.text) out.append(name).append(text.view());
    } else if (config.*option.number != usual.*option.number) {
      out.append(name).append(std::to_string(config.*option.number));
    }
  }
  return out;
}

bool set_option(Config& config, const std::string& name, const std::string& value) {
  for (const OptionInfo& option : options) {
    if (option.name != name) continue;
    if (option.is_text()) {
      config.*option.text = Text(value);
    } else {
      config.*option.number = std::strtoull(value.c_str(), nullptr, 10);
    }
    return true;
  }
  return false;
}

bool parse_config(std::istringstream& words, Script& script, std::string& error) {
  for (std::string word; words >> word;) {
    const uint64_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "listeners") {
      script.listeners = static_cast<uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
    } else if (name == "disk_sector") {
      script.disk.sector_bytes = std::strtoull(value.c_str(), nullptr, 10);
    } else if (name == "disk_cached") {
      script.disk.direct = value == "0";
    } else if (equals == std::string::npos || !set_option(script.config, name, value)) {
      error = "no option " + name;
      return false;
    }
  }
  return true;
}

bool parse_clients(const std::string& text, Action& action) {
  const uint64_t dash = text.find('-');
  action.first = action.last = std::atoi(text.c_str());
  if (dash != std::string::npos) action.last = std::atoi(text.c_str() + dash + 1);
  return !text.empty() && action.first >= 0 && action.last >= action.first;
}

}  // namespace

std::string text_of(const Action& action) {
  const Form& form = form_of(action.kind);
  std::string out(form.name);
  if (form.clients) out += " " + std::to_string(action.first);
  if (form.clients && action.last > action.first) out += "-" + std::to_string(action.last);
  if (form.number) out += " " + std::to_string(action.number);
  if (form.seed) out += " " + std::to_string(action.seed);
  for (const std::string& word : action.words) out += " " + text_of_word(word);
  return out;
}

std::string text_of(const Script& script) {
  std::string out = "config listeners=" + std::to_string(script.listeners);
  if (script.config.snapshot_enabled != 0) {
    out += " disk_sector=" + std::to_string(script.disk.sector_bytes);
    out += std::string(" disk_cached=") + (script.disk.direct ? "0" : "1");
  }
  out += text_of(script.config) + "\n";
  for (const Action& action : script.actions) out += text_of(action) + "\n";
  return out;
}

std::optional<Script> parse_script(std::string_view text, std::string& error) {
  Script script;
  std::istringstream lines{std::string(text)};
  uint64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    std::string name;
    if (!(words >> name) || name[0] == '#') continue;
    error = "line " + std::to_string(number) + ": " + line;
    if (name == "config") {
      if (!parse_config(words, script, error)) return {};
      continue;
    }
    const auto* const form =
        std::find_if(forms.begin(), forms.end(), [&](const Form& f) { return f.name == name; });
    if (form == forms.end()) return {};
    Action action;
    action.kind = form->kind;
    std::string clients;
    if (form->clients && (!(words >> clients) || !parse_clients(clients, action))) return {};
    if (form->number && !(words >> action.number)) return {};
    if (form->seed && !(words >> action.seed)) return {};
    for (std::string word; form->words && words >> word;) {
      action.words.push_back(word_of_text(word));
    }
    if (form->words && action.words.empty()) return {};
    script.actions.push_back(action);
  }
  error.clear();
  return script;
}

std::string frame(const Words& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    out.append("$").append(std::to_string(word.size())).append("\r\n");
    out.append(word).append("\r\n");
  }
  return out;
}

}  // namespace kv::sim
