"""Starting the servers of a comparison and the generator that loads them."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

import machine

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/release"

# redis-server is the file that redis-tools brings as redis-check-rdb: the name that it is started
# with decides what it does.
REDIS = next((path for path in ("/usr/bin/redis-server", "/usr/bin/redis-check-rdb")
              if os.path.exists(path)), "redis-server")


# What is measured, and what measures: name, flag, where it is by default.
PROGRAMS = [("kvd", "--kvd", BUILD / "server/kvd"),
            ("generator", "--generator", BUILD / "bench/kvload"),
            ("echo", "--echo", BUILD / "bench/kvecho"),
            ("redis", "--redis-server", REDIS)]


def add_programs(parser, *names):
    """Flags for the programs of these names."""
    for name, flag, path in PROGRAMS:
        if name in names:
            parser.add_argument(flag, default=path, help="default: %(default)s")


def check_programs(*programs):
    for program in programs:
        if not (os.path.isfile(program) and os.access(program, os.X_OK)):
            raise SystemExit(f"{program} is not there; scripts/quickstart.sh builds all that the "
                             "benchmark needs and installs redis-tools")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server that is ready, pinned to the servers' core. Ends with stop()."""

    def __init__(self, name, command, executable=None, port=None, ready_seconds=120):
        """Without a port the server says on standard output where it is ready."""
        self.name = name
        self.errors = tempfile.TemporaryFile()
        core = machine.cores()[0]
        self.process = subprocess.Popen(
            [str(word) for word in command], executable=executable, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if port is None else subprocess.DEVNULL, stderr=self.errors,
            text=True, preexec_fn=lambda: os.sched_setaffinity(0, [core]))
        self.port = port
        if port is None:
            self.wait_for_line()
        else:
            self.wait_for_port(time.monotonic() + ready_seconds)

    @property
    def pid(self):
        return self.process.pid

    def wait_for_line(self):
        for line in self.process.stdout:
            found = re.match(r"ready on \S+:(\d+)", line)
            if found:
                self.port = int(found[1])
                return
        self.give_up()

    def wait_for_port(self, until):
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.02)
        self.give_up()

    def give_up(self):
        self.stop()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip()
        raise SystemExit(f"{self.name} does not start: {said or 'it says nothing'}")

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"^VmRSS:\s*(\d+) kB", status, re.MULTILINE)[1]) << 10

    def shut_down(self):
        """As a client asks for it. kvd waits for signals in a way that valgrind cannot follow."""
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            client.sendall(b"SHUTDOWN NOSAVE\r\n")
            self.process.wait(60)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def start_kvd(command):
    return Server("kvd", command)


def start_redis(path, wrap=()):
    """Without persistence."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        command = ["redis-server", "--port", port, "--save", "", "--appendonly", "no",
                   "--daemonize", "no", "--loglevel", "warning", "--maxclients", 10000,
                   "--dir", directory]
        if not wrap:
            return Server("Redis", command, executable=path, port=port)
        # A wrapper starts it by its path, so the path has to have the right name.
        link = pathlib.Path(directory) / "redis-server"
        link.symlink_to(path)
        return Server("Redis", [*wrap, link, *command[1:]], port=port)


def redis_version(path):
    said = subprocess.run(["redis-server", "--version"], executable=path, capture_output=True,
                          text=True, check=True).stdout
    return re.search(r"v=([\d.]+)", said)[1]


def start_echo(path, sizes, connections):
    return Server("limit", [path, "--request-bytes", sizes["request_bytes"], "--reply-bytes",
                            sizes["reply_bytes"], "--connections", connections + 8])


@contextlib.contextmanager
def running(*servers):
    """Stops them at the end, whatever happens."""
    try:
        yield servers
    finally:
        for server in servers:
            server.stop()


class Generator:
    def __init__(self, path):
        self.path = str(path)

    def run(self, *arguments, wrap=()):
        """What kvload reports. Ends the benchmark where a request was not answered well."""
        command = [*wrap, self.path, *(str(word) for word in arguments)]
        core = machine.cores()[1]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              preexec_fn=lambda: os.sched_setaffinity(0, [core]))
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}\nexit code {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def load(self, server, *arguments, wrap=()):
        return self.run("--port", server.port, "--server-pid", server.pid, "--json", *arguments,
                        wrap=wrap)


def installed(program):
    return shutil.which(program) is not None
