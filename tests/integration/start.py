"""Starting and stopping: exit codes, what is said when something stands in the way, and the
build that must not start."""

import os
import pathlib
import re
import resource
import signal
import socket
import tempfile

import harness
from harness import Client, Kvd, plan, programs, run

SMALL = ["--connections", "10", "--keys", "10"]


def expect(arguments, code, errors, program=None, **options):
    """Runs kvd and compares the exit code and standard error with a pattern for all of it."""
    result = run(program or programs.kvd, *harness.io_flags(arguments), *arguments, **options)
    assert result.returncode == code, (result.returncode, result.stdout, result.stderr)
    assert re.fullmatch(errors, result.stderr, re.DOTALL), result.stderr
    return result.stdout


def proof_a_check_verifies_and_prints_but_does_not_listen():
    """--check ends with 0, and the port that it was given is still free."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        # Were it to listen, it would fail: somebody else does, on that port.
        output = expect([*SMALL, "--check", "--port", str(taken.getsockname()[1])], 0, "")
    assert "component" in output, output
    assert f"{plan(*SMALL)['arena_bytes']:,}" in output, output
    assert "ready" not in output, output


def proof_a_bad_config_ends_with_78_and_names_the_option():
    """The whole diagnostic is the loader's; here it is that kvd prints it and the code."""
    output = expect(["--keys", "0"], 78, r".*error:.*key.*\[minimum\].*")
    assert output == "", output
    expect(["--memory-budget", "1MiB"], 78, r".*error:.*\[budget\].*")
    # Two mistakes are two diagnostics.
    expect(["--keys", "0", "--connections", "0"], 78, r".*\[minimum\].*\[minimum\].*")


def proof_a_config_that_cannot_be_read_ends_with_66():
    """EX_NOINPUT: nothing was judged."""
    expect(["--config", "/nonexistent/kvd.toml"], 66, r".*/nonexistent/kvd\.toml.*")


def proof_an_unknown_flag_ends_with_64():
    """EX_USAGE."""
    expect(["--kyes", "10"], 64, r".*--kyes.*")


def proof_help_version_and_the_manual_page_are_printed():
    """Each ends with 0, and nothing is started."""
    begins = {"--help": "A Redis-compatible", "--version": "kvd ", "--man": ".TH KVD"}
    for flag, begin in begins.items():
        assert expect([flag], 0, "").startswith(begin), flag


def proof_a_port_in_use_ends_with_71_and_names_the_address():
    """EX_OSERR: two servers cannot share a port."""
    with Kvd(*SMALL) as first:
        address = f"127\\.0\\.0\\.1:{first.port}"
        expect([*SMALL, "--port", str(first.port)], 71,
               f"kvd: error: cannot bind to {address}: Address already in use\n")
        with first.client() as client:
            assert client.command("PING") == "PONG"


def limit_files(count):
    """For a child: as a user who cannot raise the hard limit again."""
    def apply():
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
    return apply


def proof_too_few_file_descriptors_end_with_71_and_the_number():
    """1000 clients, one to refuse and 32 for the process itself: 1033."""
    flags = ["--connections", "1000", "--keys", "10"]
    # A copy, for a directory that an unprivileged user may not enter.
    with open(programs.kvd, "rb") as program:
        path = f"/proc/self/fd/{program.fileno()}"
        expect(flags, 71, r"kvd: error: connections_max = 1000 needs 1033 file descriptors, and "
               r"the hard limit of RLIMIT_NOFILE is 200; raise it \(ulimit -Hn 1033, LimitNOFILE= "
               r"in systemd\) or set connections_max to 167\n", program=path,
               preexec_fn=limit_files(200), pass_fds=[program.fileno()])


def proof_the_soft_limit_of_file_descriptors_is_raised():
    """A low soft limit under a sufficient hard one is no reason not to start."""
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (50, 4096))
    with Kvd("--connections", "100", "--keys", "10", preexec=lower) as server:
        clients = [server.client() for _ in range(100)]
        assert all(client.command("PING") == "PONG" for client in clients)
        for client in clients:
            client.close()


