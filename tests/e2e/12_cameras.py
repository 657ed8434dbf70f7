#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the timestamps of real cameras do: a sound clock that is 1 % slow, steps of one stream or both, wild ones, sound that pauses; and
a camera whose next keyframe is 14 s away. No sender reports, and streams that run already when Regia comes."""

import subprocess

from harness import Camera, Regia, check, decodes_cleanly, equal, main, marks

CALM_S = 4  # seconds in which nothing new is done, after each fault


def run(t):
    camera = Camera(t, "--sound", "--running", "--no-reports", name="camera")
    smart = Camera(t, "--running", "--keyframes", "350", "--size", "320x180", name="smart")
    camera.command("clock 10000")
    regia = Regia(t, name="cameras", sources={
        "camera": {"pipeline": "rtsp", "location": camera.url},
        "smart": {"pipeline": "rtsp", "location": smart.url, "audio": "no"},
    }, groups={"programme": {"picture": "camera"}, "audio it": {"sources": "camera"}}).start()
    faults = Faults(t, regia, camera)
    with t.case("on air, with the picture and the sound of a camera whose streams run already", needed=True):
        regia.wait_on_air()
        regia.wait_status("picture and sound", lambda s: source(s, "camera")["has-video"] and source(s, "camera")["has-audio"], 12)
    with t.case("a camera that is between two keyframes is waited for, in words"):
        status = regia.wait_status("a word", lambda s: source(s, "smart")["note"] or source(s, "smart")["has-video"], 12)
        t.say(f"smart: {source(status, 'smart')['note']}")
        if not source(status, "smart")["has-video"]:
            check("waits for a keyframe" in source(status, "smart")["note"], source(status, "smart")["note"])
        status = regia.wait_status("its picture", lambda s: source(s, "smart")["has-video"], 25)
        equal(source(status, "smart")["restarts"], 0, "restarts")
    with t.case("a sound clock that is 1 % slow is followed, and shown"):
        regia.wait_recorded(30000, 60)
        regia.wait_status("the drift", lambda s: -11000 < source(s, "camera")["drift-ppm"] < -9000, 10)
        equal(source(regia.status(), "camera")["resyncs"], 0, "resyncs")
    with t.case("steps are one seam each, and wild stamps none"):
        faults.make("step sound 10000", 1)
        faults.make("step sound -4000", 1)
        faults.make("step both -2500", 2)  # the decoder tells of the picture only when it has caught up
        faults.make("step picture 3600000", 1)
        faults.make("wild picture", 0)
        faults.make("wild sound", 0)
        faults.make("wild off", 0)
    with t.case("sound that is switched off is said, and takes nothing else away"):
        camera.command("mute")
        muted_ms = regia.status()["recorder"]["last-fragment-ms"]
        status = regia.wait_status("a word", lambda s: "no sound for" in source(s, "camera")["note"], 10)
        equal((source(status, "camera")["state"], source(status, "camera")["has-video"]), ("live", True), "the picture")
        regia.wait_recorded(CALM_S * 1000)
        camera.command("unmute")
        regia.wait_status("the sound", lambda s: source(s, "camera")["has-audio"], 10)
        regia.wait_recorded(CALM_S * 1000)
        equal(source(regia.status(), "camera")["restarts"], 0, "restarts")
    with t.case("the event ends", needed=True):
        regia.command("stop", "--state", regia.state, timeout=60)
        regia.wait_session("finished", 60)
    path = regia.session_file()
    decodes_cleanly(path)
    found = marks(t, path, "--frames")
    video, beeps = found["video"], found["audio"]["beeps"]
    t.say(f"holes {video['missing_ranges']}, shown twice {video['doubled']}, slates {video['slates']}")
    with t.case("no slate, and the picture whole but for the seams"):
        late = [s for s in video["slates"] if s["from_ms"] > 10000]
        equal(late, [], "slates")
        check(video["duplicates"] <= 4 and video["missing"] <= 8, f"{video['duplicates']} shown twice, {video['missing']} missing")
    with t.case("each second's beep is there, within 100 ms of its flash"):
        seconds = flashes(t, path)
        apart = {round(ms): min((b - ms for b in beeps), key=abs) for ms in seconds if ms > 10000}
        lost = [ms for ms, off in apart.items() if abs(off) > 100 and not muted_ms - 2000 < ms < muted_ms + 12000]
        heard = [off for off in apart.values() if abs(off) <= 100]
        t.say(f"{len(heard)} beeps {min(heard):.0f} to {max(heard):.0f} ms from their flash; lost at {lost}")
        equal(lost, [], "seconds without their beep")
    with t.case("the sound has no gap: its hum goes on"):
        silences = silent(path, 10)
        t.say(f"silences {silences}, muted at {muted_ms / 1000:.1f} s")
        check(all(muted_ms / 1000 - 2 < at < muted_ms / 1000 + 12 for at, _ in silences), f"silences {silences}")


class Faults:
    """Makes the camera do something, and counts what its source needs to get over it."""

    def __init__(self, t, regia, camera):
        self.t, self.regia, self.camera = t, regia, camera

    def resyncs(self):
        return source(self.regia.status(), "camera")["resyncs"]

    def make(self, command, allowed):
        before = self.resyncs()
        self.camera.command(command)
        self.regia.wait_recorded(CALM_S * 1000)
        after = self.resyncs()
        self.t.say(f"{command}: {after - before} resyncs")
        check(after - before <= allowed, f"{command}: {after - before} resyncs, {allowed} allowed")


def source(status, name):
    return next(s for s in status["engine"]["sources"] if s["name"] == name)


def flashes(t, path):
    """When the picture begins to flash, in ms."""
    done = subprocess.run([str(t.tool("marks")), "--frames", str(path)], capture_output=True, text=True, timeout=120, check=True, env=t.env)
    frames = [line.split() for line in done.stdout.splitlines() if line.startswith("v ")]
    return [float(b[2]) for a, b in zip(frames, frames[1:]) if b[5] == "1" and a[5] == "0"]


def silent(path, from_s):
    """Silences of more than 40 ms, as (at, length) in seconds."""
    done = subprocess.run(["ffmpeg", "-hide_banner", "-i", str(path), "-map", "0:a:0", "-af", "silencedetect=noise=-60dB:d=0.04", "-f", "null", "-"],
                          capture_output=True, text=True, timeout=60, check=True)
    starts = [float(line.split("silence_start:")[1]) for line in done.stderr.splitlines() if "silence_start:" in line]
    lengths = [float(line.split("silence_duration:")[1]) for line in done.stderr.splitlines() if "silence_duration:" in line]
    return [(a, b) for a, b in zip(starts, lengths) if a > from_s]


main(run)
