"""The plan and the memory of the process: equal at the start, and the same for ever."""

import json
import random
import re
import signal
import subprocess
import tempfile
import threading
import time

import harness
from harness import KIB, MIB, Kvd, Skip, encode, plan, wait_until

# At least twenty, each another corner: many of one thing, few of another, odd sizes, and
# parts that are not planned at all.
CONFIGS = [
    "",
    "--connections 1 --keys 1",
    "--connections 1 --keys 1 --key-max 1 --value-max 1 --list-max 0",
    "--connections 1000 --list-max 50 --keys 10",
    "--connections 4000 --keys 1 --request-buffer-bytes 1KiB --reply-buffer-bytes 1KiB",
    "--connections 7 --keys 11 --key-max 13 --value-max 17 --list-max 19",
    "--connections 3 --keys 1000000 --key-max 16 --value-max 16 --list-max 0 --block 32",
    "--connections 3 --keys 100000 --key-max 16 --value-max 16 --list-max 3 --block 40",
    "--connections 5 --keys 5 --value-max 1MiB --list-max 3",
    "--connections 5 --keys 3 --value-max 1MiB --list-max 0 --block 1MiB",
    "--connections 100 --keys 100 --list-max 1",
    "--connections 100 --keys 100 --list-max 8",
    "--connections 100 --keys 100 --list-max 99",
    "--connections 10 --keys 10 --list-max 998",
    "--connections 10 --keys 10 --list-max 5000 --value-max 64",
    "--connections 20 --keys 1000 --store 10MiB",
    "--connections 20 --keys 1000 --store 10_000_000",
    "--connections 50 --keys 20 --request-buffers 3 --reply-buffers 5",
    "--connections 50 --keys 20 --large-request-slots 1 --large-reply-slots 2",
    "--connections 50 --keys 20 --command-args-max 100",
    "--connections 50 --keys 20 --command-args-max 100000",
    "--connections 50 --keys 20 --request-buffer-bytes 256 --reply-buffer-bytes 1024",
    "--connections 50 --keys 20 --request-buffer-bytes 16MiB --reply-buffer-bytes 16MiB",
    "--connections 64 --keys 20 --memory-populate off",
    "--connections 64 --keys 20 --memory-huge-pages off",
]


def proof_the_plan_of_kvplan_is_the_arena_mapping_of_kvd():
    """Two processes: what the one prints is what the kernel says of the other, component by
    component too, for every config in the list."""
    assert len(CONFIGS) >= 20
    for flags in map(str.split, CONFIGS):
        planned = plan(*flags)
        arena_bytes = planned["arena_bytes"]
        with Kvd(*flags) as server, server.client() as client:
            mapping = server.arena_mapping(arena_bytes)
            assert mapping[0] == arena_bytes, f"{flags}: {mapping}"
            assert client.info("memory")["arena_carved_bytes"] == str(arena_bytes), flags
            carved = {name: fields["carved_bytes"]
                      for name, fields in client.fields("component_").items()}
            wanted = {c["name"].replace(" ", "_"): c["bytes"] for c in planned["components"]}
            assert carved == wanted, f"{flags}: {carved} {wanted}"


def proof_the_start_report_shows_what_kvplan_planned():
    """The table that kvd prints has kvplan's numbers in both columns."""
    flags = ["--connections", "10", "--keys", "10"]
    planned = plan(*flags)
    rows = {c["name"]: c["bytes"] for c in planned["components"]}
    rows["arena"] = planned["arena_bytes"]
    with Kvd(*flags) as server:
        found = {name.replace(" ", "_"): (int(a.replace(",", "")), int(b.replace(",", "")))
                 for name, a, b in re.findall(r"^  (\w[\w ]*?) +([\d,]+) +([\d,]+)$",
                                              server.report, re.MULTILINE)}
    assert found == {name.replace(" ", "_"): (size, size) for name, size in rows.items()}, found


LOAD_FLAGS = ["--connections", "200", "--keys", "500", "--server-stall-timeout-ms", "500"]


