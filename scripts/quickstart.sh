#!/usr/bin/env bash
# From a fresh Debian 12 machine to a plan: installs what is missing, builds kvplan, kvd and what
# the benchmark needs, prints the plan of an example config, and says how to start the server
# with it.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-deps.sh
cmake --preset release -DKV_BENCH=ON >/dev/null
cmake --build --preset release -j "$(nproc)" \
  --target kvplan kvd kvload kvecho kvmemset kvmicro

config=examples/cache.toml
build/release/planner/kvplan --config "$config"
cat <<TEXT

That is what kvd will take, and all it will ever take. Start it with

  build/release/server/kvd --config $config
TEXT
