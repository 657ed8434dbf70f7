#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mixing desk on PipeWire, which most desktops have in PulseAudio's place: the same pipeline file, every beep where it belongs."""

from harness import Desk, Regia, check, decodes_cleanly, equal, main, marks


def run(t):
    desk = Desk(t, server="pipewire")
    regia = Regia(t, name="pipewire", sources={"picture": {"pipeline": "test", "audio": "no"},
                                               "desk": {"pipeline": "pulse", "server": desk.server, "device": desk.device}}).start()
    with t.case("on air, the desk is heard", needed=True):
        regia.wait_on_air()
        regia.wait_status("the desk", lambda s: sound(s)["state"] == "live" and sound(s)["level-db"] > -60)
    regia.wait_recorded(25000, 40)
    with t.case("its clock is known, and was never set anew"):
        told = sound(regia.status())
        t.say(f"drift {told['drift-ppm']} ppm")
        check(abs(told["drift-ppm"]) < 200, f"drift {told['drift-ppm']} ppm")
        equal(told["resyncs"], 0, "times it was set anew")
    with t.case("the event ends", needed=True):
        regia.command("stop", "--state", regia.state, timeout=60)
        regia.wait_session("finished", 60)
    path = regia.session_file()
    decodes_cleanly(path)
    audio = marks(t, path)["audio"]
    uneven = [round(b - a - 1000, 1) for a, b in zip(audio["beeps"], audio["beeps"][1:])]
    t.say(f"{len(audio['beeps'])} beeps, their distances off by {uneven} ms")
    with t.case("sound has no gap, and beeps are 1 s apart"):
        equal(audio["gaps"], [], "gaps")
        check(len(audio["beeps"]) > 20, f"{len(audio['beeps'])} beeps")
        check(all(abs(ms) <= 5 for ms in uneven), f"beeps not 1 s apart: {uneven}")


def sound(status):
    return next(s for s in status["engine"]["sources"] if s["name"] == "desk")


main(run)