class MixedLoad:
    """Everything that a client can do, at random: every command, pipelines, lists at their
    limit, errors, clients that come, go, stop in the middle and never read."""

    def __init__(self, server, seed):
        self.server = server
        self.random = random.Random(seed)
        self.clients = []
        self.commands = 0

    def word(self):
        return self.random.choice([b"key:%d" % self.random.randrange(700), b"k" * 1024])

    def value(self):
        return self.random.randbytes(self.random.choice([0, 1, 64, 252, 253, 1000, 4096]))

    def values(self, count):
        return [self.value() for _ in range(self.random.randrange(1, count + 1))]

    def one_command(self):
        word, value = self.word, self.value
        return self.random.choice([
            lambda: encode("PING"), lambda: encode("ECHO", value()),
            lambda: encode("SET", word(), value()), lambda: encode("GET", word()),
            lambda: encode("SET", word(), value(), "NX", "GET"),
            lambda: encode("DEL", word(), word()), lambda: encode("EXISTS", word(), word()),
            lambda: encode("TYPE", word()), lambda: encode("STRLEN", word()),
            lambda: encode("MGET", *(word() for _ in range(10))),
            lambda: encode("MSET", *(w for _ in range(10) for w in (word(), value()))),
            lambda: encode("RPUSH", word(), *self.values(50)),
            lambda: encode("LPUSH", word(), *self.values(10)),
            lambda: encode("RPUSH", word(), *[b"v" * 4096] * 50),
            lambda: encode("RPOP", word()), lambda: encode("LPOP", word(), 5),
            lambda: encode("LLEN", word()), lambda: encode("LRANGE", word(), 0, -1),
            lambda: encode("LINDEX", word(), -1), lambda: encode("DBSIZE"),
            lambda: encode("SELECT", 0), lambda: encode("SELECT", 1), lambda: encode("HELLO", 2),
            lambda: encode("COMMAND"), lambda: encode("COMMAND", "COUNT"),
            lambda: encode("CLIENT", "SETNAME", "load"), lambda: encode("CLIENT", "ID"),
            lambda: encode("CLIENT", "SETINFO", "LIB-NAME", "load"),
            lambda: encode("CONFIG", "GET", "*"), lambda: encode("INFO"),
            lambda: encode("NONSENSE", value()), lambda: encode("GET"),
            lambda: encode("SET", b"k" * 1025, "v"), lambda: encode("SET", "k", b"v" * 5000),
            lambda: encode("RPUSH", "long", *["v"] * 2000), lambda: b"PING inline\r\n",
            *self.newer_commands(),
        ])()

    def newer_commands(self):
        """Keys that expire, edits in place, scans, transactions, waiting, and looks inside."""
        word, value, some = self.word, self.value, self.random.randrange
        return [
            lambda: encode("SET", word(), value(), "PX", 1 + some(300)),
            lambda: encode("GETEX", word(), "PX", 1 + some(300)), lambda: encode("PERSIST", word()),
            lambda: encode("PEXPIRE", word(), some(300), "NX"), lambda: encode("PTTL", word()),
            lambda: encode("APPEND", word(), value()), lambda: encode("INCR", "n%d" % some(9)),
            lambda: encode("SETRANGE", word(), some(4000), "x" * some(90)),
            lambda: encode("GETRANGE", word(), some(200), -1), lambda: encode("GETDEL", word()),
            lambda: encode("RENAME", word(), word()), lambda: encode("COPY", word(), word()),
            lambda: encode("SCAN", some(700), "COUNT", 100), lambda: encode("KEYS", "key:1*"),
            lambda: encode("RANDOMKEY"), lambda: encode("OBJECT", "ENCODING", word()),
            lambda: encode("LSET", word(), 0, value()), lambda: encode("LREM", word(), 1, "v"),
            lambda: encode("LINSERT", word(), "BEFORE", "v", value()),
            lambda: encode("LTRIM", word(), 0, some(50)), lambda: encode("LPOS", word(), "v"),
            lambda: encode("LMOVE", word(), word(), "LEFT", "RIGHT"),
            lambda: encode("LMPOP", 2, word(), word(), "LEFT", "COUNT", 5),
            lambda: encode("MULTI"), lambda: encode("EXEC"), lambda: encode("EXEC"),
            lambda: encode("DISCARD"), lambda: encode("WATCH", word(), word()),
            lambda: encode("BLPOP", word(), word(), "0.005"), lambda: encode("RESET"),
            lambda: encode("BLMOVE", word(), word(), "LEFT", "LEFT", "0.005"),
            lambda: encode("CLIENT", "LIST"), lambda: encode("MEMORY", "USAGE", word()),
            lambda: encode("MEMORY", "STATS"), lambda: encode("SLOWLOG", "GET"),
            lambda: encode("COMMAND", "DOCS"), lambda: encode("LATENCY", "LATEST"),
            lambda: encode("CONFIG", "SET", "slowlog-log-slower-than", some(2000)),
        ]

    def misbehave(self):
        """A client that does what it should not, and leaves it to the server."""
        client = self.server.client(receive_bytes=4096)
        kind = self.random.randrange(5)
        if kind == 0:
            client.send(b"*1\r\n!boom\r\n")
        elif kind == 1:
            client.send(encode("RPUSH", "l", *[b"v" * 4096] * 50)[:100000])
        elif kind == 2:
            client.send(encode("INFO") * 20)
        elif kind == 3:
            client.send(encode("SET", "k", "v")[:10])
        return client

    def turn(self):
        if len(self.clients) < 40 or self.random.random() < 0.1:
            self.clients.append(self.server.client())
        if len(self.clients) > 60:
            self.clients.pop(self.random.randrange(len(self.clients))).close()
        count = self.random.choice([1, 1, 2, 10, 200])
        client = self.random.choice(self.clients)
        # Who keeps a transaction open that others want the slot of is closed as stalled.
        data = b"".join(self.one_command() for _ in range(count)) + encode("DISCARD")
        client.pipeline(data, count + 1)
        self.commands += count

    def run(self, seconds):
        end = time.monotonic() + seconds
        bad = []
        while time.monotonic() < end:
            self.turn()
            if self.random.random() < 0.05:
                bad.append(self.misbehave())
            if len(bad) > 30:
                bad.pop(0).close()
            if self.random.random() < 0.002:
                self.clients[0].command("FLUSHALL")
        for client in bad + self.clients:
            client.close()
        self.clients = []


