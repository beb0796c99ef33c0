#!/usr/bin/env bash
# Installs what is needed to build and test on Debian 12, from its packages only. Does nothing
# where everything is there already; asks no questions; runs as root or with sudo.
set -euo pipefail

packages=(
  # Build: both compilers, whose warnings are errors, and the tools around them.
  g++ clang cmake ninja-build
  # Libraries: flags, TOML, JSON, formatting, the ring, YAML.
  libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libfmt-dev liburing-dev
  # The prompt of kvd: line editing, and what its static library needs.
  libedit-dev libbsd-dev libmd-dev libncurses-dev
  libyaml-dev
  # The sandbox of kvd.
  libseccomp-dev
  # The planning library is also compiled for wasm32: linker, C library, C++ library, and what
  # clang itself brings for sanitizers.
  lld wasi-libc libc++-14-dev-wasm32 libclang-rt-14-dev
  # Reads what clang's counters have counted: scripts/coverage.sh.
  llvm
  # Tests: unit tests, JSON and XML schemas, formatting, system calls, diffs from git.
  # redis-tools brings redis-cli and redis-benchmark, and (as redis-check-rdb) the redis-server
  # that the benchmark compares with: no service is installed or started. valgrind counts its
  # instructions, libbenchmark-dev the nanoseconds of kvd's parts.
  doctest-dev python3 python3-jsonschema python3-yaml libxml2-utils clang-format strace git
  redis-tools valgrind libbenchmark-dev
  # Clients; node-redis and ioredis come from npm, where there is one.
  libhiredis-dev python3-redis
  # What kvplan writes is read by whom it is for: shells, and roff.
  bash zsh fish groff-base
)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "install-deps: not root, and there is no sudo; these are missing: ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
echo "install-deps: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
