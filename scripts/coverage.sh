#!/usr/bin/env bash
# Which lines of server/ and kvcore/ the tests run: builds them with counters (preset `coverage`),
# runs the unit tests, the simulator and the black-box proofs on both backends, and prints a table
# of the files and the lines that nothing ran. With --check, those that docs/testing.md does not
# list, or lists and need not, are errors.
#
#   scripts/coverage.sh            build, run, print
#   scripts/coverage.sh --check    build, run, compare with docs/testing.md
#
# The counters are in files that the programs map (%c) and share (%m), so that what a process did
# counts even where it is not permitted to write a file, is killed, or aborts.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-deps.sh

jobs=$(nproc)
build=build/coverage
tests=(
  plan_{allocation,amount,size,validate,property}_test load_test data_test
  memory_{table,table_portable,block_pool,timing_wheel,pools,siphash,cgroup,arena,verify,seal}_test
  server_test epoll_test instance_test sandbox_test room_test
)
cmake --preset coverage >/dev/null
cmake --build --preset coverage -j "$jobs" \
  --target kvplan kvd kvd_unplanned kvsim hiredis_client "${tests[@]}"

umask 0  # some tests run programs as another user, who counts as well
export LLVM_PROFILE_FILE="$PWD/$build/counters/%c%m.profraw"
rm -rf "$build/counters"
mkdir "$build/counters"

# A test that fails is told, and what it ran counts all the same. Left out are those that fill a
# control group to the last page with a kvd that is larger here.
"$build/tests/simulation/kvsim" --seeds 1..300 >"$build/kvsim.log" 2>&1 ||
  echo "coverage: kvsim failed: $build/kvsim.log" >&2
units=$(IFS='|' && echo "${tests[*]}")
selected="kvd: .*|planner_(cases|check|completion|git|render|schema)|$units"
ctest --preset coverage -j "$jobs" -R "^($selected)\$" -E 'holds against everything at once' \
  >"$build/ctest.log" 2>&1 ||
  sed -n '/tests FAILED/,$p' "$build/ctest.log" >&2

exec python3 -B scripts/coverage.py --build "$build" "$@"
