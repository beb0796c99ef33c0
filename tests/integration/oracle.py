"""The oracle: kvd and redis-server 7.0 give the same replies to the same random commands, byte
for byte but for the differences of docs/differences.md. As a program it runs for as long as it
is asked to; a difference ends it with the seed and the fewest commands that show it.

    python3 oracle.py --kvplan PATH --kvd PATH                  the proof, a bounded run
    python3 oracle.py --kvplan PATH --kvd PATH --commands 1000000 --seed 7
"""

import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import harness
from harness import Kvd, Skip, encode
from oracle_words import WORDS, Chooser, commands

FLAGS = ["--connections", "8", "--keys", "200", "--key-max", "1024", "--value-max", "16KiB",
         "--list-max", "1000", "--store", "64MiB", "--large-reply-slots", "2",
         "--large-request-slots", "2"]
EPISODE = 1000  # commands between two empty stores
CHUNK = 200     # commands that are sent at once

ERROR_BYTES = 500  # longer errors are cut
LIMIT_ERRORS = re.compile(rb"-(OOM |ERR .*exceed)")


class Redis:
    """redis-server 7.0 without persistence. Debian ships its program in redis-tools as well,
    under the name of redis-check-rdb, and the program goes by the name that it is called by."""

    def __init__(self):
        path = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if path is None:
            raise Skip("there is no redis-server")
        self.folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.path = os.path.join(self.folder.name, "socket")
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--save", "",
             "--dir", self.folder.name, "--appendonly", "no"], executable=path,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        harness.wait_until(lambda: os.path.exists(self.path), "redis-server listens")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.folder.cleanup()

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.path)
        return connection


def exchange(sockets, data, end):
    """Sends `data` to every socket and returns what each answers, up to and with `end`."""
    received = [bytearray() for _ in sockets]
    unsent = [memoryview(data) for _ in sockets]
    for each in sockets:
        each.setblocking(False)
    left = set(range(len(sockets)))
    while left:
        readers = {sockets[i]: i for i in left}
        writers = {sockets[i]: i for i in left if unsent[i]}
        readable, writable, _ = select.select(readers, writers, [], 30)
        assert readable or writable, f"no reply: {[bytes(r[-200:]) for r in received]}"
        for each in writable:
            i = writers[each]
            unsent[i] = unsent[i][each.send(unsent[i][:1 << 16]):]
        for each in readable:
            i = readers[each]
            piece = each.recv(1 << 18)
            assert piece, f"closed after {bytes(received[i][-200:])!r}"
            received[i] += piece
            if received[i].endswith(end):
                left.discard(i)
    return [bytes(r) for r in received]


def split(data):
    """The replies in `data`, each as its bytes."""
    at = 0

    def skip(begin):
        line_end = data.index(b"\r\n", begin)
        kind, text = data[begin:begin + 1], data[begin + 1:line_end]
        begin = line_end + 2
        if kind in b"$=!" and int(text) >= 0:
            return begin + int(text) + 2
        if kind in b"*~>%" and int(text) > 0:
            for _ in range(int(text) * (2 if kind == b"%" else 1)):
                begin = skip(begin)
        return begin

    while at < len(data):
        end = skip(at)
        yield data[at:end]
        at = end


def elements(reply):
    """The elements of an array or set reply."""
    return list(split(reply[reply.index(b"\r\n") + 2:]))


def is_close(ours, theirs, tolerance):
    numbers = [re.fullmatch(rb":(-?\d+)\r\n", reply) for reply in (ours, theirs)]
    return all(numbers) and abs(int(numbers[0][1]) - int(numbers[1][1])) <= tolerance


def judge(command, ours, theirs):
    """"same", "allowed" for a difference that is documented and leaves both in the same state,
    "parted" for one that does not, or "different"."""
    if ours == theirs:
        return "same"
    name = command[0].upper()
    if name in (b"TTL", b"EXPIRETIME") and is_close(ours, theirs, 2):
        return "allowed"
    if name in (b"PTTL", b"PEXPIRETIME") and is_close(ours, theirs, 3000):
        return "allowed"
    if name in (b"KEYS", b"SCAN") and ours[:1] == theirs[:1] == b"*":
        mine, other = elements(ours), elements(theirs)
        if name == b"SCAN":
            mine, other = elements(mine[1]), elements(other[1])
        return "allowed" if sorted(mine) == sorted(other) else "different"
    if name == b"RANDOMKEY" and ours[:1] == theirs[:1] == b"$" and b"$-1" not in ours + theirs:
        return "allowed"
    if name == b"EXEC" and ours[:1] == theirs[:1] == b"*":
        return "allowed-in-transaction"
    if ours[:1] == b"-" and len(ours) > ERROR_BYTES and theirs.startswith(ours[:-2]):
        return "allowed"
    if LIMIT_ERRORS.match(ours):
        return "parted"
    if name == b"OBJECT" and ours[:1] == theirs[:1] == b"$":
        return "allowed"
    return "different"


