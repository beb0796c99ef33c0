#!/usr/bin/python3
"""How long kvd takes until it is ready, beside a plain memset of as much fresh memory.

    bench/startup.py [--sizes 1,4,16] [--pairs N] [--update FILE.md] [-- FLAG OF KVD...]

Time runs from before the program is started until its line `ready` is read. Both run on all cores
that they want, one after the other, in an order that alternates. Sizes are of arenas, in units of
10^9 bytes; one that is more than nine tenths of the memory that is available is left out.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import time

import machine
import report
import servers

GB = 1_000_000_000
KEYS = 1_000_000
BLOCK = 256


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kvd", default=servers.BUILD / "server/kvd", help="default: %(default)s")
    parser.add_argument("--memset", default=servers.BUILD / "bench/kvmemset",
                        help="default: %(default)s")
    parser.add_argument("--sizes", default="1,4,16", help="in GB (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=5, help="runs of each (default: %(default)s)")
    parser.add_argument("--update", type=pathlib.Path, metavar="FILE.md",
                        help="put the table between the markers of this file")
    parser.add_argument("more", nargs="*", metavar="FLAG", help="further flags of kvd, after --")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error(f"--pairs is {options.pairs}, and at least one is needed")
    try:
        options.sizes = [float(size) for size in options.sizes.split(",")]
    except ValueError:
        parser.error(f"--sizes is '{options.sizes}', and numbers with commas between are needed")
    if min(options.sizes) < 0.5:
        parser.error(f"--sizes has {min(options.sizes):g}, and 0.5 GB is the least")
    return options


def seconds_until_ready(command):
    begin = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            if line.startswith("ready"):
                return time.perf_counter() - begin
        raise SystemExit(f"{command[0]} does not start: {process.stderr.read().strip()}")
    finally:
        process.terminate()
        process.communicate()


def kvd_command(options, store_bytes):
    return [options.kvd, "--port", 0, "--connections", 100, "--keys", KEYS, "--list-max", 0,
            "--block", BLOCK, "--store", store_bytes, *options.more]


def arena_bytes(options, store_bytes):
    """What kvd takes, from its own report."""
    command = [*kvd_command(options, store_bytes), "--check"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise SystemExit(f"{options.kvd} does not start: {done.stderr.strip()}")
    found = re.search(r"^ *arena +[\d,]+ +([\d,]+)", done.stdout, re.MULTILINE)
    return int(found[1].replace(",", ""))


def measure(options, size_gb):
    """A line of the table."""
    others = arena_bytes(options, BLOCK << 10) - (BLOCK << 10)
    store = int(size_gb * GB - others) // BLOCK * BLOCK
    arena = arena_bytes(options, store)
    commands = {"kvd": kvd_command(options, store), "memset": [options.memset, arena]}
    times = {name: [] for name in commands}
    for pair in range(options.pairs):
        for name in commands if pair % 2 == 0 else reversed(commands):
            times[name].append(seconds_until_ready(commands[name]))
    ratios = [a / b for a, b in zip(times["kvd"], times["memset"], strict=True)]
    print(f"{arena:,} bytes: kvd {statistics.median(times['kvd']):.3f} s", file=sys.stderr,
          flush=True)
    return (f"| {arena:,} | {report.spread(times['kvd'])} | {report.spread(times['memset'])} | "
            f"{report.spread(ratios)} |\n")


def main():
    options = parse()
    servers.check_programs(options.kvd, options.memset)
    if options.update:
        report.page_with(options.update, "bench/startup.py", "")
    lines = []
    left_out = []
    for size in options.sizes:
        available = machine.memory_available_bytes()
        if size * GB > 0.9 * available:
            left_out.append(f"{size:g} GB are left out: {available / GB:.1f} GB are available.\n")
        else:
            lines.append(measure(options, size))
    text = (f"{machine.description()}; {options.pairs} starts of each, in seconds, "
            "median (least–most).\n\n| arena, bytes | kvd | memset | kvd / memset |\n"
            "|---:|---:|---:|---:|\n" + "".join(lines) + "".join(left_out))
    print(text, end="")
    if options.update:
        options.update.write_text(report.page_with(options.update, "bench/startup.py", text),
                                  encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
