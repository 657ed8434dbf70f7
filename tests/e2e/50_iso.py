#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others, within 180 s
"""Isolated sources: what an IP camera sends is in the feed bit for bit, without an encoder; another source is encoded; the camera goes, comes back,
and comes back with another size; viewers and platforms get nothing of it; and not a picture of the programme is missing."""

import hashlib
import os
import pathlib
import re
import subprocess

from harness import Camera, Regia, Rtmp, check, equal, main, marks


def run(t):
    camera, platform = Camera(t, "--sound"), Rtmp(t)
    regia = Regia(t, name="iso", sources={"camera": {"pipeline": "rtsp", "location": camera.url, "iso": "yes"},
                                          "slides": {"pipeline": "test", "width": 320, "height": 180, "audio": "no", "iso": "yes"}},
                  renditions={"360p": {"size": "640x360", "bitrate": "1M", "preset": "ultrafast"}},
                  relays={"platform": {"url": platform.url}}).start()
    with t.case("on air, the camera's H.264 is copied, the slides are encoded", needed=True):
        regia.wait_on_air()
        wait_ways(regia, camera="copied", slides="encoded")
    with t.case("one encoder for the programme, one for the slides, none for the camera"):
        t.wait("both run", lambda: encoders(regia) == 2, 10)
    taps = {name: Tap(t, regia, name) for name in ("iso/camera*", "iso/slides")}
    sent = Sent(t, camera)
    for tap in taps.values():
        t.wait(f"{tap.name} comes", lambda tap=tap: tap.size() > 100000, 20)
    regia.wait_recorded(2500)
    with t.case("every access unit is, bit for bit, what the camera sent, in order"):
        ours, theirs = slices(taps["iso/camera*"].path), sent.end()
        # Either began and ended a little before the other.
        begin = next(i for i, one in enumerate(ours) if one == theirs[0]) if theirs[0] in ours else None
        if begin is None:
            theirs = theirs[theirs.index(ours[0]):]
            begin = 0
        both = min(len(ours) - begin, len(theirs))
        t.say(f"{len(ours)} slices in the feed, {len(theirs)} from the camera, {both} at the same time")
        check(both > 60, f"{both} slices at the same time")
        equal(ours[begin:begin + both] == theirs[:both], True, "the same")
    with t.case("of the slides, encoded, no picture is missing"):
        video = marks(t, taps["iso/slides"].cut())["video"]
        equal((video["missing_ranges"], video["duplicates"]), ([], 0), "missing, doubled")
        check(video["marked"] > 60, f"{video['marked']} pictures")

    with t.case("viewers and platforms have nothing of it"):
        listed = regia.get("/live/index.m3u8").decode()
        check("iso" not in listed, listed)
        show = re.search(r"(\w+)/video/360p/index.m3u8", listed)[1]
        for path in (f"/live/{show}/iso/camera/index.m3u8", f"/live/{show}/iso/camera/audio/index.m3u8"):
            equal(regia.request(path)[0], 404, path)
        check("camera" not in regia.get("/api/v1/status").decode(), "the public status names a source")
        t.wait("the platform has something", platform.files, 20)
        done = subprocess.run(["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", "stream=codec_name", platform.files()[0]], capture_output=True,
                              text=True, timeout=30, check=False)
        equal(sorted(done.stdout.split()), ["aac", "h264"], "streams of the platform")

    with t.case("the camera goes away and comes back: its track goes on in the same tap"):
        camera.command("stop")
        regia.wait_status("it is away", lambda s: source(s, "camera")["state"] != "live", 15)
        camera.command("start")
        wait_ways(regia, camera="copied")
        tap = taps["iso/camera*"]
        size = tap.size()
        t.wait("more of it", lambda: tap.size() > size + 100000, 15)
        equal(tap.process.poll(), None, "exit status of the tap")
        video = marks(t, tap.cut())["video"]
        t.say(f"the camera's: {video['marked']} pictures, missing {video['missing_ranges']}")
        check(video["missing_ranges"], "nothing is missing although it was away")
        equal((video["duplicates"], video["slates"]), (0, []), "doubled, slates")
    with t.case("it comes back with another size: another table, of which a new tap knows"):
        camera.command("size 320x240")
        equal(tap.process.wait(20), 75, "exit status of the tap")
        again = Tap(t, regia, "iso/camera")
        t.wait("pictures of the new size", lambda: again.size() > 50000, 20)
        equal(again.video_size(), "320x240", "size")
    with t.case("without iso it costs nothing, and its tracks are gone; with it they are there again"):
        done = regia.command("source", "--state", regia.state, "set", "slides", "iso=no")
        equal(done.returncode, 0, done.stderr)
        wait_ways(regia, slides="")
        t.wait("its encoder is gone", lambda: encoders(regia) == 1, 10)
        done = regia.command("tap", "--state", regia.state, "--track", "iso/slides")
        check(done.returncode == 64 and "iso/camera/audio" in done.stderr and "iso/slides" not in done.stderr, done.stderr)
        equal(regia.command("source", "--state", regia.state, "set", "slides", "iso=yes").returncode, 0, "set")
        wait_ways(regia, slides="encoded")
    with t.case("of the programme nothing was left out"):
        equal(regia.status()["engine"]["frames-dropped"], 0, "frames")
        video = marks(t, regia.end_in_one_file())["video"]
        equal(video["steps"], [], "steps")


