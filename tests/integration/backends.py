"""The backends of io: which one serves, what is said when io_uring is refused, and what only one
of them could get wrong."""

import ctypes
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import harness
from harness import Closed, Kvd, Skip, encode, plan, programs, run, wait_until

SMALL = ["--connections", "10", "--keys", "10"]
AUTO, RING, EPOLL = (["--server-io", io] for io in ("auto", "io_uring", "epoll"))

# Source: linux/prctl.h, linux/filter.h, linux/seccomp.h; the number is the same everywhere.
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO, KILL = 0x7fff0000, 0x00050000, 0x80000000
IO_URING_SETUP, EPERM, ENOSYS = 425, 1, 38

REFUSED = ("Operation not permitted: a seccomp profile forbids io_uring_setup; allow "
           "io_uring_setup, io_uring_enter and io_uring_register in it (Docker: --security-opt "
           "seccomp=PROFILE)")


def without_io_uring(action):
    """For a child: io_uring_setup is answered so, as in a container; all else is permitted."""
    steps = [(LOAD_NUMBER, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, IO_URING_SETUP), (RETURN, 0, 0, action),
             (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps),
                                                      ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)

    def apply():
        assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        assert libc.prctl(PR_SET_SECCOMP, MODE_FILTER, program, 0, 0) == 0, code
    return apply


def serves_with(server, backend):
    with server.client() as client:
        assert client.command("SET", "k", "v" * 4096) == "OK"
        assert client.command("GET", "k") == b"v" * 4096
        told = client.info("server")
        assert told["multiplexing_api"] == backend, told
        return told["ring_memory"]


def proof_io_uring_serves_where_the_kernel_allows_it():
    """Forced, and by itself: the line that says ready and INFO name it."""
    probe = run(programs.kvd, *SMALL, *RING, "--check")
    assert "  io: io_uring\n" in probe.stdout, probe.stdout
    with Kvd(*SMALL, *AUTO) as server:
        if "io_uring is refused" in server.report:
            raise Skip(server.report.splitlines()[-2])
        assert "  io: io_uring, or epoll where the kernel refuses it\n" in server.report
        memory = serves_with(server, "io_uring")
        assert f" (io_uring, rings in {memory} memory, sandbox " in server.report, server.report
    with Kvd(*SMALL, *RING) as server:
        serves_with(server, "io_uring")


def proof_epoll_serves_where_it_is_chosen_and_io_uring_is_not_tried():
    """Were it tried, the filter would kill kvd."""
    with Kvd(*SMALL, *EPOLL, preexec=without_io_uring(KILL)) as server:
        assert "  io: epoll\n" in server.report, server.report
        assert " (epoll, sandbox " in server.report, server.report
        assert "refused" not in server.report, server.report
        assert serves_with(server, "epoll") == "none"


def proof_epoll_serves_where_io_uring_is_refused_and_one_line_says_why():
    """Under a seccomp filter like that of a container, and on a kernel without io_uring."""
    reasons = {EPERM: REFUSED,
               ENOSYS: "Function not implemented: it has no io_uring; kvd needs Linux 5.19 or "
                       "newer"}
    disabled = read("/proc/sys/kernel/io_uring_disabled")
    if disabled not in (None, "0"):
        raise Skip(f"kernel.io_uring_disabled is {disabled}")
    for number, reason in reasons.items():
        with Kvd(*SMALL, *AUTO, preexec=without_io_uring(ERRNO | number)) as server:
            lines = [line for line in server.report.splitlines() if "io_uring is refused" in line]
            assert lines == [f"io_uring is refused ({reason}): serving with epoll"], server.report
            assert " (epoll, sandbox " in server.report, server.report
            assert serves_with(server, "epoll") == "none"


