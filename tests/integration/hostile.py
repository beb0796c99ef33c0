"""Hostile input: byte streams that no client should send, each with what must come of it.

After each of them, and after all, the server serves others and every pool balances.
"""

import random
import socket
import struct
import threading
import time

import harness
from harness import Kvd, encode, wait_until

FLAGS = ["--connections", "40", "--keys", "50", "--key-max", "100", "--value-max", "1000",
         "--list-max", "20", "--command-args-max", "50", "--request-buffer-bytes", "256",
         "--large-request-slots", "4", "--large-reply-slots", "4", "--request-buffers", "20",
         "--reply-buffers", "20"]


def error(text):
    return b"-ERR " + text + b"\r\n"


def protocol_error(text):
    return error(b"Protocol error: " + text)


def unknown(name, arguments=b""):
    return error(b"unknown command '" + name + b"', with args beginning with: " + arguments)


def arity(command):
    return error(b"wrong number of arguments for '" + command + b"' command")


COUNT = protocol_error(b"invalid multibulk length")
LENGTH = protocol_error(b"invalid bulk length")
QUOTES = protocol_error(b"unbalanced quotes in request")
INLINE = protocol_error(b"too big inline request")
VALUE = error(b"value of 1001 bytes exceeds val_size_max (1000)")
PONG = b"+PONG\r\n"
PING = encode("PING")