def benchmark(port, stop):
    """What Python is too slow for: many small commands, until `stop` is set."""
    while not stop.is_set():
        subprocess.run(["redis-benchmark", "-p", str(port), "-q", "-c", "50", "-P", "8", "-n",
                        "50000", "-r", "100", "-t", "ping,get"], check=True,
                       stdout=subprocess.DEVNULL)


def run_mixed_load(server, seconds):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    stop = threading.Event()
    other = threading.Thread(target=benchmark, args=(server.port, stop))
    other.start()
    try:
        load = MixedLoad(server, seed)
        load.run(seconds)
    finally:
        stop.set()
        other.join()
    assert load.commands > 1000, load.commands
    return load.commands


def proof_resident_memory_is_the_arena_and_stays_so_under_load():
    """After populate and under load no more beside the arena than is planned for the process. Load
    takes less than 64 KiB of memory: what else comes are pages of the program."""
    arena_bytes = plan(*LOAD_FLAGS)["arena_bytes"]
    planned = next(row["bytes"] for row in plan(*LOAD_FLAGS)["outside"] if row["name"] == "process")
    with Kvd(*LOAD_FLAGS) as server:
        assert server.arena_mapping(arena_bytes)[3] == arena_bytes, "not all of it is populated"
        before = server.resident_bytes()
        assert arena_bytes <= before <= arena_bytes + planned, (arena_bytes, before)
        anonymous = server.resident_bytes("Anonymous")
        commands = run_mixed_load(server, seconds=20)
        after = server.resident_bytes()
        print(f"arena {arena_bytes}, resident {before}, after {commands} commands {after}")
        assert after - arena_bytes <= planned, (arena_bytes, after, planned)
        grown = server.resident_bytes("Anonymous") - anonymous
        assert grown < 64 * KIB, grown
        assert server.arena_mapping(arena_bytes)[0] == arena_bytes


