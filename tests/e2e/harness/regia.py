# SPDX-License-Identifier: GPL-3.0-or-later
"""A Regia of its own for a scenario: event file, state folder, port, and somebody who does for it what systemd would do."""

import contextlib
import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

from .peers import decodes_cleanly, free_port
from .scenario import Failure, check, equal

TEST_SOURCE = {"camera": {"pipeline": "test"}}
RENDITIONS = {"360p": {"size": "640x360", "bitrate": "800k", "preset": "ultrafast"},
              "180p": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}}


def key_file(groups):
    lines = ["# SPDX-License-Identifier: GPL-3.0-or-later"]
    for group, keys in groups:
        lines.append(f"[{group}]")
        lines += [f"{key} = {value}" for key, value in keys.items()]
        lines.append("")
    return "\n".join(lines)


class Regia:
    """
    sources, renditions, relays: {name: {key: value}}; groups: further keys by group, for example {"record": {"reserve": "10M"}}.
    """

    def __init__(self, t, sources=None, renditions=None, relays=None, groups=None, name="regia", state=None, event=None, port=None,
                 authority=None):
        """authority: viewers come by https and trust it; the groups name certificate and key."""
        self.t = t
        self.name = name
        self.binary = t.build / "src/regia"
        self.port = port or free_port()
        self.authority = authority
        self.base = f"{'https' if authority else 'http'}://127.0.0.1:{self.port}"
        self.console_port = free_port()
        self.console = f"http://127.0.0.1:{self.console_port}"
        self.state = state or t.dir / name
        self.log = t.out / f"{name}.log"
        self.event = t.dir / f"{name}.conf"
        self.env = {}
        event = {"name": "Sirio migranti: esperienze a confronto", "place": "Palazzo Ducale, Massa", "id": name, **(event or {})}
        extra = dict(groups or {})
        # Scenarios count the pictures that sources gave, on machines that stand still for a tenth of a second now and then.
        text = [("event", event), ("programme", {"size": "640x360", "rate": "25", "latency": "200ms", **extra.pop("programme", {})})]
        text += [(f"source {n}", keys) for n, keys in (sources or TEST_SOURCE).items()]
        text += [(f"rendition {n}", keys) for n, keys in (renditions or RENDITIONS).items()]
        text += [(n, extra.pop(n)) for n in list(extra) if n.startswith("audio ")] or [("audio it", {})]
        text += [(f"relay {n}", keys) for n, keys in (relays or {}).items()]
        text += [("web", {"listen": f"127.0.0.1:{self.port}", **extra.pop("web", {})})]
        text += [("console", {"listen": f"127.0.0.1:{self.console_port}", **extra.pop("console", {})})]
        text += list(extra.items())
        self.event.write_text(key_file(text), encoding="utf-8")
        self.arguments = [self.event]
        self.supervisor = None
        self.sessions = set()

    # -- starting and ending ------------------------------------------------------------------------------------------

    def start(self):
        self.supervisor = Supervisor(self)
        self.supervisor.start()
        self.t.defer(self.end)
        return self

    def end(self):
        """Whatever state it is in: away with it, children included."""
        if self.supervisor:
            self.supervisor.end()
            self.supervisor = None

    @property
    def pid(self):
        return self.supervisor.pid

    def command(self, *arguments, timeout=30, **options):
        return subprocess.run([str(self.binary), *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False,
                              env={**self.t.env, **self.env}, **options)

    def spawn_command(self, *arguments):
        return self.t.spawn("command", [self.binary, *arguments], env=self.env)

    def stop(self, timeout=60):
        """`regia stop --quit`, and the director's end in order."""
        self.supervisor.expect_end()
        done = self.command("stop", "--state", self.state, "--quit", timeout=timeout)
        check(done.returncode == 0, f"regia stop: {done.returncode}: {done.stderr}")
        return self.supervisor.wait_end(timeout)

    # -- what it says of itself ---------------------------------------------------------------------------------------

    def request(self, path, method="GET", headers=None, timeout=5):
        """(status, headers, body)"""
        connection = (http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.authority.context()) if self.authority
                      else http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout))
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: {type(error).__name__} {error}") from error
        finally:
            connection.close()

    def get(self, path):
        status, _, body = self.request(path)
        if status != 200:
            raise OSError(f"GET {path}: {status}")
        return body

    def json(self, path):
        return json.loads(self.get(path))

    def status(self):
        """From the control socket, as `regia status --json` prints it: works with the gateway dead."""
        done = self.command("status", "--state", self.state, "--json", timeout=10)
        if done.returncode != 0:
            raise OSError(f"regia status: {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def public(self):
        """What viewers are told."""
        return self.t.wait("the public status", lambda: self.json("/api/v1/status"), 20)

    def wait_status(self, what, predicate, timeout=15):
        """Waits until the predicate holds for the status, which is returned. On failure the error has what belongs to it."""
        last = {}

        def question():
            last["status"] = self.status()
            return predicate(last["status"]) and last["status"]

        try:
            return self.t.wait(what, question, timeout)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.summary(last.get('status'))}") from error

    @staticmethod
    def summary(status):
        if not status:
            return "no status"
        recorder = status.get("recorder", {})
        return (f"state {status.get('state')}, warnings {status.get('warnings')}, recorder {recorder.get('state')} "
                f"{recorder.get('message')!r} last {recorder.get('last-fragment-ms')}, processes "
                f"{[(p.get('name'), p.get('state'), p.get('restarts'), p.get('last-exit')) for p in status.get('processes', [])]}, "
                f"relays {[(r.get('name'), r.get('state'), r.get('last-error')) for r in status.get('relays', [])]}, "
                f"sources {[(s.get('name'), s.get('state'), s.get('last-error')) for s in status.get('engine', {}).get('sources', [])]}")

    def wait_on_air(self, timeout=30):
        """Frames flow, they are on disk, and there is something to play."""
        self.wait_status("on air and recording", lambda s: s["state"] == "on-air" and s["recorder"].get("state") == "recording"
                         and s["recorder"].get("last-fragment-ms", 0) > 0, timeout)
        self.t.wait("a playlist", lambda: b"#EXTM3U" in self.get("/live/index.m3u8"), timeout)

    def wait_recorded(self, more_ms, timeout=30):
        """Until so much more has reached the disk."""
        goal = self.status()["recorder"]["last-fragment-ms"] + more_ms
        return self.wait_status(f"{more_ms} ms more on disk", lambda s: s["recorder"].get("last-fragment-ms", 0) >= goal, timeout)

    def wait_session(self, state="finished", timeout=60, index=0):
        """The newest item of the library, once it is in the state."""
        def question():
            items = self.recordings()
            return items[index] if items[index]["state"] == state else None
        return self.t.wait(f"a recording that is {state}", question, timeout)

    def recordings(self):
        answer = self.json("/api/v1/recordings")
        return answer["recordings"] if isinstance(answer, dict) else answer

    def told(self):
        """All that others can read of it: the status, the arguments of its processes, the log."""
        texts = [self.command("status", "--state", self.state, *more).stdout for more in ((), ("--json",))]
        texts += [open(f"/proc/{pid}/cmdline", encoding="utf-8").read() for pid in self.pids()]
        texts.append(self.log.read_text(encoding="utf-8"))
        check(all(texts), "something is empty")
        return texts

    def end_in_one_file(self):
        """Ends the event, which has to be one item with one file that decodes; returns its path."""
        self.command("stop", "--state", self.state, timeout=60)
        self.wait_session("finished", 60)
        equal(len(self.recordings()), 1, "items")
        path = self.session_file()
        decodes_cleanly(path)
        return path

    def session_file(self, name="programme.mp4"):
        """The finished file on disk."""
        found = sorted((self.state / "recordings").glob(f"*/{name}"))
        check(len(found) == 1, f"{name}: {len(found)} files in {self.state}/recordings: "
                               f"{[str(p.relative_to(self.state)) for p in (self.state / 'recordings').rglob('*')]}")
        return found[0]

    # -- its processes ------------------------------------------------------------------------------------------------

    def process(self, name):
        """A process' pid and restarts, from the status; `relay youtube` and the like by full name."""
        if name == "director":
            return {"name": name, "pid": self.pid, "restarts": self.supervisor.restarts}
        for process in self.status()["processes"]:
            if process["name"] == name and process["pid"]:
                return process
        raise KeyError(name)

    def kill(self, name, number=signal.SIGKILL):
        """Sends a signal to a process; returns its pid."""
        pid = self.t.wait(f"a pid of {name}", lambda: self.process(name)["pid"])
        os.kill(pid, number)
        return pid

    def wait_restarted(self, name, old_pid, timeout=10):
        """Until another process of that name runs; returns the seconds it took."""
        began = time.monotonic()

        def question():
            process = self.process(name)
            return process if process["pid"] != old_pid and process.get("state", "running") == "running" else None

        self.t.wait(f"{name} was restarted", question, timeout)
        return time.monotonic() - began

    def pids(self):
        """Everything that was started from this Regia: each director was given a session, and its children are in it."""
        done = subprocess.run(["ps", "-eo", "pid=,sid=,stat="], capture_output=True, text=True, check=True)
        lines = [line.split() for line in done.stdout.splitlines()]
        return [int(pid) for pid, sid, state in lines if int(sid) in self.sessions and not state.startswith("Z")]

    # -- what viewers get ---------------------------------------------------------------------------------------------

    def media(self, track="video/360p"):
        """The address of a track's playlist, as the multivariant one names it."""
        text = self.get("/live/index.m3u8").decode()
        named = re.search(rf"(\w+/{track}/index.m3u8)", text)
        if not named:
            raise OSError(f"/live/index.m3u8 does not name {track} yet: {text}")
        return "/live/" + named[1]

    def playlist(self, track="video/360p"):
        """[(number, address or None for a gap)], whether it has ended"""
        address = self.media(track)
        text = self.get(address).decode()
        number = int(re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text)[1])
        segments, gap = [], False
        for line in text.splitlines():
            if line.startswith("#EXT-X-GAP"):
                gap = True
            elif line and not line.startswith("#"):
                segments.append((number, None if gap else urllib.parse.urljoin(address, line)))
                number, gap = number + 1, False
        return segments, "#EXT-X-ENDLIST" in text

    def newest_segment(self, track="video/360p"):
        return max(number for number, address in self.playlist(track)[0] if address)

    def wait_segments(self, more=2, timeout=20):
        """Until the playlist has got so many new segments that can be fetched."""
        goal = self.newest_segment() + more
        return self.t.wait(f"segment {goal}", lambda: self.newest_segment() >= goal, timeout)


