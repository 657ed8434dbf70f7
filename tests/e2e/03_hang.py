#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGSTOP of each process in turn: a hang is noticed and the process is replaced."""

import signal

from harness import Regia, Rtmp, check, decodes_cleanly, equal, main, marks


def run(t):
    rtmp = Rtmp(t)
    regia = Regia(t, name="hang", relays={"platform": {"url": rtmp.url}}).start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
        regia.wait_status("relay live", lambda s: s["relays"][0]["state"] == "live")

    for name, limit in (("gateway", 10), ("recorder", 10), ("relay platform", 10), ("engine", 10), ("director", 12)):
        with t.case(f"{name}: its hang is noticed, and it is replaced within {limit} s"):
            old = regia.kill(name, signal.SIGSTOP)
            seconds = regia.wait_restarted(name, old, limit)
            t.say(f"{name}: another process after {seconds:.2f} s")
            regia.wait_on_air(20)
            regia.wait_segments(1, 20)
    with t.case("one session, finished, decodes without an error"):
        regia.command("stop", "--state", regia.state, timeout=60)
        item = regia.wait_session("finished", 60)
        equal(len(regia.recordings()), 1, "items")
        decodes_cleanly(regia.session_file())
        t.say(f"gaps {item['gaps']}, {item['gap-ms']} ms")
    with t.case("only the engine's and the director's hangs cost frames"):
        steps = [s["ms"] for s in marks(t, regia.session_file())["video"]["steps"]]
        check(len(steps) <= 2 and all(ms < 14000 for ms in steps), f"steps in the picture: {steps}")
    with t.case("the engine's: 3 s at most, and what this machine takes to start one more"):
        t.figure(f"an engine that hangs: {steps[0]} ms missing")
        check(steps[0] <= 3500, f"steps in the picture: {steps}")


main(run)
