# SPDX-License-Identifier: GPL-3.0-or-later
"""A Regia that waits for the events of a folder in a hall."""

import contextlib
import json
import os
import signal

from .regia import RENDITIONS, Regia, key_file
from .scenario import check, equal


class Service(Regia):
    """A Regia that waits for the events of a folder."""

    def __init__(self, t, name):
        super().__init__(t, name=name)
        self.hall = t.dir / f"{name}-hall.conf"
        self.folder = t.dir / f"{name}-events"
        self.folder.mkdir()
        groups = [("event", {"place": "Palazzo Ducale, Massa"}), ("programme", {"size": "640x360", "rate": "25"}),
                  ("source camera", {"pipeline": "test"})]
        groups += [(f"rendition {n}", keys) for n, keys in RENDITIONS.items()]
        groups += [("audio it", {}), ("web", {"listen": f"127.0.0.1:{self.port}"}), ("console", {"listen": f"127.0.0.1:{self.console_port}"})]
        self.hall.write_text(key_file(groups), encoding="utf-8")
        self.arguments = ["--hall", self.hall, "--events", self.folder]

    def put(self, file, *groups, **keys):
        """groups: (name, {key: value}) of what the event has otherwise than the hall."""
        (self.folder / f"{file}.conf").write_text(key_file([("event", keys), *groups]), encoding="utf-8")

    def call(self, *arguments):
        return self.command(*arguments, "--state", self.state, timeout=60)

    def good(self, *arguments):
        done = self.call(*arguments)
        equal(done.returncode, 0, f"regia {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def refused(self, words, *arguments):
        done = self.call(*arguments)
        check(done.returncode != 0 and words in done.stderr, f"regia {' '.join(arguments)}: {done.returncode}: {done.stdout}{done.stderr}")

    def events(self):
        """{file: event}; what cannot be started is among them."""
        return {os.path.basename(e["file"]): e for e in json.loads(self.call("events", "--json").stdout)}

    def kept(self):
        return json.loads((self.state / "show.json").read_text(encoding="utf-8"))

    def running(self):
        return sorted(p["name"] for p in self.status()["processes"] if p["pid"])

    def kill_all(self):
        restarts = self.supervisor.restarts
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.t.wait("the director is started again", lambda: self.supervisor.restarts > restarts, 20)

    def kill_director(self):
        restarts = self.supervisor.restarts
        os.kill(self.pid, signal.SIGKILL)
        self.t.wait("the director is started again", lambda: self.supervisor.restarts > restarts, 20)

    def wait_standby(self, timeout=30):
        return self.wait_status("standby, with a page", lambda s: s["state"] == "standby" and s["gateway"].get("address") and s, timeout)
