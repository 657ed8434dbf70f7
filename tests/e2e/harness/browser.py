# SPDX-License-Identifier: GPL-3.0-or-later
"""A viewer: headless Chromium, driven by browser.mjs, which answers a line of JSON for each command."""

import json
import subprocess
import threading
import queue

from .scenario import ROOT, check


class Browser:
    def __init__(self, t, address, *certificates):
        """certificates: those that are trusted, as Authority.spki() gives them."""
        self.t = t
        done = subprocess.run([ROOT / "tests/web/setup"], capture_output=True, text=True, timeout=300, check=False,
                              stdin=subprocess.DEVNULL)
        check(done.returncode == 0, f"tests/web/setup: {done.stderr[-600:]}")
        # Not ours to look for leaks in, and its own allocator.
        env = {k: "" for k in t.env if k.endswith("SAN_OPTIONS")}
        self.process = t.spawn("browser", ["node", ROOT / "tests/e2e/harness/browser.mjs", address, t.out / "page.png", ",".join(certificates)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env,
                               nice=19)
        self.answers = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        t.defer(self.end)
        check(self.answer(60).get("ready"), "the browser did not start; see browser.log")

    def read(self):
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put(b"")

    def answer(self, timeout):
        try:
            line = self.answers.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError("the browser does not answer; see browser.log") from None
        check(line, "the browser has ended; see browser.log")
        return json.loads(line)

    def ask(self, command, timeout=20):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        return self.answer(timeout)

    def probe(self):
        """What is on the page: see browser.mjs."""
        return self.ask("probe")

    def served(self):
        """What the page has got of /live/ since it was asked for this last: see browser.mjs."""
        return self.ask("served")["served"]

    def wait(self, what, predicate, timeout=30):
        seen = {}

        def question():
            seen.clear()
            seen.update(self.probe())
            return dict(seen) if predicate(seen) else None
        try:
            return self.t.wait(what, question, timeout, 0.3)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {seen}") from None

    def wait_playing(self, timeout=40):
        """Until the picture moves: its burnt-in frame number goes up and the player has decoded more (which it counts from 0 whenever it
        begins anew); returns the newest probe."""
        first = self.wait("a picture with readable marks", lambda p: p["frame"] is not None and p["time"] > 0, timeout)

        def moves(seen):
            first["decoded"] = min(first["decoded"], seen["decoded"])
            return seen["frame"] is not None and seen["wall"] > first["wall"] + 1000 and seen["decoded"] > first["decoded"] + 10
        return self.wait("the picture moves", moves, timeout)

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
