#!/usr/bin/python3
"""A snapshot of kvd beside BGSAVE of Redis, both under a load of SETs, and the start after it.

    bench/snapshot.py [--gb N] [--rate N] [--pairs N] [--update FILE.md] [-- FLAG OF KVD...]

Both hold the same strings. SETs of random keys are due at fixed times (open loop), first alone,
then while a snapshot is written: its time, the latency of the SETs in the worst second, and by how
much the memory of all processes of the server grew (Pss, which counts a page that two processes
share once). Then the server is killed and started again; the bytes are those of keys and values.
Redis does not compress, as kvd does not. The disk is that of --directory.
"""

import argparse
import contextlib
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import machine
import report
import servers

KEY_BYTES = 16
VALUE_BYTES = 1000
CONNECTIONS = 50
MEASURES = [("snapshot s", "save_s"), ("p99 µs alone", "quiet_p99_us"),
            ("p99 µs meanwhile", "p99_us"), ("longest µs meanwhile", "max_us"),
            ("memory grows by MiB", "grown_mib"), ("start MB/s", "load_mb_s")]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    servers.add_programs(parser, "kvd", "generator", "redis")
    parser.add_argument("--gb", type=float, default=1.0,
                        help="of keys and values (default: %(default)s)")
    parser.add_argument("--rate", type=int, default=10000, help="SETs a second (%(default)s)")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each (default: %(default)s)")
    parser.add_argument("--directory", default=".", help="where the files are (default: here)")
    parser.add_argument("--update", type=pathlib.Path, metavar="FILE.md",
                        help="put the table between the markers of this file")
    parser.add_argument("more", nargs="*", metavar="FLAG", help="further flags of kvd, after --")
    options = parser.parse_args()
    if options.gb <= 0 or options.rate < 1 or options.pairs < 1:
        parser.error("--gb, --rate and --pairs are more than 0")
    options.keys = int(options.gb * 1e9 / (KEY_BYTES + VALUE_BYTES))
    return options


def ask(server, command):
    """The reply, as far as it comes at once."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(command + b"\r\n")
        return client.recv(65536).decode()


def start_kvd(options, directory):
    return servers.start_kvd(
        [options.kvd, "--port", 0, "--connections", CONNECTIONS + 10, "--keys", options.keys,
         "--key-max", KEY_BYTES, "--value-max", VALUE_BYTES, "--list-max", 0, "--block", 256,
         "--snapshot-enabled", "on", "--snapshot-interval-ms", 0, "--data-directory", directory,
         *options.more])


def start_redis(options, directory):
    port = servers.free_port()
    server = servers.Server(
        "Redis", ["redis-server", "--port", port, "--save", "", "--appendonly", "no",
                  "--rdbcompression", "no", "--daemonize", "no", "--loglevel", "warning", "--dir",
                  directory],
        executable=options.redis_server, port=port)
    while ask(server, b"PING") != "+PONG\r\n":  # It loads.
        time.sleep(0.01)
    return server


def processes(pid):
    """The server and, while Redis writes, its child."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [pid, *(int(child) for child in children.split())]


def memory_bytes(pid):
    total = 0
    for process in processes(pid):
        with contextlib.suppress(OSError):  # A child that has ended meanwhile.
            facts = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
            total += int(re.search(r"^Pss:\s*(\d+) kB", facts, re.MULTILINE)[1]) << 10
    return total


def load(options, generator, server):
    """A second of it."""
    return generator.load(server, "--test", "set", "--connections", CONNECTIONS, "--keys",
                          options.keys, "--key-bytes", KEY_BYTES, "--value-bytes", VALUE_BYTES,
                          "--order", "uniform", "--rate", options.rate, "--seconds", 1)


def is_saving(server):
    return "rdb_bgsave_in_progress:1" in ask(server, b"INFO persistence")


class Watch(threading.Thread):
    """Looks at memory and at the end of the snapshot, ten times a second."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.before = memory_bytes(server.pid)
        self.most = self.before
        self.begin = time.monotonic()
        self.seconds = None

    def run(self):
        while is_saving(self.server):
            self.most = max(self.most, memory_bytes(self.server.pid))
            time.sleep(0.1)
        self.seconds = time.monotonic() - self.begin


def measure(options, generator, start, directory):
    """One run of one server."""
    server = start(options, directory)
    with servers.running(server):
        generator.load(server, "--test", "set", "--connections", CONNECTIONS, "--pipeline", 16,
                       "--keys", options.keys, "--requests", options.keys, "--order",
                       "sequential", "--key-bytes", KEY_BYTES, "--value-bytes", VALUE_BYTES)
        quiet = [load(options, generator, server) for _ in range(3)]
        reply = ask(server, b"BGSAVE")
        if not reply.startswith("+Background"):
            raise SystemExit(f"{server.name} does not save: {reply}")
        watch = Watch(server)
        watch.start()
        busy = []
        while watch.is_alive() or not busy:
            busy.append(load(options, generator, server))
        watch.join()
        if "rdb_last_bgsave_status:ok" not in ask(server, b"INFO persistence"):
            raise SystemExit(f"the snapshot of {server.name} has failed")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    begin = time.monotonic()
    server = start(options, directory)
    seconds = time.monotonic() - begin
    with servers.running(server):
        if ask(server, b"DBSIZE") != f":{options.keys}\r\n":
            raise SystemExit(f"{server.name} has not every key again")
        server.shut_down()
    return {"save_s": watch.seconds, "quiet_p99_us": max(second["p99_us"] for second in quiet),
            "p99_us": max(second["p99_us"] for second in busy),
            "max_us": max(second["max_us"] for second in busy),
            "grown_mib": (watch.most - watch.before) / (1 << 20),
            "load_mb_s": options.keys * (KEY_BYTES + VALUE_BYTES) / seconds / 1e6}


def table(results):
    lines = ["| server | " + " | ".join(heading for heading, _ in MEASURES) + " |\n",
             "|---|" + "---:|" * len(MEASURES) + "\n"]
    for name, runs in results.items():
        cells = [report.spread([run[key] for run in runs]) for _, key in MEASURES]
        lines.append(f"| {name} | " + " | ".join(cells) + " |\n")
    cells = [f"{statistics.median(report.ratios(results['kvd'], results['Redis'], key)):.2f}"
             if all(run[key] > 0 for run in results["Redis"]) else "" for _, key in MEASURES]
    lines.append("| kvd / Redis | " + " | ".join(cells) + " |\n")
    return "".join(lines)


def main():
    options = parse()
    servers.check_programs(options.kvd, options.generator, options.redis_server)
    if options.update:
        report.page_with(options.update, "bench/snapshot.py", "")
    generator = servers.Generator(options.generator)
    kinds = {"kvd": start_kvd, "Redis": start_redis}
    results = {name: [] for name in kinds}
    for pair in range(options.pairs):
        for name in (kinds if pair % 2 == 0 else reversed(kinds)):
            print(f"{name}, {pair + 1} of {options.pairs}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(dir=options.directory) as directory:
                results[name].append(measure(options, generator, kinds[name], directory))
            subprocess.run(["sync"], check=True)
    version = servers.redis_version(options.redis_server)
    text = (f"Redis {version}; {options.keys:,} keys of {KEY_BYTES} B with values of "
            f"{VALUE_BYTES:,} B, {options.rate:,} SETs a second from {CONNECTIONS} connections; "
            f"{machine.description()}. Medians of {options.pairs} interleaved runs, from the least "
            f"to the most.\n\n" + table(results))
    print(text, end="")
    if options.update:
        options.update.write_text(report.page_with(options.update, "bench/snapshot.py", text),
                                  encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
