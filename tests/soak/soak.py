#!/usr/bin/python3
"""A mixed load with faults for as long as asked, and one table at the end.

    tests/soak/soak.py --minutes 30        kvd and kvload of build/gcc

Clients that behave ask for this and that at a steady rate, and every reply is compared with what
they know; kvload adds pipelines; two processes do whatever clients should not (faults.py). First
comes the storm: a server that is full, with and without ten times as many clients at its door.
Everything is nice: it takes what nobody else wants, less than two processors.

Exit code 0: every reply was right, every pool is as it was, and resident memory changed by less
than 256 KiB. How long replies took is told and not judged: it belongs to the machine.
"""

import argparse
import collections
import json
import multiprocessing
import os
import pathlib
import queue
import random
import resource
import subprocess
import sys
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
import harness  # noqa: E402  pylint: disable=wrong-import-position
from harness import Client, Closed, Error, Kvd, wait_until  # noqa: E402  pylint: disable=C0413

import faults  # noqa: E402  pylint: disable=wrong-import-position

KIB = 1024
RSS_CHANGE_MAX = 256 * KIB
STEADY_CLIENTS = 8
GAP_SECONDS = 0.25
STOOD_STILL = "(left out: the machine stood still)"
STEADY_RATE = 800  # commands a second, of all of them together
BULK = ["set", "get", "incr", "lpush", "lpop", "mset", "lrange"]
PHASES = ["quiet", "storm", "mixed", "end"]


class Histogram:
    """Microseconds in buckets that are 3 % wide."""

    def __init__(self):
        self.buckets = collections.Counter()

    def add(self, microseconds):
        whole = max(1, int(microseconds))
        shift = max(0, whole.bit_length() - 6)
        self.buckets[whole >> shift << shift] += 1

    def percentile(self, share):
        left = sum(self.buckets.values()) * share
        for bucket in sorted(self.buckets):
            left -= self.buckets[bucket]
            if left <= 0:
                return bucket
        return 0


class Ticker(threading.Thread):
    """Sees when this process itself stood still, because the machine was busy or it was stopped:
    what took long then says nothing of the server."""

    def __init__(self):
        super().__init__(daemon=True)
        self.gaps = 0
        self.seconds = 0.0
        self.start()

    def run(self):
        last = time.monotonic()
        while True:
            time.sleep(0.02)
            now = time.monotonic()
            if now - last > GAP_SECONDS:
                self.seconds += now - last
                self.gaps += 1
            last = now


class Steady:
    """Clients that behave, and what they know of their keys."""

    def __init__(self, port, seed):
        self.random = random.Random(seed)
        self.clients = [Client(port) for _ in range(STEADY_CLIENTS)]
        self.strings = {}
        self.lists = {}
        self.histograms = {phase: Histogram() for phase in PHASES}
        self.world = faults.World(port, "steady")
        self.ticker = Ticker()

    def ask(self, phase, *words):
        client = self.random.choice(self.clients)
        gaps = self.ticker.gaps
        begin = time.perf_counter()
        reply = client.command(*words)
        seconds = time.perf_counter() - begin
        if seconds > GAP_SECONDS:
            time.sleep(0.1)  # the ticker has had its turn
        if self.ticker.gaps == gaps:
            self.histograms[phase].add(seconds * 1e6)
        else:
            self.world.faults[STOOD_STILL] += 1
        self.world.count(words[0], reply)
        return reply

    def step(self, phase):
        """One command, whose reply has one right answer; or it is refused and nothing changed."""
        key = f"steady:{self.random.randrange(200)}"
        what = self.random.randrange(8)
        value = bytes([97 + self.random.randrange(26)]) * self.random.randrange(1, 300)
        if what < 2:
            self.check(self.ask(phase, "SET", key, value), "OK",
                       lambda: self.strings.update({key: value}))
        elif what < 5:
            self.check(self.ask(phase, "GET", key), self.strings.get(key))
        elif what == 5:
            self.check(self.ask(phase, "DEL", key), int(key in self.strings),
                       lambda: self.strings.pop(key, None))
        else:
            self.step_list(phase, "list:" + key, value, grows=what == 6)

    def step_list(self, phase, key, value, grows):
        known = self.lists.setdefault(key, collections.deque())
        if not grows:
            self.check(self.ask(phase, "LRANGE", key, 0, -1), list(known))
        elif len(known) > 10:
            self.check(self.ask(phase, "LPOP", key), known[0], known.popleft)
        else:
            self.check(self.ask(phase, "RPUSH", key, value), len(known) + 1,
                       lambda: known.append(value))

    def check(self, reply, expected, then=lambda: None):
        if isinstance(reply, Error) and reply.startswith("OOM "):
            return
        assert reply == expected, f"{reply!r}, not {expected!r}"
        then()

    def end(self):
        for key, value in self.strings.items():
            assert self.ask("mixed", "GET", key) == value, key
        for key, known in self.lists.items():
            assert self.ask("mixed", "LRANGE", key, 0, -1) == list(known), key
        for client in self.clients:
            client.close()


