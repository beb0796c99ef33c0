#!/usr/bin/python3
"""Bytes of memory for each key: the whole arena of kvd beside what Redis grows by.

    bench/density.py [--block BYTES] [--update FILE.md] [-- FLAG OF KVD...]

Both are filled for real with the same: a million keys of 16 bytes with values of 64 bytes, and
100,000 keys with lists of ten such elements, none of which expires. kvd's number is its arena, all
of it, divided by the keys: what was planned and taken, full. Redis' is the growth of its resident
memory from empty.
The size of a block is what `kvplan advise` names as best, unless --block gives it.
"""

import argparse
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

import machine
import report
import servers

KEY_BYTES = 16
VALUE_BYTES = 64
CONNECTIONS = 8


class Load:
    """So many keys, each with a string or a list."""

    def __init__(self, keys, list_length):
        self.keys = keys
        self.list_length = list_length
        self.data_bytes = KEY_BYTES + VALUE_BYTES * max(1, list_length)
        what = f"a list of {list_length} elements" if list_length else "a value"
        self.name = f"{keys:,} keys of {KEY_BYTES} B with {what} of {VALUE_BYTES} B"

    def fill(self):
        """Arguments of kvload that store it."""
        test = ["rpush", "--elements", self.list_length] if self.list_length else ["set"]
        return ["--test", *test, "--pipeline", 16, "--connections", CONNECTIONS - 1, "--keys",
                self.keys, "--requests", self.keys, "--order", "sequential", "--value-bytes",
                VALUE_BYTES, "--key-bytes", KEY_BYTES]

    def options(self, arguments):
        """Of kvd, by their names in a config: limits that this load fills to the last key."""
        if arguments.block:
            return {"key_count": self.keys, "key_size_max": KEY_BYTES,
                    "val_size_max": VALUE_BYTES, "list_length_max": self.list_length,
                    "expiring_keys_max": 0, "block_bytes": arguments.block}
        command = [arguments.kvplan, "advise", "--key", KEY_BYTES, "--value", VALUE_BYTES,
                   "--keys", self.keys, "--expiring-keys", 0, "--format", "json"]
        if self.list_length:
            command += ["--list", self.list_length]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise SystemExit(f"kvplan advise names no size of a block ({done.stderr.strip()}); "
                             "give it with --block")
        return json.loads(done.stdout)["options"]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    servers.add_programs(parser, "kvd", "generator", "redis")
    parser.add_argument("--kvplan", default=servers.BUILD / "planner/kvplan",
                        help="default: %(default)s")
    parser.add_argument("--block", type=int, metavar="BYTES", help="size of kvd's blocks")
    parser.add_argument("--keys", type=int, default=1_000_000,
                        help="with values; lists are a tenth (default: %(default)s)")
    parser.add_argument("--update", type=pathlib.Path, metavar="FILE.md",
                        help="put the table between the markers of this file")
    parser.add_argument("more", nargs="*", metavar="FLAG", help="further flags of kvd, after --")
    options = parser.parse_args()
    if options.keys < 10_000:
        parser.error(f"--keys is {options.keys}, and at least 10,000 are needed")
    return options


def ask(server, command):
    """The reply, as far as it comes at once."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(command + b"\r\n")
        return client.recv(65536).decode()


def fill(generator, server, load):
    generator.load(server, *load.fill())
    assert ask(server, b"DBSIZE") == f":{load.keys}\r\n", "not every key is there"


def kvd_bytes(options, generator, load):
    """(arena, size of a block)"""
    config = load.options(options)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(config, file)
        file.flush()
        server = servers.start_kvd([options.kvd, "--config", file.name, "--port", 0,
                                    "--connections", CONNECTIONS, *options.more])
    with servers.running(server):
        fill(generator, server, load)
        arena = int(re.search(r"arena_carved_bytes:(\d+)", ask(server, b"INFO memory"))[1])
    return arena, config["block_bytes"]


def redis_bytes(options, generator, load):
    """What its resident memory grows by."""
    with servers.running(servers.start_redis(options.redis_server)) as (server,):
        generator.load(server, "--test", "ping", "--connections", CONNECTIONS - 1, "--requests",
                       1000)
        before = server.resident_bytes()
        fill(generator, server, load)
        return server.resident_bytes() - before


def main():
    options = parse()
    servers.check_programs(options.kvd, options.generator, options.redis_server)
    if options.update:
        report.page_with(options.update, "bench/density.py", "")
    generator = servers.Generator(options.generator)
    lines = []
    for load in (Load(options.keys, 0), Load(options.keys // 10, 10)):
        print(load.name, file=sys.stderr, flush=True)
        arena, block = kvd_bytes(options, generator, load)
        redis = redis_bytes(options, generator, load)
        lines.append(f"| {load.name} | {load.data_bytes} | {arena / load.keys:.1f} | {block} | "
                     f"{redis / load.keys:.1f} | {arena / redis:.2f} |\n")
    version = servers.redis_version(options.redis_server)
    text = (f"Redis {version}; {machine.description()}.\n\n"
            "| data | bytes of it per key | kvd, arena per key | block | Redis, resident per key | "
            "kvd / Redis |\n|---|---:|---:|---:|---:|---:|\n" + "".join(lines))
    print(text, end="")
    if options.update:
        options.update.write_text(report.page_with(options.update, "bench/density.py", text),
                                  encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
