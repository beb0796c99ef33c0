"""What the machine is, and on which of its cores a server and its generator run."""

import os
import pathlib
import platform
import re

CPUS = pathlib.Path("/sys/devices/system/cpu")


def read(path, default=""):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return default


def cores():
    """(the server's core, the generator's): on different physical cores where there are two."""
    allowed = sorted(os.sched_getaffinity(0))

    def physical(core):
        topology = CPUS / f"cpu{core}/topology"
        return read(topology / "physical_package_id"), read(topology / "core_id", str(core))

    server = allowed[0]
    others = allowed[1:]
    apart = [core for core in others if physical(core) != physical(server)]
    return server, (apart or others or [server])[0]


def last_level_cache_bytes():
    """Of the largest cache that the server's core sees; 32 MiB where the system does not say."""
    units = {"K": 1 << 10, "M": 1 << 20, "": 1}
    found = []
    for index in (CPUS / f"cpu{cores()[0]}/cache").glob("index*"):
        size = re.fullmatch(r"(\d+)([KM]?)", read(index / "size"))
        if size:
            found.append(int(size[1]) * units[size[2]])
    return max(found, default=32 << 20)


def memory_available_bytes():
    found = re.search(r"^MemAvailable:\s*(\d+) kB", read("/proc/meminfo"), re.MULTILINE)
    return int(found[1]) << 10 if found else 0


def description():
    """One line: processor, cores, cache, kernel."""
    model = re.search(r"^model name\s*: (.*)$", read("/proc/cpuinfo"), re.MULTILINE)
    return (f"{model[1] if model else platform.machine()}, {len(os.sched_getaffinity(0))} cores, "
            f"last-level cache {last_level_cache_bytes() >> 20} MiB, "
            f"Linux {platform.release().split('-')[0]}")
