"""Clients that wait for each other: transactions, watched keys and blocking commands.

What each client receives after each step of sessions.txt is what redis-server 7.0 sends it; and
what only kvd has: planned memory for sessions, which is refused beyond and comes back whole.
"""

import os
import re
import shlex
import socket
import time

import harness
from harness import Closed, Kvd, encode
from oracle import Redis

FLAGS = ["--connections", "12", "--keys", "50", "--memory-populate", "off"]
PATIENCE = 10  # seconds in which a server has answered, however busy the machine is


def scenarios():
    path = os.path.join(os.path.dirname(__file__), "sessions.txt")
    with open(path, encoding="utf-8") as file:
        parts = re.split(r"^# ", file.read(), flags=re.MULTILINE)[1:]
    return {part.split("\n")[0]: part.strip().split("\n")[1:] for part in parts}


class Side:
    """One of the two servers, with three clients and one that only pings."""

    def __init__(self, connect):
        self.clients = [connect() for _ in range(3)]
        self.bystander = connect()
        self.clients[0].sendall(encode("FLUSHALL"))
        assert self.clients[0].recv(100) == b"+OK\r\n"

    def act(self, step):
        if step.startswith("close"):
            index = int(step.split()[1])
            self.clients[index].close()
            self.clients[index] = None
            return
        index, commands = step.split(": ", 1)
        data = b"".join(encode(*shlex.split(command)) for command in commands.split(" | "))
        self.clients[int(index)].sendall(data)

    def wait_until_seen(self):
        """What was sent before is executed: it was there when the second PING was read."""
        for _ in range(2):
            self.bystander.sendall(encode("PING"))
            assert self.bystander.recv(100) == b"+PONG\r\n"

    def received(self):
        """What each client has received by now."""
        return [b"" if client is None else read_all(client) for client in self.clients]

    def close(self):
        for client in [*self.clients, self.bystander]:
            if client is not None:
                client.close()


def read_all(client):
    data = b""
    client.setblocking(False)
    try:
        while True:
            more = client.recv(1 << 16)
            if not more:
                return data + b" (closed)"
            data += more
    except BlockingIOError:
        return re.sub(rb"(\$2\r\nid\r\n:)\d+", rb"\1(some)", data)  # HELLO's client id
    finally:
        client.setblocking(True)


def play(steps, sides):
    """Both servers do the same; the first step with other replies is an error."""
    for number, step in enumerate(steps):
        if step.startswith("sleep"):
            time.sleep(float(step.split()[1]))
        else:
            for side in sides:
                side.act(step)
        ours, theirs = settle(sides)
        assert ours == theirs, f"step {number + 1}, {step!r}:\n  kvd   {ours}\n  redis {theirs}"


def settle(sides):
    """The replies to a step; more time for them where the two differ."""
    for side in sides:
        side.wait_until_seen()
    replies = [side.received() for side in sides]
    deadline = time.monotonic() + PATIENCE
    while replies[0] != replies[1] and time.monotonic() < deadline:
        time.sleep(0.01)
        for reply, side in zip(replies, sides):
            for index, more in enumerate(side.received()):
                reply[index] += more
    return replies


def proof_clients_that_wait_for_each_other_get_what_redis_server_sends():
    with Kvd(*FLAGS) as kvd, Redis() as redis:
        for name, steps in scenarios().items():
            connect = lambda: socket.create_connection(("127.0.0.1", kvd.port))
            sides = [Side(connect), Side(redis.connect)]
            try:
                play(steps, sides)
            except AssertionError as difference:
                raise AssertionError(f"{name}: {difference}") from None
            finally:
                for side in sides:
                    side.close()
        with kvd.client() as client:
            harness.wait_until(lambda: pools_are_empty(client), "the pools are empty")


SESSION_PARTS = ["watched_keys", "key_watches", "blocked_clients", "transaction_slots"]


def pools_are_empty(client):
    used = client.used()
    return all(used[part] == 0 for part in SESSION_PARTS)


def queue_until_refused(client, command):
    """How many commands are queued before one is not; the reply to that one."""
    for count in range(10_000):
        reply = client.command(*command)
        if reply != "QUEUED":
            return count, reply
    raise AssertionError("nothing was refused")


