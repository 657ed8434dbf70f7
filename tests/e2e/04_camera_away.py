#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera stops, freezes, and comes back: the slate in between, sound never stops, the file is the same."""

import time

from harness import Camera, Desk, Regia, check, equal, main, marks


def run(t):
    camera, desk = Camera(t), Desk(t)
    regia = Regia(t, name="away", sources={"camera": {"pipeline": "rtsp", "location": camera.url},
                                           "desk": {"pipeline": "pulse", "server": desk.server, "device": desk.device}}).start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
        regia.wait_status("camera live", lambda s: state(s) == "live")
    regia.wait_recorded(3000)

    with t.case("the camera goes away: said so"):
        camera.command("stop")
        regia.wait_status("camera gone", lambda s: state(s) != "live", 10)
        regia.wait_recorded(4000)
    with t.case("away for long, it is tried less and less often; there again, it is not waited for until the next time"):
        status = regia.wait_status("a start that is far away", lambda s: source(s)["retry-in-ms"] > 6000, 40)
        started = time.monotonic()
        camera.command("start")
        regia.wait_status("camera live", lambda s: state(s) == "live", 15)
        back_s = time.monotonic() - started
        t.say(f"back after {back_s:.1f} s; the next start would have been in {source(status)['retry-in-ms'] / 1000:.1f} s")
        check(back_s < source(status)["retry-in-ms"] / 1000, f"back after {back_s:.1f} s")
        regia.wait_recorded(3000)
    with t.case("the camera freezes, connection and all: said so"):
        camera.command("freeze")
        regia.wait_status("camera stalled", lambda s: state(s) != "live", 10)
        regia.wait_recorded(2000)
        camera.command("thaw")
        regia.wait_status("camera live", lambda s: state(s) == "live", 20)
        regia.wait_recorded(3000)

    with t.case("one item, one file", needed=True):
        path = regia.end_in_one_file()
    found = marks(t, path)
    video, audio = found["video"], found["audio"]
    beeps = audio["beeps"]
    uneven = [round(b - a - 1000, 1) for a, b in zip(beeps, beeps[1:])]
    t.say(f"slates {video['slates']}, steps {video['steps']}, gaps {audio['gaps']}, holes {video['missing_ranges']}")
    t.say(f"{len(beeps)} beeps, their distances off by {uneven} ms")
    with t.case("the programme never stopped: a frame each 40 ms"):
        equal(video["steps"], [], "steps in the picture")
        check(video["step_max_ms"] <= 41, f"longest step {video['step_max_ms']} ms")
    with t.case("the slate was shown each time, within 1 s"):
        slates = [s for s in video["slates"] if s["frames"] > 5 and s["from_ms"] > 1000]
        equal(len(slates), 2, "times the slate was shown")
        # A picture that stands still before the slate is one frame shown again and again.
        check(video["duplicates"] <= 2 * 26, f"{video['duplicates']} frames shown twice: more than 1 s each time")
    with t.case("sound never stopped"):
        equal(audio["gaps"], [], "gaps")
        check(len(beeps) > 12, f"{len(beeps)} beeps")
        check(all(abs(ms) <= 5 for ms in uneven), f"beeps not 1 s apart: {uneven}")


def source(status):
    return next(s for s in status["engine"]["sources"] if s["name"] == "camera")


def state(status):
    return source(status)["state"]


main(run)
