#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: within 400 s
"""The machine is halved: a rendition is given up and comes back, and of the recording not a frame is missing. An encoder hangs: it alone is replaced."""

import os
import pathlib
import threading
import time

from harness import Regia, check, decodes_cleanly, equal, main, marks

# The lower ones cost more than the first and all that cannot be given up: so half of the processor is enough for that.
LADDER = {"360p": {"size": "640x360", "bitrate": "800k", "preset": "ultrafast"},
          "324p": {"size": "576x324", "bitrate": "600k", "preset": "fast"},
          "288p": {"size": "512x288", "bitrate": "500k", "preset": "fast"}}


def run(t):
    starved(t)
    stuck(t)


# -- the processor is taken away --------------------------------------------------------------------------------------


def starved(t):
    try:
        quota = Quota(t)
    except RuntimeError as why:
        t.skip("with half of the processor renditions are shed, and come back", str(why))
        return
    regia = Regia(t, name="starved", sources={"camera": {"pipeline": "test", "width": "640", "height": "360"}}, renditions=LADDER).start()
    with t.case("on air with all renditions", needed=True):
        regia.wait_on_air()
        regia.wait_recorded(4000)
        equal(shed(regia.status()), [], "renditions that are shed")
    with t.case("half of the processor that it needs is left: renditions go from the smallest on, and it is said so", needed=True):
        quota.take(regia.process("engine")["pid"])
        status = regia.wait_status("a rendition is shed", shed, 40)
        t.say(f"shed {shed(status)}: {[w for w in status['warnings'] if 'Rendition' in w]}")
        regia.wait_recorded(6000, 40)
        status = regia.status()
        names = shed(status)
        check(names in (["288p"], ["324p", "288p"]), f"shed: {names}")
        one = rendition(status, "288p")
        check(one["shed-since-ms"] > 0 and one["shed-why"] and one["retry-in-ms"] > 0, f"what is said of it: {one}")
        check(any("288p" in warning and one["shed-why"] in warning for warning in status["warnings"]), f"warnings: {status['warnings']}")
    with t.case("its viewers' list says which segments there are none of"):
        t.wait("gaps", lambda: len([a for _, a in regia.playlist("video/288p")[0] if a is None]) >= 2, 15)
        check(all(address for _, address in regia.playlist("video/360p")[0]), "gaps in the first rendition's list")
    with t.case("there is room again: all of them come back", needed=True):
        quota.give()
        began = time.monotonic()
        regia.wait_status("all renditions are made", lambda s: not shed(s), 200)
        t.say(f"all are back after {time.monotonic() - began:.0f} s")
        regia.wait_segments(2, 20)
        newest = regia.newest_segment("video/288p")
        t.wait("its segments", lambda: regia.newest_segment("video/288p") >= newest + 2, 15)
    with t.case("one item, one file", needed=True):
        regia.stop()
        path = regia.session_file()
        decodes_cleanly(path)
    with t.case("of the recording not a frame is missing, and no sound"):
        whole(t, path)


