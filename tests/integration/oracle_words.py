"""What the oracle asks: random commands, weighted towards the edges.

`WORDS` has a generator for each command that kvd and Redis must answer alike. A generator gets
a Chooser and returns the arguments behind the name.
"""

import random

INT64 = 1 << 63
STRING_KEYS = [b"s0", b"s1", b"s2", b"s3", b"", b"bin\x00\xff\r\n"]
LIST_KEYS = [b"l0", b"l1", b"l2", b"l3", b"long:" + b"k" * 150]
KEYS = STRING_KEYS + LIST_KEYS + [b"absent"]
NUMBERS = [b"0", b"1", b"-1", b"2", b"-2", b"3", b"5", b"10", b"-10", b"100", b"-100"]
BAD_NUMBERS = [b"", b"abc", b"1.5", b" 1", b"1 ", b"+1", b"01", b"-0", b"0x10", b"1e3", b"--1",
               b"%d" % INT64, b"%d" % (-INT64 - 1), b"99999999999999999999", b"1\x00", b"nan"]
EXTREMES = [b"%d" % (INT64 - 1), b"%d" % -INT64, b"%d" % (-INT64 + 1), b"4294967296",
            b"2147483648", b"-2147483649"]
FLOATS = [b"0", b"1", b"-1", b"0.1", b"3.14", b"-2.5e3", b"1e10", b"1e-5", b"100.000", b"5.0e0"]
BAD_FLOATS = [b"", b"abc", b"nan", b"inf", b"-inf", b" 1", b"1 ", b"1e400", b"0x", b"1,5"]
TEXTS = [b"", b"a", b"b", b"hello", b"hello world", b"\x00", b"\r\n", b"x" * 300, b"caf\xc3\xa9"]
PATTERNS = [b"*", b"s*", b"l?", b"[a-s]*", b"[^s]*", b"s[0-1]", b"\\*", b"", b"**", b"*0", b"[",
            b"l[3-1]", b"?", b"bin*", b"absent"]


class Chooser(random.Random):
    """Random choices with names."""

    def rarely(self, percent=3):
        return self.random() * 100 < percent

    def key(self, kind=None):
        if kind is None or self.rarely(12):
            return self.choice(KEYS)
        return self.choice(STRING_KEYS if kind == "string" else LIST_KEYS)

    def string(self):
        return self.key("string")

    def list(self):
        return self.key("list")

    def number(self):
        if self.rarely(8):
            return self.choice(BAD_NUMBERS)
        if self.rarely(6):
            return self.choice(EXTREMES)
        return self.choice(NUMBERS)

    def small(self):
        """A count that a list can have; never one that Redis would make a huge reply of."""
        return self.choice(BAD_NUMBERS) if self.rarely(8) else self.choice(NUMBERS)

    def float(self):
        return self.choice(BAD_FLOATS) if self.rarely(10) else self.choice(FLOATS)

    def value(self):
        kind = self.random()
        if kind < 0.3:
            return b"%d" % self.randrange(-20, 200)
        if kind < 0.4:
            return self.choice(BAD_NUMBERS + EXTREMES + FLOATS)
        if kind < 0.42:
            return bytes(self.randrange(256) for _ in range(self.randrange(1000)))
        if kind < 0.43:
            return b"v" * self.choice([255, 256, 1023, 2047, 3000])
        return self.choice(TEXTS)

    def values(self, most=4):
        return [self.value() for _ in range(self.randrange(1, most + 1))]

    def word(self, *words):
        """One of the words; sometimes in another case, sometimes none of them."""
        if self.rarely(2):
            return b"NONSENSE"
        word = self.choice(words)
        return word.lower() if self.rarely(20) else word

    def seconds(self):
        """Times that are over, or far away and unlike any other: whether EXPIRE … GT is after an
        equal time that was set before depends on the moment."""
        if self.rarely(8):
            return self.choice(BAD_NUMBERS + EXTREMES)
        if self.rarely(30):
            return self.choice([b"-1", b"0"])
        return b"%d" % self.randrange(1000, 10**8)

    def milliseconds(self):
        value = self.seconds()
        return value if value in BAD_NUMBERS + EXTREMES + [b"-1", b"0"] else value + b"000"

    def unix_seconds(self):
        if self.rarely(8):
            return self.choice(BAD_NUMBERS + EXTREMES)
        return self.choice([b"-1", b"0", b"1", b"4000000000", b"4000001000"])

    def unix_milliseconds(self):
        value = self.unix_seconds()
        return value if value in BAD_NUMBERS + EXTREMES + [b"-1", b"0", b"1"] else value + b"000"

    def expiry(self):
        """An option of SET or GETEX with its argument."""
        name = self.word(b"EX", b"PX", b"EXAT", b"PXAT")
        times = {b"EX": self.seconds, b"PX": self.milliseconds, b"EXAT": self.unix_seconds,
                 b"PXAT": self.unix_milliseconds}
        option = [name, times.get(name.upper(), self.number)()]
        return option[:1] if self.rarely(3) else option

    def options(self, percent, *options):
        """Each option with that probability; options are lists of arguments."""
        return [part for option in options if self.rarely(percent) for part in option]

    def keys(self, kind=None, most=3):
        return [self.key(kind) for _ in range(self.randrange(1, most + 1))]


