"""What goes wrong in a soak: each function fault_* is one thing that clients do to a server.

It gets the world and a random.Random, checks every reply that has one right answer, and leaves no
connection open. What it asserts is what must hold; what it counts is for the table. Another fault
may have filled the store meanwhile, so what stores may be refused, and says OOM.
"""

import collections
import concurrent.futures
import contextlib
import selectors
import socket
import struct
import time

from harness import Client, Closed, Error, encode, encode_array

# Limits of the server that is soaked, as flags and as numbers.
CONNECTIONS = 64
KEYS = 3000
KEY_MAX = 128
VALUE_MAX = 4096
LIST_MAX = 50
FLAGS = ["--connections", CONNECTIONS, "--keys", KEYS, "--key-max", KEY_MAX, "--value-max",
         VALUE_MAX, "--list-max", LIST_MAX, "--store", "8MiB", "--request-buffers", 24,
         "--reply-buffers", 8, "--large-request-slots", 2, "--large-reply-slots", 2,
         "--transaction-slots", 4, "--server-stall-timeout-ms", 500,
         "--server-request-timeout-ms", 3000]
REFUSED = "ERR max number of clients reached"


class Refused(Exception):
    """No connection was free: there is a storm, or everybody is in."""


class World:
    """Where the server is, who asks, and what has been counted."""

    def __init__(self, port, name):
        self.port = port
        self.name = name
        self.operations = collections.Counter()
        self.errors = collections.Counter()
        self.faults = collections.Counter()

    @contextlib.contextmanager
    def client(self, **options):
        """A connection that is inside. Raises Refused where there is no room."""
        client = Client(self.port, **options)
        try:
            try:
                answer = client.command("PING")
            except (Closed, ConnectionError) as gone:
                raise Refused("closed") from gone
            if answer == REFUSED:
                self.errors[answer] += 1
                raise Refused(answer)
            assert answer == "PONG", answer
            yield client
        finally:
            client.close()

    def key(self, name):
        """A key that no other world has."""
        return f"{self.name}:{name}"

    def command(self, client, *words):
        """A reply, counted."""
        reply = client.command(*words)
        self.count(words[0], reply)
        return reply

    def count(self, name, reply):
        self.operations[name] += 1
        if isinstance(reply, Error):
            self.errors[kind_of(reply)] += 1


def kind_of(error):
    """The error without the numbers and names in it: "OOM blocks are full"."""
    words = error.split(": ")[0].split(" '")[0].split()
    return " ".join("N" if word.strip("()").isdigit() else word for word in words[:7])


