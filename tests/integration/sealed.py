"""A kvd that is ready can do little, and little can be seen of it: by looking at the process and
by trying."""

import ctypes
import os
import pathlib
import platform
import re
import signal
import struct
import subprocess
import tempfile

import harness
from harness import Kvd, Skip, programs, run

SMALL = ["--connections", "10", "--keys", "10"]
PASSWORD = "correct-horse-battery-staple-4711"

libc = ctypes.CDLL(None, use_errno=True)


def status(server):
    """/proc/PID/status by its names."""
    text = pathlib.Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8")
    return dict(re.findall(r"^(\w+):\s*(.*)$", text, re.MULTILINE))


def capabilities(server):
    """The sets that are not empty, but for the bounding set of one that may not change it."""
    found = status(server)
    return [name for name in ("CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd")
            if int(found[name], 16) != 0 and not (name == "CapBnd" and os.geteuid() != 0)]


def core_limit(server):
    limits = pathlib.Path(f"/proc/{server.pid}/limits").read_text(encoding="utf-8")
    return re.search(r"^Max core file size\s+(\S+)\s+(\S+)", limits, re.MULTILINE).groups()


def proof_a_ready_kvd_is_sealed_by_default():
    """A filter, no new privileges, no capabilities, no core dumps; and it says so."""
    with Kvd(*SMALL) as server, server.client() as client:
        found = status(server)
        assert found["Seccomp"] == "2" and found["NoNewPrivs"] == "1", found
        assert capabilities(server) == [], found
        assert core_limit(server) == ("0", "0"), core_limit(server)
        assert client.info("server")["sandbox"] == "strict"
        assert client.command("CONFIG", "GET", "server.sandbox")[1] == b"strict"
        assert re.search(r"^after ready: \d+ system calls permitted, any other ends the process; "
                         r"(the ring limited to accept, receive and send; )?no capabilities; no "
                         r"core dumps$", server.report, re.MULTILINE), server.report
        assert ("the ring limited" in server.report) == (" (io_uring, " in server.report)
        assert server.report.endswith(", sandbox strict)\n"), server.report
        # What would need a call that is not permitted finds another way.
        assert int(client.info("memory")["used_memory_rss"]) > 0
        assert client.info("server")["os"].startswith("Linux "), client.info("server")


def proof_log_filters_and_off_does_not():
    """Both say which they are."""
    with Kvd(*SMALL, "--server-sandbox", "log") as server, server.client() as client:
        assert status(server)["Seccomp"] == "2" and capabilities(server) == [], status(server)
        assert client.info("server")["sandbox"] == "log"
        assert "any other is logged by the kernel" in server.report, server.report
    with Kvd(*SMALL, "--server-sandbox", "off") as server, server.client() as client:
        mine = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
        found = status(server)
        for name in ("Seccomp", "NoNewPrivs", "CapEff"):
            assert re.search(rf"^{name}:\s*{found[name]}$", mine, re.MULTILINE), (name, found)
        assert client.info("server")["sandbox"] == "off"
        assert "after ready: no sandbox, capabilities kept; no core dumps\n" in server.report


def proof_core_dumps_are_left_to_the_system_where_they_are_asked_for():
    """server.core_dumps changes nothing of what the process was started with."""
    limits = pathlib.Path("/proc/self/limits").read_text(encoding="utf-8")
    mine = re.search(r"^Max core file size\s+(\S+)\s+(\S+)", limits, re.MULTILINE).groups()
    with Kvd(*SMALL, "--server-core-dumps", "on") as server:
        assert core_limit(server) == mine, core_limit(server)
        assert "core dumps as the system has them\n" in server.report, server.report


def as_nobody():
    """For a child: another user than root, with no group."""
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def attach_as_nobody(pid):
    """What ptrace says to another process of the user nobody that wants to look into `pid`."""
    code = ("import ctypes, os, sys; libc = ctypes.CDLL(None, use_errno=True);"
            "libc.ptrace(16, int(sys.argv[1]), None, None); print(ctypes.get_errno())")
    result = subprocess.run(["/usr/bin/python3", "-c", code, str(pid)], capture_output=True,
                            text=True, check=True, preexec_fn=as_nobody, cwd="/")
    return int(result.stdout)


def proof_no_debugger_of_the_same_user_can_attach():
    """EPERM, and the memory cannot be opened; with server.core_dumps it could."""
    if os.geteuid() != 0:
        raise Skip("only root can start both as another user")
    with open(programs.kvd, "rb") as program:
        # A directory that the user may not enter is no obstacle to what is open already.
        copy = f"/proc/self/fd/{program.fileno()}"
        for flags, wanted in (([], 1), (["--server-core-dumps", "on"], 0)):
            process = subprocess.Popen(  # pylint: disable=consider-using-with
                [copy, *SMALL, "--port", "0", *flags], stdout=subprocess.PIPE, text=True,
                pass_fds=[program.fileno()], preexec_fn=as_nobody, cwd="/")
            try:
                assert any(line.startswith("ready on") for line in process.stdout)
                assert attach_as_nobody(process.pid) == wanted, flags
                owner = os.stat(f"/proc/{process.pid}/mem").st_uid
                assert owner == (65534 if flags else 0), (flags, owner)
            finally:
                process.kill()
                process.wait()
                process.stdout.close()


