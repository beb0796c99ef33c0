#!/usr/bin/python3
"""kvd beside Redis, and beside the least that any server could cost on this machine.

    bench/run.py [--only PATTERN] [--pairs N] [--seconds S] [--output FILE.md] [--svg FILE.svg]

For each workload of bench/rows.py it starts kvd, redis-server and an echo server that only
receives and sends (the limit), pinned to one core, with the generator on another, fills them, and
loads one at a time, in an order that alternates. The CPU of a server is user and system time
while requests are answered, from /proc/PID/task/*/schedstat; a ratio is the median of the ratios
of the pairs. Nothing is built; scripts/quickstart.sh has built what is needed.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

import chart
import instructions
import machine
import report
import rows
import servers


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    servers.add_programs(parser, "kvd", "generator", "echo", "redis")
    parser.add_argument("--only", default="", metavar="PATTERN",
                        help="workloads whose name this regular expression finds")
    parser.add_argument("--pairs", type=int, help="runs of each (5, or with --quick 1)")
    parser.add_argument("--seconds", type=float, help="of a run (1, or with --quick 0.1)")
    parser.add_argument("--quick", action="store_true", help="with few keys: does it work?")
    parser.add_argument("--instructions", action="store_true",
                        help="count instructions: with perf, or where there are no counters those "
                             "of user space with callgrind, which takes long")
    parser.add_argument("--io", default="auto", choices=["auto", "io_uring", "epoll"],
                        help="kvd's server.io (%(default)s)")
    parser.add_argument("--list", action="store_true", help="print the workloads and end")
    parser.add_argument("--output", type=pathlib.Path, help="write the table to this file")
    parser.add_argument("--svg", type=pathlib.Path, help="write the chart to this file")
    parser.add_argument("--json", type=pathlib.Path, help="write every run to this file")
    parser.add_argument("--update", type=pathlib.Path, metavar="FILE.md",
                        help="put the table between the markers of this file, and the chart "
                             "beside it")
    options = parser.parse_args()
    if options.pairs is None:
        options.pairs = 1 if options.quick else 5
    if options.seconds is None:
        options.seconds = 0.1 if options.quick else 1.0
    if options.pairs < 1:
        parser.error(f"--pairs is {options.pairs}, and at least one is needed")
    if not 0.01 <= options.seconds <= 3600:
        parser.error(f"--seconds is {options.seconds}, and 0.01 to 3600 are possible")
    return options


def chosen_rows(options):
    try:
        found = [row for row in rows.all_rows() if re.search(options.only, row.name, re.I)]
    except re.error as error:
        raise SystemExit(f"--only {options.only}: {error}") from error
    if not found:
        raise SystemExit(f"--only {options.only}: no workload is called that; --list shows them")
    return list(dict.fromkeys(rows.small(row) for row in found)) if options.quick else found


def start_all(options, generator, row):
    """The servers of a row, each with what it needs for it."""
    sizes = generator.run("--describe", *row.arguments())
    kvd = [*row.kvd_command(options.kvd, options.seconds), "--server-io", options.io]
    return [servers.start_kvd(kvd),
            servers.start_redis(options.redis_server),
            servers.start_echo(options.echo, sizes, row.connections)]


def run_once(generator, server, row, seconds, counter):
    """One measured run. It leaves behind what it found."""
    if row.moves:
        duration = ["--requests", row.requests(seconds)]
    else:
        duration = ["--seconds", seconds, "--warmup", min(0.2, seconds)]
    stores = server.name != "limit"
    if row.test == "lpop" and stores:
        generator.load(server, *row.opposite(seconds))
    result = counter.run(generator, server, [*row.arguments(), *duration])
    if row.test == "lpush" and stores:
        generator.load(server, *row.opposite(seconds))
    if result["misses"]:
        raise SystemExit(f"{row.name}: {server.name} did not have {result['misses']} keys")
    return result


def measure(options, generator, row, counter):
    """By the server's name, a report of kvload for each pair."""
    with servers.running(*start_all(options, generator, row)) as started:
        results = {server.name: [] for server in started}
        if row.fill():
            for server in started[:2]:
                generator.load(server, *row.fill())
        for pair in range(options.pairs):
            for server in started if pair % 2 == 0 else reversed(started):
                results[server.name].append(
                    run_once(generator, server, row, options.seconds, counter))
    if options.instructions and not counter.has_perf:
        for name in ("kvd", "Redis"):
            results[name][0]["instructions"] = instructions.with_callgrind(
                options, generator, row, name)
    return results


def heading(options):
    kvd = subprocess.run([options.kvd, "--version"], capture_output=True, text=True,
                         check=True).stdout.strip()
    server, generator = machine.cores()
    pinned = ("server and generator on a core each" if server != generator
              else "server and generator share the one core, which distorts everything")
    redis = servers.redis_version(options.redis_server)
    io = "" if options.io == "auto" else f" with {options.io}"
    return (f"{kvd}{io}, Redis {redis}; {machine.description()}; "
            f"{pinned}; {options.pairs} runs of {options.seconds:g} s each, "
            "median (least–most).\n")


def write(options, measured, text):
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    if options.svg:
        options.svg.write_text(chart.svg(measured), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    if options.update:
        options.update.write_text(report.page_with(options.update, "bench/run.py", text),
                                  encoding="utf-8")
        options.update.with_suffix(".svg").write_text(chart.svg(measured), encoding="utf-8")


def main():
    options = parse()
    chosen = chosen_rows(options)
    if options.list:
        print("\n".join(row.name for row in chosen))
        return 0
    servers.check_programs(options.kvd, options.generator, options.echo, options.redis_server)
    if options.update:
        report.page_with(options.update, "bench/run.py", "")
    generator = servers.Generator(options.generator)
    counter = instructions.Counter(options.instructions)
    measured = {}
    for row in chosen:
        needed = 6 * row.stored_bytes(options.seconds)  # of all servers, with what values cost
        if needed > machine.memory_available_bytes():
            print(f"{row.name}: left out, about {needed >> 20} MiB of memory are needed",
                  file=sys.stderr)
            continue
        print(row.name, file=sys.stderr, flush=True)
        measured[row.name] = measure(options, generator, row, counter)
    text = heading(options) + "\n" + report.table(measured)
    print(text, end="")
    write(options, measured, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