def reset(client):
    """Close with a reset: unread replies are lost."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def send_some(client, data):
    with contextlib.suppress(ConnectionError):
        client.send(data)


def is_refused_for_memory(reply):
    return isinstance(reply, Error) and reply.startswith("OOM ")


def fault_resets(world, random):
    """In the middle of a request, of a reply, and of a transaction."""
    key, other = world.key("resets"), world.key("reset")
    with world.client() as client:
        world.command(client, "RPUSH", key, *["v" * VALUE_MAX] * 10)
    for _ in range(5):
        with world.client(receive_bytes=4096) as client:
            data = random.choice([
                encode("SET", other, "v" * VALUE_MAX),
                encode("LRANGE", key, 0, -1) * 5,
                encode("MULTI") + encode("SET", other, "v") * 20,
                encode("BLPOP", world.key("none"), 0)])
            send_some(client, data[:random.randrange(1, len(data) + 1)])
            if random.random() < 0.5:
                time.sleep(random.random() / 100)
            reset(client)
    with world.client() as client:
        world.command(client, "DEL", key, other)
        assert world.command(client, "EXISTS", key) == 0


def fault_never_reads(world, random):
    """Asks for more than the sockets hold and reads nothing: it is closed, and nobody waits."""
    key = world.key("deaf")
    with world.client() as client:
        if is_refused_for_memory(world.command(client, "SET", key, "v" * VALUE_MAX)):
            return
    with world.client(receive_bytes=4096) as client:
        client.socket.setblocking(False)
        request = encode("GET", key) * 50
        end = time.monotonic() + 20
        closed = False
        while time.monotonic() < end and not closed:
            try:
                client.socket.send(request)
            except BlockingIOError:
                time.sleep(random.random() / 20)
            except ConnectionError:
                closed = True
        assert closed, "a client that never reads is still connected after 20 s"
    with world.client() as client:
        assert world.command(client, "GET", key) == b"v" * VALUE_MAX
        assert world.command(client, "DEL", key) == 1


def fault_half_closes(world, random):
    """Sends and says that nothing more comes: what was whole is answered, and then it is over."""
    count = random.randrange(1, 30)
    with world.client() as client:
        cut = encode("ECHO", "cut")[:-random.randrange(1, 9)]
        client.send(encode("ECHO", "half") * count + cut)
        client.socket.shutdown(socket.SHUT_WR)
        for _ in range(count):
            reply = client.reply()
            world.count("ECHO", reply)
            assert reply == b"half", reply
        try:
            rest = client.file.read()
        except ConnectionResetError:
            rest = b""
        assert rest == b"", rest


GARBAGE = [b"*abc\r\n", b"*3\r\n$-5\r\n", b"*1048577\r\n", b"*1\r\n$536870913\r\n", b"*2\r\n:1\r\n",
           b"SET \"unbalanced\r\n", b"x" * 70000, b"\0\r\n*1\r\n+\r\n"]


def fault_garbage(world, random):
    """Bytes that are no protocol: an error that says so, and the connection ends."""
    for data in random.sample(GARBAGE, 3):
        with world.client() as client:
            send_some(client, data)
            try:
                error = client.reply()
            except Closed:
                continue  # it closed on unread input
            if isinstance(error, Error):
                world.errors[kind_of(error)] += 1
    with world.client() as client:
        send_some(client, bytes(random.randrange(256) for _ in range(random.randrange(1, 4000))))


def fault_largest_requests(world, random):
    """Full lists of full values in one request, from more clients than there are large slots."""
    values = [bytes([97 + random.randrange(26)]) * VALUE_MAX for _ in range(LIST_MAX)]
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(world.client()) for _ in range(6)]
        with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
            pushes = [pool.submit(push_and_read, world, client,
                                  world.key(number).ljust(KEY_MAX, "k"), values)
                      for number, client in enumerate(clients)]
            for push in pushes:
                push.result()


def push_and_read(world, client, key, values):
    reply = world.command(client, "RPUSH", key, *values)
    if is_refused_for_memory(reply):
        return
    assert reply == LIST_MAX, reply
    client.send(encode("LRANGE", key, 0, -1))
    assert client.file.read(len(encode_array(values))) == encode_array(values), "another list"
    assert world.command(client, "DEL", key) == 1


def fault_expiry(world, random):
    """A wave of keys that end in the same moment."""
    names = [world.key(number) for number in range(400)]
    until = int(time.time() * 1000) + random.randrange(200, 900)
    with world.client() as client:
        data = b"".join(encode("SET", name, "v" * 100, "PXAT", until) for name in names)
        replies = client.pipeline(data, len(names))
        for reply in replies:
            world.count("SET", reply)
            assert reply == "OK" or is_refused_for_memory(reply), reply
        time.sleep(max(0, until / 1000 - time.time()) + 0.02)
        for name in random.sample(names, 20):
            assert world.command(client, "GET", name) is None, f"{name} outlived its deadline"
        assert world.command(client, "EXISTS", *names) == 0


def fault_blocking(world, random):
    """Clients that wait for a list: some are served in their order, some leave, some give up."""
    key = world.key("queue")
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(world.client()) for _ in range(8)]
        pusher = stack.enter_context(world.client())
        for client in waiting:
            client.send(encode("BLPOP", key, 20))
            time.sleep(0.005)
        leavers = random.sample(range(8), 3)
        for index in leavers:
            reset(waiting[index])
        time.sleep(0.3)  # their leaving is noticed
        stay = [waiting[index] for index in range(8) if index not in leavers]
        for number, client in enumerate(stay):
            reply = world.command(pusher, "RPUSH", key, f"job {number}")
            if is_refused_for_memory(reply):
                return
            got = client.reply()
            world.count("BLPOP", got)
            assert got == [key.encode(), b"job %d" % number], got
        assert world.command(pusher, "BLPOP", key, 0.01) is None
        assert world.command(pusher, "EXISTS", key) == 0


def fault_transactions(world, random):
    """Executed, given up for a watched key, abandoned, and more of them than there are slots."""
    key, other = world.key("watched"), world.key("queued")
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(world.client())
        second = stack.enter_context(world.client())
        assert world.command(first, "WATCH", key) == "OK"
        if random.random() < 0.5:
            watched = world.command(second, "SET", key, random.random()) == "OK"
        else:
            watched = False
        assert world.command(first, "MULTI") == "OK"
        queued = world.command(first, "SET", other, "1")
        assert queued == "QUEUED" or isinstance(queued, Error), queued
        done = world.command(first, "EXEC")
        if queued == "QUEUED":
            assert (done is None) == watched, (done, watched)
        else:
            assert isinstance(done, Error) and done.startswith("EXECABORT"), done
        for _ in range(6):
            client = stack.enter_context(world.client())
            client.send(encode("MULTI") + encode("SET", other, "v" * 1000) * 3)
            for _ in range(4):
                world.count("MULTI", client.reply())
        world.command(second, "DEL", key, other)


def fault_beyond_limits(world, _):
    """One byte or element too many: refused by name, and the connection goes on."""
    key = world.key("beyond")
    with world.client() as client:
        for words, text in [
                (("SET", "k" * (KEY_MAX + 1), "v"), "key_size_max"),
                (("SET", key, "v" * (VALUE_MAX + 1)), "val_size_max"),
                (("RPUSH", key, *["e"] * (LIST_MAX + 1)), "list_length_max"),
                (("DEL", *["k"] * 2000), "command_args_max"),
                (("SET", key, "v" * 3_000_000), "val_size_max")]:
            error = world.command(client, *words)
            assert isinstance(error, Error) and f"{text} (" in error, error
        assert world.command(client, "EXISTS", key) == 0


def fault_full_store(world, random):
    """Fills blocks and keys to the last, and gives everything back."""
    with world.client() as client:
        size = random.choice([1, 500, VALUE_MAX])
        stored = []
        for number in range(KEYS + 1):
            reply = world.command(client, "SET", world.key(number), "v" * size)
            if is_refused_for_memory(reply):
                break
            assert reply == "OK", reply
            stored.append(world.key(number))
        else:
            raise AssertionError("the store is never full")
        if not stored:
            return  # another fault was first
        again = world.command(client, "SET", stored[0], "w" * size)
        assert again == "OK", f"an overwrite of the same size: {again}"
        for at in range(0, len(stored), 200):
            names = stored[at:at + 200]
            assert world.command(client, "DEL", *names) == len(names)


def storm(port, attempts, seconds):
    """`attempts` connections at once, again and again for so long. Returns how many were tried and
    how many of them refused; who gets in says nothing and leaves."""
    end = time.monotonic() + seconds
    tried = refused = 0
    while time.monotonic() < end:
        selector = selectors.DefaultSelector()
        for _ in range(attempts):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            selector.register(one, selectors.EVENT_READ)
        tried += attempts
        deadline = time.monotonic() + 0.5
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(timeout=0.05):
                with contextlib.suppress(ConnectionError):
                    refused += key.fileobj.recv(64).startswith(b"-" + REFUSED.encode())
                selector.unregister(key.fileobj)
                key.fileobj.close()
        for key in [*selector.get_map().values()]:
            key.fileobj.close()
        selector.close()
    return tried, refused


def fault_storm(world, random):
    """Ten times as many as may be connected."""
    tried, refused = storm(world.port, 10 * CONNECTIONS, random.random() / 2)
    world.operations["connect"] += tried
    world.errors[REFUSED] += refused


FAULTS = {name[len("fault_"):]: value for name, value in list(globals().items())
          if name.startswith("fault_")}
