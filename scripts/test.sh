#!/usr/bin/env bash
# Installs what is missing, then builds and tests everything. CI calls this and nothing else.
#
#   clang      all warnings are errors; unit tests
#   sanitize   AddressSanitizer and UndefinedBehaviorSanitizer; unit tests, the black-box
#              proofs that do not measure memory, and a bounded run of each fuzz target
#   gcc        all warnings are errors; every test: the rules of the repository, unit tests under
#              valgrind, and a few seconds of the soak among them
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-deps.sh

jobs=$(nproc)

# build_and_test PRESET [ctest's selection]
build_and_test() {
  local preset=$1
  shift
  echo "== $preset"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" -j "$jobs"
  # The proofs run whole programs in real time, on a machine that may be busy: one that fails gets
  # a second chance, and both outcomes are printed.
  ctest --preset "$preset" -j "$jobs" --repeat until-pass:2 "$@"
}

build_and_test clang -LE 'integration|repository|memcheck'
build_and_test sanitize -LE 'exact|repository'
build_and_test gcc