# Closed after an error: what was sent, and the error. A PING behind it is not answered.
CLOSED = {
    "a count that is no number": (b"*abc\r\n", COUNT),
    "a count without digits": (b"*\r\n", COUNT),
    "a count with a plus sign": (b"*+1\r\n", COUNT),
    "a count with two signs": (b"*--1\r\n", COUNT),
    "a count behind a blank": (b"* 1\r\n", COUNT),
    "a count before a blank": (b"*1 \r\n", COUNT),
    "a count with a leading zero": (b"*01\r\n", COUNT),
    "a count of minus zero": (b"*-0\r\n", COUNT),
    "a hexadecimal count": (b"*0x1\r\n", COUNT),
    "a fractional count": (b"*1.0\r\n", COUNT),
    "a count with a NUL": (b"*1\0\r\n", COUNT),
    "a count of one more than a million and a bit": (b"*1048577\r\n", COUNT),
    "a count of 31 bits": (b"*2147483647\r\n", COUNT),
    "a count of 63 bits": (b"*9223372036854775807\r\n", COUNT),
    "a count beyond 64 bits": (b"*99999999999999999999\r\n", COUNT),
    "a count below 64 bits": (b"*-99999999999999999999\r\n", COUNT),
    "a count without an end": (b"*" + b"1" * 70000,
                               protocol_error(b"too big mbulk count string")),
    "a status where an argument should be": (b"*1\r\n+PING\r\n",
                                             protocol_error(b"expected '$', got '+'")),
    "an array in an array": (b"*1\r\n*1\r\n", protocol_error(b"expected '$', got '*'")),
    "an integer where an argument should be": (b"*1\r\n:1\r\n",
                                               protocol_error(b"expected '$', got ':'")),
    "an empty line where an argument should be": (b"*1\r\n\r\n",
                                                  protocol_error(b"expected '$', got ' '")),
    "a byte beyond ASCII where an argument should be": (
        b"*1\r\n\xff", protocol_error(b"expected '$', got '\xff'")),
    "an inline command where an argument should be": (b"*2\r\nPING\r\n",
                                                      protocol_error(b"expected '$', got 'P'")),
    "a length of -1": (b"*1\r\n$-1\r\n", LENGTH),
    "a length of -2147483648": (b"*1\r\n$-2147483648\r\n", LENGTH),
    "a length of 63 bits": (b"*1\r\n$9223372036854775807\r\n", LENGTH),
    "a length beyond 64 bits": (b"*1\r\n$99999999999999999999\r\n", LENGTH),
    "a length beyond 512 MiB": (b"*1\r\n$536870913\r\n", LENGTH),
    "a length that is no number": (b"*1\r\n$abc\r\n", LENGTH),
    "a length without digits": (b"*1\r\n$\r\n", LENGTH),
    "a length with a plus sign": (b"*1\r\n$+4\r\n", LENGTH),
    "a length behind a blank": (b"*1\r\n$ 4\r\n", LENGTH),
    "a length with a leading zero": (b"*1\r\n$04\r\n", LENGTH),
    "a length with a NUL": (b"*1\r\n$4\0\r\n", LENGTH),
    "a length without an end": (b"*1\r\n$" + b"1" * 70000,
                                protocol_error(b"too big bulk count string")),
    "a second length of -1": (b"*2\r\n$4\r\nECHO\r\n$-1\r\n", LENGTH),
    "a second argument without a length": (b"*2\r\n$4\r\nECHO\r\nabc\r\n",
                                           protocol_error(b"expected '$', got 'a'")),
    "a third argument without a length": (b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\nv\r\n",
                                          protocol_error(b"expected '$', got 'v'")),
    "an argument that is longer than its length": (b"*2\r\n$4\r\nECHO\r\n$1\r\nabc\r\n*abc\r\n",
                                                   b"$1\r\na\r\n" + COUNT),
    "single quotes that are not closed": (b"set 'a\r\n", QUOTES),
    "double quotes that are not closed": (b"set \"a\r\n", QUOTES),
    "single quotes with something behind them": (b"'a'b\r\n", QUOTES),
    "double quotes with something behind them": (b"\"a\"b\r\n", QUOTES),
    "quotes that end in a backslash": (b"set \"a\\\"\r\n", QUOTES),
    "an inline command without an end": (b"a" * 70000, INLINE),
    "blanks without an end": (b" " * 70000, INLINE),
    "NULs without an end": (b"\0" * 70000, INLINE),
    "bytes beyond ASCII without an end": (b"\xff" * 70000, INLINE),
    "carriage returns without an end": (b"\r" * 70000, INLINE),
    "an HTTP request": (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    "an HTTP request that gets something": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", arity(b"get")),
    "a QUIT with arguments": (b"QUIT now please\r\n", b"+OK\r\n"),
}

# Answered, and the connection goes on: a PING behind it is answered.
ANSWERED = {
    "nothing but line ends": (b"\r\n" * 100, b""),
    "nothing but newlines": (b"\n" * 100, b""),
    "nothing but blanks": (b"   \r\n", b""),
    "a NUL and a line end": (b"\0\r\n", b""),
    "an empty array": (b"*0\r\n" * 100, b""),
    "an array of less than nothing": (b"*-1\r\n", b""),
    "an array of the least there is": (b"*-9223372036854775808\r\n", b""),
    "a command without a name": (b"*1\r\n$0\r\n\r\n", unknown(b"")),
    "a name of line ends": (encode(b"\r\n\r\n"), unknown(b"    ")),
    "a name that looks like a frame": (encode(b"*1\r\n$4"), unknown(b"*1  $4")),
    "a name beyond ASCII": (encode(b"\xff\xfe"), unknown(b"\xff\xfe")),
    "a name that is too long": (encode("x" * 129), unknown(b"x" * 128)),
    "a name of a command and a NUL": (encode(b"PING\0x", "a"), unknown(b"PING", b"'a' ")),
    "a name of a command and more": (encode("PINGPING"), unknown(b"PINGPING")),
    "a name in any case": (encode("pInG"), PONG),
    "an argument that is shorter than its length": (
        b"*2\r\n$4\r\nECHO\r\n$3\r\na\r\n", b"$3\r\na\r\n\r\n" + unknown(b"$4")),
    "an argument that does not end in a line end": (b"*1\r\n$4\r\nPINGxx", PONG),
    "an inline command with a NUL": (b"PING\0 and more\r\n", PONG),
    "an inline command of blanks and tabs": (b" \t PING \t\r\n", PONG),
    "an inline command in quotes": (b"\"PI\\x4eG\"\r\n", PONG),
    "an inline command with a bare newline": (b"PING\n", PONG),
    "an inline command of empty quotes": (b"\"\"\r\n", unknown(b"")),
    "too few arguments": (encode("SET", "k"), arity(b"set")),
    "too many arguments": (encode("GET", "k", "k"), arity(b"get")),
    "more arguments than there may be": (
        encode("DEL", *["k"] * 50),
        error(b"request of 51 arguments exceeds command_args_max (50)")),
    "a hundred times as many": (
        encode("DEL", *["k"] * 5000),
        error(b"request of 5001 arguments exceeds command_args_max (50)")),
    "empty arguments in number": (
        encode("DEL", *[""] * 5000),
        error(b"request of 5001 arguments exceeds command_args_max (50)")),
    "inline arguments in number": (
        b"DEL" + b" k" * 100 + b"\r\n",
        error(b"request of 101 arguments exceeds command_args_max (50)")),
    "a key that is a byte too long": (encode("GET", "k" * 101),
                                      error(b"key of 101 bytes exceeds key_size_max (100)")),
    "a key that is far too long": (encode("GET", "k" * 100000),
                                   error(b"key of 100000 bytes exceeds key_size_max (100)")),
    "a value that is a byte too long": (encode("SET", "k", "v" * 1001), VALUE),
    "a value that is far too long": (encode("SET", "k", "v" * 3000000),
                                     VALUE.replace(b"1001", b"3000000")),
    "an element that is a byte too long": (encode("RPUSH", "l", "a", "v" * 1001), VALUE),
    "a list that is too long": (
        encode("RPUSH", "l", *["v"] * 21),
        error(b"list of 21 elements would exceed list_length_max (20)")),
    "an argument of ECHO that is too long": (encode("ECHO", "v" * 1001), VALUE),
    "a name of a client with a line end": (
        encode("CLIENT", "SETNAME", "a\r\nb"),
        error(b"Client names cannot contain spaces, newlines or special characters.")),
    "a pattern of many stars": (encode("CONFIG", "GET", "*?" * 40 + "x"), b"*0\r\n"),
    "a range beyond 64 bits": (encode("LRANGE", "l", "99999999999999999999", "1"),
                               error(b"value is not an integer or out of range")),
    "a database beyond 64 bits": (encode("SELECT", "99999999999999999999"),
                                  error(b"value is not an integer or out of range")),
    "a database beyond 32 bits": (
        encode("SELECT", "99999999999"),
        error(b"value is out of range, value must between -2147483648 and 2147483647")),
    "a section of INFO with a line end": (encode("INFO", "a\r\nb"), b"$0\r\n\r\n"),
}

# Begun and never finished: nothing comes back, and nothing is left when the client goes.
UNFINISHED = {
    "a count": b"*3",
    "a count and half a line end": b"*3\r",
    "a frame that announces the most": b"*50\r\n",
    "a frame that announces 512 MiB": b"*2\r\n$4\r\nECHO\r\n$536870912\r\nabc",
    "a frame that announces a million arguments": b"*1048576\r\n$3\r\nDEL\r\n",
    "a frame that is being dropped": encode("SET", "k", "v" * 100000)[:60000],
    "an inline command": b"SET k v",
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x5a" * 200,
    "an SSH greeting without its end": b"SSH-2.0-OpenSSH_9.2p1",
}


class Watched:
    """A server, a client that watches it, and the claim that it is as it was."""

    def __enter__(self):
        self.server = Kvd(*FLAGS, "--server-stall-timeout-ms", "500")
        self.watcher = self.server.client()
        self.before = self.watcher.used()
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.check("in the end")
        self.watcher.close()
        self.server.__exit__(kind, value, trace)

    def check(self, what):
        """Others are served, and every pool holds what it did."""
        assert self.watcher.command("PING") == "PONG", what
        wait_until(lambda: self.watcher.info("clients")["connected_clients"] == "1", what)
        wait_until(lambda: self.watcher.command("FLUSHALL") == "OK" and
                   self.watcher.used() == self.before, f"{what}: everything is free again")


def send_some(client, data):
    """Sends what the server takes before it closes."""
    try:
        client.send(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def read_all(client):
    """What comes until the end; a server that closes on unread input resets the connection."""
    data = b""
    try:
        while True:
            more = client.socket.recv(1 << 16)
            if not more:
                return data
            data += more
    except ConnectionResetError:
        return data


def proof_there_are_at_least_80_hostile_streams():
    assert len(CLOSED) + len(ANSWERED) + len(UNFINISHED) >= 80


def proof_what_breaks_the_protocol_is_told_so_and_closed():
    with Watched() as watched:
        for name, (data, reply) in CLOSED.items():
            with watched.server.client() as client:
                client.send(PING)
                assert client.reply() == "PONG"
                send_some(client, data)
                assert read_all(client) == reply, name
            watched.check(name)


def proof_what_is_odd_but_allowed_is_answered_and_the_connection_goes_on():
    with Watched() as watched:
        for name, (data, reply) in ANSWERED.items():
            with watched.server.client() as client:
                client.send(data + PING)
                got = client.file.read(len(reply) + len(PONG))
                assert got == reply + PONG, (name, got)
            watched.check(name)


def proof_what_is_never_finished_leaves_nothing_behind():
    """Also cut at every byte, with the client gone or waiting."""
    request = encode("SET", "k", "v" * 300)
    with Watched() as watched:
        for name, data in UNFINISHED.items():
            with watched.server.client() as client:
                client.send(data)
                assert client.is_silent(0.02), name
            watched.check(name)
        for end in [*range(1, 40), *range(40, len(request), 20)]:
            client = watched.server.client()
            client.send(request[:end])
            client.close()
            assert watched.watcher.command("EXISTS", "k") == 0
        # More of them at once than there are buffers; all are served when they go on.
        clients = [watched.server.client() for _ in range(15)]
        for number, client in enumerate(clients):
            client.send(encode("SET", f"k{number}", "v" * 200)[:20])
        time.sleep(0.05)
        for number, client in enumerate(clients):
            client.send(encode("SET", f"k{number}", "v" * 200)[20:])
            assert client.reply() == "OK"
            client.close()


def proof_random_bytes_never_stop_the_server():
    """300 streams, seeded: bytes of the protocol in a random order."""
    words = [b"*", b"$", b"\r\n", b"\n", b"-1", b"0", b"1", b"3", b"99999", b"PING", b"SET", b"GET",
             b"k", b"'", b'"', b"\\x", b"\0", b"\xff", b" ", b"$3\r\nGET\r\n", b"*2\r\n"]
    with Watched() as watched:
        for seed in range(300):
            choose = random.Random(seed)
            data = b"".join(choose.choices(words, k=choose.randrange(1, 200)))
            client = watched.server.client()
            send_some(client, data)
            client.close()
            if seed % 50 == 0:
                watched.check(f"seed {seed}")


def proof_100000_commands_in_one_write_are_all_answered():
    with Watched() as watched, watched.server.client() as client:
        count = 100000
        sender = threading.Thread(target=client.send, args=(PING * count,))
        sender.start()
        left = len(PONG) * count
        while left > 0:
            data = client.socket.recv(1 << 20)
            assert data, f"closed with {left} bytes to come"
            left -= len(data)
        sender.join()
        assert left == 0


def proof_readers_that_never_read_are_closed_and_cost_the_others_nothing():
    with Watched() as watched:
        assert watched.watcher.command("SET", "k", "v" * 1000) == "OK"
        deaf = [watched.server.client(receive_bytes=4096) for _ in range(15)]
        for client in deaf:
            client.socket.setblocking(False)
            try:
                for _ in range(2000):
                    client.socket.send(encode("GET", "k") * 50)
            except (BlockingIOError, ConnectionError):
                pass
        slowest = 0
        for _ in range(200):
            begin = time.monotonic()
            assert watched.watcher.command("GET", "k") == b"v" * 1000
            slowest = max(slowest, time.monotonic() - begin)
        wait_until(lambda: watched.watcher.info("clients")["connected_clients"] == "1",
                   "all are closed")
        assert slowest < 1, slowest
        for client in deaf:
            client.close()


def proof_one_byte_at_a_time_is_served():
    """A byte every 20 ms: slow, but never standing still for as long as the timeout."""
    with Watched() as watched, watched.server.client() as client:
        for byte in encode("SET", "k", "slowly"):
            client.send(bytes([byte]))
            time.sleep(0.02)
        assert client.reply() == "OK"
        assert watched.watcher.command("GET", "k") == b"slowly"


def proof_resets_in_the_middle_of_replies_leave_nothing_behind():
    """SO_LINGER of 0: close() sends a reset."""
    with Watched() as watched:
        assert watched.watcher.command("RPUSH", "l", *["v" * 1000] * 20) == 20
        for number in range(200):
            client = watched.server.client(receive_bytes=4096)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.send(encode("LRANGE", "l", 0, -1) * 5)
            if number % 2 == 0:
                client.socket.recv(1 + number)
            client.close()


def proof_storms_of_connections_leave_nothing_behind():
    """2000 that come and go at once, some with half a request."""
    with Watched() as watched:
        for number in range(2000):
            with socket.create_connection(("127.0.0.1", watched.server.port)) as client:
                if number % 3 == 0:
                    try:
                        client.send(encode("SET", "k", "v")[:number % 30])
                    except ConnectionError:
                        pass
            if number % 500 == 0:
                assert watched.watcher.command("PING") == "PONG"


if __name__ == "__main__":
    harness.main(globals())
