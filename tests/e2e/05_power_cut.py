#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""The power is cut while an event is recorded. What would be on the disk then is a copy of the device's blocks at that moment."""

import shutil
import subprocess
import time

from harness import LoopDisk, Regia, check, decodes_cleanly, equal, main, marks

RESERVE = {"record": {"reserve": "12M"}}


def run(t):
    disk = LoopDisk(t, "disk", 300)
    first = Regia(t, name="before", state=disk.path / "state", groups=RESERVE).start()
    with t.case("an earlier event is recorded and finished", needed=True):
        first.wait_on_air()
        first.wait_recorded(3000)
        equal(first.stop(), 0, "exit status")
    earlier = marks(t, disk.path / "state/recordings/before/programme.mp4")["video"]["frames"]

    regia = Regia(t, name="cut", state=disk.path / "state", groups=RESERVE).start()
    with t.case("the event is on air", needed=True):
        regia.wait_on_air()
        regia.wait_recorded(6000)
    cuts = []
    for number in range(3):
        regia.wait_recorded(1700)
        # Taken before the copy begins: what was filmed until here must be there, but for 2 s.
        wall_ms = time.time() * 1000
        cuts.append((disk.cut(t.dir / f"cut-{number}.img"), wall_ms))
    regia.supervisor.expect_end()
    regia.end()
    disk.unmount()
    shutil.rmtree(disk.path)

    for number, (image, wall_ms) in enumerate(cuts):
        # In its old place, as after a restart of the machine.
        after = LoopDisk(t, "disk", 0, image)
        again = Regia(t, name="cut", state=after.path / "state", port=regia.port, groups=RESERVE)
        with t.case(f"cut {number + 1}: the next start resumes the event", needed=True):
            again.start()
            again.wait_on_air()
            again.wait_recorded(2000)
        with t.case(f"cut {number + 1}: the library lists all"):
            items = again.recordings()
            equal(sorted(i["id"] for i in items), ["before", "cut"], "items")
            equal(again.stop(), 0, "exit status")
        with t.case(f"cut {number + 1}: at most 2 s are missing, and it decodes"):
            path = after.path / "state/recordings/cut/programme.mp4"
            decodes_cleanly(path)
            found = marks(t, path)
            last = last_before(t, path, wall_ms)
            t.say(f"filmed until {wall_ms - last:.0f} ms before the cut; steps {found['video']['steps']}")
            check(wall_ms - last <= 2000, f"the last {wall_ms - last:.0f} ms before the cut are missing")
            equal(marks(t, after.path / "state/recordings/before/programme.mp4")["video"]["frames"], earlier, "frames of the earlier event")
        again.end()
        after.unmount()
        shutil.rmtree(after.path)


def last_before(t, path, wall_ms):
    """Wall clock of the last frame that was filmed before an instant."""
    done = subprocess.run([str(t.tool("marks")), "--frames", str(path)], capture_output=True, text=True, timeout=60, check=True, env=t.env)
    walls = [int(line.split()[4]) for line in done.stdout.splitlines() if line.startswith("v ")]
    return max(wall for wall in walls if wall <= wall_ms)


main(run)
