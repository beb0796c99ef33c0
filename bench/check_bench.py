#!/usr/bin/python3
"""How long `kvplan check` takes for one config and for ten thousand, and with how much memory;
and how long `kvplan solve` takes.

    check_bench.py KVPLAN [--runs N]

Prints the best wall time of the runs, the processor time of that run, and the largest resident
size. Fails where 10,000 files take a second of processor time, one file takes 5 ms of it, solve
takes 10 ms, or the memory grows with the number of files. Processor time is what other programs
on the machine do not change; an idle machine takes no more wall time than that. The resident size
of a child of Python is never less than Python's own.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

CONFIG = """\
# config {i}
connections_max = {connections}
key_count       = {keys}
key_size_max    = 256
val_size_max    = "4KiB"
list_length_max = 0
store_bytes     = "64MiB"

[memory]
budget = "96MiB"

[server]
port = {port}
"""


def measure(command, runs):
    """Wall seconds, processor seconds and resident KiB of the fastest run."""
    best = None
    for _ in range(runs):
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, process.returncode
        result = (wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
        best = min(best or result, result)
    return best


def main():
    parser = argparse.ArgumentParser(description="Times kvplan check and solve.")
    parser.add_argument("kvplan")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    resident = {}
    cpus = {}
    with tempfile.TemporaryDirectory() as name:
        for count in (1, 1000, 10000):
            directory = pathlib.Path(name) / str(count)
            directory.mkdir()
            for i in range(count):
                (directory / f"{i:05}.toml").write_text(CONFIG.format(
                    i=i, connections=100 + i % 500, keys=1000 + i, port=6000 + i % 1000))
            wall, cpu, kib = measure([options.kvplan, "check", str(directory)], options.runs)
            print(f"{count:>6} files: {wall * 1e3:8.1f} ms wall, {cpu * 1e3:7.1f} ms processor, "
                  f"{kib:,} KiB resident")
            cpus[count], resident[count] = cpu, kib
    wall, solve_cpu, _ = measure([options.kvplan, "solve", "--limit", "64GiB", "--max", "keys",
                                  "--then", "value_max", "--then", "list_max"], options.runs)
    print(f"{'solve':>12}: {wall * 1e3:8.1f} ms wall, {solve_cpu * 1e3:7.1f} ms processor")
    # A name takes about a hundred bytes, so 9,000 more files may take a MiB more.
    ok = (cpus[1] < 0.005 and cpus[10000] < 1 and solve_cpu < 0.010
          and resident[10000] < resident[1000] + 2048)
    print("within its bounds" if ok else "beyond its bounds")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
