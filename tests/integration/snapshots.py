"""What is saved is there again: after an end, after a kill, under load, and only whole.

The model is the proof's own: what was acknowledged before a snapshot began must be in it, and
nothing else.
"""

import contextlib
import json
import os
import pathlib
import random
import signal
import tempfile
import threading
import time

import harness
from harness import Error, Kvd, encode, expect_start_error, plan, programs, run, wait_until

LIMITS = ["--connections", "20", "--keys", "5000", "--key-max", "64", "--value-max", "20000",
          "--list-max", "100", "--store", "64MiB"]
SMALL_BUFFER = ["--snapshot-buffer-bytes", "8KiB"]


@contextlib.contextmanager
def directory():
    with tempfile.TemporaryDirectory(prefix="kvd-data-") as name:
        yield name


def flags(data, *more):
    """What is in `more` is said once."""
    usual = [*LIMITS, "--snapshot-enabled", "on", "--data-directory", data,
             "--snapshot-interval-ms", "0"]
    kept = [(flag, value) for flag, value in zip(usual[::2], usual[1::2]) if flag not in more]
    return [*(word for pair in kept for word in pair), *more]


def content(client):
    """Every key with its value and whether it expires."""
    keys, cursor = [], b"0"
    while True:
        cursor, page = client.command("SCAN", cursor, "COUNT", 1000)
        keys += page
        if cursor == b"0":
            break
    kinds = client.pipeline(b"".join(encode("TYPE", key) for key in keys), len(keys))
    reads = [encode("GET", key) if kind == "string" else encode("LRANGE", key, 0, -1)
             for key, kind in zip(keys, kinds)]
    values = client.pipeline(b"".join(reads), len(keys))
    deadlines = client.pipeline(b"".join(encode("PEXPIRETIME", key) for key in keys), len(keys))
    return {key: (value, deadline) for key, value, deadline in zip(keys, values, deadlines)}


def fill(client, count=2000, seed=1):
    """Strings and lists, some that expire in an hour, some larger than the buffer."""
    numbers = random.Random(seed)
    requests = []
    for i in range(count):
        size = numbers.choice((0, 5, 100, 1000, 19000 if i % 20 == 0 else 50))
        value = numbers.randbytes(size)
        if i % 3 == 0:
            elements = [numbers.randbytes(numbers.randrange(60)) for _ in range(1 + i % 20)]
            requests.append(encode("RPUSH", f"list:{i}", *elements))
        elif i % 3 == 1:
            requests.append(encode("SET", f"key:{i}", value, "PX", 3600000))
        else:
            requests.append(encode("SET", f"key:{i}", value))
    replies = client.pipeline(b"".join(requests), len(requests))
    assert not any(isinstance(reply, Error) for reply in replies), replies[:5]


def kill(server):
    os.kill(server.pid, signal.SIGKILL)
    server.process.communicate(timeout=20)


def inspect(path):
    result = run(programs.kvplan, "inspect", path, "--format", "json")
    return result.returncode, json.loads(result.stdout)


def proof_what_was_saved_is_there_after_a_kill():
    """SAVE, kill -9, start: the same keys, values and deadlines."""
    with directory() as data:
        server = Kvd(*flags(data))
        with server.client() as client:
            fill(client)
            before = content(client)
            assert client.command("SAVE") == "OK"
            state = client.info("persistence")
            assert state["rdb_changes_since_last_save"] == "0", state
            assert state["rdb_last_bgsave_status"] == "ok", state
            assert abs(client.command("LASTSAVE") - time.time()) < 60
            client.command("SET", "later", "lost")
        kill(server)
        code, found = inspect(f"{data}/snapshot.kv")
        assert code == 0 and found["whole"] and found["keys"] == len(before), found
        with Kvd(*flags(data)) as server, server.client() as client:
            assert f"loaded {data}/snapshot.kv: {len(before)} keys" in server.report, server.report
            assert content(client) == before
            assert client.info("persistence")["rdb_changes_since_last_save"] == "0"


class Writer(threading.Thread):
    """Sends one request after the other, the next when the last is answered; each has a number."""

    def __init__(self, server, request):
        super().__init__()
        self.server, self.request, self.failure = server, request, None
        self.sent = self.acknowledged = -1
        self.ends = False

    def run(self):
        try:
            with self.server.client() as client:
                while not self.ends:
                    self.sent += 1  # Before it is sent, and the other only after its reply.
                    client.send(self.request(self.sent))
                    reply = client.reply()
                    assert reply == "OK", reply
                    self.acknowledged = self.sent
        except Exception as failure:  # pylint: disable=broad-exception-caught
            self.failure = failure