class Supervisor(threading.Thread):
    """What systemd does with Type=notify, Restart=always and WatchdogSec=10: notes READY, restarts a director that died at once, kills one
    that does not send its WATCHDOG."""

    WATCHDOG_S = 10

    def __init__(self, regia):
        super().__init__(daemon=True)
        self.regia = regia
        self.restarts = 0
        self.starts = []
        self.ready = threading.Event()
        self.ready_count = 0
        self.watchdogs = 0
        self.ended = threading.Event()
        self.exit_status = None
        self.ending = False
        self.messages = []
        path = regia.t.dir / f"{regia.name}.notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path.unlink(missing_ok=True)
        self.socket.bind(str(path))
        self.env = {**regia.t.env, **regia.env, "NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": str(self.WATCHDOG_S * 1000000)}
        self.child = None
        self.launch()

    def launch(self):
        regia = self.regia
        self.child = regia.t.spawn(regia.name, [regia.binary, "run", "--state", regia.state, *regia.arguments], env=self.env,
                                   nice=-10)
        self.pid = self.child.pid
        regia.sessions.add(self.pid)
        self.last = None
        self.starts.append(time.monotonic())

    def run(self):
        while True:
            readable, _, _ = select.select([self.socket], [], [], 0.02)
            if readable:
                self.note(self.socket.recv(4096).decode(errors="replace"))
            status = self.child.poll()
            if status is not None:
                if self.ending or status in (0, 64, 65, 78):
                    self.exit_status = status
                    self.ended.set()
                    return
                self.restart(f"ended with status {status}")
            elif self.last is not None and time.monotonic() - self.last > self.WATCHDOG_S:
                self.child.kill()
                self.child.wait()
                self.restart("missed its watchdog")

    def note(self, message):
        for line in message.splitlines():
            self.messages.append((time.monotonic(), line))
            if line == "READY=1":
                self.ready_count += 1
                self.last = time.monotonic()
                self.ready.set()
            elif line == "WATCHDOG=1":
                self.watchdogs += 1
                if self.last is not None:
                    self.last = time.monotonic()

    def restart(self, why):
        self.restarts += 1
        self.regia.t.say(f"supervisor: the director {why}; started again")
        self.launch()

    def expect_end(self):
        self.ending = True

    def wait_end(self, timeout):
        if not self.ended.wait(timeout):
            raise TimeoutError(f"the director did not end within {timeout} s")
        return self.exit_status

    def end(self):
        """Everything away at once: a scenario is over, or has failed."""
        self.ending = True
        pids = self.regia.pids()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)
            self.child.terminate()
        if not self.ended.wait(20):
            self.regia.t.say("supervisor: the director had to be killed")
            with contextlib.suppress(ProcessLookupError):
                self.child.kill()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        with contextlib.suppress(TimeoutError):
            self.regia.t.wait("its processes are gone", lambda: not self.regia.pids(), 10)
        for pid in self.regia.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def left_over(regia):
    """Fails when a process of an ended Regia still runs."""
    pids = regia.pids()
    if pids:
        raise Failure(f"still running: {pids}")
