#include "minimise.hpp"

#include <algorithm>

#include "simulation.hpp"

namespace kv::sim {

namespace {

/// What is the same as long as the fault is: the message up to the first word of its details.
std::string kind_of(const std::string& message) {
  const uint64_t colon = message.find(": ");
  return colon == std::string::npos ? message : message.substr(0, message.find(' ', colon + 2));
}

/// Takes a shorter script if it fails in the same way.
bool try_shorter(Script& script, const Script& shorter, RunResult& result) {
  const RunResult run = run_script(shorter);
  if (!run.failed || kind_of(run.message) != kind_of(result.message)) return false;
  script = shorter;
  result = run;
  return true;
}

/// Takes out runs of lines, the longest first.
void drop_lines(Script& script, RunResult& result) {
  for (uint64_t length = script.actions.size() / 2; length > 0; length /= 2) {
    for (bool some = true; some;) {
      some = false;
      // From the end: what comes later hangs on what is before it.
      for (uint64_t end = script.actions.size(); end > 0;) {
        const uint64_t begin = end - std::min(end, length);
        Script shorter = script;
        shorter.actions.erase(shorter.actions.begin() + static_cast<int64_t>(begin),
                              shorter.actions.begin() + static_cast<int64_t>(end));
        some |= try_shorter(script, shorter, result);
        end = begin;
      }
      if (length > 1) break;
    }
  }
}

/// Fewer clients and turns in a line, no faults in a turn, shorter words.
void simplify_lines(Script& script, RunResult& result) {
  for (uint64_t i = 0; i < script.actions.size(); ++i) {
    const auto try_with = [&](auto change) {
      Script simpler = script;
      change(simpler.actions[i]);
      if (text_of(simpler.actions[i]) != text_of(script.actions[i])) {
        try_shorter(script, simpler, result);
      }
    };
    try_with([](Action& action) { action.seed = 0; });
    for (int steps = 0; steps < 8; ++steps) {
      try_with([](Action& action) { action.last = (action.first + action.last) / 2; });
      if (script.actions[i].kind != Action::Kind::turn) continue;
      try_with([](Action& action) { action.number -= action.number / 2; });
    }
    // Keys and values that are runs of a letter.
    for (uint64_t at = script.actions[i].words.size(); at > 1; --at) {
      const std::string& word = script.actions[i].words[at - 1];
      if (word.size() < 2 || word.find_first_not_of(word[0]) != std::string::npos) continue;
      try_with([&](Action& action) { action.words[at - 1].resize(1); });
    }
  }
}

}  // namespace

Script minimise(Script script, RunResult& result) {
  drop_lines(script, result);
  simplify_lines(script, result);
  drop_lines(script, result);
  return script;
}

}  // namespace kv::sim
