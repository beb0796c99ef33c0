#!/usr/bin/python3
"""What server.sandbox costs: the CPU of a request, strict beside off.

    bench/sandbox.py [--pairs N] [--seconds S] [--update FILE.md]

For each workload one kvd of each kind, pinned to the same core, with the generator on another,
loaded one at a time, in an order that alternates. The CPU is user and system time, so the kernel's
part, where the filter runs, is in it. A ratio is the median of the ratios of the pairs, with the
half of them that is nearest; two kvd that are both `off` show what of that is noise.
"""

import argparse
import pathlib
import statistics
import sys

import machine
import report
import rows
import servers

ROWS = [rows.Row("get", connections=1, keys=10_000), rows.Row("get", keys=10_000),
        rows.Row("get", pipeline=16, keys=10_000)]
KINDS = ("strict", "off", "off again")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    servers.add_programs(parser, "kvd", "generator")
    parser.add_argument("--pairs", type=int, default=15, help="runs of each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.0,
                        help="of a run (default: %(default)s)")
    parser.add_argument("--update", type=pathlib.Path, metavar="FILE.md",
                        help="put the table between the markers of this file")
    options = parser.parse_args()
    if options.pairs < 2:
        parser.error(f"--pairs is {options.pairs}, and at least two are needed")
    return options


def measure(options, generator, row):
    """By kind, the CPU microseconds of a request in each run."""
    started = [servers.start_kvd([*row.kvd_command(options.kvd, options.seconds),
                                  "--server-sandbox", kind.split()[0]]) for kind in KINDS]
    found = {kind: [] for kind in KINDS}
    with servers.running(*started):
        for server in started:
            generator.load(server, *row.fill())
        pairs = list(zip(KINDS, started))
        for turn in range(options.pairs):
            first = turn % len(pairs)
            for kind, server in pairs[first:] + pairs[:first]:
                result = generator.load(server, *row.arguments(), "--seconds", options.seconds,
                                        "--warmup", min(0.2, options.seconds))
                found[kind].append(result["server_cpu_us"])
    return found


def middle_half(ratios):
    """The median in percent more or less, with the quartiles."""
    low, _, high = statistics.quantiles(ratios, n=4)
    return " ".join([f"{100 * (statistics.median(ratios) - 1):+.1f} %",
                     f"({100 * (low - 1):+.1f} to {100 * (high - 1):+.1f})"])


def line_of(row, found):
    ratios = [[a / b for a, b in zip(found[kind], found["off"], strict=True)]
              for kind in ("strict", "off again")]
    return (f"| {row.name} | {report.figure(statistics.median(found['strict']))} | "
            f"{report.figure(statistics.median(found['off']))} | {middle_half(ratios[0])} | "
            f"{middle_half(ratios[1])} |")


def main():
    options = parse()
    servers.check_programs(options.kvd, options.generator)
    if options.update:
        report.page_with(options.update, "bench/sandbox.py", "")
    generator = servers.Generator(options.generator)
    lines = [f"{machine.description()}; {options.pairs} runs of {options.seconds:g} s each, "
             "median; differences with the middle half of the pairs.", "",
             "| workload | strict, CPU µs | off, CPU µs | difference | of two that are off |",
             "|---|---:|---:|---:|---:|"]
    for row in ROWS:
        print(row.name, file=sys.stderr, flush=True)
        lines.append(line_of(row, measure(options, generator, row)))
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if options.update:
        options.update.write_text(report.page_with(options.update, "bench/sandbox.py", text),
                                  encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
