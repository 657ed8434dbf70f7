#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""What becomes of the event's folders in mid-event: mounted over, a file in their place, read-only, frozen, removed; and a clock that
comes back earlier. Viewers see none of it. All of it on a path that is longer than a socket's address."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

from harness import Browser, LoopDisk, Regia, SilentPeer, Technician, check, equal, main

PATH_BYTES = 201
# A gateway that is killed is back in less; so is one that is replaced.
OUTAGE_S = 3


def run(t):
    disk = LoopDisk(t, "disk", 200)
    state = deep(disk.path)
    recordings = t.dir / "recordings"
    far_end = SilentPeer(t)
    regia = Regia(t, name="folders", state=state, groups={"record": {"folder": recordings}},
                  relays={"far": {"url": f"rtmp://127.0.0.1:{far_end.port}/live/far"}})
    regia.technician = Technician(regia)
    regia.start()
    with t.case(f"on air on a state folder of {len(os.fsencode(state))} bytes", needed=True):
        regia.wait_on_air()
        equal(sorted(p.name for p in disk.path.rglob("*.sock")), ["control.sock"], "sockets")
        strays = [p for p in disk.path.rglob("cont*") if p.parent != state / "run"]
        equal(strays, [], "cut names outside of the folder")
    with t.case("another folder that begins as long is not taken for it"):
        other = state.with_name(state.name[:-1] + "y")
        done = regia.command("status", "--state", other)
        check(done.returncode != 0 and "nothing runs here" in done.stderr, f"{done.returncode}: {done.stdout}{done.stderr}")
    watched_folders(t, regia, recordings)
    read_only(t, regia, state)
    frozen(t, regia, disk)
    earlier_clock(t, regia)
    removed(t, regia, state)


def deep(folder):
    """A folder below that has a path of exactly so many bytes."""
    path = folder / "a"
    while PATH_BYTES - len(os.fsencode(path)) > 101:
        path = path / ("d" * 49)
    return path / ("x" * (PATH_BYTES - len(os.fsencode(path)) - 1))


class Viewer(threading.Thread):
    """Asks for the playlist all the time: notes the longest silence, and numbers that go back."""

    def __init__(self, regia):
        super().__init__(daemon=True)
        self.regia = regia
        self.silence = 0.0
        self.number = -1
        self.back = []
        self.stop = threading.Event()
        self.start()

    def run(self):
        answered = time.monotonic()
        while not self.stop.wait(0.05):
            with contextlib.suppress(OSError, TypeError):
                text = self.regia.get(self.regia.media("video/360p")).decode()
                number = int(re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text)[1])
                if number < self.number:
                    self.back.append((self.number, number))
                self.number = number
                self.silence = max(self.silence, time.monotonic() - answered)
                answered = time.monotonic()

    def end(self):
        self.stop.set()
        self.join(10)
        return self


def whole(regia):
    """The status as the console gives it, which needs no control socket; a new one has it after a moment."""
    return regia.t.wait("the console's status", regia.technician.status, 10)


def wait_warning(t, regia, words):
    return t.wait(f"a warning of {words!r}", lambda: any(words in w for w in whole(regia)["warnings"]), 20)


def library(regia):
    answer = regia.json("/api/v1/recordings")
    return answer.get("readable"), sorted(item["id"] for item in answer["recordings"])


def kill_and_wait(regia, *names):
    """Kills them at once, finding them without the control socket; waits until each is back."""
    def running():
        pids = {p["name"]: p["pid"] for p in whole(regia)["processes"]}
        return all(pids[name] > 0 for name in names) and pids

    old = regia.t.wait("all of them running", running, 10)
    for name in names:
        os.kill(old[name], signal.SIGKILL)

    def back():
        now = {p["name"]: p for p in whole(regia)["processes"]}
        return all(now[n]["pid"] not in (0, old[n]) and now[n]["state"] == "running" for n in names)

    regia.t.wait(f"{', '.join(names)} are back", back, 15)


def wait_plays(t, regia):
    """Until there is another segment; a new gateway has none until the new engine has."""
    newest = t.wait("a segment", regia.newest_segment, 20)
    t.wait("another segment", lambda: regia.newest_segment() > newest, 20)


def kill_all(regia):
    pids = regia.pids()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def mount(t, *arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True, timeout=20)
    t.defer(lambda: subprocess.run(["umount", "-l", str(arguments[-1])], check=False, capture_output=True, timeout=20))


def umount(path):
    subprocess.run(["umount", "-l", str(path)], check=True, capture_output=True, timeout=20)


