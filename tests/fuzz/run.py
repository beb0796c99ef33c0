#!/usr/bin/python3
"""The one driver of the fuzz targets, which are the rows of targets.txt.

    cmake --preset sanitize && cmake --build --preset sanitize
    tests/fuzz/run.py --seconds 600                 all targets, each its share of ten minutes
    tests/fuzz/run.py --seconds 600 --keep lock     one; what it found is added to its corpus
    tests/fuzz/run.py --short lock                  what CI does: so many inputs, a fixed seed
    tests/fuzz/run.py --coverage                    what the corpora reach, file by file
    tests/fuzz/run.py --reproduce FILE lock         one input again, with the whole report

A long run works in BUILD/tests/fuzz/found/TARGET. With --keep, only inputs that reach what no
input of the corpus reaches are copied, the smallest first. A crash is run again, made smaller for
half a minute, and stays in found/TARGET/crashes. Exit code 0: nothing was found; 1: something was;
2: usage.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests/corpus"
INPUT_SECONDS_MAX = 20
RSS_MIB_MAX = 1024
SMALLER_SECONDS = 30

Target = collections.namedtuple(
    "Target", "name libraries dictionary length runs share covers")


def read_table():
    """The rows of targets.txt by their names."""
    targets = {}
    for line in (ROOT / "tests/fuzz/targets.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, libraries, dictionary, length, runs, share, covers = line.split()
            targets[name] = Target(name, libraries, dictionary, int(length), int(runs),
                                   int(share), covers.split("+"))
    return targets


class Runner:
    """One target in its directory."""

    def __init__(self, build, target, place):
        self.target = target
        self.before = []  # what starts the program
        self.program = build / "tests/fuzz" / f"{target.name}_fuzz"
        self.found = place / "corpus"
        self.files = place / "files"  # the working directory: what a target writes stays there
        self.crashes = place / "crashes"
        self.corpus = CORPUS / target.name
        if not self.program.exists():
            raise SystemExit(f"{self.program} is not built: cmake --build --preset sanitize")
        for directory in (self.found, self.files, self.crashes):
            directory.mkdir(parents=True, exist_ok=True)

    def run(self, *flags, seconds, quiet=True):
        """The fuzzer's exit code and what it said. What the target itself prints is not looked
        at, but when an input is reproduced."""
        command = [*self.before, self.program, f"-max_len={self.target.length}",
                   f"-rss_limit_mb={RSS_MIB_MAX}", f"-timeout={INPUT_SECONDS_MAX}",
                   f"-close_fd_mask={3 if quiet else 0}", f"-artifact_prefix={self.crashes}/",
                   *flags]
        result = subprocess.run(command, cwd=self.files, check=False, capture_output=True,
                                stdin=subprocess.DEVNULL, timeout=seconds)
        return result.returncode, (result.stdout + result.stderr).decode(errors="replace")

    def fuzz(self, *limits, seconds):
        flags = list(limits)
        if self.target.dictionary != "-":
            flags.append(f"-dict={CORPUS / self.target.dictionary}.dict")
        return self.run("-print_final_stats=1", *flags, self.found, self.corpus, seconds=seconds)

    def keep(self):
        """Adds to the corpus what reaches more than the corpus does. Returns how many files."""
        before = len(list(self.corpus.iterdir()))
        code, said = self.run("-merge=1", "-set_cover_merge=1", self.corpus, self.found,
                              seconds=1800)
        if code != 0:
            raise SystemExit(f"{self.target.name}: merging failed\n{said}")
        return len(list(self.corpus.iterdir())) - before

    def reproduce(self, path):
        return self.run(path.resolve(), seconds=INPUT_SECONDS_MAX + 100, quiet=False)

    def explain(self, crash):
        """What is printed of a crash: whether it comes again, and the smallest input for it."""
        code, said = self.reproduce(crash)
        print(f"{self.target.name}: {crash.name}: " +
              ("happens again" if code else "does not happen again alone"))
        print("\n".join(said.strip().splitlines()[-45:]))
        smallest = self.crashes / f"smallest-{crash.name}"
        if code and crash.name.startswith("crash-"):
            self.run("-minimize_crash=1", f"-max_total_time={SMALLER_SECONDS}",
                     f"-exact_artifact_path={smallest}", crash, seconds=SMALLER_SECONDS * 10)
        shown = smallest if smallest.exists() else crash
        data = shown.read_bytes()
        print(f"{self.target.name}: {len(data)} bytes: {data[:200]!r}")
        print(f"{self.target.name}: tests/fuzz/run.py --reproduce {shown} {self.target.name}")


def first_number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def report(target, said, kept):
    """One row of the table."""
    begin = re.search(r"INITED cov: (\d+)", said)
    edges = first_number(r"cov: (\d+)", said)
    all_edges = first_number(r"\((\d+) inline 8-bit counters\)", said)
    inputs = first_number(r"stat::number_of_executed_units: *(\d+)", said)
    per_second = first_number(r"stat::average_exec_per_sec: *(\d+)", said)
    print(f"{target.name:<13}{inputs:>11,}{per_second:>9,}{int(begin[1]) if begin else 0:>9,}"
          f"{edges:>9,}{all_edges:>9,}{kept:>7}", flush=True)


def head():
    print(f"{'target':<13}{'inputs':>11}{'a second':>9}{'corpus':>9}{'edges':>9}{'of':>9}"
          f"{'kept':>7}", flush=True)


def fuzz_all(build, targets, seconds, keep):
    """Every target for its share of the time. Returns whether nothing was found."""
    head()
    shares = sum(target.share for target in targets)
    crashes = []
    for target in targets:
        runner = Runner(build, target, build / "tests/fuzz/found" / target.name)
        known = set(runner.crashes.iterdir())
        span = max(1, seconds * target.share // shares)
        code, said = runner.fuzz(f"-max_total_time={span}", seconds=span * 5 + 600)
        new = sorted(set(runner.crashes.iterdir()) - known)
        report(target, said, runner.keep() if keep and code == 0 else 0)
        for crash in new:
            runner.explain(crash)
        if code != 0 and not new:
            print(said)
        if code != 0:
            crashes.append(target.name)
    print("nothing was found" if not crashes else "found something: " + ", ".join(crashes))
    return not crashes


def fixed_addresses():
    """What starts a program without random addresses, on which libFuzzer's choices hang as well;
    nothing where that is not permitted."""
    command = ["setarch", "--addr-no-randomize"]
    return command if subprocess.run([*command, "true"], capture_output=True,
                                     check=False).returncode == 0 else []


def run_short(build, targets):
    """The corpus, and the table's number of inputs from a fixed seed: the same every time.
    What it finds stays, or nobody could reproduce it."""
    head()
    before = fixed_addresses()
    good = True
    for target in targets:
        with tempfile.TemporaryDirectory(prefix="kv-fuzz-") as place:
            runner = Runner(build, target, pathlib.Path(place))
            runner.before = before
            code, said = runner.fuzz(f"-runs={target.runs}", "-seed=1", "-reload=0",
                                     "-max_total_time=90", seconds=170)
            report(target, said, 0)
            crashes = sorted(runner.crashes.iterdir())
            kept = build / "tests/fuzz/found" / target.name / "crashes"
            for crash in crashes:
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copy(crash, kept)
                Runner(build, target, kept.parent).explain(kept / crash.name)
            if code != 0 and not crashes:
                print(said)
            good = good and code == 0
    return good


def coverage_of(said):
    """{file: [edges reached, edges]} from -print_coverage=1."""
    files = collections.defaultdict(lambda: [0, 0])
    pattern = r"COVERED_FUNC: hits: \d+ edges: (\d+)/(\d+) .* (\S+?):\d+(?::\d+)?$"
    for line in said.splitlines():
        found = re.search(pattern, line)
        if found:
            name = os.path.relpath(os.path.normpath(found[3]), ROOT)
            files[name][0] += int(found[1])
            files[name][1] += int(found[2])
    return files


def show_coverage(build, targets):
    """What the corpora alone reach of the files that a target is there for."""
    print(f"{'target':<13}{'inputs':>7}  {'file':<38}{'edges':>7}{'of':>7}")
    for target in targets:
        with tempfile.TemporaryDirectory(prefix="kv-fuzz-") as place:
            runner = Runner(build, target, pathlib.Path(place))
            code, said = runner.run("-runs=0", "-print_coverage=1", "-seed=1", runner.corpus,
                                    seconds=900)
        if code != 0:
            raise SystemExit(f"{target.name}: the corpus does not pass\n{said}")
        inputs = len(list(runner.corpus.iterdir()))
        files = {name: edges for name, edges in sorted(coverage_of(said).items())
                 if any(name.startswith(prefix) for prefix in target.covers)}
        assert files, f"{target.name}: none of {target.covers} is in the program\n{said[-3000:]}"
        rows = [*files.items()]
        if len(rows) > 1:
            rows.append(("together", [sum(f[0] for f in files.values()),
                                      sum(f[1] for f in files.values())]))
        for index, (name, (reached, edges)) in enumerate(rows):
            first = f"{target.name:<13}{inputs:>7}  " if index == 0 else " " * 22
            print(f"{first}{name:<38}{reached:>7}{edges:>7}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/sanitize",
                        help="where the targets are built [build/sanitize]")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seconds", type=int, help="of all targets together")
    what.add_argument("--short", action="store_true", help="the bounded run of CI")
    what.add_argument("--coverage", action="store_true", help="edges that the corpora reach")
    what.add_argument("--reproduce", type=pathlib.Path, metavar="FILE", help="run one input")
    parser.add_argument("--keep", action="store_true", help="add what is new to the corpora")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all of them by default")
    options = parser.parse_args()
    table = read_table()
    unknown = [name for name in options.targets if name not in table]
    if unknown:
        parser.error(f"no target {unknown[0]}; there are {', '.join(table)}")
    targets = [table[name] for name in options.targets or table]
    build = options.build.resolve()
    if options.reproduce:
        if len(options.targets) != 1:
            parser.error("--reproduce wants one target")
        with tempfile.TemporaryDirectory(prefix="kv-fuzz-") as place:
            code, said = Runner(build, targets[0], pathlib.Path(place)).reproduce(
                options.reproduce)
        print(said)
        return 1 if code else 0
    if options.coverage:
        show_coverage(build, targets)
        return 0
    if options.short:
        return 0 if run_short(build, targets) else 1
    return 0 if fuzz_all(build, targets, options.seconds, options.keep) else 1


if __name__ == "__main__":
    sys.exit(main())
