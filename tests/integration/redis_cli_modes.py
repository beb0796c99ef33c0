"""redis-cli in every mode that makes sense for kvd, on a terminal and off it."""

import re
import subprocess

import harness
from harness import Kvd, run
from terminal import Terminal

FLAGS = ["--connections", "10", "--keys", "5000", "--key-max", "64", "--value-max", "2KiB",
         "--list-max", "100", "--store", "8MiB"]


def cli(server, *arguments, code=0):
    result = run("redis-cli", "-p", str(server.port), *arguments)
    assert result.returncode == code, (arguments, result.stdout, result.stderr)
    return result.stdout


def fill(server, count):
    with server.client() as client:
        data = b"".join(harness.encode("SET", f"key:{i}", "v" * (i % 50)) for i in range(count))
        data += harness.encode("SET", "largest", "x" * 2000)
        data += harness.encode("RPUSH", "longest", *range(100))
        client.pipeline(data, count + 2)


def proof_redis_cli_is_interactive_on_a_terminal():
    """It asks for COMMAND DOCS, shows the hint of a command, keeps a transaction in its prompt."""
    with Kvd(*FLAGS) as server:
        with Terminal("redis-cli", "-p", str(server.port)) as terminal:
            prompt = f"127.0.0.1:{server.port}> "
            terminal.wait_for(prompt)
            terminal.type("SET greeting \"hello world\"\r")
            terminal.wait_for("OK\r\n")
            terminal.type("GET greeting\r")
            terminal.wait_for('"hello world"\r\n')
            terminal.type("MULTI\r")
            terminal.wait_for("(TX)> ")
            terminal.type("INCR n\r")
            terminal.wait_for("QUEUED\r\n")
            terminal.type("EXEC\r")
            terminal.wait_for("1) (integer) 1\r\n")
            terminal.type("help get\r")
            assert "GET key" in terminal.wait_for("group: string")
            terminal.type("quit\r")
            assert terminal.end() == 0


def proof_redis_cli_scan_finds_every_key_once():
    with Kvd(*FLAGS) as server:
        fill(server, 3000)
        keys = cli(server, "--scan").split("\n")[:-1]
        assert len(keys) == 3002 and len(set(keys)) == 3002, len(keys)
        assert cli(server, "--scan", "--pattern", "key:299?").count("\n") == 10


def proof_redis_cli_bigkeys_and_memkeys_find_the_largest():
    with Kvd(*FLAGS) as server:
        fill(server, 1000)
        big = cli(server, "--bigkeys")
        assert re.search(r"""Biggest +list found '"longest"' has 100 items""", big), big
        assert re.search(r"""Biggest string found '"largest"' has 2000 bytes""", big), big
        memory = cli(server, "--memkeys")
        assert re.search(r"""Biggest string found '"largest"' has \d{4} bytes""", memory), memory


def proof_redis_cli_stat_prints_a_line_a_tick():
    with Kvd(*FLAGS) as server:
        fill(server, 100)
        with Terminal("redis-cli", "-p", str(server.port), "--stat", "-i", "0.1") as terminal:
            seen = terminal.wait_for("\n102 ") + terminal.wait_for("\n102 ")
            assert "keys" in seen and "clients" in seen, seen


def proof_redis_cli_latency_measures():
    with Kvd(*FLAGS) as server:
        with Terminal("redis-cli", "-p", str(server.port), "--latency") as terminal:
            terminal.wait_for("samples)")
        figures = cli(server, "--raw", "--latency", "-i", "0.5").split()
        assert len(figures) == 4 and int(figures[3]) > 5, figures


def proof_redis_cli_speaks_resp3():
    with Kvd(*FLAGS) as server:
        hello = cli(server, "-3", "HELLO")
        assert "proto\n3\n" in hello or "proto 3\n" in hello, hello
        assert cli(server, "-3", "GET", "missing") == "\n"
        shown = cli(server, "-3", "--no-raw", "CONFIG", "GET", "maxmemory")
        assert shown.startswith('1# "maxmemory" => "'), shown


def proof_redis_cli_pipe_loads_a_million_commands():
    """The end is an empty line and an ECHO of 20 random bytes; no reply is missing."""
    count = 1000000
    with Kvd(*FLAGS) as server:
        process = subprocess.Popen(["redis-cli", "-p", str(server.port), "--pipe"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        block = b"".join(harness.encode("SET", f"key:{i}", i) for i in range(1000))
        for _ in range(count // 1000):
            process.stdin.write(block)
        output = process.communicate(timeout=120)[0]
        assert process.returncode == 0, output
        assert b"errors: 0, replies: 1000000" in output, output
        assert cli(server, "DBSIZE") == "1000\n"


if __name__ == "__main__":
    harness.main(globals())