def proof_a_transaction_that_does_not_fit_is_refused_whole():
    """Each argument takes its bytes and 4, each command 4: SET k 100 bytes is 4 + 7 + 5 + 104."""
    with Kvd(*FLAGS, "--transaction-bytes", "1200", "--transaction-slots", "2") as kvd:
        with kvd.client() as client:
            assert client.command("MULTI") == "OK"
            count, reply = queue_until_refused(client, ("SET", "k", "x" * 100))
            assert count == 1200 // 120, count
            assert reply == "ERR transaction exceeds transaction_bytes (1200)", reply
            assert client.command("EXEC").startswith("EXECABORT")
            assert client.command("EXISTS", "k") == 0
            clients = [kvd.client() for _ in range(3)]
            for other in clients:
                assert other.command("MULTI") == "OK"
            replies = [other.command("PING") for other in clients]
            wanted = "ERR all 2 transaction slots (transaction_slots) are in use"
            assert replies == ["QUEUED", "QUEUED", wanted], replies
            assert clients[2].command("EXEC").startswith("EXECABORT")
            clients[0].close()
            harness.wait_until(lambda: client.used()["transaction_slots"] == 1, "the slot is free")
            assert clients[2].command("MULTI") == "OK"
            assert clients[2].command("PING") == "QUEUED"
            for other in clients[1:]:
                assert other.command("EXEC") == ["PONG"]
                other.close()
            assert pools_are_empty(client)


def proof_watches_and_waiters_beyond_the_plan_are_refused():
    with Kvd(*FLAGS, "--key-watches-max", "3", "--request-buffers", "3") as kvd:
        with kvd.client() as client, kvd.client() as second, kvd.client() as third:
            assert client.command("WATCH", "a", "b") == "OK"
            refused = "ERR too many watched keys: key_watches_max (3)"
            assert second.command("WATCH", "c", "d") == refused
            assert second.command("BLPOP", "c", "d", "0") == refused
            assert client.command("UNWATCH") == "OK"
            # One of the three receive buffers is left to those who are not blocked.
            for waiter in (client, second):
                waiter.send(encode("BLPOP", "l", "0"))
            harness.wait_until(lambda: third.used()["blocked_clients"] == 2, "both are blocked")
            reply = third.command("BLPOP", "l", "0")
            assert reply.startswith("ERR too many blocked clients (2)"), reply
            assert third.command("RPUSH", "l", "1", "2", "3") == 3
            assert client.reply() == [b"l", b"1"] and second.reply() == [b"l", b"2"]
            assert third.command("LRANGE", "l", "0", "-1") == [b"3"]
            assert pools_are_empty(third)


def proof_a_blocked_client_that_leaves_takes_nothing_with_it():
    with Kvd(*FLAGS) as kvd, kvd.client() as client:
        for round_number in range(20):
            waiters = [kvd.client() for _ in range(8)]
            for waiter in waiters:
                waiter.send(encode("BLPOP", "l", "m", "0"))
            harness.wait_until(lambda: client.used()["blocked_clients"] == 8, "all are blocked")
            for waiter in waiters[:4]:
                waiter.close()
            elements = [b"%d" % element for element in range(6)]
            assert client.command("RPUSH", "m", *elements) == 6
            received = [waiter.reply()[1] for waiter in waiters[4:]]
            assert received == elements[:4], (round_number, received)
            assert client.command("LPOP", "m", "9") == elements[4:], round_number
            for waiter in waiters[4:]:
                waiter.close()
            harness.wait_until(lambda: pools_are_empty(client), "nothing is left")


def proof_a_transaction_whose_replies_do_not_fit_loses_no_command_silently():
    """50 elements of 4 KiB are more than one largest reply together with another such list: EXEC
    answers an error in the place of the reply for which there is no room."""
    with Kvd("--connections", "4", "--keys", "4", "--memory-populate", "off") as kvd:
        with kvd.client() as client:
            elements = [b"x" * 4096] * 50
            assert client.command("RPUSH", "l", *elements) == 50
            for command in ("MULTI", ("LRANGE", "l", "0", "-1"), ("LPOP", "l", "50"), "PING"):
                client.command(*([command] if isinstance(command, str) else command))
            first, second, last = client.command("EXEC")
            assert first == elements and last == "PONG"
            assert second == "ERR no room for this reply in that of EXEC", second
            assert client.command("LLEN", "l") == 50


if __name__ == "__main__":
    harness.main(globals())
