"""What `kvplan advise` says of a load is what kvd takes for it: the load is stored, and the blocks,
the entries and the list nodes that are in use are counted."""

import csv
import io
import json
import tempfile

import harness
from harness import Error, Kvd, programs

# Key bytes, value bytes, keys, elements of a list or 0.
LOADS = (
    [(16, 64, 1000, 0)],
    [(1, 0, 9, 0), (40, 100, 300, 0), (300, 5000, 20, 0)],
    [(20, 33, 200, 7)],
    [(16, 64, 500, 0), (24, 100, 50, 3), (5, 1000, 9, 20), (12, 1, 100, 0)],
)


def advise(*arguments):
    done = harness.run(programs.kvplan, "advise", *harness.IO_FLAGS, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def store(client, load):
    """Stores the load; the keys of a kind differ in their digits."""
    at = 0
    for key_bytes, value_bytes, count, length in load:
        for _ in range(count):
            at += 1
            key = (b"%d" % at).rjust(key_bytes, b"k") if key_bytes > 3 else bytes([at])
            assert len(key) == key_bytes, (key, load)
            value = b"v" * value_bytes
            if length == 0:
                assert client.command("SET", key, value) == "OK"
            else:
                assert client.command("RPUSH", key, *[value] * length) == length


def check(load, block):
    rows = ["key_bytes,value_bytes,count,list_length", *(",".join(map(str, k)) for k in load)]
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as histogram:
        histogram.write("\n".join(rows) + "\n")
        histogram.flush()
        asked = ("--histogram", histogram.name, "--block", str(block), "--connections", "4")
        told = json.loads(advise(*asked, "--format", "json"))
        table = list(csv.DictReader(io.StringIO(advise(*asked, "--format", "csv"))))
    choices = [told["best"], *told["others"]]
    assert [str(c["block_bytes"]) for c in choices] == [row["block_bytes"] for row in table]
    assert block in [choice["block_bytes"] for choice in choices]
    for choice in (choices[0], next(c for c in choices if c["block_bytes"] == block)):
        options = told["options"]
        takes = choice["plan"]
        options["block_bytes"] = choice["block_bytes"]
        options["store_bytes"] = takes["block_count"] * choice["block_bytes"]
        flags = ["--connections", "4"]
        for name, value in options.items():
            flags += ["--" + name.replace("_", "-"), str(value)]
        planned = harness.plan(*flags)
        assert planned["arena_bytes"] == takes["arena_bytes"], (load, choice, planned)
        assert planned["container_bytes"] == takes["container_bytes"]
        with Kvd(*flags) as server, server.client() as client:
            store(client, load)
            used = client.used()
            assert used["entries"] == told["keys"] == options["key_count"], (load, used)
            assert used["blocks"] == takes["block_count"], (load, choice, used)
            assert used["list_nodes"] == sum(count * length for _, _, count, length in load)
            refused = client.command("SET", "z", "")
            assert isinstance(refused, Error) and refused.startswith("OOM map is full"), refused
        data = sum(count * (key + value * max(length, 1)) for key, value, count, length in load)
        assert data == takes["data_bytes"]
        assert (data + takes["rounding_bytes"] + takes["link_bytes"]
                == takes["components"]["blocks"])


def proof_a_load_takes_the_blocks_that_advise_says():
    for load in LOADS:
        for block in (64, 256):
            check(load, block)


if __name__ == "__main__":
    harness.main(globals())
