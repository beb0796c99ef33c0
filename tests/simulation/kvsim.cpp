// kvsim: runs the server in a simulated world, one seed or script after the other.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "minimise.hpp"
#include "server/planted.hpp"
#include "simulation.hpp"

namespace kv::sim {

namespace {

constexpr const char* help =
    R"(kvsim: runs the whole server core in a simulated world

  kvsim --seed N         one seed
  kvsim --seeds A..B     every seed from A to B
  kvsim --forever [N]    seeds from N on (1), until it is stopped
  kvsim --script FILE    a script, as a failing seed prints it; - is standard input
  kvsim --twice A..B     every seed twice: the same must happen
  kvsim --print N        prints the script of a seed and runs nothing
  kvsim --help           this text

)"
#ifdef KV_PLANTED
    R"(  kvsim_planted --prove N         finds each planted fault in the seeds from 1 to N
  kvsim_planted --with FAULT …    the same commands, with that fault in the server

)"
#endif
    R"(A seed that fails is printed with the shortest script that still fails.
Exit codes: 0 nothing was found; 1 something was; 2 the command line or the script is wrong.
)";

struct Range {
  uint64_t first = 0, last = 0;
};

bool parse_range(const std::string& text, Range& out) {
  char* end = nullptr;
  out.first = out.last = std::strtoull(text.c_str(), &end, 10);
  if (end == text.c_str()) return false;
  if (std::strncmp(end, "..", 2) == 0) out.last = std::strtoull(end + 2, &end, 10);
  return *end == '\0' && out.last >= out.first;
}

/// What many runs came to.
struct Total {
  uint64_t seeds = 0, turns = 0, commands = 0, clients = 0;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();

  void add(const RunResult& run) {
    ++seeds;
    turns += run.turns;
    commands += run.commands;
    clients += run.clients;
  }
  void print() const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("%llu seeds, %llu turns, %llu commands, %llu clients, %.1f s\n",
                static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(turns),
                static_cast<unsigned long long>(commands), static_cast<unsigned long long>(clients),
                took.count());
    std::fflush(stdout);
  }
};

void report(uint64_t seed, const Script& script, RunResult run) {
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), run.message.c_str());
  std::fflush(stdout);
  const Script shortest = minimise(script, run);
  std::printf("# seed %llu, the shortest script of %zu lines from %zu: %s\n%s",
              static_cast<unsigned long long>(seed), shortest.actions.size(), script.actions.size(),
              run.message.c_str(), text_of(shortest).c_str());
  std::fflush(stdout);
}

int run_seeds(Range range, bool for_ever) {
  constexpr uint64_t progress_every = 1000;
  Total total;
  for (uint64_t seed = range.first; for_ever || seed <= range.last; ++seed) {
    const Script script = generate(seed);
    const RunResult run = run_script(script);
    if (run.failed) {
      report(seed, script, run);
      return 1;
    }
    total.add(run);
    if (for_ever && total.seeds % progress_every == 0) total.print();
  }
  total.print();
  return 0;
}

int run_twice(Range range) {
  Total total;
  for (uint64_t seed = range.first; seed <= range.last; ++seed) {
    const RunResult first = run_script(generate(seed));
    const RunResult second = run_script(generate(seed));
    total.add(first);
    if (first.hash == second.hash && first.turns == second.turns) continue;
    std::printf("seed %llu does not replay\n", static_cast<unsigned long long>(seed));
    return 1;
  }
  total.print();
  return 0;
}

int run_file(const std::string& path) {
  std::ifstream file(path);
  std::istream& in = path == "-" ? std::cin : file;
  if (!in) {
    std::fprintf(stderr, "kvsim: %s cannot be read\n", path.c_str());
    return 2;
  }
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::string error;
  const std::optional<Script> script = parse_script(text, error);
  if (!script) {
    std::fprintf(stderr, "kvsim: %s: %s\n", path.c_str(), error.c_str());
    return 2;
  }
  const RunResult run = run_script(*script);
  std::printf("%s: %s\n", path.c_str(), run.failed ? run.message.c_str() : "nothing was found");
  return run.failed ? 1 : 0;
}

#ifdef KV_PLANTED

/// How many seeds find each fault. One that none finds is a failure.
int prove(uint64_t last) {
  int missed = 0;
  for (const FaultInfo& fault : faults) {
    planted_fault = fault.id;
    uint64_t found = 0, first = 0;
    std::string how;
    for (uint64_t seed = 1; seed <= last; ++seed) {
      const RunResult run = run_script(generate(seed));
      if (run.failed && ++found == 1) {
        first = seed;
        how = run.message.substr(0, run.message.find(':'));
      }
    }
    std::printf("%-18s %5llu of %llu seeds, first %llu: %s\n", std::string(fault.name).c_str(),
                static_cast<unsigned long long>(found), static_cast<unsigned long long>(last),
                static_cast<unsigned long long>(first), how.c_str());
    std::fflush(stdout);
    missed += found == 0;
  }
  return missed == 0 ? 0 : 1;
}

bool plant(std::string_view name) {
  for (const FaultInfo& fault : faults) {
    if (fault.name == name) planted_fault = fault.id;
  }
  return planted_fault != Fault::none;
}

#endif

int run(int count, char** words) {
#ifdef KV_PLANTED
  if (count > 3 && std::string_view(words[1]) == "--with" && plant(words[2])) {
    count -= 2;
    words += 2;
  }
#endif
  const std::string what = count > 1 ? words[1] : "";
  const std::string value = count > 2 ? words[2] : "";
  Range range;
  if (what == "--help" && count == 2) return std::fputs(help, stdout), 0;
  if (what == "--script" && count == 3) return run_file(value);
  if (what == "--forever" && count == 2) return run_seeds({1, 1}, /*for_ever=*/true);
  if (count == 3 && parse_range(value, range)) {
    if (what == "--seed" || what == "--seeds") return run_seeds(range, /*for_ever=*/false);
    if (what == "--forever") return run_seeds(range, /*for_ever=*/true);
    if (what == "--twice") return run_twice(range);
#ifdef KV_PLANTED
    if (what == "--prove") return prove(range.first);
#endif
    if (what == "--print") return std::fputs(text_of(generate(range.first)).c_str(), stdout), 0;
  }
  std::fputs(help, stderr);
  return 2;
}

}  // namespace

}  // namespace kv::sim

int main(int count, char** words) { return kv::sim::run(count, words); }