def set_arguments(c):
    plain = [c.string(), c.value()]
    if c.rarely(60):
        return plain
    flags = c.options(25, [c.word(b"NX", b"XX")], [b"GET"], [b"KEEPTTL"])
    if not c.rarely(50):
        return plain + flags
    expiry = c.expiry()
    # Redis keeps a key that was set with a time in the past until somebody looks at it, or it
    # comes round to it: DBSIZE then depends on the moment.
    return plain + flags + ([expiry[0], b"4000000000000"] if expiry[-1] == b"1" else expiry)


def lpos_arguments(c):
    ranks = [b"1", b"2", b"-1", b"-3", b"0", b"x"]
    return [c.list(), c.value(), *c.options(30, [b"RANK", c.choice(ranks)], [b"COUNT", c.small()],
                                            [c.word(b"MAXLEN"), c.small()])]


def lmpop_arguments(c):
    keys = c.keys("list")
    count = b"%d" % len(keys) if not c.rarely(10) else c.number()
    return [count, *keys, c.word(b"LEFT", b"RIGHT"), *c.options(40, [b"COUNT", c.small()])]


def expire_arguments(time):
    def arguments(c):
        return [c.key(), getattr(c, time)(), *c.options(15, [c.word(b"NX", b"XX")],
                                                        [c.word(b"GT", b"LT")])]
    return arguments


def two_sides(c):
    return [c.word(b"LEFT", b"RIGHT"), c.word(b"LEFT", b"RIGHT")]


def pairs(c):
    return [part for _ in range(c.randrange(1, 4)) for part in (c.string(), c.value())]