def proof_a_forced_io_uring_that_is_refused_ends_with_71():
    """What stands in the way, what to change, and the way around it."""
    if read("/proc/sys/kernel/io_uring_disabled") not in (None, "0"):
        raise Skip("kernel.io_uring_disabled is set")
    result = run(programs.kvd, *SMALL, *RING, "--port", "0",
                 preexec_fn=without_io_uring(ERRNO | EPERM))
    assert result.returncode == 71, (result.returncode, result.stderr)
    assert result.stderr == (f"kvd: error: the kernel refuses io_uring: {REFUSED}; or choose "
                             "server.io = epoll\n"), result.stderr


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return None


def proof_memory_is_planned_for_the_backends_that_can_serve():
    """Of io_uring, of epoll, and of both where the kernel decides; kvd carves what is planned."""
    for flags, wanted in ((AUTO, {"ring", "epoll"}), (RING, {"ring"}), (EPOLL, {"epoll"})):
        planned = plan(*SMALL, *flags)
        sizes = {c["name"]: c["bytes"] for c in planned["components"]}
        assert {name for name in ("ring", "epoll") if sizes[name] > 0} == wanted, sizes
        outside = {row["name"]: row["bytes"] for row in planned["outside"]}
        found = {name for name in ("ring", "epoll") if outside[f"{name}_kernel"] > 0}
        assert found == wanted, outside
        with Kvd(*SMALL, *flags) as server:
            assert server.arena_mapping(planned["arena_bytes"])[0] == planned["arena_bytes"]


def proof_urgent_data_holds_nothing_back():
    """recv() stops at it, so what lies behind is there although less than a buffer was read."""
    with Kvd(*SMALL) as server:
        for _ in range(20):
            with server.client() as client:
                client.send(encode("PING"))
                client.socket.send(b"!", socket.MSG_OOB)
                client.send(encode("PING"))
                assert [client.reply(), client.reply()] == ["PONG", "PONG"]


def proof_descriptors_that_a_client_sends_hold_nothing_back_and_are_not_kept():
    """recv() stops at bytes that came with some. All is there before the server looks at any."""
    path = f"/tmp/kvd-{os.getpid()}.sock"
    request = encode("SET", "k", "v" * 300) + encode("GET", "k") + encode("PING")
    with Kvd(*SMALL, "--server-unix-socket", path) as server, server.client(path=path) as client:
        assert client.command("PING") == "PONG"
        folder = f"/proc/{server.pid}/fd"
        before = sorted(os.listdir(folder))
        for piece in (7, 50, 400):
            os.kill(server.pid, signal.SIGSTOP)
            wait_until(lambda: "\nState:\tT" in read(f"/proc/{server.pid}/status"), "it stands")
            for at in range(0, len(request), piece):
                socket.send_fds(client.socket, [request[at:at + piece]], [0, 1, 2])
            os.kill(server.pid, signal.SIGCONT)
            replies = [client.reply() for _ in range(3)]
            assert replies == ["OK", b"v" * 300, "PONG"], (piece, replies)
        assert sorted(os.listdir(folder)) == before


