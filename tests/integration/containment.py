"""The container figure of kvplan is a number to deploy with: in a memory cgroup with exactly that
limit, kvd stands everything that its config permits, all of it at once."""

import select
import socket
import subprocess
import sys
import tempfile
import threading
import time

import cgroup
import harness
from harness import KIB, MIB, Kvd, encode, encode_array, encode_bulk, plan

STORM = 10  # times connections_max, and at least
STORM_MIN = 500
TOO_MANY = b"-ERR max number of clients reached\r\n"

WATCHED = 2000  # sockets, to tell what watching one costs

# Nobody is to be closed for not reading while the others come.
PATIENT = ["--server-stall-timeout-ms", "3600000", "--server-request-timeout-ms", "0"]

CONFIGS = {
    "tiny": "--connections 4 --keys 4 --key-max 16 --value-max 4096 --list-max 4",
    "default": "",
    "many connections": "--connections 2000 --keys 2000 --key-max 64 --value-max 4096 --list-max 4",
    "large values": "--connections 50 --keys 20 --value-max 1MiB --list-max 3",
    "large store": "--connections 50 --keys 300000 --key-max 32 --value-max 1000 --list-max 0 "
                   "--block 1032",
    "snapshots": "--connections 50 --keys 20000 --key-max 32 --value-max 2000 --list-max 0 "
                 "--snapshot-enabled on --snapshot-interval-ms 1000",
}

# Short requests whose replies fill the sockets of both sides.
PINGS = 100000
FLOOD = b"PING\r\n" * PINGS


class Talker:
    """A client that sends what it has as fast as it can, and reads when it is told to."""

    def __init__(self, port, stream, expected):
        self.socket = socket.socket()
        # The larger the window, the larger are the pieces that wait in the server's socket.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 * KIB)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * KIB)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.stream = stream  # an iterator of pieces
        self.piece = memoryview(b"")
        self.expected = expected
        self.received = 0
        self.sent_all = False

    def send(self):
        """Whether something was sent."""
        moved = False
        while not self.sent_all:
            if not self.piece:
                piece = next(self.stream, None)
                if piece is None:
                    self.sent_all = True
                    break
                self.piece = memoryview(piece)
            try:
                count = self.socket.send(self.piece)
            except BlockingIOError:
                break
            self.piece = self.piece[count:]
            moved = True
        return moved

    def receive(self):
        """Whether it has everything that it was promised."""
        while self.received < len(self.expected):
            try:
                data = self.socket.recv(1 << 18)
            except BlockingIOError:
                break
            at = self.received
            assert data, f"closed after {at} of {len(self.expected)} bytes"
            assert data == self.expected[at:at + len(data)], (at, data[:100])
            self.received += len(data)
        return self.received == len(self.expected)