WRITTEN_KEYS = 401  # A prime, so that the writer comes by all of them in any step.


def written_key(number):
    """Far from the one before, so most are ahead of what a snapshot has."""
    return number * 173 % WRITTEN_KEYS


def written_value(number):
    return b"%08d" % number + b"w" * 13000


def check_written(client, after, until):
    """The keys of the writer are those of one moment: what the first n of its requests leave, with
    n from `after` to `until`."""
    values = client.pipeline(b"".join(encode("GET", f"w:{key}") for key in range(WRITTEN_KEYS)),
                             WRITTEN_KEYS)
    found = [-1 if value is None else int(value[:8]) for value in values]
    last = max(found)
    assert after <= last <= until, (after, last, until)
    expected = [-1] * WRITTEN_KEYS
    for number in range(last + 1):
        expected[written_key(number)] = number
    assert found == expected, [pair for pair in zip(found, expected) if pair[0] != pair[1]]
    assert all(value is None or value == written_value(number)
               for value, number in zip(values, found))


def check_pairs(client, name, after, until):
    first = client.command("GET", f"{name}:a")
    assert first == client.command("GET", f"{name}:b"), name
    assert after <= (-1 if first is None else int(first[:8])) <= until, (after, first, until)


def proof_a_snapshot_under_load_is_the_state_when_it_began():
    """One writer changes keys of 5 MB in an order that is known, others two keys in one command.
    A snapshot has all that was acknowledged before BGSAVE was sent, nothing that was sent after
    its reply, and of what is between them no more than was done before it."""
    def pairs(name):
        def request(number):
            value = b"%08d" % number + b"x" * (number * 37 % 5000)
            return encode("MSET", f"{name}:a", value, f"{name}:b", value)
        return request

    with directory() as data:
        server = Kvd(*flags(data, *SMALL_BUFFER))
        writers = [Writer(server, lambda i: encode("SET", f"w:{written_key(i)}", written_value(i)))]
        writers += [Writer(server, pairs(f"pair{i}")) for i in range(3)]
        with server.client() as client:
            fill(client, count=1000)
            for writer in writers:
                writer.start()
            wait_until(lambda: writers[0].acknowledged > WRITTEN_KEYS, "every key once")
            for _ in range(2):
                after = [writer.acknowledged for writer in writers]
                assert client.command("BGSAVE") == "Background saving started"
                until = [writer.sent for writer in writers]
                wait_until(lambda: client.info("persistence")["rdb_bgsave_in_progress"] == "0",
                           "the snapshot")
                state = client.info("persistence")
                assert state["rdb_last_bgsave_status"] == "ok", state
            waits = int(client.info("stats")["waits_snapshot"])
        for writer in writers:
            writer.ends = True
        for writer in writers:
            writer.join()
            assert writer.failure is None, writer.failure
        assert waits > 0, "no change has met the snapshot"
        kill(server)
        with Kvd(*flags(data)) as server, server.client() as client:
            check_written(client, after[0], until[0])
            for i in range(3):
                check_pairs(client, f"pair{i}", after[i + 1], until[i + 1])
        print(f"waits_snapshot {waits}")


def proof_the_server_saves_when_it_is_asked_to_stop():
    with directory() as data:
        with Kvd(*flags(data)) as server, server.client() as client:
            client.command("SET", "a", "1")
        with Kvd(*flags(data)) as server, server.client() as client:
            assert client.command("GET", "a") == b"1"
            client.command("SET", "a", "2")
            client.send(encode("SHUTDOWN", "NOSAVE"))
            assert client.is_closed()
        with Kvd(*flags(data)) as server, server.client() as client:
            assert client.command("GET", "a") == b"1"
            client.command("SET", "a", "3")
            client.send(encode("SHUTDOWN", "SAVE"))
            assert client.is_closed()
        with Kvd(*flags(data)) as server, server.client() as client:
            assert client.command("GET", "a") == b"3"


def proof_the_interval_saves_by_itself():
    with directory() as data:
        server = Kvd(*flags(data, "--snapshot-interval-ms", "200"))
        with server.client() as client:
            client.command("SET", "a", "1")
            wait_until(lambda: client.info("persistence")["rdb_changes_since_last_save"] == "0",
                       "a save by the interval")
        kill(server)
        with Kvd(*flags(data)) as server, server.client() as client:
            assert client.command("GET", "a") == b"1"


