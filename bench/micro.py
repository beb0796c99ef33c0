#!/usr/bin/python3
"""What the parts of kvd take, beside what they cannot take less than.

    bench/micro.py [--only PATTERN] [--runs N] [--seconds S] [--update FILE.md]

Runs kvmicro on one core and prints a table: nanoseconds of the processor, the median of the runs
with the least and the most, and how many times its limit that is.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

import machine
import report
import servers

PREFIX = "limit: "


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kvmicro", default=servers.BUILD / "bench/kvmicro",
                        help="default: %(default)s")
    parser.add_argument("--only", default=".", metavar="PATTERN",
                        help="what this regular expression finds, limits included")
    parser.add_argument("--runs", type=int, default=5, help="of each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.2,
                        help="of a run, at least (default: %(default)s)")
    parser.add_argument("--update", type=pathlib.Path, metavar="FILE.md",
                        help="put the table between the markers of this file")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error(f"--runs is {options.runs}, and at least one is needed")
    return options


def run(options):
    """By name, (nanoseconds of each run, name of the limit or "")."""
    core = machine.cores()[1]
    command = [str(options.kvmicro), f"--benchmark_filter={options.only}",
               f"--benchmark_min_time={options.seconds}", "--benchmark_format=json",
               f"--benchmark_repetitions={options.runs}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          preexec_fn=lambda: os.sched_setaffinity(0, [core]))
    if done.returncode != 0 or not done.stdout:
        raise SystemExit(f"{' '.join(command)}\nexit code {done.returncode}: {done.stderr}")
    measured = {}
    for result in json.loads(done.stdout)["benchmarks"]:
        if result.get("error_occurred"):
            raise SystemExit(f"{result['name']}: {result['error_message']}")
        if result["run_type"] == "iteration":
            times, _ = measured.setdefault(result["run_name"], ([], result.get("label", "")))
            times.append(result["cpu_time"])
    return measured


def table(measured):
    lines = ["| | ns | limit | its ns | times the limit |\n", "|---|---:|---|---:|---:|\n"]
    for name, (times, limit) in measured.items():
        if name.startswith(PREFIX):
            continue
        cells = [name, report.spread(times), "", "", ""]
        if limit in measured:
            limit_times = measured[limit][0]
            cells[2:] = [limit.removeprefix(PREFIX), report.spread(limit_times),
                         report.figure(report.median(times) / report.median(limit_times))]
        lines.append("| " + " | ".join(cells) + " |\n")
    return "".join(lines)


def main():
    options = parse()
    servers.check_programs(options.kvmicro)
    if options.update:
        report.page_with(options.update, "bench/micro.py", "")
    text = (f"{machine.description()}; {options.runs} runs of {options.seconds:g} s each, median "
            "(least–most).\n\n" + table(run(options)))
    print(text, end="")
    if options.update:
        options.update.write_text(report.page_with(options.update, "bench/micro.py", text),
                                  encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
