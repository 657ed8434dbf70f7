#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: with the builds, within 1500 s, 3000 s when long
"""pipelines/run on a machine that has nothing: a minimal Debian 12 or 13, up to a stream that plays and a recording that is whole.

Ordinarily of the suite that is not the machine's own, with `long` of both.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from harness import Regia, Terminal, check, copy_tree, decodes_cleanly, equal, main, stand_back
from harness.debian import SUITES, Debian, Room, Skip, codename


def run(t):
    stand_back(5)  # it runs beside tests that measure time
    if os.geteuid() == 0:
        with t.case("what a killed scenario had mounted, started and written is gone"):
            check_killed(t)
    for suite, name in SUITES.items():
        if suite != codename() or t.long:
            try:
                set_up(t, suite)
            except Skip as why:
                t.skip(f"{name}: from nothing to a stream that plays", str(why))


def set_up(t, suite):
    debian = Debian(t, suite)
    try:
        before = debian.packages()
        t.say(f"{debian.name}: {before} packages, made in {debian.seconds:.0f} s")
        copy_tree(debian.root / "regia")
        regia = Regia(t, name=suite, groups={"programme": {"size": "1280x720"}},
                      renditions={"720p": {"size": "1280x720", "bitrate": "2M", "preset": "veryfast"},
                                  "360p": {"size": "640x360", "bitrate": "700k", "preset": "veryfast"}})
        (debian.root / "event.conf").write_text(regia.event.read_text(encoding="utf-8"), encoding="utf-8")
        terminal = Terminal(t, debian.argv("/regia/pipelines/run", "/event.conf", "--state", "/state"), f"terminal-{suite}", debian.env)
        try:
            play(t, debian, regia, terminal, before)
        finally:
            terminal.end(0)
        shut_in(t, debian)
    finally:
        debian.end()
    with t.case(f"{debian.name}: nothing is left of it"):
        check(not debian.folder.exists(), f"{debian.folder} is still there")
        mounted = [line for line in Path("/proc/mounts").read_text().splitlines() if str(debian.folder) in line]
        equal(mounted, [], "mounted")


def play(t, debian, regia, terminal, before):
    name = debian.name
    with t.case(f"{name}: pipelines/run installs, builds and goes on air", needed=True):
        t.wait("the page", lambda: terminal.running() and regia.request("/")[0] == 200, 1200, 0.3)
    with t.case(f"{name}: the stream plays, picture and sound", needed=True):
        segments = t.wait("two segments", lambda: [a for _, a in regia.playlist("video/720p")[0] if a][1:], 60)
        check(len(regia.get(segments[0])) > 10000, "a segment of a few bytes")
        equal(sorted(streams(f"{regia.base}/live/index.m3u8")), ["aac", "h264", "h264"], "streams that can be decoded")
        seconds = time.monotonic() - terminal.began
        t.figure(f"{name}: from nothing to a playable stream in {seconds:.0f} s, with {debian.packages() - before} packages installed")
    with t.case(f"{name}: a picture can be seen"):
        # The first ones are the slate's.
        t.wait("light and shade", lambda: picture(f"{regia.base}{regia.media('video/720p')}") > 100, 60)
    with t.case(f"{name}: it says that it is on air, and that the gateway is shut in"):
        equal(json.loads(regia.get("/api/v1/status"))["state"], "on-air", "state")
        check(any(words in terminal.text for words in ("isolated: recordings read-only", "has no Landlock")), terminal.text[-3000:])
    with t.case(f"{name}: Ctrl-C ends it, and the recording is whole"):
        terminal.press(b"\x03")
        equal(terminal.wait_end(60), 0, f"exit status, after {terminal.text[-600:]}")
        decodes_cleanly(debian.root / f"state/recordings/{debian.suite}/programme.mp4")


def shut_in(t, debian):
    """Isolation depends on the C library, on GLib, on libseccomp: its tests are run there too."""
    for test in ("able", "refused"):
        with t.case(f"{debian.name}: tests/isolate/{test}"):
            program = f"/regia/build/tests/isolate/test-isolate-{test}"
            built = debian.call("ninja", "-C", "/regia/build", "--quiet", program.removeprefix("/regia/build/"), timeout=300)
            equal(built.returncode, 0, f"ninja: {built.stdout[-2000:]}")
            done = debian.call("env", "HOME=/invalid", "LC_ALL=C.UTF-8", program, timeout=180)
            lines = done.stdout.splitlines()
            failed = [line for line in lines if line.startswith("not ok") or "# SKIP" in line]
            passed = sum(line.startswith("ok ") for line in lines) - sum("# SKIP" in line for line in lines)
            t.say(f"{debian.name}: tests/isolate/{test}: {passed} passed; {failed}")
            equal((done.returncode, [line for line in failed if line.startswith("not ok")]), (0, []), done.stdout[-2000:])
            check(f"1..{sum(line.startswith(('ok ', 'not ok')) for line in lines)}" in lines and passed > 10, f"{passed} cases passed")


def streams(address):
    """The codecs of an address, after two seconds of all of them were decoded without an error."""
    subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", address, "-map", "0", "-t", "2", "-f", "null", "-"], check=True,
                   capture_output=True, timeout=60)
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_entries", "stream=codec_name", address], check=True,
                          capture_output=True, timeout=60)
    return [s["codec_name"] for s in json.loads(done.stdout)["streams"]]


def picture(address):
    """How far apart the brightest and the darkest point of the newest picture are, of 256 steps."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-live_start_index", "-1", "-i", address, "-frames:v", "1", "-vf", "format=gray", "-f", "rawvideo", "-"],
                          check=True, capture_output=True, timeout=60)
    return max(done.stdout) - min(done.stdout)


# A room whose owner cannot clean up; what runs in it has something mounted and writes.
VICTIM = """
import subprocess
from harness.debian import Room

class Nobody:
    def defer(self, function):
        pass

room = Room(Nobody())
room.root.mkdir()
child = subprocess.Popen(room.argv("sh", "-c", 'mount -t tmpfs none /mnt; cd "$0"; while sleep 0.01; do date >> there; done', room.root))
print(child.pid, room.folder, flush=True)
child.wait()
"""


def check_killed(t):
    victim = subprocess.Popen([sys.executable, "-c", VICTIM], cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True)
    pid, folder = victim.stdout.readline().split()
    t.wait("it writes", Path(folder, "root/there").exists, 20)
    children = t.wait("its processes", lambda: Path(f"/proc/{pid}/task/{pid}/children").read_text().split(), 20)
    victim.kill()
    victim.wait()
    t.wait("the folder is gone", lambda: not Path(folder).exists(), 20)
    t.wait("its processes are gone", lambda: not [p for p in (pid, *children) if Path(f"/proc/{p}").exists()], 20)


main(run)