class Quota:
    """cgroup v1's or v2's limit of processor time. It is set to half of what the process has used."""

    PERIOD_US = 100000

    def __init__(self, t):
        v1 = pathlib.Path("/sys/fs/cgroup/cpu")
        self.v1 = (v1 / "cpu.cfs_quota_us").exists()
        self.group = (v1 if self.v1 else pathlib.Path("/sys/fs/cgroup")) / f"regia-{os.getpid()}"
        self.t = t
        try:
            if not self.v1:
                (self.group.parent / "cgroup.subtree_control").write_text("+cpu")
            self.group.mkdir()
        except OSError as error:
            raise RuntimeError(f"this scenario needs to make a cgroup: {error}") from error
        t.defer(self.remove)

    def take(self, pid):
        used = [self.used_s(pid)]
        time.sleep(4)  # a length of time is what is measured
        used.append(self.used_s(pid))
        share = (used[1] - used[0]) / 4
        (self.group / "cgroup.procs").write_text(str(pid))
        self.t.say(f"the engine uses {share:.2f} processors, {share / 2:.2f} are left to it")
        self.limit(round(share / 2 * self.PERIOD_US))

    @staticmethod
    def used_s(pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def limit(self, quota_us):
        if self.v1:
            (self.group / "cpu.cfs_quota_us").write_text(str(quota_us))
        else:
            (self.group / "cpu.max").write_text(f"{quota_us if quota_us > 0 else 'max'} {self.PERIOD_US}")

    def give(self):
        self.limit(-1)

    def remove(self):
        procs = (self.group / "cgroup.procs").read_text(encoding="ascii").split()
        for pid in procs:
            (self.group.parent / "cgroup.procs").write_text(pid)
        self.group.rmdir()


# -- an encoder hangs -------------------------------------------------------------------------------------------------


def stuck(t):
    """Its encode file also writes the raw frames into a named pipe; when nobody reads that any more its thread hangs in the kernel, as in a
    driver. The one that takes its place finds another pipe of that name, which is read."""
    pipe = t.dir / "frames"
    encoder = t.dir / "hanging.pipeline"
    x264 = pathlib.Path("pipelines/encode/x264.pipeline").read_text(encoding="utf-8")
    encoder.write_text(x264.replace("capsfilter name=in\n", f"tee name=in in. ! filesink location={pipe} sync=false async=false in.\n"), encoding="utf-8")
    check("filesink" in encoder.read_text(encoding="utf-8"), "the encode file is not the one that this was written for")
    reader = Reader(pipe)
    t.defer(lambda: reader.end())
    regia = Regia(t, name="stuck", renditions={"360p": {"size": "640x360", "bitrate": "800k", "preset": "ultrafast", "encoder": encoder},
                                               "180p": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}}).start()
    with t.case("on air with an encoder that can hang", needed=True):
        regia.wait_on_air()
        regia.wait_recorded(3000)
    engine = regia.process("engine")
    with t.case("it hangs for good: another one takes its place, and it is said so", needed=True):
        hung = reader.fd
        reader.end(keep=True)
        reader.begin()
        t.defer(lambda: os.close(hung))
        status = regia.wait_status("the encoder was replaced", lambda s: rendition(s, "360p")["restarts"] == 1, 8)
        check("no packet has come out for 3 s" in rendition(status, "360p")["last-error"], rendition(status, "360p")["last-error"])
        regia.wait_recorded(5000)
        status = regia.status()
        equal((rendition(status, "360p")["restarts"], rendition(status, "180p")["restarts"], shed(status)), (1, 0, []), "restarts, shed")
    with t.case("it alone: the engine, the other rendition and the sound have gone on"):
        equal(regia.process("engine")["pid"], engine["pid"], "the engine's process")
        segments = regia.playlist("video/180p")[0]
        check(len(segments) > 4 and all(address for _, address in segments), f"the other rendition's list: {segments}")
    with t.case("one item, one file", needed=True):
        regia.stop()
        path = regia.session_file()
        decodes_cleanly(path)
    with t.case("of the recording, which that encoder makes, not a frame is missing, and no sound"):
        whole(t, path)


class Reader:
    """Somebody who reads a named pipe as fast as it comes."""

    def __init__(self, path):
        self.path = path
        self.begin()

    def begin(self):
        os.mkfifo(self.path)
        self.fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.read, args=(self.fd, self.over), daemon=True)
        self.thread.start()

    @staticmethod
    def read(fd, over):
        while not over.is_set():
            try:
                os.read(fd, 1 << 20)
            except BlockingIOError:
                over.wait(0.002)

    def end(self, keep=False):
        """keep: the pipe stays open, unread."""
        self.over.set()
        self.thread.join()
        self.path.unlink()
        if not keep:
            os.close(self.fd)


# -- what is there ----------------------------------------------------------------------------------------------------


def rendition(status, name):
    return next(r for r in status["engine"]["renditions"] if r["name"] == name)


def shed(status):
    return [r["name"] for r in status["engine"]["renditions"] if r["shed"]]


def whole(t, path):
    """Numbers are burnt into the pictures, and a beep each second into the sound."""
    found = marks(t, path)
    video, audio = found["video"], found["audio"]
    t.say(f"{video['frames']} frames, holes {video['missing_ranges']}, twice {video['duplicates']}, slates {video['slates']}, steps {video['steps']}, "
          f"sound gaps {audio['gaps']}, {len(audio['beeps'])} beeps")
    equal((video["missing_ranges"], video["steps"], audio["gaps"]), ([], [], []), "missing pictures, steps, gaps in the sound")
    check([s for s in video["slates"] if s["from_ms"] > 2000] == [], f"the slate: {video['slates']}")
    beeps = audio["beeps"]
    uneven = [round(b - a - 1000, 1) for a, b in zip(beeps, beeps[1:])]
    check(len(beeps) > 8 and all(abs(ms) <= 5 for ms in uneven), f"beeps not 1 s apart: {uneven}")


main(run)