def regions_with(server, text):
    """The names of the mappings in which the text stands, as often as it does."""
    found = []
    with open(f"/proc/{server.pid}/maps", encoding="utf-8") as maps, \
            open(f"/proc/{server.pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            begin, end, access, name = re.match(
                r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
            if access[0] != "r" or name.startswith("[v"):
                continue
            memory.seek(int(begin, 16))
            content = memory.read(int(end, 16) - int(begin, 16)) or b""
            found += [name] * content.count(text.encode())
    return found


def expect_one_copy(server, password):
    """The one that is compared with what clients give: in the program's own variables, not in the
    heap, on the stack, or in the arena, where requests lie."""
    found = regions_with(server, password)
    assert len(found) == 1, found
    assert not found[0] or found[0].endswith(os.path.basename(programs.kvd)), found


def check_password_is_hidden(server):
    """In nothing that the process shows; and in its memory only where it is compared."""
    for file in ("cmdline", "environ"):
        shown = pathlib.Path(f"/proc/{server.pid}/{file}").read_bytes()
        assert PASSWORD.encode() not in shown, (file, shown)
    assert PASSWORD not in server.report, server.report
    with server.client() as client:
        assert client.command("AUTH", "wrong").startswith("WRONGPASS")
        assert client.command("AUTH", PASSWORD) == "OK"
        for words in (["CONFIG", "GET", "*"], ["INFO", "everything"], ["CLIENT", "LIST"],
                      ["SLOWLOG", "GET"]):
            client.send(harness.encode(*words))
            assert PASSWORD not in repr(client.reply()), words
    if os.geteuid() == 0:
        expect_one_copy(server, PASSWORD)


def proof_a_password_is_wiped_from_the_command_line_and_the_heap():
    """Given in each way that there is: two forms of the flag, TOML, JSON, standard input."""
    for flags in (["--server-password", PASSWORD], [f"--server-password={PASSWORD}"]):
        with Kvd(*SMALL, *flags) as server:
            check_password_is_hidden(server)
            shown = pathlib.Path(f"/proc/{server.pid}/cmdline").read_bytes()
            assert b"--server-password" in shown and b"--keys\0" in shown, shown
    with tempfile.TemporaryDirectory() as directory:
        for name, text in (("a.toml", f'[server]\npassword = "{PASSWORD}"\n'),
                           ("a.json", f'{{"server": {{"password": "{PASSWORD}"}}}}')):
            path = pathlib.Path(directory, name)
            path.write_text(text, encoding="utf-8")
            with Kvd(*SMALL, "--config", str(path)) as server:
                check_password_is_hidden(server)


def proof_a_password_that_is_changed_is_nowhere_and_the_new_one_only_where_it_is_compared():
    """Also not in the requests that carried them: AUTH, HELLO and CONFIG SET, right or refused."""
    if os.geteuid() != 0:
        raise Skip("only root can look at its memory")
    changed, guess = "another-stallion-capacitor-4712", "wrong-mule-resistor-4713"
    for flags in (["--server-password", PASSWORD], []):
        with Kvd(*SMALL, *flags) as server, server.client() as client, server.client() as other:
            assert other.command("PING") in ("PONG", "NOAUTH Authentication required."), flags
            if flags:
                assert client.command("AUTH", PASSWORD) == "OK"
                expect_one_copy(server, PASSWORD)
            for name in ("requirepass", "server.password"):
                for words in ([guess, "timeout", "never"], [guess, name, guess], [guess * 9]):
                    reply = client.command("CONFIG", "SET", name, *words)
                    assert isinstance(reply, harness.Error), (words, reply)
                assert client.command("CONFIG", "SET", name, PASSWORD) == "OK"
                expect_one_copy(server, PASSWORD)
                assert client.command("CONFIG", "SET", name, changed) == "OK"
                assert regions_with(server, PASSWORD) == [], (name, flags)
                expect_one_copy(server, changed)
            for words in (["AUTH", changed], ["AUTH", "default", changed],
                          ["HELLO", 2, "AUTH", "default", changed]):
                assert not isinstance(other.command(*words), harness.Error), words
            for words in (["AUTH", guess], ["HELLO", 2, "AUTH", "default", guess]):
                assert other.command(*words).startswith("WRONGPASS"), words
            expect_one_copy(server, changed)
            assert regions_with(server, guess) == []
            assert client.command("CONFIG", "SET", "requirepass", "") == "OK"
            assert regions_with(server, changed) == []


def refuse_seccomp():
    """For a child: seccomp(2) fails as in a kernel that has none. A filter in BPF, by prctl."""
    number = {"x86_64": 317, "aarch64": 277}[platform.machine()]
    enosys, allow = 0x00050000 | 38, 0x7FFF0000
    program = b"".join(struct.pack("=HBBI", *row) for row in (
        (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, enosys), (0x06, 0, 0, allow)))
    code = ctypes.create_string_buffer(program)
    fprog = struct.pack("=HxxxxxxQ", 4, ctypes.addressof(code))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, fprog, 0, 0) == 0


