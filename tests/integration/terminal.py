"""A program under a terminal of its own, which a proof types at and reads from."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x1b\][^\x07]*\x07|[\x00\x07]")


class Terminal:
    """`wait_for` returns what was printed up to a text; typing is seen as a person's is."""

    def __init__(self, *command, columns=120, rows=50):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            environment = {**os.environ, "TERM": "xterm", "HOME": "/nonexistent"}
            os.execvpe(command[0], command, environment)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, size)
        self.pending = ""
        self.code = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.code is None:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        os.close(self.descriptor)

    def type(self, text, seconds=20):
        """Types when the program edits a line: what comes before, linenoise throws away."""
        deadline = time.monotonic() + seconds
        while termios.tcgetattr(self.descriptor)[3] & termios.ICANON:
            assert time.monotonic() < deadline, f"no line is edited after {self.pending!r}"
            time.sleep(0.001)
        os.write(self.descriptor, text.encode())

    def read_more(self, deadline):
        """Returns False at the end of the output."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
            raise AssertionError(f"nothing more came after {self.pending!r}")
        try:
            data = os.read(self.descriptor, 1 << 16)
        except OSError:  # the other side is gone
            return False
        self.pending = ESCAPES.sub("", self.pending + data.decode(errors="replace"))
        return bool(data)

    def wait_for(self, text, seconds=20):
        deadline = time.monotonic() + seconds
        while text not in self.pending:
            assert self.read_more(deadline), f"{text!r} is not in {self.pending!r}"
        end = self.pending.index(text) + len(text)
        seen, self.pending = self.pending[:end], self.pending[end:]
        return seen

    def end(self, seconds=20):
        """Waits for the program to end by itself; returns its exit code."""
        deadline = time.monotonic() + seconds
        while self.read_more(deadline):
            pass
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code
