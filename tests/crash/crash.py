#!/usr/bin/python3
"""kvd is killed at random moments under load, and must be again what it promised to keep.

    tests/crash/crash.py --kvplan PATH --kvd PATH [--mode NAME] [--rounds N] [--seed N]

Every change is a transaction that counts all changes, so its reply says its place in the order of
all of them. What is there after a restart must then be the state after exactly so many changes as
its own count says: of every client the first ones, none of them in part, and nothing else. How
many may be missing hangs on the durability: a row of MODES says it. Where a snapshot is all that
is kept, its own time says it once more: a change that was acknowledged before is in it, and none
that was sent after.

The data stays from round to round. KVD_IO in the environment is what server.io is. A seed repeats
the load and the moments as they were asked for; what the machine makes of them is its own.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
import harness  # noqa: E402  pylint: disable=wrong-import-position
from harness import Closed, Error, Kvd, encode  # noqa: E402  pylint: disable=C0413

WRITERS = 5
VALUE_MAX = 20000
LIST_MAX = 100
CLOCK_SLACK_MS = 2  # between the server's clock, which it looks up once a tick, and ours
LIMITS = ["--connections", "20", "--keys", "2000", "--key-max", "32", "--value-max", str(VALUE_MAX),
          "--list-max", str(LIST_MAX), "--store", "32MiB", "--transaction-bytes", "128KiB"]


class Mode:
    """A durability: its flags, and what a crash may not lose."""

    def __init__(self, flags, floor, by_snapshot):
        self.flags = flags
        self.floor = floor  # of a Round: the last change that must be there
        self.by_snapshot = by_snapshot  # whether what is loaded is a snapshot and no more


# Without a log: the last snapshot that was reported as saved, or one that was finished unseen.
MODES = {
    "off": Mode([], lambda one: one.saved, by_snapshot=True),
}


def now_ms():
    return time.time() * 1000


class Change:
    """What a transaction does beside counting, and when."""

    def __init__(self, words, apply):
        self.words = words
        self.apply = apply  # to the keys of its writer
        self.sent_ms = self.acked_ms = None
        self.place = None  # among all changes, where it was acknowledged


def set_to(key, value, deadline_ms=-1):
    words = ["SET", key, value] + (["PXAT", deadline_ms] if deadline_ms > 0 else [])
    return Change([words], lambda keys: keys.update({key: (value, deadline_ms)}))


def append(key, value):
    def apply(keys):
        before, deadline_ms = keys.get(key, (b"", -1))
        if len(before) + len(value) <= VALUE_MAX:
            keys[key] = (before + value, deadline_ms)
    return Change([["APPEND", key, value]], apply)


def push(key, elements):
    def apply(keys):
        before = keys.get(key, ([], -1))[0]
        if len(before) + len(elements) <= LIST_MAX:
            keys[key] = (before + elements, -1)
    return Change([["RPUSH", key, *elements]], apply)


def pop(key, count):
    def apply(keys):
        left = keys.get(key, ([], -1))[0][count:]
        if left:
            keys[key] = (left, -1)
        else:
            keys.pop(key, None)
    return Change([["LPOP", key, count]], apply)


def delete(*names):
    def apply(keys):
        for name in names:
            keys.pop(name, None)
    return Change([["DEL", *names]], apply)


def rename(one, other):
    def apply(keys):
        if one in keys:
            keys[other] = keys.pop(one)
    return Change([["RENAME", one, other]], apply)


def set_both(one, other, value):
    def apply(keys):
        keys[one] = keys[other] = (value, -1)
    return Change([["SET", one, value], ["SET", other, value]], apply)


class Writer(threading.Thread):
    """A client with keys of its own. What it has done follows from how many changes it made."""

    def __init__(self, name, seed):
        super().__init__(daemon=True)
        self.client_name = name
        self.random = random.Random(seed)
        self.count = 0  # of changes that are in `keys`
        self.keys = {}
        self.changes = []  # since then, in order
        self.port = 0
        self.failure = None

    def again(self, port):
        """The writer as it goes on in the next round."""
        other = Writer(self.client_name, self.random.random())
        other.count, other.keys, other.port = self.count, self.keys, port
        return other

    def next_change(self):
        numbers = self.random
        key = f"{self.client_name}:s{numbers.randrange(40)}"
        other = f"{self.client_name}:s{numbers.randrange(40)}"
        queue = f"{self.client_name}:l{numbers.randrange(6)}"
        value = numbers.randbytes(numbers.choice((0, 3, 50, 400, 4000, 18000)))
        kind = numbers.randrange(10)
        if kind < 2:
            return set_to(key, value)
        if kind == 2:
            return set_to(key, value, int(now_ms()) + 3600000)
        if kind == 3:  # Nobody else touches those, so nothing hangs on when they expire.
            return set_to(f"{self.client_name}:x{numbers.randrange(9)}", value,
                          int(now_ms()) + numbers.randrange(1, 300))
        if kind == 4:
            return append(key, value[:500])
        if kind == 5:
            return push(queue, [numbers.randbytes(numbers.randrange(200))
                                for _ in range(numbers.randrange(1, 9))])
        if kind == 6:
            return pop(queue, numbers.randrange(1, 6))
        if kind == 7:
            return delete(key, queue) if numbers.randrange(3) == 0 else delete(key)
        return rename(key, other) if kind == 8 else set_both(key, other, value)

    def run(self):
        try:
            with harness.Client(self.port) as client:
                while True:
                    self.send_some(client)
        except (OSError, Closed):
            pass  # The server was killed.
        except AssertionError as failure:
            self.failure = failure

    def send_some(self, client):
        batch = [self.next_change() for _ in range(self.random.choice((1, 1, 1, 2, 8)))]
        data = b""
        for change in batch:
            self.changes.append(change)
            number = self.count + len(self.changes)
            change.words = [["MULTI"], ["INCR", "total"], ["SET", f"{self.client_name}:n", number],
                            *change.words, ["EXEC"]]
            data += b"".join(encode(*words) for words in change.words)
        sent_ms = now_ms()
        for change in batch:
            change.sent_ms = sent_ms
        client.send(data)
        for change in batch:
            replies = [client.reply() for _ in change.words]
            assert replies[0] == "OK" and set(replies[1:-1]) == {"QUEUED"}, replies
            place = replies[-1][0]
            change.acked_ms = now_ms()
            assert isinstance(place, int), replies
            change.place = place

    def acked(self):
        return [change for change in list(self.changes) if change.place is not None]

    def keep(self, number):
        """Forgets what came after so many changes, and applies those before."""
        for change in self.changes[:number - self.count]:
            change.apply(self.keys)
        self.count = number
        self.changes = []


class Saver(threading.Thread):
    """Asks for snapshots, and knows what those must have that were reported as saved."""

    def __init__(self, port, seed, base, writers):
        super().__init__(daemon=True)
        self.port = port
        self.random = random.Random(seed)
        self.writers = writers
        self.saved = base  # the last change that is in a snapshot that was reported

    def run(self):
        try:
            with harness.Client(self.port) as client:
                while True:
                    self.ask(client)
        except (OSError, Closed):
            pass

    def ask(self, client):
        time.sleep(self.random.choice((0, 0.01, 0.05)))
        before = max((change.place for writer in self.writers for change in writer.acked()[-1:]),
                     default=0)
        reply = client.command(self.random.choice(("SAVE", "SAVE", "BGSAVE")))
        if reply == "OK":
            self.saved = max(self.saved, before)


class Round:
    """From one start to the next: load, an end, and what was there before it."""

    def __init__(self, writers, saver, clean):
        self.writers = writers
        self.saved = saver.saved
        self.clean = clean
        self.changes = [change for writer in writers for change in writer.changes]
        self.acked = [change for change in self.changes if change.place is not None]


def read_keys(client):
    """Every key with its value and when it expires, but those that did meanwhile."""
    names, cursor = [], b"0"
    while True:
        cursor, page = client.command("SCAN", cursor, "COUNT", 1000)
        names += page
        if cursor == b"0":
            break
    kinds = client.pipeline(b"".join(encode("TYPE", name) for name in names), len(names))
    values = client.pipeline(b"".join(
        encode("LRANGE", name, 0, -1) if kind == "list" else encode("GET", name)
        for name, kind in zip(names, kinds)), len(names))
    times = client.pipeline(b"".join(encode("PEXPIRETIME", name) for name in names), len(names))
    return {name.decode(): [value, deadline_ms]
            for name, value, deadline_ms in zip(names, values, times) if deadline_ms != -2}


def check_places(before, counts, total):
    """The state is that after the first `total` changes: whichever they are, each is there whole,
    and so are those before it."""
    assert sum(counts.values()) == total, f"{counts} are not {total} changes"
    for writer in before.writers:
        made = counts[writer.client_name]
        last = writer.count + len(writer.changes)
        assert writer.count <= made <= last, f"{writer.client_name}: {made} changes of {last}"
        for number, change in enumerate(writer.changes, writer.count + 1):
            if change.place is None:
                continue
            assert (change.place <= total) == (number <= made), (
                f"{writer.client_name}: change {number}, the {change.place}th of all, does not "
                f"belong to the first {total}, of which {made} are its own")


def check_kept(mode, before, total, saved_ms):
    """Nothing is lost that the mode keeps."""
    floor = max((c.place for c in before.acked), default=0) if before.clean else mode.floor(before)
    assert total >= floor, f"{total} changes are left of {floor} that must be there"
    if not mode.by_snapshot:
        return
    for change in before.acked:
        if change.acked_ms < saved_ms - CLOCK_SLACK_MS:
            assert change.place <= total, (
                f"change {change.place}, acknowledged {saved_ms - change.acked_ms:.1f} ms before "
                f"the snapshot, is not among its {total}")
        if change.sent_ms > saved_ms + 1 + CLOCK_SLACK_MS:
            assert change.place > total, (
                f"change {change.place}, sent {change.sent_ms - saved_ms:.1f} ms after the "
                f"snapshot, is among its {total}")


def check_keys(writer, found, limit_ms):
    """The keys of a writer are those that it must have, but for what has expired."""
    own = {name: value for name, value in found.items()
           if name.startswith(f"{writer.client_name}:") and name != f"{writer.client_name}:n"}
    for name, (value, deadline_ms) in writer.keys.items():
        has_expired = 0 < deadline_ms <= limit_ms
        assert name in own or has_expired, f"{name} is missing"
        if name in own:
            is_value, is_deadline_ms = own.pop(name)
            assert is_value == value, f"{name} has another value"
            assert is_deadline_ms == deadline_ms, (
                f"{name} expires at {is_deadline_ms}, not {deadline_ms}; it is {limit_ms:.0f}")
    assert not own, f"{sorted(own)} were not there"
    for name in [n for n, (_, deadline_ms) in writer.keys.items() if 0 < deadline_ms <= limit_ms]:
        writer.keys.pop(name)


class Crash:
    """Rounds with one directory."""

    def __init__(self, options, data):
        self.mode = MODES[options.mode]
        self.data = data
        self.random = random.Random(options.seed)
        self.writers = [Writer(f"w{i}", f"{options.seed}:{i}") for i in range(WRITERS)]
        self.total = 0
        self.before = None
        self.figures = {"changes acknowledged": 0, "changes lost": 0, "clean ends": 0,
                        "snapshots loaded that nobody had seen finished": 0}

    def flags(self):
        """Of a buffer of few keys, or of many."""
        return [*LIMITS, "--snapshot-enabled", "on", "--data-directory", self.data,
                "--snapshot-interval-ms", str(self.random.choice((0, 50, 100))),
                "--snapshot-buffer-bytes", self.random.choice(("8KiB", "8KiB", "512KiB")),
                *self.mode.flags]

    def one_round(self):
        saved_ms = self.inspect() if self.before else 0
        server = Kvd(*self.flags())
        try:
            with server.client() as client:
                self.check(client, saved_ms)
            self.load_and_end(server)
        finally:
            server.process.kill()
            server.process.communicate(timeout=20)

    def inspect(self):
        """The current snapshot is whole, says kvplan; when the data was so."""
        result = harness.run(harness.programs.kvplan, "inspect", f"{self.data}/snapshot.kv",
                             "--format", "json")
        assert result.returncode == 0, result.stdout + result.stderr
        return json.loads(result.stdout)["snapshot"]["saved_ms"]

    def check(self, client, saved_ms):
        if self.before is None:
            return
        found = read_keys(client)
        counts = {writer.client_name: int(found.get(f"{writer.client_name}:n", [0])[0])
                  for writer in self.writers}
        total = int(found.pop("total", [0])[0])
        check_places(self.before, counts, total)
        check_kept(self.mode, self.before, total, saved_ms)
        for writer in self.writers:
            writer.keep(counts[writer.client_name])
            check_keys(writer, found, now_ms())
        last = max((change.place for change in self.before.acked), default=self.total)
        self.figures["changes acknowledged"] += len(self.before.acked)
        self.figures["changes lost"] += max(0, last - total)
        self.figures["clean ends"] += self.before.clean
        if not self.before.clean and total > self.before.saved:
            self.figures["snapshots loaded that nobody had seen finished"] += 1
        self.total = total

    def load_and_end(self, server):
        self.writers = [writer.again(server.port) for writer in self.writers]
        saver = Saver(server.port, self.random.random(), self.total, self.writers)
        threads = [*self.writers, saver]
        for thread in threads:
            thread.start()
        time.sleep(self.random.choice((0.01, 0.1, 0.3)) * self.random.random() * 2)
        clean = self.random.randrange(10) == 0
        os.kill(server.pid, signal.SIGTERM if clean else signal.SIGKILL)
        _, errors = server.process.communicate(timeout=60)
        for thread in threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a client waits although the server has ended"
        for writer in self.writers:
            assert writer.failure is None, writer.failure
        assert not clean or server.process.returncode == 0, errors
        self.before = Round(self.writers, saver, clean)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kvplan", required=True)
    parser.add_argument("--kvd", required=True)
    parser.add_argument("--sandbox", help="server.sandbox of every kvd")
    parser.add_argument("--mode", choices=MODES, default="off")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    harness.programs.kvplan, harness.programs.kvd = options.kvplan, options.kvd
    if options.sandbox:
        harness.programs.flags += ["--server-sandbox", options.sandbox]
    data = tempfile.mkdtemp(prefix="kvd-crash-")
    crash = Crash(options, data)
    begin = time.monotonic()
    for number in range(options.rounds + 1):  # The last one only looks at what the others left.
        try:
            crash.one_round()
        except BaseException:
            print(f"round {number} of seed {options.seed}, mode {options.mode}; the files are in "
                  f"{data}", file=sys.stderr)
            raise
    shutil.rmtree(data)
    print(f"mode {options.mode}, server.io {harness.IO}, seed {options.seed}: {options.rounds} "
          f"rounds, {time.monotonic() - begin:.1f} s")
    for name, count in crash.figures.items():
        print(f"  {name:<48} {count:>9,}")


if __name__ == "__main__":
    main()