def proof_commands_that_change_keys_wait_and_are_answered_in_order():
    """With the smallest buffer, keys of twice its size: all waits end, and the end is right."""
    with directory() as data:
        with Kvd(*flags(data, *SMALL_BUFFER)) as server, server.client() as client:
            sets = [encode("SET", f"k{i}", b"v" * 20000) for i in range(1000)]
            client.pipeline(b"".join(sets), 1000)
            requests, expected = [encode("BGSAVE")], ["Background saving started"]
            for i in range(999, -1, -1):
                requests += [encode("APPEND", f"k{i}", ""), encode("GETDEL", f"k{i}")]
                expected += [20000, b"v" * 20000]
            requests += [encode("MULTI"), encode("SET", "x", "1"), encode("FLUSHALL"),
                         encode("SET", "y", "2"), encode("EXEC"), encode("DBSIZE")]
            expected += ["OK", "QUEUED", "QUEUED", "QUEUED", ["OK", "OK", "OK"], 1]
            # What follows BGSAVE in the same turn is before it.
            assert client.pipeline(requests[0], 1) == expected[:1]
            assert client.pipeline(b"".join(requests[1:]), len(expected) - 1) == expected[1:]
            wait_until(lambda: client.info("persistence")["rdb_bgsave_in_progress"] == "0",
                       "the end")
            code, found = inspect(f"{data}/snapshot.kv")
            assert code == 0 and found["keys"] == 1000, found


def proof_clients_that_end_while_a_snapshot_is_written_hold_nothing_up():
    """Of three that wait for it one is killed and one leaves; a fourth has quit and does not read
    what it is owed, so its record stays. The third is served, and the server saves and ends."""
    count = 1000
    with directory() as data:
        given = flags(data, *SMALL_BUFFER, "--server-stall-timeout-ms", "3600000")
        with Kvd(*given) as server, server.client() as client:
            sets = [encode("SET", f"k{i}", b"v" * 20000) for i in range(count)]
            assert client.pipeline(b"".join(sets), count) == ["OK"] * count
            deaf = server.client(receive_bytes=4096)
            deaf.send(encode("GET", "k0") + encode("QUIT"))
            killed, gone, behind = (server.client() for _ in range(3))
            identity = killed.command("CLIENT", "ID")
            changes = b"".join(encode("PERSIST", f"k{i}") for i in range(count - 1, -1, -1))
            assert client.command("BGSAVE") == "Background saving started"
            for waiting in (killed, gone, behind):
                waiting.send(changes)
            wait_until(lambda: client.info("clients")["clients_waiting"] == "3", "three wait")
            assert client.command("CLIENT", "KILL", "ID", identity) == 1
            gone.close()
            assert [behind.reply() for _ in range(count)] == [0] * count
            assert killed.is_closed()
            wait_until(lambda: client.info("persistence")["rdb_bgsave_in_progress"] == "0",
                       "the snapshot")
            assert client.info("persistence")["rdb_last_bgsave_status"] == "ok"
            # This client, the one behind, and the one that does not read.
            wait_until(lambda: client.used()["connection_records"] == 3, "the others have left")
            assert client.command("SET", "later", "1") == "OK"
            assert server.stop() == 0, server.errors
            assert deaf.is_closed()
        with Kvd(*given) as server, server.client() as client:
            assert client.command("DBSIZE") == count + 1
            assert client.command("GET", "later") == b"1"


def proof_save_is_answered_while_others_go_on_asking_for_snapshots():
    """With the end of its own, whether or not another has been asked for by then."""
    with directory() as data:
        with Kvd(*flags(data, *SMALL_BUFFER)) as server, server.client() as client, \
                server.client() as other:
            fill(client, count=1000)
            client.send(encode("SAVE"))
            deadline = time.monotonic() + 20
            while client.is_silent(0.002):
                reply = other.command("BGSAVE", "SCHEDULE")
                assert reply in ("Background saving started", "Background saving scheduled"), reply
                assert time.monotonic() < deadline, "SAVE waits for the snapshots of others"
            assert client.reply() == "OK"


