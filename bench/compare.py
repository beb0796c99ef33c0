#!/usr/bin/env python3
"""Server CPU per request: kvd beside redis-server from Debian, on the same machine.

Both servers run at the same time, pinned to one core; the generator is pinned to another. Runs
are interleaved and which of a pair goes first alternates, so that what changes on the machine
hits both. CPU is user and system time of the process, from /proc/PID/stat.

    bench/compare.py --kvd build/release/server/kvd [--pairs 7] [--requests 100000]

redis-server is the binary that redis-tools brings as redis-check-rdb, which is the same file:
the name that it is started with decides what it does. Without persistence: --save "" and
appendonly off.
"""

import argparse
import csv
import io
import os
import re
import socket
import statistics
import subprocess
import time

CLIENTS = 50
VALUE_BYTES = 64
CASES = [("get", 1), ("set", 1), ("get", 16), ("set", 16)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(core, *command):
    return ["taskset", "-c", str(core), *command]


class Server:
    def __init__(self, name, command, core, port, executable=None):
        self.name = name
        self.port = port
        self.process = subprocess.Popen(
            command, executable=executable, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, [core]))
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"{name} does not listen on port {port}")

    def cpu_seconds(self):
        """User and system time, in ticks of the clock (10 ms)."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def measure(server, test, depth, requests, core):
    """Microseconds of the server's CPU per request, and requests per second."""
    before = server.cpu_seconds()
    output = subprocess.run(
        pinned(core, "redis-benchmark", "-p", str(server.port), "-t", test, "-n", str(requests),
               "-c", str(CLIENTS), "-P", str(depth), "-d", str(VALUE_BYTES), "-r", "1000",
               "--csv"), check=True, capture_output=True, text=True).stdout
    used = server.cpu_seconds() - before
    row = next(csv.DictReader(io.StringIO(output)))
    return used * 1e6 / requests, float(row["rps"])


def report(test, depth, rows):
    """rows: pairs of (kvd, redis), each (microseconds, requests per second)."""
    for index, unit in ((0, "us CPU/request"), (1, "requests/s")):
        ratios = sorted(kvd[index] / redis[index] for kvd, redis in rows)
        ours = statistics.median(kvd[index] for kvd, _ in rows)
        theirs = statistics.median(redis[index] for _, redis in rows)
        print(f"{test:<4} -P {depth:<3} {unit:<15} kvd {ours:>10,.2f}   redis {theirs:>10,.2f}   "
              f"kvd/redis {statistics.median(ratios):.2f} "
              f"({ratios[0]:.2f} to {ratios[-1]:.2f})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kvd", required=True)
    parser.add_argument("--redis-server", default="/usr/bin/redis-check-rdb")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--requests", type=int, default=100000)
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("server and generator need a core each, and there is one")
    version = subprocess.run(["redis-server", "--version"], capture_output=True, text=True,
                             executable=arguments.redis_server, check=True).stdout
    print(re.search(r"v=[\d.]+", version).group(), "from Debian;", CLIENTS, "clients,",
          VALUE_BYTES, "bytes,", arguments.pairs, "pairs: median (least to most)")

    kvd_port, redis_port = free_port(), free_port()
    kvd = Server("kvd", [arguments.kvd, "--port", str(kvd_port), "--connections", "100",
                         "--keys", "2000", "--list-max", "0"], cores[0], kvd_port)
    redis = Server("redis-server", ["redis-server", "--port", str(redis_port), "--save", "",
                                    "--appendonly", "no", "--daemonize", "no", "--loglevel",
                                    "warning"], cores[0], redis_port,
                   executable=arguments.redis_server)
    try:
        for server in (kvd, redis):  # every key exists, and both are warm
            measure(server, "set", 16, 100000, cores[1])
        for test, depth in CASES:
            rows = []
            # Pipelined requests are quick: more of them, for ticks of 10 ms to tell.
            requests = arguments.requests * (4 if depth > 1 else 1)
            for pair in range(arguments.pairs):
                order = (kvd, redis) if pair % 2 == 0 else (redis, kvd)
                result = {s.name: measure(s, test, depth, requests, cores[1]) for s in order}
                rows.append((result["kvd"], result["redis-server"]))
            report(test, depth, rows)
    finally:
        kvd.stop()
        redis.stop()


if __name__ == "__main__":
    main()