# name: (weight, arguments)
WORDS = {
    "SET": (12, set_arguments),
    "GET": (10, lambda c: [c.string()]),
    "GETSET": (2, lambda c: [c.string(), c.value()]),
    "GETDEL": (2, lambda c: [c.string()]),
    "GETEX": (3, lambda c: [c.string(), *c.options(40, c.expiry()), *c.options(10, [b"PERSIST"])]),
    "SETNX": (2, lambda c: [c.string(), c.value()]),
    "SETEX": (2, lambda c: [c.string(), c.seconds(), c.value()]),
    "PSETEX": (2, lambda c: [c.string(), c.milliseconds(), c.value()]),
    "APPEND": (4, lambda c: [c.string(), c.value()]),
    "STRLEN": (2, lambda c: [c.string()]),
    "GETRANGE": (4, lambda c: [c.string(), c.number(), c.number()]),
    "SUBSTR": (1, lambda c: [c.string(), c.number(), c.number()]),
    "SETRANGE": (3, lambda c: [c.string(), c.small(), c.value()]),
    "INCR": (4, lambda c: [c.string()]),
    "DECR": (3, lambda c: [c.string()]),
    "INCRBY": (4, lambda c: [c.string(), c.number()]),
    "DECRBY": (4, lambda c: [c.string(), c.number()]),
    "INCRBYFLOAT": (4, lambda c: [c.string(), c.float()]),
    "MGET": (3, lambda c: c.keys("string", 5)),
    "MSET": (2, pairs),
    "MSETNX": (2, pairs),
    "LPUSH": (6, lambda c: [c.list(), *c.values()]),
    "RPUSH": (6, lambda c: [c.list(), *c.values()]),
    "LPUSHX": (2, lambda c: [c.list(), *c.values()]),
    "RPUSHX": (2, lambda c: [c.list(), *c.values()]),
    "LPOP": (4, lambda c: [c.list(), *c.options(40, [c.small()])]),
    "RPOP": (4, lambda c: [c.list(), *c.options(40, [c.small()])]),
    "LLEN": (2, lambda c: [c.list()]),
    "LRANGE": (4, lambda c: [c.list(), c.number(), c.number()]),
    "LINDEX": (4, lambda c: [c.list(), c.number()]),
    "LSET": (4, lambda c: [c.list(), c.number(), c.value()]),
    "LINSERT": (4, lambda c: [c.list(), c.word(b"BEFORE", b"AFTER"), c.value(), c.value()]),
    "LREM": (4, lambda c: [c.list(), c.number(), c.value()]),
    "LTRIM": (3, lambda c: [c.list(), c.number(), c.number()]),
    "LPOS": (5, lpos_arguments),
    "LMOVE": (3, lambda c: [c.list(), c.list(), *two_sides(c)]),
    "RPOPLPUSH": (3, lambda c: [c.list(), c.list()]),
    "LMPOP": (4, lmpop_arguments),
    "BLPOP": (0.1, lambda c: [*c.keys("list"), c.choice([b"0.01", b"-1", b"abc", b"1e-9"])]),
    "BRPOP": (0.1, lambda c: [*c.keys("list"), c.choice([b"0.01", b"-1", b"abc"])]),
    "BLMOVE": (0.1, lambda c: [c.list(), c.list(), *two_sides(c), c.choice([b"0.01", b"x"])]),
    "DEL": (3, lambda c: c.keys()),
    "UNLINK": (2, lambda c: c.keys()),
    "EXISTS": (2, lambda c: c.keys(None, 5)),
    "TOUCH": (1, lambda c: c.keys(None, 5)),
    "TYPE": (2, lambda c: [c.key()]),
    "RENAME": (2, lambda c: [c.key(), c.key()]),
    "RENAMENX": (2, lambda c: [c.key(), c.key()]),
    "COPY": (3, lambda c: [c.key(), c.key(), *c.options(30, [c.word(b"REPLACE")],
                                                        [b"DB", c.choice([b"0", b"x"])])]),
    "EXPIRE": (3, expire_arguments("seconds")),
    "PEXPIRE": (2, expire_arguments("milliseconds")),
    "EXPIREAT": (2, expire_arguments("unix_seconds")),
    "PEXPIREAT": (2, expire_arguments("unix_milliseconds")),
    "TTL": (3, lambda c: [c.key()]),
    "PTTL": (2, lambda c: [c.key()]),
    "EXPIRETIME": (2, lambda c: [c.key()]),
    "PEXPIRETIME": (2, lambda c: [c.key()]),
    "PERSIST": (2, lambda c: [c.key()]),
    "KEYS": (1, lambda c: [c.choice(PATTERNS)]),
    "SCAN": (1, lambda c: [b"0", b"COUNT", b"1000",
                           *c.options(30, [b"MATCH", c.choice(PATTERNS)],
                                      [b"TYPE", c.word(b"string", b"list")])]),
    "RANDOMKEY": (1, lambda c: []),
    "DBSIZE": (1, lambda c: []),
    "FLUSHALL": (0.2, lambda c: c.options(20, [c.word(b"SYNC", b"ASYNC")])),
    "FLUSHDB": (0.2, lambda c: c.options(20, [c.word(b"SYNC", b"ASYNC")])),
    "OBJECT": (1, lambda c: [c.word(b"ENCODING", b"FREQ"), c.key()]),
    "MULTI": (1, lambda c: []),
    "EXEC": (1.5, lambda c: []),
    "DISCARD": (0.3, lambda c: []),
    "WATCH": (0.5, lambda c: c.keys()),
    "UNWATCH": (0.3, lambda c: []),
    "PING": (1, lambda c: c.options(50, [c.value()])),
    "ECHO": (1, lambda c: [c.value()]),
    "SELECT": (0.5, lambda c: [c.choice([b"0", b"16", b"-1", b"abc", b"99999999999"])]),
    "COMMAND": (0.5, lambda c: [c.word(b"GETKEYS"), c.word(b"GET", b"MSET", b"LMPOP", b"DEL"),
                                *c.keys()]),
    "CLIENT": (0.5, lambda c: c.choice([[b"GETNAME"], [b"SETNAME", c.value()], [b"NO-EVICT", b"x"],
                                        [b"NO-EVICT", b"off"], [b"SETNAME"]])),
    "NONSENSE": (0.5, lambda c: [c.value() for _ in range(c.randrange(4))]),
}


def commands(chooser, count, names):
    """Random commands out of `names`, each a list of arguments."""
    known = [name for name in WORDS if name in names or name == "NONSENSE"]
    weights = [WORDS[name][0] for name in known]
    for name in chooser.choices(known, weights, k=count):
        arguments = WORDS[name][1](chooser)
        blocks = name.startswith(("BL", "BR"))  # what is appended could be a long timeout
        if not blocks and chooser.rarely(1.5):  # a wrong number of arguments
            arguments = arguments[:-1] if chooser.rarely(50) else [*arguments, chooser.value()]
        word = name.encode()
        yield [word.lower() if chooser.rarely(10) else word, *arguments]