def judge_all(sent, ours, theirs):
    """The first command that is answered differently, with the replies, or None; and whether
    the states have parted for a documented reason."""
    queue = []
    replies = zip(sent, split(ours), split(theirs))
    for command, mine, other in replies:
        verdict = judge(command, mine, other)
        name = command[0].upper()
        if verdict == "allowed-in-transaction":
            inner = zip(queue, elements(mine), elements(other))
            verdicts = [judge(c, m, o) for c, m, o in inner]
            verdict = ("different" if "different" in verdicts else
                       "parted" if "parted" in verdicts else "allowed")
        if verdict == "parted":
            return None, True
        if verdict == "different":
            return (command, mine, other), False
        if mine == b"+QUEUED\r\n":
            queue.append(command)
        elif name in (b"MULTI", b"EXEC", b"DISCARD") and not mine.startswith(b"-ERR MULTI"):
            queue = []
    return None, False


class Pair:
    """kvd and redis-server, asked the same."""

    def __init__(self, kvd, redis):
        self.kvd, self.redis = kvd, redis
        self.parted = 0

    def episode(self, script, protocol):
        """Runs the commands on empty stores; returns the first difference, or None."""
        sockets = [socket.create_connection(("127.0.0.1", self.kvd.port)), self.redis.connect()]
        try:
            self.run(sockets, [[b"FLUSHALL"]])
            if protocol == 3:
                exchange(sockets, encode("HELLO", "3") + encode("ECHO", "hello-done"),
                         b"$10\r\nhello-done\r\n")
            for begin in range(0, len(script), CHUNK):
                difference, parted = self.run(sockets, script[begin:begin + CHUNK])
                if difference:
                    return difference
                if parted:
                    self.parted += 1
                    return None
            return None
        finally:
            for each in sockets:
                each.close()

    @staticmethod
    def run(sockets, script):
        mark = os.urandom(8).hex().encode()
        # A transaction ends with the chunk: the mark must be answered, not queued.
        whole = [*script, [b"DISCARD"], [b"ECHO", mark]]
        ours, theirs = exchange(sockets, b"".join(encode(*command) for command in whole),
                                b"$16\r\n%s\r\n" % mark)
        return (None, False) if ours == theirs else judge_all(whole, ours, theirs)

    def known(self):
        """The commands that kvd has."""
        with self.kvd.client() as client:
            infos = client.command("COMMAND", "INFO", *WORDS)
        return {name for name, info in zip(WORDS, infos) if info is not None}


def minimise(pair, script, protocol):
    """The script without what is not needed for a difference."""
    size = len(script) // 2
    while size > 0:
        at = 0
        while at < len(script):
            shorter = script[:at] + script[at + size:]
            if pair.episode(shorter, protocol):
                script = shorter
            else:
                at += size
        size //= 2
    return script


def compare(pair, seed, count):
    """Runs `count` commands; raises with a script where the servers differ."""
    known = pair.known()
    for number in range((count + EPISODE - 1) // EPISODE):
        protocol = 3 if number % 4 == 3 else 2
        script = list(commands(Chooser(f"{seed}/{number}"), EPISODE, known))
        first = pair.episode(script, protocol)
        if not first:
            continue
        script = minimise(pair, script, protocol)
        # What depends on the moment may not show again; then it is reported as it was.
        command, ours, theirs = pair.episode(script, protocol) or first
        lines = "\n".join("  " + " ".join(repr(a)[1:] for a in line) for line in script)
        raise AssertionError(f"seed {seed}, episode {number}, RESP{protocol}:\n{lines}\n"
                             f"{command}\n  kvd   {ours[:500]}\n  redis {theirs[:500]}")
    return known


def proof_random_commands_get_the_replies_that_redis_server_gives():
    """60,000 commands, the same ones each time."""
    with Kvd(*FLAGS) as kvd, Redis() as redis:
        pair = Pair(kvd, redis)
        compare(pair, seed=1, count=60000)
        assert pair.parted <= 6, f"{pair.parted} of 60 episodes ended at a limit"


def proof_the_oracle_finds_a_difference_and_the_commands_that_show_it():
    """A database beyond the first is a difference that the oracle is told not to ask for."""
    with Kvd(*FLAGS) as kvd, Redis() as redis:
        script = [[b"SET", b"a", b"1"], [b"RPUSH", b"l", b"x"], [b"SELECT", b"1"], [b"GET", b"a"]]
        pair = Pair(kvd, redis)
        difference = pair.episode(script, 2)
        assert difference == ([b"SELECT", b"1"], b"-ERR DB index is out of range\r\n",
                              b"+OK\r\n"), difference
        assert minimise(pair, script, 2) == [[b"SELECT", b"1"]]


def main():
    """Without --commands, the proofs."""
    if "--commands" not in sys.argv:
        harness.main(globals())
        return
    arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    harness.programs.kvd = arguments["--kvd"]
    seed = arguments.get("--seed", str(time.time_ns()))
    count = int(arguments["--commands"])
    begin = time.monotonic()
    with Kvd(*FLAGS) as kvd, Redis() as redis:
        pair = Pair(kvd, redis)
        known = compare(pair, seed, count)
    print(f"seed {seed}: {count} commands of {len(known)} kinds, the same replies in "
          f"{time.monotonic() - begin:.0f} s; {pair.parted} episodes ended at a limit")


if __name__ == "__main__":
    main()
