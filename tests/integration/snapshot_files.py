"""The files of snapshots: what of them stops a start, and what is noticed while kvd serves."""

import os
import pathlib
import pty
import random
import re
import subprocess

import harness
from harness import Kvd, Skip, expect_start_error, programs, run
from snapshots import directory, fill, flags, inspect


def proof_a_file_that_is_altered_or_cut_off_stops_the_start():
    with directory() as data:
        with Kvd(*flags(data)) as server, server.client() as client:
            fill(client, count=50)
        path = pathlib.Path(data) / "snapshot.kv"
        whole = path.read_bytes()
        _, found = inspect(str(path))
        end = found["snapshot"]["bytes"]
        numbers = random.Random(3)
        for _ in range(20):
            at = numbers.randrange(end)
            altered = bytearray(whole)
            altered[at] ^= 1 << numbers.randrange(8)
            path.write_bytes(altered)
            result = run(programs.kvd, "--port", "0", *flags(data))
            assert result.returncode == 65 and "offset " in result.stderr, (at, result.stderr)
        path.write_bytes(whole[:end - 1])
        expect_start_error(["--port", "0", *flags(data)], 65,
                           f"kvd: error: {path}: offset {end - 1}: it is cut off: the section at "
                           "its end is missing\n")
        path.write_bytes(whole)
        with Kvd(*flags(data)):
            pass


def proof_a_current_snapshot_that_is_missing_is_not_an_empty_store():
    """At the first start there is none. Later it was lost: the start says so and changes nothing,
    and kvplan check says the same beforehand."""
    with directory() as data:
        config = pathlib.Path(data) / "kvd.toml"
        config.write_text("key_count = 10\n", encoding="utf-8")
        assert run(programs.kvplan, "check", "--data", data, str(config)).returncode == 0
        with Kvd(*flags(data)):
            pass
        current = pathlib.Path(data) / "snapshot.kv"
        kept = current.rename(pathlib.Path(data) / "kept")
        lost = (f"error: '{current}' is missing, but data was kept here, since "
                "'snapshot.kv.next' is not: put a copy back, or delete the second to begin with an "
                "empty store")
        expect_start_error(["--port", "0", *flags(data)], 65, f"kvd: {lost}\n")
        checked = run(programs.kvplan, "check", "--data", data, str(config))
        assert checked.returncode == 1 and f": {lost} [data-invalid]" in checked.stderr, checked
        assert not current.exists()
        kept.rename(current)
        with Kvd(*flags(data)):
            pass


def proof_one_server_has_the_directory():
    with directory() as data:
        with Kvd(*flags(data)):
            result = run(programs.kvd, "--port", "0", *flags(data))
            assert result.returncode == 65, result
            assert "is in use by another server" in result.stderr, result.stderr


def proof_a_full_or_missing_disk_is_found_at_start():
    missing = run(programs.kvd, "--port", "0", *flags("no-such-directory"))
    assert missing.returncode == 65, missing
    assert "cannot open data.directory 'no-such-directory'" in missing.stderr, missing.stderr
    with directory() as data:
        # The limit of a file's size stands in for a disk that is full.
        shell = 'ulimit -f 64; exec "$0" "$@"'
        result = subprocess.run(["sh", "-c", f"trap '' XFSZ; {shell}", programs.kvd, "--port", "0",
                                 *flags(data)], capture_output=True, text=True, check=False,
                                timeout=60)
        assert result.returncode == 65, result
        assert "cannot reserve " in result.stderr, result.stderr


def proof_a_directory_of_another_user_is_refused_at_start_not_at_the_first_snapshot():
    """Root may write there until kvd drops what it may."""
    if os.geteuid() != 0:
        raise Skip("only root may give a directory away")
    with directory() as data:
        os.chown(data, 1000, 1000)
        expect_start_error(["--port", "0", *flags(data)], 65,
                           f"kvd: error: cannot create '{data}/snapshot.kv.tmp' (Permission "
                           "denied); the user of kvd must own data.directory\n")


def proof_a_file_that_is_put_in_the_place_of_the_current_one_is_noticed():
    """Else what is saved after it would go to a file without a name, and the other be loaded."""
    with directory() as data:
        server = Kvd(*flags(data))
        with server.client() as client:
            client.command("SET", "a", "1")
            assert client.command("SAVE") == "OK"
            copy = pathlib.Path(data) / "copy"
            copy.write_bytes((pathlib.Path(data) / "snapshot.kv").read_bytes())
            copy.rename(pathlib.Path(data) / "snapshot.kv")
            client.command("SET", "a", "2")
            assert str(client.command("SAVE")).startswith("ERR the snapshot failed"), "unnoticed"
            assert client.info("persistence")["rdb_last_bgsave_status"] == "err"
        assert server.stop() == 74, server.errors
        assert "another file has the name of one of data.directory's" in server.errors


def proof_a_load_that_takes_long_says_on_a_terminal_how_far_it_is():
    """And nothing of it where standard error is none."""
    with directory() as data:
        count = 1000000
        seed = pathlib.Path(data) / "seed"
        seed.write_bytes(b"ZIGKV001" + count.to_bytes(4, "little") + b"".join(
            b"\x07\0\0\0%07d\x01\0\0\0v\0\0\0\0\0\0\0\0\0" % i for i in range(count)))
        assert run(programs.kvplan, "convert", str(seed), f"{data}/snapshot.kv").returncode == 0
        given = ["--connections", "4", "--keys", str(count), "--key-max", "16", "--value-max", "16",
                 "--list-max", "0", "--block", "32", "--snapshot-enabled", "on",
                 "--data-directory", data, "--snapshot-on-stop", "off"]
        with Kvd(*given) as server:
            assert server.stop() == 0
            assert "loading" not in server.errors, server.errors
        master, slave = pty.openpty()
        with subprocess.Popen([programs.kvd, *harness.IO_FLAGS, *programs.flags, "--port", "0",
                               *given], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=slave, text=True) as process:
            report = ""
            while "ready on" not in report:
                line = process.stdout.readline()
                assert line, report
                report += line
            process.terminate()
            assert process.wait(20) == 0
        os.close(slave)
        said = os.read(master, 65536).decode()
        os.close(master)
        assert re.search(rf"\rloading: \d+ of {count} entries, \d+ a second, \d+ s left",
                         said), said
        assert said.endswith("\r"), said


if __name__ == "__main__":
    harness.main(globals(), look_inside=False)