def proof_a_signal_to_stop_ends_with_0():
    """SIGTERM and SIGINT, with no client, with idle ones, and with a reply under way."""
    for number in (signal.SIGTERM, signal.SIGINT):
        with Kvd(*SMALL) as server:
            assert server.stop(number) == 0, (number, server.errors)
        with Kvd(*SMALL) as server:
            clients = [server.client() for _ in range(5)]
            assert clients[0].command("SET", "k", "v" * 4096) == "OK"
            clients[1].send(harness.encode("GET", "k"))
            assert clients[1].reply() == b"v" * 4096
            assert server.stop(number) == 0, (number, server.errors)
            assert server.errors == "", server.errors
            assert all(client.is_closed() for client in clients)


def proof_a_port_can_be_used_again_at_once():
    """A restart does not wait for the connections of the server before it."""
    with Kvd(*SMALL) as first:
        client = first.client()
        assert client.command("PING") == "PONG"
        port = first.port
    with Kvd(*SMALL, port=port) as second:
        assert second.port == port
        with Client(port) as again:
            assert again.command("PING") == "PONG"
    client.close()


def proof_a_build_with_an_array_that_nobody_planned_does_not_start():
    """Mutation: 512 numbers of 8 bytes more than planned for the sessions."""
    wanted = next(c["bytes"] for c in plan(*SMALL)["components"] if c["name"] == "sessions")
    arguments = [*SMALL, "--check"]
    expect(arguments, 78,
           f"kvd: sessions: planned {wanted:,} bytes, carved {wanted + 4096:,} bytes\n"
           r"(kvd: padding: planned [\d,]+ bytes, carved [\d,]+ bytes\n)?"
           "kvd: error: what was allocated is not what was planned; this is a bug\n",
           program=programs.kvd_unplanned)
    # It does not serve either.
    output = expect([*SMALL, "--port", "0"], 78, "kvd: sessions: .*",
                    program=programs.kvd_unplanned)
    assert "ready" not in output, output
    expect(arguments, 0, "")


def proof_a_lock_lets_nothing_else_start():
    """What was reviewed starts; another config, a flag, an edited or missing lock end with 78,
    before anything is allocated, and each difference is named."""
    with tempfile.TemporaryDirectory() as directory:
        config = pathlib.Path(directory, "a.toml")
        lock = pathlib.Path(directory, "a.toml.lock")
        of_every_kvd = [f"{flag[len('--server-'):].replace('-', '_')} = '{value}'\n"
                        for flag, value in zip(programs.flags[::2], programs.flags[1::2])]
        config.write_text("connections_max = 10\nkey_count = 10\n[server]\nport = 0\n"
                          f"io = '{harness.IO}'\n" + "".join(of_every_kvd))
        locked = ["--config", str(config), "--lock", str(lock)]
        expect([*locked, "--check"], 78, rf"{lock}: error: cannot open the lock: No such file or "
               r"directory; kvplan lock writes it \[lock-missing\]\n")
        assert run(programs.kvplan, "lock", str(config)).returncode == 0
        with Kvd(*locked) as server, server.client() as client:
            assert client.command("PING") == "PONG"
        output = expect([*locked, "--keys", "20"], 78,
                        r"--keys 20: error: key_count is 20 but was locked as 10; .*\n"
                        r".*store_bytes is [\d,]+ but was locked as [\d,]+ .*"
                        r".*blocks is [\d,]+ bytes but was locked as [\d,]+ \([\d,]+ more\) .*"
                        r".*the arena is [\d,]+ bytes but was locked as [\d,]+ .*"
                        r".*the container limit is [\d,]+ bytes but was locked as .*")
        assert output == "", "nothing was planned aloud, so nothing was allocated"
        expect([*locked, "--memory-populate", "off", "--server-address", "127.0.0.2"], 78,
               r".*memory.populate is false but was locked as true; .*\n"
               r".*server.address is '127.0.0.2' but was locked as '127.0.0.1' .*")
        expect(["--config", str(config), "--lock", directory], 78,
               r".*: error: cannot read the lock: Is a directory \[lock-missing\]\n")
        text = lock.read_text()
        lock.write_text(re.sub(r'("blocks": )\d+', r"\1null", text))
        expect(locked, 78, r".*not a lock: component 'blocks' has no bytes; .*")
        lock.write_text(text.replace('"key_count": 10', '"key_count": 20'))
        expect([*locked, "--keys", "20"], 78, rf"{lock}: error: edited by hand: .*lock-invalid.*")


if __name__ == "__main__":
    harness.main(globals())