def proof_a_kernel_without_seccomp_is_an_error_with_a_choice():
    """strict and log end with 71 and name server.sandbox; off serves."""
    for mode in ("strict", "log"):
        result = run(programs.kvd, *SMALL, "--port", "0", "--server-sandbox", mode,
                     preexec_fn=refuse_seccomp)
        assert result.returncode == 71, (result.returncode, result.stderr)
        assert "ready on" not in result.stdout, result.stdout
        assert result.stderr == (
            "kvd: error: the kernel refuses a seccomp filter (Function not implemented), and "
            "server.sandbox is strict or log; kvd needs CONFIG_SECCOMP_FILTER and Linux 4.14 for "
            "it, or server.sandbox = off, which seals nothing\n"), result.stderr
    with Kvd(*SMALL, "--server-sandbox", "off", preexec=refuse_seccomp) as server:
        with server.client() as client:
            assert client.command("PING") == "PONG"


class Registers(ctypes.Structure):
    """struct user_regs_struct of x86-64."""
    _fields_ = [(name, ctypes.c_ulonglong) for name in (
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
        "fs_base gs_base ds es fs gs").split()]


def make_call(pid, number, *arguments):
    """Has another process make a system call, as one would who had taken it over. The process
    waits in one, and the instruction before the place where it stands is `syscall`."""
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def ptrace(request, data=None):
        assert libc.ptrace(request, pid, None, data) == 0, os.strerror(ctypes.get_errno())

    def stop():
        """Whether it has stopped in a system call; if not, it goes on."""
        ptrace(16)  # PTRACE_ATTACH
        os.waitpid(pid, 0)
        ptrace(12, ctypes.byref(registers))  # PTRACE_GETREGS
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            memory.seek(registers.rip - 2)
            if memory.read(2) == b"\x0f\x05":
                return True
        ptrace(17)  # PTRACE_DETACH
        return False

    registers = Registers()
    harness.wait_until(stop, "the process waits in a system call")
    registers.rip -= 2
    registers.rax, registers.orig_rax = number, (1 << 64) - 1
    names = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
    for name, value in zip(names, (*arguments, 0, 0, 0, 0, 0, 0)):
        setattr(registers, name, value & (1 << 64) - 1)
    ptrace(13, ctypes.byref(registers))  # PTRACE_SETREGS
    ptrace(17)  # PTRACE_DETACH


def proof_a_kvd_that_is_made_to_call_anything_else_ends_and_names_it():
    """Not a model of it: the serving process itself is made to."""
    if platform.machine() != "x86_64" or os.geteuid() != 0:
        raise Skip("needs the registers of x86-64, and root to change them")
    for name, number, arguments in (("mmap", 9, (0, 4096, 3, 0x22, -1, 0)), ("brk", 12, (0,)),
                                    ("socket", 41, (2, 1, 0)), ("execve", 59, (0, 0, 0)),
                                    ("openat", 257, (-100, 0, 0)),
                                    ("io_uring_register", 427, (0, 2, 0, 0))):
        server = Kvd(*SMALL)
        with server.client() as client:
            assert client.command("PING") == "PONG"
        make_call(server.pid, number, *arguments)
        _, errors = server.process.communicate(timeout=60)
        assert server.process.returncode == -signal.SIGSYS, (name, server.process.returncode)
        assert errors == (f"kvd: sandbox: system call {number} ({name}) is not permitted after "
                          "ready\n"), errors


def proof_a_sandbox_that_is_off_is_what_makes_the_difference():
    """The same call in a kvd without a sandbox: it goes on, so it is the filter that ended it."""
    if platform.machine() != "x86_64" or os.geteuid() != 0:
        raise Skip("needs the registers of x86-64, and root to change them")
    for mode in ("log", "off"):
        with Kvd(*SMALL, "--server-sandbox", mode) as server:
            # openat, which fails, in the place of waiting; then the loop waits again.
            make_call(server.pid, 257, -100, 0, 0)
            with server.client() as client:
                assert client.command("PING") == "PONG", mode


def proof_a_port_below_1024_needs_its_capability_only_to_listen():
    """Started as root on such a port, it serves there without any capability."""
    if os.geteuid() != 0:
        raise Skip("only root may listen there")
    for port in range(1023, 600, -1):
        try:
            server = Kvd(*SMALL, port=port)
        except AssertionError as taken:
            assert "cannot bind" in str(taken), taken
            continue
        with server:
            assert capabilities(server) == [], status(server)
            with server.client() as client:
                assert client.command("PING") == "PONG"
        return
    raise Skip("all ports are taken")


def proof_the_file_of_the_unix_socket_is_removed_by_a_sealed_kvd():
    """The one file that it may still remove."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "kvd.sock")
        with Kvd(*SMALL, "--server-unix-socket", path) as server:
            assert os.path.exists(path)
            assert server.stop() == 0, server.errors
        assert not os.path.exists(path)


if __name__ == "__main__":
    harness.main(globals(), look_inside=False)