def proof_no_memory_is_mapped_after_ready():
    """strace sees no mmap, brk, mremap or munmap between `ready` and the signal to stop."""
    with tempfile.NamedTemporaryFile(mode="r", suffix=".strace") as log:
        calls = "trace=mmap,brk,mremap,munmap,write"
        wrapper = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", log.name, "-e", calls]
        probe = harness.run("strace", "-qq", "-e", calls, "true")
        if probe.returncode != 0 and "ermitted" in probe.stderr:
            raise Skip(f"ptrace is not permitted here: {probe.stderr.strip()}")
        with Kvd(*LOAD_FLAGS, wrapper=wrapper) as server:
            with server.client() as client:
                server.pid = int(client.info("server")["process_id"])
            run_mixed_load(server, seconds=8)
            assert server.stop(signal.SIGTERM) == 0, server.errors
        lines = log.read().split("\n")
    ready = next(i for i, line in enumerate(lines) if 'write(1, "ready on' in line)
    end = next(i for i, line in enumerate(lines) if "--- SIGTERM" in line)
    assert any("mmap(" in line for line in lines[:ready]), "strace has seen nothing"
    mapped = [line for line in lines[ready:end] if re.search(r"\b(mmap|brk|mremap|munmap)\(", line)]
    assert not mapped, mapped


def proof_info_memory_is_the_plan_in_every_part():
    """INFO's parts are the parts of kvplan's JSON: count, unit and bytes."""
    flags = ["--connections", "10", "--keys", "10"]
    planned = plan(*flags)
    wanted = {part["name"].replace(" ", "_"): (part["count"], part["unit_bytes"], part["bytes"])
              for component in planned["components"] for part in component["parts"]}
    with Kvd(*flags) as server, server.client() as client:
        parts = client.fields("part_")
        found = sorted((f["count"], f["unit_bytes"], f["carved_bytes"]) for f in parts.values())
    assert found == sorted(wanted.values()), json.dumps([found, sorted(wanted.values())])


def proof_info_is_whole_while_its_own_reply_makes_memory_resident():
    """A reply is measured, then written. The first page of a reply buffer becomes resident in
    between, and the number of resident bytes gets a digit: 2,441 pages are 9,998,336 bytes."""
    pages_before_digit = 10**7 // (4 * KIB)
    flags = ["--connections", "3000", "--keys", "10", "--memory-populate", "off",
             "--memory-huge-pages", "off", "--server-stall-timeout-ms", "60000"]
    with Kvd(*flags) as server, server.client(receive_bytes=4096) as stalled:

        def pages():
            with open(f"/proc/{server.pid}/statm", encoding="utf-8") as statm:
                return int(statm.read().split()[1])
        # This one does not read and keeps the only reply buffer that was ever touched.
        assert stalled.command("SET", "k", "v" * 4096) == "OK"
        stalled.send(encode("GET", "k") * 300)
        time.sleep(0.3)
        # Each of these holds a receive buffer with half a command, which is one page more.
        clients = []
        while pages() < pages_before_digit:
            clients.append(server.client())
            before = pages()
            clients[-1].send(b"INFO mem")
            wait_until(lambda: pages() > before, "half a command is received")
        if pages() > pages_before_digit:
            raise Skip(f"{pages()} pages are resident, and not {pages_before_digit}")
        clients[-1].send(b"ory\r\n")
        assert b"used_memory_rss" in clients[-1].reply()
        assert pages() > pages_before_digit
        for client in clients:
            client.close()


if __name__ == "__main__":
    harness.main(globals())
