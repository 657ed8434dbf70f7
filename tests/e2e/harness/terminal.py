# SPDX-License-Identifier: GPL-3.0-or-later
"""A program on a terminal of its own."""

import contextlib
import os
import pty
import signal
import threading
import time

from .scenario import check, stand_back


class Terminal:
    """Starts it at once. Ctrl-C is a key here, not a signal."""

    def __init__(self, t, argv, log="terminal", env=None):
        self.t = t
        self.began = time.monotonic()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            # Ignored in what a script starts behind itself, and what is ignored stays so; on a terminal it never is.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            stand_back()
            os.execvpe(argv[0], argv, {**(t.env if env is None else env), "TERM": "xterm"})
        self.text = ""
        self.status = None
        self.log = open(t.out / f"{log}.log", "w", encoding="utf-8")
        threading.Thread(target=self.read, daemon=True).start()
        t.defer(self.end)

    def read(self):
        try:
            while data := os.read(self.master, 4096):
                self.text += data.decode(errors="replace")
                self.log.write(data.decode(errors="replace"))
                self.log.flush()
        except OSError:
            pass

    def press(self, key):
        os.write(self.master, key)

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def running(self):
        check(not self.ended(), f"it ended with status {self.status}: {self.text[-1500:]}")
        return True

    def wait_end(self, timeout):
        """Until it has ended; returns its status."""
        self.t.wait("its end", self.ended, timeout)
        return self.status

    def end(self, patience=20):
        """Away with it, whatever it does."""
        if not self.ended():
            os.kill(self.pid, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                self.wait_end(patience)
            if not self.ended():
                os.kill(self.pid, signal.SIGKILL)
                self.wait_end(20)
