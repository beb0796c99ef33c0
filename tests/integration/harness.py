"""What every black-box proof uses: starting kvd, asking kvplan, speaking RESP, reading /proc.

A proof is a function proof_* of one of the files beside this one. It takes no arguments and
fails by raising. Its name is the sentence that CTest shows.

    python3 overload.py --kvplan PATH --kvd PATH [NAME ...]

KVD_IO in the environment is what server.io is: auto, io_uring or epoll.
"""

import argparse
import json
import os
import re
import resource
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time

SKIPPED = 77  # CTest's SKIP_RETURN_CODE
KIB = 1024
MIB = 1024 * 1024

# The backend of io that kvd is started with, and planned for.
IO = os.environ.get("KVD_IO", "auto")
IO_FLAGS = ["--server-io", IO]

programs = argparse.Namespace(flags=[])  # flags: of every kvd that a proof starts


class Skip(Exception):
    """The proof cannot be made here; the text says why."""


class Closed(Exception):
    """The server has closed the connection."""


class Error(str):
    """An error reply, without its dash."""


def run(program, *arguments, **options):
    """Runs a program to its end."""
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False,
                          timeout=120, stdin=subprocess.DEVNULL, **options)


def io_flags(flags):
    """Who chooses a backend gets that one."""
    return [] if IO_FLAGS[0] in flags else IO_FLAGS


def plan(*flags):
    """kvplan's plan for the flags, as it is in JSON."""
    result = run(programs.kvplan, *io_flags(flags), *flags, "--format", "json")
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


def encode(*arguments):
    """A command as a RESP array."""
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts += [b"$%d\r\n" % len(data), data, b"\r\n"]
    return b"".join(parts)


def encode_bulk(data):
    return b"$%d\r\n%s\r\n" % (len(data), data)


def encode_array(elements):
    return b"*%d\r\n" % len(elements) + b"".join(map(encode_bulk, elements))


class Client:
    """A connection. A status is a str, a string bytes, an error an Error, null None."""

    def __init__(self, port=0, receive_bytes=None, host="127.0.0.1", path=None):
        family = socket.AF_UNIX if path else socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family)
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(20)
        self.socket.connect(path or (host, port))
        if not path:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb", buffering=1 << 16)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def reply(self):
        """The next reply."""
        try:
            line = self.file.readline()
        except ConnectionResetError as reset:
            raise Closed("reset") from reset
        if not line:
            raise Closed("end of stream")
        assert line.endswith(b"\r\n"), line
        kind, text = line[:1], line[1:-2]
        if kind == b"+":
            return text.decode()
        if kind == b"-":
            return Error(text.decode(errors="replace"))
        if kind == b":":
            return int(text)
        if kind == b"$":
            return None if int(text) < 0 else self.file.read(int(text) + 2)[:-2]
        if kind == b"_":
            return None
        if kind == b"%":
            return {self.reply(): self.reply() for _ in range(int(text))}
        if kind == b"=":
            return self.file.read(int(text) + 2)[4:-2]
        if kind == b",":
            return float(text)
        assert kind in (b"*", b"~"), line
        return None if int(text) < 0 else [self.reply() for _ in range(int(text))]

    def command(self, *arguments):
        self.send(encode(*arguments))
        return self.reply()

    def raw(self, *arguments):
        """The first line of a reply that need not be RESP2; the connection is done then."""
        self.send(encode(*arguments))
        line = self.file.readline()
        return Error(line[1:].decode()) if line.startswith(b"-") else line

    def pipeline(self, data, count):
        """Sends and reads at the same time, so that neither side waits for ever."""
        sender = threading.Thread(target=self.send, args=(data,))
        sender.start()
        replies = [self.reply() for _ in range(count)]
        sender.join()
        return replies

    def is_silent(self, seconds=0.3):
        """Whether nothing arrives for a while."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) is None
        except (TimeoutError, BlockingIOError):
            return True
        finally:
            self.socket.settimeout(20)

    def is_closed(self, seconds=10):
        """Whether the server closes the connection; what it has sent before is dropped."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(1 << 16):
                pass
            return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def info(self, section):
        lines = self.command("INFO", section).decode().split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def fields(self, prefix):
        """INFO memory's lines of a kind: {"blocks": {"count": 5, "used": 0, …}, …}."""
        return {name[len(prefix):]: {key: int(number) for key, number in
                                     (pair.split("=") for pair in text.split(","))}
                for name, text in self.info("memory").items() if name.startswith(prefix)}

    def used(self):
        """What is in use of every part, in the part's units; but the slow log, which fills when
        the machine is slow."""
        return {part: fields["used"] for part, fields in self.fields("part_").items()
                if part != "slow_commands"}