def watched_folders(t, regia, recordings):
    with t.case("a recordings disk mounted in mid-event: the library shows it, viewers lose no more than a restart"):
        viewer = Viewer(regia)
        mount(t, "-t", "tmpfs", "-o", "size=64m", "tmpfs", recordings)
        (recordings / "earlier/live").mkdir(parents=True)
        (recordings / "earlier/live/programme-0001.mp4").write_bytes(bytes(100))
        t.wait("the earlier session is listed", lambda: "earlier" in library(regia)[1], 20)
        viewer.end()
        t.say(f"longest silence for a viewer {viewer.silence:.2f} s")
        check(viewer.silence <= OUTAGE_S, f"no playlist for {viewer.silence:.1f} s")
        equal(viewer.back, [], "sequence numbers that went back")
    with t.case("a file in its place: a gateway that is killed is back, and says that recordings cannot be read"):
        umount(recordings)
        recordings.rename(recordings.with_name("recordings.away"))
        recordings.write_text("no folder")
        kill_and_wait(regia, "gateway")
        t.wait("the library says so", lambda: library(regia) == (False, []), 20)
        wait_warning(t, regia, "cannot be read: Not a directory")
        wait_plays(t, regia)
    with t.case("the folder is back: so is the library, by itself"):
        recordings.unlink()
        recordings.with_name("recordings.away").rename(recordings)
        t.wait("the session is listed", lambda: "folders" in library(regia)[1], 20)


def read_only(t, regia, state):
    with t.case("state folder read-only: a killed engine returns"):
        mount(t, "--bind", state, state)
        mount(t, "-o", "remount,bind,ro", state)
        kill_and_wait(regia, "engine")
        wait_plays(t, regia)
    with t.case("… and so does everything, killed at once, on the air and with the same session"):
        session, restarts = whole(regia)["recorder"]["session"], regia.supervisor.restarts
        kill_all(regia)
        t.wait("on air again", lambda: whole(regia)["state"] == "on-air", 20)
        equal(regia.supervisor.restarts, restarts + 1, "starts it took")
        equal(whole(regia)["recorder"]["session"], session, "session")
        wait_warning(t, regia, "Read-only file system")
        done = regia.command("stop", "--state", state)
        check(done.returncode != 0 and f"kill {regia.pid}" in done.stderr or "systemctl stop" in done.stderr, done.stderr)
    with t.case("… and can be stopped again once the folder is writable"):
        umount(state)
        t.wait("`regia status` answers", lambda: regia.status()["state"] == "on-air", 15)


def frozen(t, regia, disk):
    with t.case("state disk frozen, everything killed: the first start waits for it and goes on the air", needed=True):
        regia.wait_on_air()
        subprocess.run(["fsfreeze", "-f", str(disk.path)], check=True, timeout=20)
        try:
            # A new engine has its number written down, which now takes as long as the disk does. A director that is killed meanwhile
            # stays until then, and its lock with it.
            kill_and_wait(regia, "engine")
            killed = regia.supervisor
            killed.expect_end()
            kill_all(regia)
            regia.start()
            time.sleep(2)  # the disk's time, not ours
        finally:
            subprocess.run(["fsfreeze", "-u", str(disk.path)], check=True, timeout=20)
        regia.wait_status("on air", lambda s: s["state"] == "on-air", 20)
        equal(regia.supervisor.restarts, 0, "further starts it took")
        killed.wait_end(10)


def earlier_clock(t, regia):
    """What a restart of the machine with a clock that lost an hour leaves behind, from the show's point of view: another boot, and all
    that was written was written in an hour from now."""
    browser = Browser(t, regia.base)
    with t.case("a page plays", needed=True):
        browser.wait_playing()
    with t.case("the clock comes back earlier: sequence numbers go on, and the page that stayed open plays on"):
        before = regia.newest_segment()
        regia.supervisor.expect_end()
        kill_all(regia)
        regia.supervisor.wait_end(20)
        path = regia.state / "show.json"
        show = json.loads(path.read_text(encoding="utf-8"))
        mono, real, _ = show["epoch"].split(":")
        hour = 3600 * 10**9
        show["epoch"] = f"{mono}:{int(real) + hour}:00000000-0000-0000-0000-000000000000"
        if "reached-wall-ns" in show:
            show["reached-wall-ns"] += hour
        path.write_text(json.dumps(show), encoding="utf-8")
        regia.start()
        after = t.wait("a segment", lambda: regia.newest_segment(), 20)
        t.say(f"newest segment {before}, then {after}")
        check(after > before, f"newest segment {before}, then {after}")
        regia.wait_on_air()
        now = browser.probe()["now"]
        seen = browser.wait("a picture made after the restart", lambda p: p["frame"] is not None and p["wall"] > now, 40)
        equal(seen["loads"], 1, "times the page was loaded")
        browser.end()


def removed(t, regia, state):
    with t.case("state folder removed: killed engine, gateway and relay return"):
        regia.wait_on_air()
        viewer = Viewer(regia)
        shutil.rmtree(state)
        kill_and_wait(regia, "engine", "gateway", "relay far")
        wait_plays(t, regia)
        viewer.end()
        equal(viewer.back, [], "sequence numbers that went back")
    with t.case("… it is made anew, status says so, a second Regia is refused, and `regia stop` ends the event"):
        regia.wait_status("a warning", lambda s: any("removed or moved" in w for w in s["warnings"]))
        done = regia.command("run", "--state", state, regia.event)
        check(done.returncode == 75 and "another Regia runs" in done.stderr, f"{done.returncode}: {done.stderr}")
        check((state / "show.json").exists() and (state / "run/event.conf").exists(), "show.json or event.conf is missing")
        equal(regia.stop(), 0, "exit status")
        equal(regia.pids(), [], "still running")


main(run)
