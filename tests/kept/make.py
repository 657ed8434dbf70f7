#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the state folders that a version leaves, each by kill -9 of everything: make.py --build BUILD --output FOLDER, with a build of that
version. They are then in FOLDER/kept; see README.md."""

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from harness import equal, main  # noqa: E402  pylint: disable=wrong-import-position
from harness.kept import read_json, small_event  # noqa: E402  pylint: disable=wrong-import-position

RECORDED_MS = 1000


def run(t):
    on_the_air(t)
    finishing(t)
    ended(t)
    finished_sessions(t)


def begin(t, name):
    regia = small_event(t, name).start()
    regia.wait_on_air()
    return regia


def kill_everything(regia):
    regia.supervisor.expect_end()
    for pid in [regia.pid, *regia.pids()]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    regia.t.wait("nothing runs", lambda: not regia.pids())


def keep(t, regia, name):
    """Without what belongs to processes that run: its sockets."""
    for path in regia.state.rglob("*"):
        if path.is_socket():
            path.unlink()
    shutil.copytree(regia.state, t.out / "kept" / name)


def on_the_air(t):
    with t.case("on the air", needed=True):
        regia = begin(t, "on-air")
        regia.wait_recorded(RECORDED_MS)
        kill_everything(regia)
        equal(read_json(regia.state / "show.json")["state"], "on-air", "state")
        keep(t, regia, "on-air")


def finishing(t):
    with t.case("finishing", needed=True):
        regia = begin(t, "finishing")
        regia.wait_recorded(RECORDED_MS)
        # What takes long to finish: every piece that goes to the disk.
        slow = t.spawn("strace", ["strace", "-f", "-qq", "-p", regia.process("recorder")["pid"], "-e", "trace=fsync,fdatasync", "-e",
                                  "inject=fsync,fdatasync:delay_enter=700ms"])
        t.wait("the recorder is traced", lambda: (t.out / "strace.log").read_text(encoding="utf-8"))
        regia.spawn_command("stop", "--state", regia.state)
        path = regia.state / "recordings/finishing/session.json"
        until = time.monotonic() + 30
        while read_json(path)["state"] != "finishing" and time.monotonic() < until:
            pass
        kill_everything(regia)
        slow.wait(10)
        equal(read_json(path)["state"], "finishing", "state of the session")
        keep(t, regia, "finishing")


def ended(t):
    with t.case("ended", needed=True):
        regia = begin(t, "ended")
        regia.command("stop", "--state", regia.state)
        regia.wait_session()
        t.wait("that is kept", lambda: read_json(regia.state / "show.json")["state"] == "ended")
        kill_everything(regia)
        keep(t, regia, "ended")


def finished_sessions(t):
    """A second show of the same event on the air, beside the first one's recording."""
    with t.case("finished sessions", needed=True):
        regia = begin(t, "sessions")
        equal(regia.stop(), 0, "exit status")
        regia.end()
        regia.arguments = ["--new", regia.event]
        regia.start()
        regia.wait_on_air()
        regia.wait_recorded(1000)
        equal(regia.stop(), 0, "exit status")
        regia.end()
        keep(t, regia, "sessions")


main(run)
