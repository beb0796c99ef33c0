#!/usr/bin/env bash
# Which lines of server/ and kvcore/ the tests run: builds them with counters (preset `coverage`),
# runs the unit tests and the black-box proofs, and prints a table of the files and the lines that
# nothing ran. With --check, those that docs/testing.md does not list, or lists and need not, are
# errors.
#
# kvplan comes from build/gcc: it is asked by the proofs, and its own lines are not looked at.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-deps.sh

jobs=$(nproc)
build=build/coverage
tests=(
  plan/plan_{allocation,amount,size,validate,property}_test
  load/load_test
  memory/memory_{table,table_portable,block_pool,timing_wheel,pools,siphash,arena,verify,seal}_test
  server/server_test server/instance_test
)
cmake --preset gcc >/dev/null
cmake --build --preset gcc -j "$jobs" --target kvplan
cmake --preset coverage >/dev/null
cmake --build --preset coverage -j "$jobs" --target kvd kvd_unplanned hiredis_client \
  "${tests[@]##*/}"
find "$build" -name '*.gcda' -delete

# A test that fails is told, and what it ran counts all the same.
for test in "${tests[@]}"; do
  (cd "$build/tests/${test%/*}" && timeout 600 "./${test##*/}" >"${test##*/}.log" 2>&1) ||
    echo "coverage: ${test##*/} failed: $build/tests/$test.log" >&2
done
for proofs in tests/integration/*.py; do
  grep -q '^def proof_' "$proofs" || continue
  name=$(basename "$proofs" .py)
  timeout 1200 python3 -B "$proofs" --kvplan build/gcc/planner/kvplan --kvd "$build/server/kvd" \
    --kvd-unplanned "$build/server/kvd_unplanned" >"$build/$name.log" 2>&1 ||
    [ $? -eq 77 ] || echo "coverage: $name failed: $build/$name.log" >&2
done
exec python3 -B scripts/coverage.py --build "$build" "$@"
