"""Memory cgroups for proofs: a group that a server is started in, and what the kernel has charged
to it. Version 1 and 2; where none can be made, Skip says why."""

import os
import re
import subprocess
import time

from harness import Skip

PAGE = 4096


def hierarchy():
    """(version, mount point, path of this process's own group in it)."""
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        groups = {controllers: path for _, controllers, path in
                  (line.rstrip("\n").split(":", 2) for line in file)}
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounts = [(before.split(), after.split()) for before, after in
                  (line.split(" - ") for line in file)]
    for before, after in mounts:
        if after[0] == "cgroup" and "memory" in after[2].split(","):
            path = next(path for words, path in groups.items() if "memory" in words.split(","))
            return 1, before[4], path
    for before, after in mounts:
        if after[0] == "cgroup2":
            return 2, before[4], groups[""]
    raise Skip("no control groups are mounted")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, value):
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(value))


class Group:
    """A memory cgroup, below this process's own where that can be, for a with statement."""

    def __init__(self, name):
        self.version, mount, own = hierarchy()
        self.limit_name = "memory.limit_in_bytes" if self.version == 1 else "memory.max"
        self.parent = mount + own.rstrip("/")
        reasons = []
        above = own.rstrip("/")
        while True:
            self.path = f"{mount}{above}/{name}-{os.getpid()}"
            reason = self._make()
            if not reason:
                break
            reasons.append(f"{self.path}: {reason}")
            if not above:
                raise Skip("no memory cgroup can be made: " + "; ".join(reasons))
            above = above.rpartition("/")[0]

    def _make(self):
        """Empty, or why there is no such group."""
        try:
            os.mkdir(self.path)
        except OSError as error:
            return error.strerror
        if os.path.exists(f"{self.path}/{self.limit_name}"):
            return ""
        os.rmdir(self.path)
        return "the controller is not delegated to it"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def remove(self):
        """Its processes must have ended; the kernel needs a moment for what they leave."""
        for _ in range(100):
            try:
                os.rmdir(self.path)
                return
            except OSError:
                time.sleep(0.05)
        os.rmdir(self.path)

    def number(self, name):
        return int(read(f"{self.path}/{name}"))

    def fields(self, name):
        return {key: int(value) for key, value in
                (line.split() for line in read(f"{self.path}/{name}").splitlines())}

    def limit(self, limit_bytes, socket_bytes=None):
        """Version 1 counts sockets apart, and only where they have a limit of their own."""
        write(f"{self.path}/{self.limit_name}", limit_bytes)
        if self.version == 1 and socket_bytes is not None:
            write(f"{self.path}/memory.kmem.tcp.limit_in_bytes", socket_bytes)

    def wrapper(self):
        """For Kvd: a shell enters the group, so that the server's task is charged to it too, and
        leaves it again; it ends with the server's exit code."""
        script = ('echo $$ > "$1/cgroup.procs" || exit 125; parent=$2; shift 2; exec 3<&0; '
                  '"$@" <&3 3<&- & child=$!; '
                  'echo $$ > "$parent/cgroup.procs"; wait $child')
        return ["/bin/sh", "-c", script, "sh", self.path, self.parent]

    def process(self):
        """The one process in the group."""
        pids = read(f"{self.path}/cgroup.procs").split()
        assert len(pids) == 1, pids
        return int(pids[0])

    def charged(self):
        """What is charged now: anonymous pages, pages of files, kernel memory and sockets."""
        stat = self.fields("memory.stat")
        if self.version == 1:
            return {"anon": stat["rss"], "file": stat["cache"],
                    "kernel": self.number("memory.kmem.usage_in_bytes"),
                    "sockets": self.number("memory.kmem.tcp.usage_in_bytes"),
                    "total": self.number("memory.usage_in_bytes")
                             + self.number("memory.kmem.tcp.usage_in_bytes")}
        return {"anon": stat["anon"], "file": stat["file"], "kernel": stat["kernel"],
                "sockets": stat["sock"], "total": self.number("memory.current")}

    def peaks(self):
        """The kernel's own high-water marks since forget_peaks(), as far as it keeps them."""
        if self.version == 2:
            return {}
        return {"kernel": self.number("memory.kmem.max_usage_in_bytes"),
                "sockets": self.number("memory.kmem.tcp.max_usage_in_bytes")}

    def forget_peaks(self):
        if self.version == 1:
            write(f"{self.path}/memory.kmem.max_usage_in_bytes", 0)
            write(f"{self.path}/memory.kmem.tcp.max_usage_in_bytes", 0)

    def refusals(self):
        """How often a limit was met, and how many processes were killed for it."""
        if self.version == 1:
            return {"failcnt": self.number("memory.failcnt"),
                    "socket failcnt": self.number("memory.kmem.tcp.failcnt"),
                    "killed": self.fields("memory.oom_control").get("oom_kill", 0)}
        events = self.fields("memory.events")
        return {"failcnt": events["max"], "killed": events["oom_kill"], "oom": events["oom"]}


def fresh_copy(program, directory):
    """A copy of a program that no page of is in memory: its pages are charged to the first who
    uses them, as in a container that has just been made."""
    path = f"{directory}/{os.path.basename(program)}"
    subprocess.run(["cp", program, path], check=True)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
    return path


def status_bytes(pid, field):
    """A field of /proc/PID/status."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", read(f"/proc/{pid}/status"), re.MULTILINE)
    return int(found.group(1)) * 1024
