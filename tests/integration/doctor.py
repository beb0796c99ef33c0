"""kvplan doctor beside a running kvd: what was planned, carved, resident and ever used."""

import json
import os
import socket
import tempfile
import threading

import harness
from harness import Kvd, programs, run

CONFIG = f"""
connections_max = 10
key_count = 100
list_length_max = 0
val_size_max = 100
store_bytes = "64KiB"
[server]
io = "{harness.IO}"
"""


class Config:
    """A config file, for as long as it is needed."""

    def __init__(self, text=CONFIG):
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, "kvd.toml")
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        self.directory.cleanup()


def doctor(path, *flags):
    """The report, and the exit code, which follows from its verdict."""
    result = run(programs.kvplan, "doctor", path, "--format", "json", *flags)
    assert result.returncode in (0, 1), result.stderr
    report = json.loads(result.stdout)
    assert (report["verdict"] == "fail") == (result.returncode == 1), report
    return report


def finding(report, name):
    return next(f for f in report["findings"] if f["name"] == name)


def proof_the_doctor_tells_what_is_carved_resident_and_could_be_lowered():
    """Three keys of one block each, and their values of one block: six of 256 blocks."""
    with Config() as path, Kvd("--config", path) as server, server.client() as client:
        for key in ("a", "b", "c"):
            assert client.command("SET", key, "x" * 100) == "OK"
        address = f"127.0.0.1:{server.port}"
        report = doctor(path, "--address", address, "--pid", str(server.pid))
        assert finding(report, "server")["verdict"] == "pass", report
        for component in report["components"]:
            assert component["carved_bytes"] == component["planned_bytes"], component
            # Every page was touched at the start, and nothing takes them away.
            assert component["resident_bytes"] == component["planned_bytes"], component
        savings = {s["option"]: s for s in report["savings"]}
        # One key of 1,024 bytes with a value of 100 must still fit: 256 and ceil(868 / 252) = 4
        # blocks more, 5 × 256 = 1,280 bytes.
        assert savings["store_bytes"]["value"] == 65536, savings
        assert savings["store_bytes"]["lowest"] == 1280, savings
        assert savings["key_count"]["lowest"] == 3, savings
        # What it says would be saved is the difference of the two plans.
        before = harness.plan("--config", path)
        after = harness.plan("--config", path, "--store", "1280")
        for figure in ("arena_bytes", "container_bytes"):
            assert savings["store_bytes"][figure] == before[figure] - after[figure], savings


def proof_the_doctor_sees_a_server_that_runs_another_config():
    """Ten times the keys are another plan, and another size of the arena."""
    with Config() as path, Config(CONFIG.replace("100\n", "1000\n", 1)) as other:
        with Kvd("--config", path) as server:
            report = doctor(other, "--address", f"127.0.0.1:{server.port}")
            assert report["verdict"] == "fail", report
            assert "this config plans" in finding(report, "server")["text"], report
            refused = run(programs.kvplan, "doctor", other, "--pid", str(server.pid))
            assert refused.returncode == 2, refused.stdout


def proof_the_doctor_knows_a_lowered_file_limit():
    """kvd cannot raise a hard limit, unless it is privileged."""
    with Config() as path:
        result = run("/bin/sh", "-c", f'ulimit -n 20; exec "{programs.kvplan}" doctor {path} '
                     "--format json")
        found = finding(json.loads(result.stdout), "open files")
        # 10 clients, one that is told that there is no room, and 32 of kvd itself.
        assert found["text"].startswith("RLIMIT_NOFILE is 20, at most 20; 43 are needed"), found
        privileged = found["text"].endswith("and kvd raises it")
        assert found["verdict"] == ("pass" if privileged else "fail"), found


def proof_the_doctor_refuses_a_server_that_is_no_kvd():
    """A process without an arena, and a port where nobody listens."""
    with Config() as path:
        for flags in (["--pid", str(os.getpid())], ["--address", "127.0.0.1:1"]):
            result = run(programs.kvplan, "doctor", path, *flags)
            assert result.returncode == 2, result.stdout
            assert result.stderr.startswith("kvplan: error: "), result.stderr


def answered(path, answer, password=""):
    """What the doctor says of a server that answers everything with the same bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            client = listener.accept()[0]
            with client:
                client.recv(1 << 16)
                client.sendall(answer)
                client.shutdown(socket.SHUT_WR)
                client.recv(1 << 16)

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        result = run(programs.kvplan, "doctor", path, "--address", address,
                     env={"KVD_PASSWORD": password})
        server.join(timeout=20)
    assert result.returncode == 2, result
    start = f"kvplan: error: {address}: "
    assert result.stderr.startswith(start), result.stderr
    return result.stderr[len(start):].rstrip()


def proof_the_doctor_survives_whatever_a_server_answers():
    """Also an empty line, and what would steer the terminal."""
    with Config() as path:
        assert answered(path, b"\r\n", password="x") == "AUTH: ''"
        assert answered(path, b"-WRONGPASS\r\n", password="x") == "AUTH: WRONGPASS"
        assert answered(path, b"\r\n") == "no answer to INFO"
        assert answered(path, b"-\x1b[2J\x07\r\n") == "INFO: '\\x1b[2J\\x07'"
        assert answered(path, b"$5\r\nab") == "INFO ended early"
        assert answered(path, b"$99999999999999\r\n") == "INFO: 99999999999999"


if __name__ == "__main__":
    harness.main(globals())
