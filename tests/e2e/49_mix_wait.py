#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`latency = auto` with a camera and a desk: the mixer waits for as long as they need and no longer, the status says for whom, and the
recording has no seam where that changed."""

import re
import signal

from harness import Camera, Desk, Regia, check, decodes_cleanly, equal, main, marks

STEP_MS = 21  # by which it waits less each second, and what is lost by rounding
MOST_MS = 200


def run(t):
    camera, desk = Camera(t), Desk(t)
    regia = Regia(t, name="wait", sources={"camera": {"pipeline": "rtsp", "location": camera.url},
                                           "desk": {"pipeline": "pulse", "server": desk.server, "device": desk.device}},
                  groups={"programme": {"picture": "camera", "latency": "auto"}, "audio it": {"sources": "desk"}}).start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
        regia.wait_status("camera live", lambda s: s["engine"]["sources"][0]["state"] == "live", 20)
    with t.case("at first it waits for 200 ms, then for less, and says for whom"):
        first = regia.status()["engine"]["mix-wait-ms"]
        status = regia.wait_status("no more than needed", lambda s: needed(s["engine"]) > s["engine"]["mix-wait-ms"] - STEP_MS, 90)
        t.say(f"{first} ms, then {status['engine']['mix-wait-ms']} ms: {status['engine']['mix-wait-why']}")
        words = regia.command("status", "--state", regia.state).stdout
        check(" ms for the slowest source: the " in words, words)
    with t.case("who stands still for a moment is waited for longer from then on"):
        before = regia.status()["engine"]["mix-wait-ms"]
        after = stand_still(regia, camera, before)
        t.say(f"{before} ms, then {after['mix-wait-ms']} ms: {after['mix-wait-why']}")
        check(after["mix-wait-ms"] > min(before, MOST_MS - 1), "not longer")
        regia.wait_recorded(2000)
    with t.case("the event ends", needed=True):
        regia.command("stop", "--state", regia.state, timeout=60)
        regia.wait_session("finished", 60)
    path = regia.session_file()
    decodes_cleanly(path)
    found = marks(t, path)
    video, audio = found["video"], found["audio"]
    t.say(f"steps {video['steps']}, gaps {audio['gaps']}, {video['duplicates']} shown twice, {video['missing']} missing")
    with t.case("a frame each 40 ms, and no gap in the sound"):
        equal(video["steps"], [], "steps in the picture")
        check(video["step_max_ms"] <= 41, f"longest step {video['step_max_ms']} ms")
        equal(audio["gaps"], [], "gaps")


def needed(engine):
    """What it says it waits for, and what it adds: a picture, or as much for sound, and 5 ms."""
    late = re.search(r"^the (?:picture|sound) of (?:camera|desk) came up to (\d+) ms after its time$", engine["mix-wait-why"])
    return int(late[1]) + 45 if late else 0


def stand_still(regia, camera, before):
    """For as long as a question to the director takes, again and again until it was long enough. What the engine says then."""
    for _ in range(40):
        camera.process.send_signal(signal.SIGSTOP)
        regia.status()
        camera.process.send_signal(signal.SIGCONT)
        regia.wait_recorded(300)
        after = regia.status()["engine"]
        if after["mix-wait-ms"] > before:
            break
    return after


main(run)
