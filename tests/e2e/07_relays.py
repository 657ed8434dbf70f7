#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""Platforms that refuse, are silent, freeze: the recording and the platform that works get every frame."""

import socket

from harness import Regia, Rtmp, SilentPeer, check, equal, free_port, main, marks


def run(t):
    good, freezes = Rtmp(t, "good"), Rtmp(t, "freezes")
    silent, silent_srt = SilentPeer(t), SilentPeer(t, socket.SOCK_DGRAM)
    refused = free_port()
    regia = Regia(t, name="relays", renditions={"360p": {"size": "640x360", "bitrate": "2M", "preset": "ultrafast"}},
                  relays={"good": {"url": good.url},
                          "refuses": {"url": f"rtmp://127.0.0.1:{refused}/live"},
                          "silent": {"url": f"rtmp://127.0.0.1:{silent.port}/live"},
                          "nobody": {"url": f"srt://127.0.0.1:{silent_srt.port}"},
                          "freezes": {"url": freezes.url}}).start()
    with t.case("on air, with two of five relays live", needed=True):
        regia.wait_on_air()
        regia.wait_status("two relays live", lambda s: state(s, "good") == state(s, "freezes") == "live", 20)
    for name in ("refuses", "silent", "nobody"):
        with t.case(f"{name}: tried again and again, and the reason is in words"):
            status = regia.wait_status(f"{name} tried twice", lambda s, n=name: relay(s, n)["attempts"] >= 2, 40)
            seen = regia.wait_status("a reason", lambda s, n=name: relay(s, n)["last-error"], 20)
            t.say(f"{name}: {relay(seen, name)['state']}, {relay(seen, name)['last-error']!r}")
            check(state(status, name) in ("connecting", "retrying"), f"state {state(status, name)}")
    with t.case("freezes: seen within 10 s"):
        freezes.freeze()
        status = regia.wait_status("the stall", lambda s: state(s, "freezes") in ("stalled", "retrying", "connecting"), 12)
        t.say(f"freezes: {relay(status, 'freezes')}")
    with t.case("freezes: given up, and tried anew"):
        regia.wait_status("another attempt", lambda s: relay(s, "freezes")["attempts"] >= 2, 30)
        t.say(f"freezes: {relay(regia.status(), 'freezes')}")
    with t.case("freezes: live again when it thaws"):
        freezes.thaw()
        regia.wait_status("live", lambda s: state(s, "freezes") == "live", 40)
    with t.case("refuses: live when somebody listens there at last"):
        Rtmp(t, "late", refused)
        regia.wait_status("live", lambda s: state(s, "refuses") == "live", 60)
    with t.case("no process died of it"):
        died = [(p["name"], p["restarts"], p["last-exit"]) for p in regia.status()["processes"]
                if p["restarts"] and not p["name"].startswith("relay")]
        equal(died, [], "restarted")

    with t.case("the event ends within 10 s, whatever the platforms do", needed=True):
        regia.command("stop", "--state", regia.state, timeout=30)
        regia.wait_session("finished", 20)
    with t.case("the recording has every frame"):
        video = marks(t, regia.session_file())["video"]
        equal((video["missing_ranges"], video["duplicates"], video["steps"]), ([], 0, []), "missing, doubled, steps")
    with t.case("the platform that works has every frame"):
        equal(len(good.files()), 1, "connections")
        video = marks(t, good.files()[0])["video"]
        equal((video["missing_ranges"], video["duplicates"]), ([], 0), "missing, doubled")
        check(video["marked"] > 300, f"{video['marked']} frames")


def relay(status, name):
    return next(r for r in status["relays"] if r.get("name") == name)


def state(status, name):
    return next((r["state"] for r in status["relays"] if r.get("name") == name), "idle")


main(run)