class Peaks:
    """The largest of everything that the kernel charges, looked at all the time; and the kernel's
    own high-water marks."""

    def __init__(self, group):
        self.group = group
        self.largest = {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def look(self):
        for name, value in self.group.charged().items():
            self.largest[name] = max(self.largest.get(name, 0), value)

    def _watch(self):
        while not self.ended.wait(0.02):
            self.look()

    def so_far(self):
        """Those since the last time."""
        self.look()
        found = self.largest
        for name, value in self.group.peaks().items():
            found[name] = max(found.get(name, 0), value)
        self.largest = {}
        self.group.forget_peaks()
        self.look()
        return found

    def stop(self):
        self.ended.set()
        self.thread.join()


class Attack:
    """Everything that a config permits, from all of its connections at once."""

    def __init__(self, server, planned):
        self.server = server
        self.config = planned["config"]
        self.key_count = min(self.config["key_count"], planned["derived"]["block_count"]
                             // planned["derived"]["full_key_blocks"])
        assert self.key_count == self.config["key_count"], "the worst case is to fit"
        self.value = b"v" * self.config["val_size_max"]
        length = self.config["list_length_max"]
        self.elements = [self.value] * length
        assert length <= self.config["command_args_max"] - 2
        self.control = server.client()
        self.control.socket.settimeout(300)
        clients = self.config["connections_max"] - 1
        # A reader needs a key of its own; the requests of all together stay below 256 MiB.
        most = max(1, 256 * MIB // planned["derived"]["request_bytes_max"])
        self.readers = min((clients + 1) // 2, self.key_count, most)
        self.deaf = clients - self.readers
        self.talkers = []

    def key(self, index):
        size = self.config["key_size_max"]
        return b"%0*d" % (size, index)

    def store(self, index):
        if not self.elements:
            return encode("SET", self.key(index), self.value), b"+OK\r\n"
        return (encode("RPUSH", self.key(index), *self.elements),
                b":%d\r\n" % len(self.elements))

    def in_turn(self, indexes, request_of, reply):
        """Requests of the control client, by the thousand."""
        for begin in range(0, len(indexes), 1000):
            part = indexes[begin:begin + 1000]
            for at in range(0, len(part), max(1, 4 * MIB // len(request_of(0)))):
                some = part[at:at + max(1, 4 * MIB // len(request_of(0)))]
                self.control.send(b"".join(map(request_of, some)))
                wanted = reply * len(some)
                assert self.control.file.read(len(wanted)) == wanted

    def fill(self):
        """Every key, with a full list of full values."""
        self.in_turn(range(self.key_count), lambda index: self.store(index)[0], self.store(0)[1])
        assert self.control.command("DBSIZE") == self.key_count

    def reader_stream(self, index):
        """Its key anew, by the largest request, and all of it back."""
        yield FLOOD
        yield encode("SET", self.key(index), "") + encode("DEL", self.key(index))
        yield self.store(index)[0]
        yield encode("LRANGE", self.key(index), 0, -1) if self.elements else encode(
            "GET", self.key(index))

    def deaf_stream(self):
        while True:
            yield FLOOD

    def connect(self):
        expected = b"+PONG\r\n" * PINGS + b"+OK\r\n:1\r\n" + self.store(0)[1] + (
            encode_array(self.elements) if self.elements else encode_bulk(self.value))
        port = self.server.port
        for index in range(self.readers):
            self.talkers.append(Talker(port, self.reader_stream(index), expected))
        for _ in range(self.deaf):
            self.talkers.append(Talker(port, self.deaf_stream(), b""))

    def sleeps(self):
        """Whether the server waits: one that another process keeps from running does not."""
        return cgroup.read(f"/proc/{self.server.pid}/stat").rpartition(")")[2].split()[0] == "S"

    def press(self):
        """All send, and nobody reads, until nothing moves any more."""
        poll = select.epoll()
        by_number = {talker.socket.fileno(): talker for talker in self.talkers}
        for number in by_number:
            poll.register(number, select.EPOLLOUT | select.EPOLLET)
        still = 0
        while still < 20:
            moved = False
            for number, _ in poll.poll(0.1):
                moved = by_number[number].send() or moved
            still = 0 if moved or not self.sleeps() else still + 1
        poll.close()

    def storm(self):
        """Ten times as many as may connect: each is told, and nobody is let in."""
        left = max(STORM_MIN, STORM * self.config["connections_max"])
        while left > 0:
            batch = []
            for _ in range(min(left, 500)):
                outside = socket.socket()
                outside.settimeout(60)
                outside.bind((f"127.0.0.{2 + left % 200}", 0))
                outside.connect(("127.0.0.1", self.server.port))
                batch.append(outside)
            for outside in batch:
                told = b""
                while data := outside.recv(1000):
                    told += data
                assert told == TOO_MANY, told
                outside.close()
            left -= len(batch)

    def expire_everything(self):
        """All keys within one second, which begins when the last of them has its deadline."""
        seconds, microseconds = self.control.command("TIME")
        now = int(seconds) * 1000 + int(microseconds) // 1000
        begin = now + 2000 + self.key_count // 50
        self.in_turn(range(self.key_count), lambda index: encode(
            "PEXPIREAT", self.key(index), begin + index * 1000 // self.key_count), b":1\r\n")

    def read(self):
        """The readers have everything that they were promised."""
        poll = select.epoll()
        waiting = {talker.socket.fileno(): talker for talker in self.talkers[:self.readers]}
        for number in waiting:
            poll.register(number, select.EPOLLIN | select.EPOLLOUT)
        deadline = time.monotonic() + 300
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} readers wait"
            for number, _ in poll.poll(1):
                talker = waiting[number]
                talker.send()
                if talker.sent_all:
                    poll.modify(number, select.EPOLLIN)
                if talker.receive():
                    poll.unregister(number)
                    del waiting[number]
        poll.close()

    def run(self, note):
        """Calls note() when every socket is full, and nobody was refused yet."""
        self.fill()
        self.connect()
        self.press()
        note()
        self.expire_everything()
        self.storm()
        harness.wait_until(lambda: self.control.command("DBSIZE") == 0, "all keys expire", 120)
        reader = threading.Thread(target=self.storm)
        reader.start()
        self.read()
        reader.join()
        assert self.control.command("DBSIZE") == self.readers
        assert int(self.control.info("clients")["connected_clients"]) == len(self.talkers) + 1

    def close(self):
        for talker in self.talkers:
            talker.socket.close()
        self.control.close()


def settled_kernel_bytes(group):
    """Kernel memory once what start-up freed is freed, which the kernel does a moment later."""
    found = []
    for _ in range(20):
        found.append(group.charged()["kernel"])
        time.sleep(0.05)
    return min(found)


def process_kernel_bytes(directory):
    """Kernel memory of a kvd without a ring and without sockets, which is that of the process;
    page tables are not in it."""
    flags = "--connections 1 --keys 1 --val-size-max 16 --list-max 0".split()
    arena_bytes = plan(*flags)["arena_bytes"]
    program = cgroup.fresh_copy(harness.programs.kvd, directory)
    with cgroup.Group("kvd-process") as group:
        group.limit(1 << 40, 1 << 40)
        with subprocess.Popen([*group.wrapper(), program, "repl", *flags], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL) as shell:
            try:
                harness.wait_until(lambda: group.charged()["anon"] > arena_bytes, "it is there")
                kernel = settled_kernel_bytes(group)
                return kernel - cgroup.status_bytes(group.process(), "VmPTE")
            finally:
                shell.stdin.close()


# Watches sockets as kvd does, when it is told to.
WATCHER = f"""
import select, socket, sys
ends = [end for _ in range({WATCHED // 2}) for end in socket.socketpair()]
poll = select.epoll()
print("open", flush=True)
sys.stdin.readline()
for end in ends:
    poll.register(end, select.EPOLLIN | select.EPOLLPRI | select.EPOLLRDHUP | select.EPOLLET)
print("watched", flush=True)
sys.stdin.readline()
"""


def watched_socket_bytes():
    """What the kernel charges for watching one more socket with epoll."""
    with cgroup.Group("kvd-watcher") as group:
        group.limit(1 << 40, 1 << 40)
        with subprocess.Popen([*group.wrapper(), sys.executable, "-c", WATCHER], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as watcher:
            charged = []
            for step in ("open", "watched"):
                assert watcher.stdout.readline() == step + "\n"
                charged.append(settled_kernel_bytes(group))
                watcher.stdin.write("\n")
                watcher.stdin.flush()
        return (charged[1] - charged[0]) / WATCHED


def save(control, group, idle, peaks):
    """What the kernel charges while a file is written: threads, requests and, where the file system
    takes a copy, that."""
    file_before = group.charged()["file"]
    peaks.so_far()
    for i in range(1000):
        control.send(encode("SET", f"k{i}", "v" * 2000))
    assert [control.reply() for _ in range(1000)] == ["OK"] * 1000
    for _ in range(3):  # Unless the one of the interval is being written.
        harness.wait_until(lambda: control.command("SAVE") == "OK", "it is saved")
    found = peaks.so_far()
    assert control.command("FLUSHALL") == "OK"
    return max(0, found["kernel"] - idle), max(0, found["file"] - file_before)


def report(name, rows, measured, total, refusals):
    """Planned and measured, row by row."""
    print(f"{name:<28}{'planned':>15}{'measured':>15}")
    for row, planned in rows.items():
        print(f"  {row:<26}{planned:>15,}{measured[row]:>15,}")
    whole = sum(rows.values())
    print(f"  {'container':<26}{whole:>15,}{total:>15,}   {(whole / total - 1) * 100:+.1f} %")
    print("  " + ", ".join(f"{key} {value}" for key, value in refusals.items()), flush=True)


def contain(name):
    """In a group with the figure as its limit: nothing is killed, nothing promised refused, no row
    of the plan is below what was measured, and the sum is at most 15 % above it."""
    flags = [*CONFIGS[name].split(), *PATIENT]
    planned = plan(*flags)
    saves = planned["config"]["snapshot_enabled"]
    harness.raise_file_limit(planned["config"]["connections_max"] + 1100)
    rows = {"arena": planned["arena_bytes"]}
    rows.update({row["name"]: row["bytes"] for row in planned["outside"]})
    limit = -(-planned["container_bytes"] // cgroup.PAGE) * cgroup.PAGE
    with tempfile.TemporaryDirectory() as directory, cgroup.Group("kvd-containment") as group:
        process_kernel = process_kernel_bytes(directory)
        group.limit(limit, limit)
        program = cgroup.fresh_copy(harness.programs.kvd, directory)
        where = ["--data-directory", directory] if saves else []
        with Kvd(*flags, *where, wrapper=group.wrapper(), program=program) as server:
            server.pid = group.process()
            serves_epoll = " (epoll, " in server.report
            alone = settled_kernel_bytes(group)
            attack = Attack(server, planned)
            assert attack.control.command("PING") == "PONG"
            tables = cgroup.status_bytes(server.pid, "VmPTE")
            # With what the ring keeps since its first client.
            idle = alone if serves_epoll else settled_kernel_bytes(group)
            group.forget_peaks()
            peaks = Peaks(group)
            found = []
            writers, copied = 0, 0
            try:
                if saves:
                    writers, copied = save(attack.control, group, idle, peaks)
                attack.run(lambda: found.append(peaks.so_far()))
                found.append(peaks.so_far())
            finally:
                peaks.stop()
                attack.close()
            full, storm = found
            total = max(full["total"], storm["total"])
            # What the server has beyond one that serves nobody.
            backend = max(0, idle - tables - process_kernel)
            measured = {
                "arena": server.arena_mapping(rows["arena"])[3],
                "process": max(full["anon"], storm["anon"]) - rows["arena"] + process_kernel
                           + max(full["file"], storm["file"]) - copied,
                "page_tables": cgroup.status_bytes(server.pid, "VmPTE"),
                "ring_kernel": backend,
                "snapshot_kernel": writers + copied,
                "epoll_kernel": 0,
                "connection_kernel": full["kernel"] - idle - writers,
                "closed_memory": max(0, storm["kernel"] - full["kernel"])
                                 + max(0, storm["sockets"] - full["sockets"]),
                "socket_memory": full["sockets"],
            }
            if serves_epoll:
                # Listening and the sandbox are of the process; the row of epoll is for clients.
                watched = int(watched_socket_bytes() * planned["config"]["connections_max"])
                measured.update(process=measured["process"] + backend, ring_kernel=0,
                                epoll_kernel=watched,
                                connection_kernel=measured["connection_kernel"] - watched)
            refusals = group.refusals()
    report(name, rows, measured, total, refusals)
    assert refusals["killed"] == 0, refusals
    assert group.version == 2 or refusals["failcnt"] + refusals["socket failcnt"] == 0, refusals
    for row, planned_bytes in rows.items():
        assert measured[row] <= planned_bytes, (row, measured[row], planned_bytes)
    assert total <= limit <= 1.15 * total, (limit, total)


def proof_the_figure_of_a_tiny_config_holds_against_everything_at_once():
    """Four clients, four keys: the process and its program are most of it."""
    contain("tiny")


def proof_the_figure_of_the_default_config_holds_against_everything_at_once():
    """1000 clients and 1000 keys of 50 elements of 4096 bytes."""
    contain("default")


def proof_the_figure_of_many_connections_holds_against_everything_at_once():
    """2000 clients: socket buffers are most of it."""
    contain("many connections")


def proof_the_figure_of_large_values_holds_against_everything_at_once():
    """Requests and replies of 3 MiB, for which 50 clients have 16 slots of each kind."""
    contain("large values")


def proof_the_figure_of_a_large_store_holds_against_everything_at_once():
    """300,000 keys, which expire within one second."""
    contain("large store")


def proof_the_figure_of_a_config_with_snapshots_holds_against_everything_at_once():
    """One a second, while everything is changed and expires."""
    contain("snapshots")


if __name__ == "__main__":
    harness.main(globals())