def run_steady(port, seed, phase, results):
    steady = Steady(port, seed)
    due = time.monotonic()
    while PHASES[phase.value] != "end":
        steady.step(PHASES[phase.value])
        due += 1 / STEADY_RATE
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        else:
            due = time.monotonic()
    steady.end()
    results.put(("steady", steady.world, steady.histograms))


def run_faults(port, name, seed, phase, results):
    """One fault after the other, in an order that the seed decides; each has its turn."""
    choose = random.Random(seed)
    world = faults.World(port, name)
    ticker = Ticker()
    order = []
    while PHASES[phase.value] != "end":
        if not order:
            order = choose.sample(sorted(faults.FAULTS), len(faults.FAULTS))
        fault = order.pop()
        begin = time.monotonic()
        gaps = ticker.gaps
        try:
            faults.FAULTS[fault](world, choose)
            world.faults[fault] += 1
        except faults.Refused:
            world.faults["(nobody was let in)"] += 1
            time.sleep(0.3)
        except (AssertionError, Closed, OSError):
            time.sleep(0.1)
            if ticker.gaps == gaps:
                raise
            world.faults[STOOD_STILL] += 1
            forget(world)
        time.sleep(min(0.5, time.monotonic() - begin))  # half of the time is the others'
    results.put((name, world, None))


def run_storms(port, phase, results):
    """A storm whenever the phase says so. Its processor time is not that of those who are in: it
    takes what they leave."""
    os.nice(9)
    world = faults.World(port, "storm")
    while phase.value < PHASES.index("mixed"):
        if PHASES[phase.value] == "quiet":
            time.sleep(0.02)
            continue
        tried, refused = faults.storm(port, 10 * faults.CONNECTIONS, seconds=0.1)
        world.operations["connect"] += tried
        world.errors[faults.REFUSED] += refused
    results.put(("storm", world, None))


def forget(world):
    """Deletes what a fault that was cut short has left."""
    with Client(world.port) as client:
        for key in client.command("KEYS", world.name + ":*"):
            client.command("DEL", key)


def run_bulk(port, kvload, phase, results):
    """kvload with one kind of command after the other, in pipelines."""
    world = faults.World(port, "bulk")
    tests = BULK.copy()
    while PHASES[phase.value] != "end":
        tests.append(tests.pop(0))
        run = subprocess.run(
            [kvload, "-p", str(port), "-t", tests[0], "-c", "4", "-P", "16", "-d", "100", "-k",
             "300", "--rate", "8000", "-s", "2", "--json"],
            capture_output=True, text=True, check=False, timeout=600)
        if run.stdout.startswith("{"):
            told = json.loads(run.stdout)
            world.operations["pipelined " + tests[0].upper()] += told["requests"]
            world.errors["(in pipelines: full lists, full store)"] += told["errors"]
        else:
            world.faults["(nobody was let in)"] += 1
            time.sleep(0.2)
    results.put(("bulk", world, None))


