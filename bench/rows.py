"""The workloads of bench/run.py: one row is one line of the report."""

import dataclasses

import machine

KEY_BYTES = 16
LISTS = 10_000  # that LPUSH and LPOP go round

# About how many requests a server answers in a second at a pipeline of so many. Only tests that
# change how much is stored need it: their runs are counted in requests, so that what one puts in
# the next can take out.
RATE = {1: 100_000, 16: 600_000, 64: 800_000}


@dataclasses.dataclass(frozen=True)
class Row:
    test: str
    pipeline: int = 1
    connections: int = 50
    keys: int = 1_000_000
    value: int = 64
    elements: int = 0  # 0: as the test has it
    rate: int = 0  # requests that are due in a second; 0: as fast as they are answered

    @property
    def name(self):
        what = self.test.upper() + (f" {self.elements}" if self.elements else "")
        if self.test not in ("ping", "incr"):
            what += f", {size_text(self.value)}"
        if self.test != "ping":
            what += f", {count_text(self.keys)} {'lists' if self.is_list else 'keys'}"
        what += f", {self.connections} × {self.pipeline}"
        return what + (f" at {self.rate:,}/s" if self.rate else "")

    @property
    def is_list(self):
        return self.test in ("lpush", "lpop", "lrange")

    @property
    def moves(self):
        """Whether a run leaves more or less stored than it found."""
        return self.test in ("lpush", "lpop")

    def requests(self, seconds):
        """How many a run of a test that moves has: a whole number for each list."""
        return max(1, round(RATE[self.pipeline] * seconds / self.keys)) * self.keys

    def list_max(self, seconds):
        if self.moves:
            return self.requests(seconds) // self.keys
        return self.elements if self.is_list else 0

    def stored_bytes(self, seconds):
        """Of values alone."""
        return 0 if self.test == "ping" else self.keys * self.value * max(1, self.list_max(seconds))

    def with_keys(self, keys):
        return dataclasses.replace(self, keys=keys)

    def kvd_command(self, path, seconds):
        """kvd with room for what the row stores, and for a whole batch in a buffer."""
        list_max = self.list_max(seconds)
        # The sizes that `kvplan advise` names: a string lies in one block with its key.
        block = round_up(self.value if self.is_list else KEY_BYTES + self.value, 4)
        blocks = self.keys * (1 + list_max if self.is_list else 1)
        return [path, "--port", 0, "--connections", self.connections + 8, "--keys", self.keys,
                "--key-max", 64, "--value-max", max(self.value, 1024 if list_max else 16384),
                "--list-max", list_max, "--block", block, "--store",
                blocks * block + (1 << 20), *self.buffers()]

    def buffers(self):
        """Options for buffers that hold a whole batch, where those of the defaults do not."""
        batch = round_up(self.pipeline * max(1, self.elements) * (self.value + 64), 4096)
        if batch <= 16384:
            return []
        way = {"get": "reply", "mget": "reply", "lrange": "reply"}.get(self.test, "request")
        return [f"--{way}-buffer-bytes", batch, "--server-socket-" +
                ("send" if way == "reply" else "receive") + "-bytes", 2 * batch]

    def arguments(self):
        """What kvload needs to know of the row; not how long it runs."""
        out = ["--test", self.test, "--pipeline", self.pipeline, "--connections",
               self.connections, "--keys", self.keys, "--value-bytes", self.value]
        if self.elements:
            out += ["--elements", self.elements]
        if self.rate:
            out += ["--rate", self.rate]
        return out + (["--order", "sequential"] if self.moves else [])

    def fill(self):
        """Arguments of the run of kvload that stores every key once; empty where none is needed."""
        if self.test == "ping" or self.moves:
            return []
        test = {"lrange": "rpush", "incr": "incr"}.get(self.test, "set")
        out = ["--test", test, "--pipeline", 16, "--connections", 8, "--keys", self.keys,
               "--requests", self.keys, "--order", "sequential", "--value-bytes", self.value]
        return out + (["--elements", self.elements] if test == "rpush" else [])

    def opposite(self, seconds):
        """Of a test that moves: arguments of the run that undoes it."""
        other = "lpop" if self.test == "lpush" else "lpush"
        return ["--test", other, *self.arguments()[2:], "--requests", self.requests(seconds)]

    def before(self, seconds):
        """What is run on an empty server, so that every request finds what it asks for."""
        runs = [self.fill()] if self.fill() else []
        return runs + ([self.opposite(seconds)] if self.test == "lpop" else [])


def round_up(count, step):
    return -(-count // step) * step


def size_text(count):
    return f"{count >> 10} KiB" if count % 1024 == 0 else f"{count} B"


def count_text(count):
    return f"{count:,}" if count < 1_000_000 else f"{count / 1e6:.3g} million"


def small(row):
    """The same with few keys, for a run that shall only show that all works."""
    return row.with_keys(min(row.keys, 1000))


def all_rows():
    """The chosen ones of all that commands, sizes, pipelines, connections and keys allow."""
    beyond_cache = 10 * machine.last_level_cache_bytes()
    pages = beyond_cache // 4096
    return [
        Row("ping"), Row("ping", 16),
        Row("get", connections=1, keys=100), Row("get"), Row("get", rate=40_000),
        Row("get", connections=1000),
        Row("get", 16, keys=100), Row("get", 16), Row("get", 16, keys=beyond_cache // 64),
        Row("get", 16, connections=1000), Row("get", 64),
        Row("get", keys=pages, value=4096), Row("get", 16, keys=pages, value=4096),
        Row("set", connections=1, keys=100), Row("set"), Row("set", rate=40_000),
        Row("set", connections=1000),
        Row("set", 16, keys=100), Row("set", 16), Row("set", 64),
        Row("set", keys=pages, value=4096), Row("set", 16, keys=pages, value=4096),
        Row("incr"), Row("incr", 16),
        Row("lpush", keys=LISTS), Row("lpush", 16, keys=LISTS),
        Row("lpop", keys=LISTS), Row("lpop", 16, keys=LISTS),
        Row("lrange", keys=LISTS, elements=100), Row("lrange", 16, keys=LISTS, elements=100),
        Row("mset", elements=10), Row("mset", 16, elements=10),
        Row("mget", elements=10), Row("mget", 16, elements=10),
    ]
