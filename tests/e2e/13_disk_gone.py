#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""The recordings are taken away in the middle of an event: removed, a disk mounted over them, a disk that hangs, that has no room at the
end. It is said at once, what the feed still has is recorded anew, and whoever ends the event hears what is missing."""

import shutil
import signal
import subprocess
import time

from harness import LoopDisk, Regia, check, decodes_cleanly, equal, main, marks

INCOMPLETE = 65


def run(t):
    removed(t)
    mounted_over(t)
    hanging(t)


def start(t, name, **groups):
    regia = Regia(t, name=name, renditions={"360p": {"size": "640x360", "bitrate": "800k", "preset": "ultrafast"}}, groups=groups).start()
    regia.wait_on_air()
    return regia


def end(regia):
    """`regia stop --quit`, whatever it answers; the director's own exit status too."""
    regia.supervisor.expect_end()
    done = regia.command("stop", "--state", regia.state, "--quit", timeout=60)
    regia.t.say(f"stop: {done.returncode}: {done.stdout.strip()} | {done.stderr.strip()}")
    return done, regia.supervisor.wait_end(30)


def says(status, *words):
    return any(all(word in warning for word in words) for warning in status["warnings"])


def counted(t, path):
    decodes_cleanly(path)
    video = marks(t, path)["video"]
    equal(video["missing_ranges"], [], "missing frames")
    equal(video["duplicates"], 0, "frames twice")
    return video


def removed(t):
    """Twice: first the feed remembers it all, then it does not."""
    regia = start(t, "removed", feed={"memory": "10s"})
    session = regia.state / "recordings/removed"
    with t.case("the session folder is removed: said within 3 s", needed=True):
        regia.wait_recorded(2000)
        shutil.rmtree(session)
        began = time.monotonic()
        regia.wait_status("an alarm", lambda s: says(s, "was removed"), 5)
        took = time.monotonic() - began
        t.say(f"after {took:.1f} s: {regia.status()['recorder']['message']}")
        check(took < 3, f"it took {took:.1f} s")
    with t.case("… and recorded anew, nothing missing", needed=True):
        regia.wait_status("a new part", lambda s: s["recorder"]["state"] == "recording" and says(s, "nothing is missing"), 10)
        equal(regia.process("recorder")["restarts"], 0, "restarts of the recorder")
        regia.wait_recorded(11000)  # seconds more than the feed remembers, not a few frames
    with t.case("the whole recordings folder is moved, with more in it than the feed remembers", needed=True):
        before = regia.status()["recorder"]["recorded-ms"]
        check(before > 10000, f"{before} ms recorded")
        (regia.state / "recordings").rename(regia.state / "elsewhere")
        status = regia.wait_status("an alarm", lambda s: says(s, "of the recording are missing", str(regia.state / "elsewhere")), 10)
        t.say(status["recorder"]["message"])
        equal(status["recorder"]["whole"], False, "whole")
        regia.wait_recorded(1500)
    with t.case("`regia stop` says what is missing, with an exit status", needed=True):
        done, status = end(regia)
        equal(done.returncode, INCOMPLETE, "exit status of `regia stop`")
        equal(status, INCOMPLETE, "exit status of `regia run`")
        check("missing" in done.stderr and str(regia.state / "elsewhere") in done.stderr, done.stderr)
    with t.case("what was kept is the last ten seconds and all that came after, without a hole"):
        video = counted(t, session / "programme.mp4")
        t.say(f"{video['frames']} frames kept; said: {done.stderr.strip()}")
        check(video["frames"] > 25 * 9, f"{video['frames']} frames")
    with t.case("what was moved is whole"):
        kept = sorted((regia.state / "elsewhere").glob("*/live/*.mp4"))
        check(kept and counted(t, kept[-1])["frames"] > 25 * 9, f"{kept}")


def mounted_over(t):
    folder = t.dir / "place"
    folder.mkdir()
    regia = start(t, "covered", record={"folder": folder, "reserve": "12M"})
    with t.case("a disk is mounted over the recordings in the middle of the event: recorded onto it, from the first frame", needed=True):
        regia.wait_recorded(2000)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(folder)], check=True, timeout=20)
        t.defer(lambda: subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True, timeout=20))
        status = regia.wait_status("it is said", lambda s: s["recorder"]["state"] == "recording" and says(s, "another disk"), 10)
        t.say(status["recorder"]["message"])
        regia.wait_recorded(1500)
        done, status = end(regia)
        equal((done.returncode, status), (0, 0), "exit statuses")
        video = counted(t, folder / "covered/programme.mp4")
        t.say(f"{video['frames']} frames on the disk")
        check(video["frames"] > 75, f"{video['frames']} frames")
    with t.case("what lies below is untouched"):
        subprocess.run(["umount", str(folder)], check=True, timeout=20)
        check((folder / "covered/live/programme-0001.mp4").exists(), f"{list(folder.rglob('*'))}")


def hanging(t):
    """Longer than the feed remembers. A frozen ext4 takes nothing, as a disk does whose cable is loose."""
    disk = LoopDisk(t, "slow", 120)
    regia = start(t, "slow", record={"folder": disk.path / "recordings", "reserve": "12M"}, feed={"memory": "10s"})
    with t.case("a disk hangs: said while it happens, first what is left, then what is lost", needed=True):
        subprocess.run(["fsfreeze", "-f", str(disk.path)], check=True, timeout=20)
        try:
            status = regia.wait_status("it waits", lambda s: says(s, "has not answered", "room for"), 10)
            t.say(status["recorder"]["message"])
            status = regia.wait_status("it loses", lambda s: says(s, "has not answered", "are lost to the recording"), 20)
            t.say(status["recorder"]["message"])
            equal(status["state"], "on-air", "state")
        finally:
            subprocess.run(["fsfreeze", "-u", str(disk.path)], check=True, timeout=20)
        regia.wait_status("it records", lambda s: s["recorder"]["state"] == "recording", 15)
        regia.wait_recorded(1000)
    full_at_the_end(t, disk, regia)


def full_at_the_end(t, disk, regia):
    with t.case("the disk is full at the end: `regia stop --quit` and `regia run` say that the recording is not finished", needed=True):
        disk.fill(0)
        regia.wait_status("no space", lambda s: s["recorder"]["state"] == "no-space", 15)
        done, status = end(regia)
        equal((done.returncode, status), (INCOMPLETE, INCOMPLETE), "exit statuses")
        check("not finished" in done.stderr and "were not recorded" in done.stderr, done.stderr)
        said = regia.log.read_text(errors="replace")
        check("the recording is not finished" in said, "`regia run` does not say so")
    with t.case("the next start finishes it", needed=True):
        disk.clear()
        again = Regia(t, name="next", state=regia.state, port=regia.port, groups={"record": {"folder": disk.path / "recordings", "reserve": "12M"}}).start()
        again.wait_on_air()
        item = again.t.wait("it is finished", lambda: [i for i in again.recordings() if i["id"] == "slow" and i["state"] == "finished"], 30)[0]
        t.say(f"gaps {item['gaps']}, {item['gap-ms']} ms")
        decodes_cleanly(disk.path / "recordings/slow/programme.mp4")
    with t.case("Ctrl-C of `regia run` says so as well"):
        disk.fill(0)
        again.wait_status("no space", lambda s: s["recorder"]["state"] == "no-space", 15)
        again.supervisor.expect_end()
        again.supervisor.child.send_signal(signal.SIGINT)
        equal(again.supervisor.wait_end(30), INCOMPLETE, "exit status")


main(run)