class Kvd:
    """A server on a free port, running until the end of the with statement."""

    def __init__(self, *flags, port=0, wrapper=(), preexec=None, program=None, **options):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [*wrapper, program or programs.kvd, "--port", str(port), *io_flags(flags),
             *programs.flags, *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            preexec_fn=preexec, **options)
        self.report = ""
        for line in self.process.stdout:
            self.report += line
            ready = re.match(r"ready on 127\.0\.0\.1:(\d+) ", line)
            if ready:
                self.port = int(ready.group(1))
                break
        else:
            raise AssertionError(f"kvd ended: {self.process.wait()}\n{self.report}"
                                 f"{self.process.stderr.read()}")
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            code = self.stop()
            assert code == 0, f"kvd ended with {code}: {self.errors}"
        else:
            self.process.kill()
            _, errors = self.process.communicate(timeout=20)
            print(errors, file=sys.stderr)

    def client(self, **options):
        return Client(self.port, **options)

    def stop(self, number=signal.SIGTERM):
        """Asks it to stop; returns the exit code."""
        if self.process.poll() is None:
            os.kill(self.pid, number)
        _, self.errors = self.process.communicate(timeout=20)
        return self.process.returncode

    def mappings(self):
        """/proc/PID/smaps: (bytes, permissions, name, resident bytes) of each mapping."""
        found = []
        with open(f"/proc/{self.pid}/smaps", encoding="utf-8") as smaps:
            for line in smaps:
                head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
                if head:
                    size = int(head.group(2), 16) - int(head.group(1), 16)
                    found.append([size, head.group(3), head.group(4), 0])
                elif line.startswith("Rss:"):
                    found[-1][3] = int(line.split()[1]) * KIB
        return found

    def arena_mapping(self, arena_bytes):
        """The arena: by its name where the kernel keeps names, else by its size."""
        mappings = self.mappings()
        named = [m for m in mappings if m[2] == "[anon:kvd-arena]"]
        if named:
            assert len(named) == 1, mappings
            return named[0]
        same = [m for m in mappings if m[0] == arena_bytes and m[1] == "rw-p" and not m[2]]
        assert len(same) == 1, f"no mapping of {arena_bytes} bytes: {mappings}"
        return same[0]

    def resident_bytes(self, kind="Rss"):
        """Exact, unlike VmRSS, whose counters are per processor. `Anonymous` leaves out the pages
        of the program itself, which come as its code is used."""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="utf-8") as rollup:
            return next(int(line.split()[1]) * KIB for line in rollup
                        if line.startswith(kind + ":"))


def expect_start_error(arguments, code, errors):
    """kvd must not start, and say exactly this."""
    result = run(programs.kvd, *arguments)
    assert result.returncode == code, (result.returncode, result.stdout, result.stderr)
    assert result.stderr == errors, result.stderr


def wait_until(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.005)


def exchange(clients, requests, replies, seconds=120):
    """All clients at the same time: client i sends requests[i] and must get the bytes
    replies[i]. Nobody waits for another, so the server has all of it at once."""
    selector = selectors.DefaultSelector()
    sent = [0] * len(clients)
    received = [bytearray() for _ in clients]
    for index, client in enumerate(clients):
        client.socket.setblocking(False)
        selector.register(client.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, index)
    left = len(clients)
    deadline = time.monotonic() + seconds
    while left > 0:
        assert time.monotonic() < deadline, f"{left} clients are not done after {seconds} s"
        for key, events in selector.select(timeout=1):
            index = key.data
            if events & selectors.EVENT_WRITE:
                view = memoryview(requests[index])[sent[index]:]
                sent[index] += key.fileobj.send(view[:1 << 18])
                if sent[index] == len(requests[index]):
                    selector.modify(key.fileobj, selectors.EVENT_READ, index)
            if events & selectors.EVENT_READ:
                data = key.fileobj.recv(1 << 18)
                if not data:
                    raise Closed(f"client {index} after {len(received[index])} bytes")
                received[index] += data
            if len(received[index]) >= len(replies[index]) and sent[index] == len(requests[index]):
                if key.fileobj in selector.get_map():
                    selector.unregister(key.fileobj)
                    left -= 1
    for index, client in enumerate(clients):
        client.socket.settimeout(20)
        assert received[index] == replies[index], (
            f"client {index}: {bytes(received[index][:200])} is not {replies[index][:200]}")


def raise_file_limit(count):
    """For clients of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        if hard < count:
            raise Skip(f"{count} file descriptors are needed, the hard limit is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def main(proofs, look_inside=True):
    """Runs the proofs that are named, or all of them. They may look at the memory of kvd, which
    only root may without server.core_dumps."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kvplan", required=True)
    parser.add_argument("--kvd", required=True)
    parser.add_argument("--kvd-unplanned")
    parser.add_argument("--sandbox", help="server.sandbox of every kvd that a proof starts")
    parser.add_argument("names", nargs="*")
    parser.parse_args(namespace=programs)
    if programs.sandbox:
        programs.flags += ["--server-sandbox", programs.sandbox]
    if look_inside and os.geteuid() != 0:
        programs.flags += ["--server-core-dumps", "on"]
    known = {name: value for name, value in proofs.items() if name.startswith("proof_")}
    for name in programs.names or known:
        begin = time.monotonic()
        try:
            known[name]()
        except Skip as reason:
            print(f"{name}: skipped: {reason}")
            sys.exit(SKIPPED)
        print(f"{name}: {time.monotonic() - begin:.1f} s", flush=True)