class Tap:
    """`regia tap` of some tracks into a file."""

    def __init__(self, t, regia, name):
        self.name = name
        self.path = t.dir / f"tap-{name.replace('/', '-').replace('*', '')}-{os.urandom(2).hex()}.ts"
        with open(self.path, "wb") as file:
            self.process = t.spawn("tap", [regia.binary, "tap", "--state", regia.state, "--track", name], stdout=file)

    def size(self):
        return self.path.stat().st_size

    def cut(self):
        """What there is of it now, up to a whole picture: the last one may be half written."""
        path = pathlib.Path(f"{self.path}.cut.mkv")
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-fflags", "+discardcorrupt", "-i", self.path, "-map", "0:v", "-c", "copy", "-copyts",
                        "-t", "600", path], check=False, timeout=30)
        return path

    def video_size(self):
        done = subprocess.run(["ffprobe", "-v", "error", "-of", "csv=p=0:s=x", "-select_streams", "v", "-show_entries", "stream=width,height", self.path],
                              capture_output=True, text=True, timeout=30, check=False)
        return done.stdout.split()[0].strip("x")


class Sent:
    """What the camera sends, taken by another program beside us."""

    def __init__(self, t, camera):
        self.path = t.dir / "sent.h264"
        self.process = t.spawn("beside", ["ffmpeg", "-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i", camera.url, "-map", "0:v", "-c", "copy", "-f", "h264",
                                          "-flush_packets", "1", self.path])
        t.wait("the camera sends", lambda: self.path.exists() and self.path.stat().st_size > 10000, 15)

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        return slices_of(self.path.read_bytes())[:-1]


def slices(path):
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-map", "0:v", "-c", "copy", "-f", "h264", "-"], capture_output=True, timeout=30, check=False)
    return slices_of(done.stdout)[:-1]


def slices_of(stream):
    """A hash of each slice in a byte stream (ITU-T H.264 Annex B)."""
    nals = (nal.rstrip(b"\0") for nal in stream.split(b"\0\0\1"))
    return [hashlib.sha256(nal).digest() for nal in nals if nal and nal[0] & 0x1f in (1, 5)]


def source(status, name):
    return next(s for s in status["engine"]["sources"] if s["name"] == name)


def wait_ways(regia, **ways):
    return regia.wait_status(f"{ways}", lambda s: all(source(s, n)["iso"] == way and source(s, n)["state"] == "live" for n, way in ways.items()), 30)


def encoders(regia):
    """Threads of the engine that encode pictures."""
    tasks = pathlib.Path(f"/proc/{regia.process('engine')['pid']}/task")
    return sum((task / "comm").read_text() == "encoder\n" for task in tasks.iterdir())


main(run)