def proof_smaller_limits_are_refused_with_the_limit_and_the_entry():
    with directory() as data:
        with Kvd(*flags(data)) as server, server.client() as client:
            client.command("SET", "long", "v" * 5000)
        message = ("entry 1 (offset 4128, key 'long'): a value of 5000 bytes exceeds "
                   "val_size_max (4999)")
        expect_start_error(["--port", "0", *flags(data, "--value-max", "4999")], 65,
                           f"kvd: error: {data}/snapshot.kv does not fit this config: {message}\n")
        config = pathlib.Path(data) / "kvd.toml"
        config.write_text("val_size_max = 4999\n", encoding="utf-8")
        result = run(programs.kvplan, "check", "--data", data, str(config))
        assert result.returncode == 1 and message in result.stderr, result.stderr
        config.write_text("val_size_max = 5000\n", encoding="utf-8")
        result = run(programs.kvplan, "check", "--data", data, str(config))
        assert result.returncode == 0, result.stdout + result.stderr


def proof_the_files_have_the_planned_size_and_hold_the_largest_store():
    """Every key at its limits, twice: the snapshot fits in what was reserved."""
    limits = ["--connections", "4", "--keys", "60", "--key-max", "40", "--value-max", "300",
              "--list-max", "20", "--block", "64", "--snapshot-buffer-bytes", "16KiB"]
    with directory() as data:
        given = [*limits, "--snapshot-enabled", "on", "--data-directory", data]
        planned = plan(*given)
        files = next(row for row in planned["disk"] if row["name"] == "snapshot_files")
        assert files["count"] == 2 and planned["disk_bytes"] == files["bytes"], files
        server = Kvd(*given)
        with server.client() as client:
            for i in range(60):
                key = f"{i:040}"
                assert client.command("RPUSH", key, *["e" * 300] * 20) == 20
                assert client.command("PEXPIRE", key, 3600000) == 1
            before = content(client)
            for _ in range(2):
                assert client.command("SAVE") == "OK"
        kill(server)
        for name in ("snapshot.kv", "snapshot.kv.next"):
            size = (pathlib.Path(data) / name).stat().st_size
            assert size == files["unit_bytes"], (name, size, files)
        _, found = inspect(f"{data}/snapshot.kv")
        assert found["snapshot"]["bytes"] <= files["unit_bytes"], found
        with Kvd(*given) as server, server.client() as client:
            assert content(client) == before


def proof_without_snapshots_nothing_is_written_and_clients_are_told():
    with directory() as data:
        with Kvd(*LIMITS, "--data-directory", data) as server, server.client() as client:
            for command in ("SAVE", "BGSAVE"):
                reply = client.command(command)
                assert reply == "ERR nothing is saved: snapshot.enabled is off", reply
            assert abs(client.command("LASTSAVE") - time.time()) < 60
        assert os.listdir(data) == []


def proof_a_file_of_the_tutorial_becomes_a_snapshot_and_back():
    with directory() as data:
        seed = pathlib.Path(data) / "seed"
        entry = b"\x01\0\0\0k\x05\0\0\0hello" + (7).to_bytes(8, "little") + b"\0"
        seed.write_bytes(b"ZIGKV001\x01\0\0\0" + entry)
        assert run(programs.kvplan, "convert", str(seed), f"{data}/snapshot.kv").returncode == 0
        with Kvd(*flags(data)) as server, server.client() as client:
            assert client.command("GET", "k") == b"hello"
            client.command("RPUSH", "l", "1")
            client.command("SAVE")
            result = run(programs.kvplan, "convert", f"{data}/snapshot.kv", f"{data}/back")
            assert result.returncode == 1 and "key 'l' is a list" in result.stderr, result
            client.command("DEL", "l")
        result = run(programs.kvplan, "convert", f"{data}/snapshot.kv", f"{data}/back")
        assert result.returncode == 0, result
        assert pathlib.Path(f"{data}/back").read_bytes()[:26] == seed.read_bytes()[:26]


def proof_a_value_of_many_megabytes_is_saved_while_others_are_served():
    """In pieces: no turn of the loop takes longer because of its size."""
    with directory() as data:
        given = ["--connections", "4", "--keys", "10", "--value-max", "64MiB", "--list-max", "0",
                 "--store", "128MiB", "--snapshot-enabled", "on", "--data-directory", data]
        with Kvd(*given) as server, server.client() as client, server.client() as other:
            value = b"0123456789abcdef" * (4 * 1024 * 1024)
            assert client.command("SET", "large", value) == "OK"
            begin = time.monotonic()
            client.send(encode("SAVE"))
            served = 0
            while client.is_silent(0):
                assert other.command("PING") == "PONG"
                served += 1
            assert client.reply() == "OK"
            assert served > 10, (served, time.monotonic() - begin)
        with Kvd(*given) as server, server.client() as client:
            assert client.command("GET", "large") == value


if __name__ == "__main__":
    harness.main(globals(), look_inside=False)
