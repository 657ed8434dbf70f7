#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""The feed is handed over: an engine of an earlier run that was stopped, and never ends, catches no reader of the next one; a tap that
runs across the engine's death goes on with its successor."""

import os
import signal
import subprocess

from harness import Regia, check, equal, main


def run(t):
    regia = Regia(t, name="handed").start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
    equal(list(regia.state.rglob("feed.sock")), [], "a socket that anybody may connect to")
    tap_across_engines(t, regia)
    with t.case("the engine is stopped, everything else killed: the next run records and is seen", needed=True):
        # All asked first: a director that has the time to miss the engine kills it.
        others = [regia.process(name)["pid"] for name in ("recorder", "gateway")]
        director = regia.pid
        stopped = regia.kill("engine", signal.SIGSTOP)
        t.defer(lambda: end_stopped(stopped))
        for pid in (director, *others):
            os.kill(pid, signal.SIGKILL)
        regia.wait_restarted("director", director)
        regia.wait_status("another engine", lambda s: any(p["name"] == "engine" and p["pid"] not in (0, stopped) for p in s["processes"]), 30)
        regia.wait_on_air(30)
        regia.wait_recorded(3000, 20)
        regia.wait_segments(2, 20)
    with t.case("it comes back to life: nobody notices"):
        os.kill(stopped, signal.SIGCONT)
        regia.wait_recorded(2000, 20)
        regia.wait_segments(1, 20)
    with t.case("ended in order"):
        equal(regia.stop(), 0, "exit status")


def tap_across_engines(t, regia):
    out = t.dir / "tap.ts"
    with t.case("a tap goes on with the next engine"):
        with open(out, "wb") as file:
            tap = subprocess.Popen([regia.binary, "tap", "--state", regia.state], stdout=file, env={**t.env, **regia.env})
        t.defer(tap.kill)
        t.wait("it writes", lambda: out.stat().st_size > 100000, 15)
        old = regia.kill("engine")
        regia.wait_restarted("engine", old)
        regia.wait_on_air(20)
        size = out.stat().st_size
        t.wait("it goes on", lambda: out.stat().st_size > size + 100000, 15)
        check(tap.poll() is None, f"the tap has ended: {tap.returncode}")
        tap.terminate()
        tap.wait()


def end_stopped(pid):
    """Whatever has become of it: it is no child of anybody who would."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


main(run)
