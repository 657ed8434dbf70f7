#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of each process in turn, during one event: what the recording loses is counted in its frames."""

from harness import Camera, Regia, Rtmp, check, decodes_cleanly, equal, main, marks


def run(t):
    camera, rtmp = Camera(t), Rtmp(t)
    regia = Regia(t, name="kill", sources={"camera": {"pipeline": "rtsp", "location": camera.url}, "beep": {"pipeline": "test", "video": "no"}},
                  relays={"platform": {"url": rtmp.url}}).start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
        regia.wait_status("relay live", lambda s: s["relays"][0]["state"] == "live" and s["engine"]["sources"][0]["state"] == "live")
    regia.wait_recorded(2000)

    killed = {}
    for name in ("gateway", "recorder", "relay platform", "engine", "director"):
        with t.case(f"{name}: killed, and back at once"):
            before = regia.status()["show-time-ms"]
            old = regia.kill(name)
            seconds = regia.wait_restarted(name, old, 10)
            t.say(f"{name}: another process after {seconds:.2f} s")
            regia.wait_on_air(20)
            regia.wait_segments(1, 20)
            regia.wait_status("relay live", lambda s: s["relays"][0]["state"] == "live", 30)
            killed[name] = (before, regia.status()["show-time-ms"])
            # apart from the next one, so that each loss has a place of its own in the file
            regia.wait_recorded(4000, 20)
    with t.case("show time went on through all of it"):
        times = [time for pair in killed.values() for time in pair]
        equal(times, sorted(times), "show times")

    with t.case("one session, one item in the library", needed=True):
        regia.command("stop", "--state", regia.state, timeout=60)
        item = regia.wait_session("finished", 60)
        equal(len(regia.recordings()), 1, "items")
    path = regia.session_file()
    with t.case("it decodes without an error"):
        decodes_cleanly(path)
    found = marks(t, path)
    # Show time of the file's start, so that what is missing can be laid at somebody's door.
    holes = [(r["at_ms"], r["to"] - r["from"] + 1) for r in found["video"]["missing_ranges"]]
    slates = found["video"]["slates"]
    t.say(f"item: gaps {item['gaps']}, {item['gap-ms']} ms; file: holes {holes}, slates {slates}, steps {found['video']['steps']}")
    with t.case("gateway, recorder and relay: nothing lost"):
        early = [h for h in holes if h[0] < lost_from(found, killed)]
        equal(early, [], "frames missing before the engine was killed")
    with t.case("engine and director: at most the restart"):
        steps = [s["ms"] for s in found["video"]["steps"]]
        check(len(steps) <= 2, f"steps in the picture: {steps}")
        check(all(0 < ms <= 2000 + 1000 for ms in steps), f"steps in the picture: {steps}")
        check(sum(count for _, count in holes) * 40 <= 2000 + 3000 + 3000, f"frames missing: {holes}")
    with t.case("sound has gaps only where the picture has"):
        gaps = [g for g in found["audio"]["gaps"] if abs(g["ms"]) > 45]
        check(len(gaps) <= 2, f"gaps in the sound: {gaps}")


def lost_from(found, killed):
    """Position in the file from which on the engine's death may show: show time differs from file time by a constant."""
    first = found["video"]["first_ms"]
    began, _ = killed["gateway"]
    engine, _ = killed["engine"]
    return first + (engine - began)


main(run)
