#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""The disk gets full during an event: live goes on, the status says so in words, and recording resumes when there is space."""

from harness import LoopDisk, Regia, check, decodes_cleanly, equal, main, marks


def run(t):
    disk = LoopDisk(t, "disk", 120)
    regia = Regia(t, name="full", groups={"record": {"folder": disk.path / "recordings", "reserve": "12M"}, "feed": {"memory": "10s"}}).start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
        regia.wait_recorded(3000)

    # The second time for longer than the feed remembers.
    for name, leave, segments in (("below the reserve", 8 << 20, 2), ("to the last byte", 0, 7)):
        with t.case(f"full {name}: recording stops and says so in words", needed=True):
            disk.fill(leave)
            status = regia.wait_status("no space", lambda s: s["recorder"]["state"] == "no-space", 15)
            t.say(f"recorder: {status['recorder']['message']}")
            check(len(status["recorder"]["message"]) > 20, f"message: {status['recorder']['message']!r}")
            check(any("disk" in w or "space" in w for w in status["warnings"]), f"warnings: {status['warnings']}")
        with t.case(f"full {name}: live goes on"):
            regia.wait_segments(segments, 25)
            equal(regia.status()["state"], "on-air", "state")
            equal(regia.process("recorder")["restarts"], 0, "restarts of the recorder")
        with t.case(f"full {name}: with space, recording resumes in the same session", needed=True):
            session = regia.status()["recorder"]["session"]
            disk.clear()
            regia.wait_status("recording", lambda s: s["recorder"]["state"] == "recording" and s["recorder"]["session"] == session, 20)
            regia.wait_recorded(3000)

    with t.case("one item; it is finished and playable", needed=True):
        regia.command("stop", "--state", regia.state, timeout=60)
        item = regia.wait_session("finished", 60)
        equal(len(regia.recordings()), 1, "items")
        path = disk.path / "recordings/full/programme.mp4"
        decodes_cleanly(path)
        found = marks(t, path)
        t.say(f"gaps {item['gaps']}, {item['gap-ms']} ms; steps {found['video']['steps']}")
    with t.case("what the feed still held was written after all; what is missing is told"):
        steps = [s["ms"] for s in found["video"]["steps"]]
        check(len(steps) <= 1 and all(ms < 20000 for ms in steps), f"steps {steps}")
        equal(item["gaps"], len(steps), "gaps told by the library")


main(run)