def guarded(run, arguments, results):
    try:
        run(*arguments, results)
    except BaseException:  # whatever it is, the table must not come without it
        results.put(("wrong", traceback.format_exc(), None))


class Soak:
    """The server, its watcher, the processes that load it, and what they bring home."""

    def __init__(self, server, options):
        self.server = server
        self.options = options
        self.watcher = server.client()
        self.phase = multiprocessing.Value("i", 0)
        self.results = multiprocessing.Queue()
        self.processes = []
        self.worlds = []  # what the processes that have ended brought home
        self.histograms = {}
        self.wrong = []
        self.before = self.watcher.used()

    def start(self, run, *arguments):
        process = multiprocessing.Process(
            target=guarded, args=(run, (self.server.port, *arguments, self.phase), self.results))
        process.start()
        self.processes.append(process)

    def stop(self):
        """Waits for all of them and takes what they have counted."""
        self.phase.value = PHASES.index("end")
        for _ in range(len(self.processes) - len(self.worlds) - len(self.wrong)):
            self.take(timeout=300)
        for process in self.processes:
            process.join()
        self.processes.clear()

    def take(self, timeout):
        try:
            name, world, histograms = self.results.get(timeout=timeout)
        except queue.Empty:
            return
        if name == "wrong":
            self.wrong.append(world)
            return
        self.worlds.append(world)
        self.histograms = histograms or self.histograms

    def rest(self, seconds):
        """Waits, unless something went wrong."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.wrong:
            self.take(timeout=min(1, max(0.01, end - time.monotonic())))

    def storms(self, seconds):
        """Full of clients that behave or are idle; quiet and stormy in turns, so that what else
        the machine does meets both."""
        idle = [self.server.client() for _ in range(faults.CONNECTIONS - STEADY_CLIENTS - 1)]
        self.start(run_storms)
        for _ in range(6):
            for phase in ("quiet", "storm"):
                self.phase.value = PHASES.index(phase)
                self.rest(seconds / 12)
        self.phase.value = PHASES.index("mixed")
        for client in idle:
            client.close()

    def run(self):
        """Returns the row of resident memory: when it was ready, warm, and at the end."""
        seconds = self.options.minutes * 60
        begin = time.monotonic()
        resident = [self.memory()]
        warm = faults.World(self.server.port, "warm")
        for name in sorted(faults.FAULTS):
            faults.FAULTS[name](warm, random.Random(self.options.seed))
        wait_until(lambda: self.watcher.used() == self.before, "warm, and everything is free")
        resident.append(self.memory())
        self.start(run_steady, self.options.seed)
        self.storms(min(60, seconds / 4))
        for number in range(2):
            self.start(run_faults, f"faults {number}", self.options.seed + number)
        self.start(run_bulk, self.options.kvload)
        self.rest(seconds - (time.monotonic() - begin))
        self.stop()
        self.watcher.command("FLUSHALL")
        wait_until(lambda: self.watcher.info("clients")["connected_clients"] == "1", "all are gone")
        try:
            wait_until(lambda: self.watcher.used() == self.before, "every pool is as it was")
        except AssertionError as leak:
            self.wrong.append(str(leak))
        resident.append(self.memory())
        return resident

    def memory(self):
        return self.server.resident_bytes(), self.server.resident_bytes("Anonymous")


def rows_of_counts(title, counter):
    yield f"{title:<44}{sum(counter.values()):>14,}"
    for name, count in sorted(counter.items(), key=lambda pair: -pair[1]):
        yield f"  {name:<42}{count:>14,}"


def total(worlds, field):
    return sum((getattr(world, field) for world in worlds), collections.Counter())


def rows_of_latency(histograms):
    yield f"{'latency of those who behave, µs':<38}{'p50':>9}{'p99':>9}{'p99.9':>9}{'max':>9}"
    titles = {"quiet": "full, nobody at the door", "storm": "full, storm at ten times the limit",
              "mixed": "mixed load with faults"}
    p99 = {}
    for phase, title in titles.items():
        told = [histograms[phase].percentile(share) for share in (0.5, 0.99, 0.999, 1)]
        p99[phase] = told[1]
        yield f"  {title:<36}" + "".join(f"{number:>9,}" for number in told)
    ratio = p99["storm"] / max(1, p99["quiet"])
    yield f"  p99 of the storm is {ratio:.2f} of the quiet one (goal: at most 2)"


def rows_of_pools(before, after, fields):
    yield f"{'pool':<28}{'count':>10}{'most used':>11}{'at start':>10}{'at end':>8}"
    for name, now in after.items():
        if fields[name]["used_max"] == fields[name]["used"] == fields[name]["count"]:
            continue  # held from start to end, whatever happens
        yield (f"  {name:<26}{fields[name]['count']:>10,}{fields[name]['used_max']:>11,}"
               f"{before[name]:>10,}{now:>8,}")


COUNTERS = ["total_connections_received", "rejected_connections", "expired_keys",
            "protocol_errors", "stalled_connections_closed", "refused_for_memory",
            "waits_request_buffer", "waits_large_request", "waits_reply_buffer",
            "waits_large_reply"]


def table(soak, resident, seconds):
    stats = soak.watcher.info("stats")
    used = soak.watcher.used()
    fields = soak.watcher.fields("part_")
    minutes = seconds / 60
    yield f"kvd under mixed load with faults for {minutes:.1f} minutes, seed {soak.options.seed}"
    yield ""
    yield from rows_of_counts("operations", total(soak.worlds, "operations"))
    yield from rows_of_counts("faults", total(soak.worlds, "faults"))
    yield from rows_of_counts("error replies by kind", total(soak.worlds, "errors"))
    yield f"{'wrong replies':<44}{len(soak.wrong):>14,}"
    yield "what kvd counted"
    yield from (f"  {name:<42}{int(stats[name]):>14,}" for name in COUNTERS)
    yield ""
    yield from rows_of_latency(soak.histograms)
    yield ""
    yield f"{'resident memory, KiB':<30}{'ready':>10}{'warm':>10}{'end':>10}{'change':>10}"
    for index, title in enumerate(("all", "anonymous")):
        kib = [pair[index] // KIB for pair in resident]
        yield f"  {title:<28}" + "".join(f"{k:>10,}" for k in kib) + f"{kib[2] - kib[1]:>+10,}"
    yield ""
    yield from rows_of_pools(soak.before, used, fields)
    yield ""
    own = sum(sum(resource.getrusage(who)[:2])
              for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    kvd = kvd_seconds(soak) / seconds
    yield f"processor time: the load {own / seconds:.2f} of a core; kvd {kvd:.2f}"


def kvd_seconds(soak):
    fields = pathlib.Path(f"/proc/{soak.server.pid}/stat").read_text(encoding="utf-8").split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--kvd", default=ROOT / "build/gcc/server/kvd")
    parser.add_argument("--kvload", default=ROOT / "build/gcc/bench/kvload")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    harness.programs.kvd = options.kvd
    harness.raise_file_limit(20 * faults.CONNECTIONS)
    os.nice(10)
    begin = time.monotonic()
    with Kvd(*map(str, faults.FLAGS)) as server:
        soak = Soak(server, options)
        resident = soak.run()
        print("\n".join(table(soak, resident, time.monotonic() - begin)), flush=True)
        for text in soak.wrong:
            print(text)
        change = abs(resident[2][0] - resident[1][0])
        if change >= RSS_CHANGE_MAX:
            print(f"resident memory changed by {change} bytes")
        soak.watcher.close()
    return 1 if soak.wrong or change >= RSS_CHANGE_MAX else 0


if __name__ == "__main__":
    sys.exit(main())