def proof_a_signal_stops_a_server_that_never_rests():
    """Under load, when something has always just happened."""
    with Kvd("--connections", "60", "--keys", "10") as server:
        # pylint: disable-next=consider-using-with
        load = subprocess.Popen(["redis-benchmark", "-p", str(server.port), "-q", "-c", "50", "-P",
                                 "16", "-n", "100000000", "-t", "ping"], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        try:
            with server.client() as client:
                wait_until(lambda: int(client.info("clients")["connected_clients"]) > 40, "load")
                begin = time.monotonic()
                assert server.stop() == 0, server.errors
                assert time.monotonic() - begin < 10
        finally:
            load.kill()
            load.wait()


def proof_a_busy_client_does_not_keep_the_others_out():
    """One that always has more to read, one receive buffer, and others that ask now and then."""
    with Kvd("--connections", "10", "--keys", "10", "--request-buffers", "1") as server:
        with server.client() as busy, server.client() as other:
            stop = threading.Event()

            def send():
                while not stop.is_set():
                    busy.pipeline(encode("PING") * 2000, 2000)
            sender = threading.Thread(target=send)
            sender.start()
            try:
                for _ in range(50):
                    assert other.command("PING") == "PONG"
            finally:
                stop.set()
                sender.join()


def proof_listeners_of_every_kind_are_accepted_on():
    """IPv4, IPv6 and a Unix socket at once."""
    if not os.path.exists("/proc/net/if_inet6"):
        raise Skip("there is no IPv6")
    path = f"/tmp/kvd-{os.getpid()}.sock"
    with Kvd(*SMALL, "--server-address", "127.0.0.1 ::1", "--server-unix-socket", path) as server:
        for options in ({}, {"host": "::1"}, {"path": path}):
            for _ in range(3):
                with server.client(**options) as client:
                    assert client.command("ECHO", "x" * 4096) == b"x" * 4096
                    assert client.command("CONFIG", "GET", "maxclients")[1] == b"10"


def proof_replies_that_are_read_late_arrive_whole():
    """The socket's buffer is full again and again, of TCP and of Unix sockets."""
    path = f"/tmp/kvd-{os.getpid()}.sock"
    with Kvd(*SMALL, "--server-unix-socket", path) as server:
        for options in ({}, {"path": path}):
            with server.client(**options) as client:
                assert client.command("SET", "k", "v" * 4096) == "OK"
                sender = threading.Thread(target=client.send, args=(encode("GET", "k") * 2000,))
                sender.start()
                time.sleep(0.3)
                for number in range(2000):
                    assert client.reply() == b"v" * 4096, number
                    if number % 500 == 0:
                        time.sleep(0.1)
                sender.join()


def proof_inherited_descriptors_are_refused_at_the_start_or_do_no_harm():
    """epoll has a record for each descriptor of the plan: 10 clients, one more, and 32 of kvd."""
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(40)]
    try:
        result = run(programs.kvd, *SMALL, *EPOLL, "--port", "0", pass_fds=held)
        assert result.returncode == 71, (result.returncode, result.stdout, result.stderr)
        assert re.fullmatch(r"kvd: error: 4\d file descriptors are open already, and 32 are "
                            r"planned for beside those of clients; close what kvd inherits, or "
                            r"choose server.io = io_uring\n", result.stderr), result.stderr
        with Kvd(*SMALL, *EPOLL, pass_fds=held[:20]) as server:
            clients = [server.client() for _ in range(10)]
            assert all(client.command("PING") == "PONG" for client in clients)
            with server.client() as outside:
                assert outside.file.read() == b"-ERR max number of clients reached\r\n"
            for client in clients:
                client.close()
    finally:
        for descriptor in held:
            os.close(descriptor)


def proof_clients_that_come_and_go_leave_no_trace_in_a_descriptor():
    """The same numbers serve one client after the other: who reset, who was too many, who left in
    the middle of a request or of a reply."""
    with Kvd("--connections", "4", "--keys", "10") as server:
        with server.client() as watcher:
            assert watcher.command("SET", "k", "v" * 4096) == "OK"
            for number in range(200):
                clients = [server.client() for _ in range(4)]
                clients[0].send(encode("GET", "k") * 50)
                clients[1].send(encode("SET", "x", "y" * 1000)[:500])
                linger = struct.pack("ii", 1, 0)
                clients[number % 2].socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                try:
                    assert clients[2].command("PING") == "PONG"
                except (Closed, BrokenPipeError):  # One was still there when it came.
                    pass
                for client in clients:
                    client.close()
                assert watcher.command("PING") == "PONG"
            wait_until(lambda: watcher.info("clients")["connected_clients"] == "1", "all left")
            with server.client() as late:
                assert late.command("GET", "k") == b"v" * 4096


if __name__ == "__main__":
    harness.main(globals())
