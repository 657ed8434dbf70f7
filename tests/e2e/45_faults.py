#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras with picture and sound that have every fault there is, one after the other: slate and silence within 1 s, the programme's frames and
samples whole, the camera back 3 s after it is well, lips and sound within 40 ms, the right alarm and no other one."""

import array
import dataclasses
import json
import subprocess
import time

from harness import Camera, Regia, check, decodes_cleanly, equal, frames, main, marks

# Looks once a second of engine and director, on a busy machine; how soon it is seen by people is for 38_alarms.
RAISED_S = 30
# What is promised.
SHOWN_MS, BACK_MS, APART_MS = 1000, 3000, 40
# On disk: of the fault itself, from when it is mended, and after its alarm is over.
LASTS_MS, WELL_MS, HEALTHY_MS = 3500, 5500, 500
EDGE_MS = 100  # a picture is shown in the next place of the programme, its sound is not
AUDIO_HZ, BLOCK_MS = 8000, 20
SILENT = 0.002  # of full scale; the camera's hum is 0.02
SEAM_MS = 200  # of silence in sound that goes on
# Mean luma: the house's dark ground with words on it, and black. The camera's picture has 80 and more.
LUMA = {"slate": range(38, 75), "black": range(10, 22)}
# What a starved machine says of itself, and not of the camera.
OF_THE_MACHINE = {"shed", "behind", "hot"}


@dataclasses.dataclass
class Fault:
    name: str
    camera: str
    begins: str
    ends: str
    alarm: str = ""  # "": none is to be raised
    picture: str = "goes on"  # in the programme meanwhile: "goes on", "slate", "stands", "black"
    sound: str = "goes on"  # "goes on", "silence", "loud"

    @property
    def id(self):
        return f"{self.alarm}/{self.camera}"

    # By the wall clock, ms: when it was told to, and to be well again.
    begun: float = 0
    well: float = 0
    # The same in the file.
    from_ms: float = 0
    to_ms: float = 0
    back_ms: float = 0  # until it was seen and heard again


# "cheap" sends no reports that tell how its sound and picture belong together, and its sound has a clock of its own. That such a clock is followed
# for hours, 200 ppm and more to either side, is for tests/engine/drift.c and timeline.c: minutes show nothing of it.
DRIFT_PPM = 200
FAULTS = [
    Fault("stalls", "camera", "freeze", "thaw", "source-lost", "slate", "silence"),
    Fault("ends its streams", "camera", "ended on", "ended off", "source-lost", "slate", "silence"),
    Fault("breaks off, and answers with an error", "camera", "broken on", "broken off", "source-lost", "slate", "silence"),
    Fault("vanishes", "camera", "stop", "start", "source-lost", "slate", "silence"),
    Fault("changes its format", "camera", "size 320x180", "size 640x360"),
    Fault("stands still", "camera", "still on", "still off", "frozen", "stands"),
    Fault("goes black", "camera", "black on", "black off", "black", "black"),
    Fault("goes silent", "camera", "quiet on", "quiet off", "silence", "goes on", "silence"),
    Fault("clips", "camera", "clip on", "clip off", "clipping", "goes on", "loud"),
    Fault("jumps in time", "cheap", "step both 5000", ""),
    Fault("jumps back", "cheap", "step both -4000", ""),
]


def run(t):
    cameras = {"camera": Camera(t, "--sound"), "cheap": Camera(t, "--sound", "--no-reports", "--size", "320x180", name="cheap")}
    cameras["cheap"].command(f"clock {DRIFT_PPM}")
    regia = Regia(t, name="faults", sources={name: {"pipeline": "rtsp", "location": camera.url} for name, camera in cameras.items()},
                  renditions={"360p": {"size": "640x360", "bitrate": "800k", "preset": "ultrafast"}},
                  groups={"audio it": {"sources": "camera"}, "audio en": {"sources": "cheap"},
                          "alarms": {"silence_after": "2s", "black_after": "2s", "frozen_after": "2s", "drift": "1000", "hot": "off"}}).start()
    with t.case("on air, with picture and sound of both cameras", needed=True):
        regia.wait_on_air()
        regia.wait_status("picture and sound", lambda s: all(x["has-video"] and x["has-audio"] for x in s["engine"]["sources"]))
    shown = None
    for fault in FAULTS:
        if fault.camera != shown:
            shown = fault.camera
            equal(regia.command("scene", "--state", regia.state, shown).returncode, 0, "scene")
            regia.wait_recorded(WELL_MS)
        with t.case(f"the {fault.camera} {fault.name}: {fault.alarm or 'no alarm'}, and over"):
            make(regia, cameras[fault.camera], fault)
    with t.case("the event ends", needed=True):
        regia.command("stop", "--state", regia.state, timeout=60)
        regia.wait_session("finished", 60)
    path = regia.session_file()
    decodes_cleanly(path)
    found = {name: marks(t, with_sound(t, path, track)) for track, name in enumerate(cameras)}
    levels = {name: loudness(path, track, found[name]["audio"]["first_ms"]) for track, name in enumerate(cameras)}
    pictures = frames(t, path)
    with t.case("the programme kept its frame and its sample rate: no gap, none too many"):
        video = found["camera"]["video"]
        equal(video["steps"], [], "steps in the picture")
        equal(video["frames"], round((video["last_ms"] - video["first_ms"]) / 40) + 1, "frames")
        for name in cameras:
            audio = found[name]["audio"]
            equal(audio["gaps"], [], "gaps in the sound")
            expected = (audio["end_ms"] - audio["first_ms"]) * audio["rate"] / 1000
            # Containers round to a millisecond or less.
            check(abs(audio["samples"] - expected) <= audio["rate"] / 500, f"{audio['samples']} samples, not {expected:.0f}")
        t.say(f"{video['frames']} frames, {audio['samples']} samples in {found['cheap']['duration_ms'] / 1000:.1f} s")
    for fault in FAULTS:
        place(fault, pictures)
    for fault, after in zip(FAULTS, [*FAULTS[1:], None]):
        until_ms = after.from_ms - EDGE_MS if after and after.camera == fault.camera else fault.to_ms + WELL_MS
        with t.case(f"in the file, the {fault.camera} {fault.name}: picture {fault.picture}, sound {fault.sound}; then it is back"):
            judge(t, fault, until_ms, pictures, levels[fault.camera])
        with t.case(f"in the file, after the {fault.camera} {fault.name}: lips and sound within {APART_MS} ms"):
            apart(t, found[fault.camera], fault, until_ms, pictures)
    with t.case("the audit: each fault's own alarm, begun and over once, and no other one"):
        lines = [json.loads(line) for line in (regia.state / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
        alarms = [(line["change"]["alarm"], line["outcome"]) for line in lines if "alarm" in line["change"]]
        t.say(f"alarms {[name for name, outcome in alarms if outcome == 'raised']}")
        wanted = [(fault.id, outcome) for fault in FAULTS if fault.alarm for outcome in ("raised", "over")]
        equal([a for a in alarms if a[0].split("/")[0] not in OF_THE_MACHINE], wanted, "alarms")


def make(regia, camera, fault):
    """Has the fault until its alarm is raised, and mends it until that is over."""
    begun_ms = recorded_ms(regia)
    fault.begun = time.time() * 1000
    camera.command(fault.begins)
    if fault.alarm:
        regia.wait_status(f"{fault.id} is raised", lambda s: fault.id in raised(s), RAISED_S)
    regia.wait_status("3 s of it on disk", lambda s: s["recorder"].get("last-fragment-ms", 0) >= begun_ms + LASTS_MS, RAISED_S)
    well_ms = recorded_ms(regia)
    fault.well = time.time() * 1000
    if fault.ends:
        camera.command(fault.ends)
    regia.wait_status("all is well, and that is on disk", lambda s: s["recorder"].get("last-fragment-ms", 0) >= well_ms + WELL_MS
                      and not [a for a in raised(s) if a.split("/")[0] not in OF_THE_MACHINE], RAISED_S)
    regia.wait_recorded(HEALTHY_MS)


def place(fault, pictures):
    """Where in the file it began and ended: the camera burns its wall clock into what it sees."""
    before, newest = [], 0
    for picture in pictures:
        if newest < picture.wall < fault.begun:
            before, newest = [*before[-49:], picture.pts - picture.wall], picture.wall
    way = sorted(before)[len(before) // 2]
    fault.from_ms, fault.to_ms = fault.begun + way, fault.well + way


def judge(t, fault, until_ms, pictures, levels):
    meanwhile = [p for p in pictures if fault.from_ms + SHOWN_MS < p.pts < fault.to_ms - EDGE_MS]
    heard = [level for at, level in levels if fault.from_ms + SHOWN_MS < at < fault.to_ms - EDGE_MS]
    check(len(meanwhile) > 10 and len(heard) > 20, f"{len(meanwhile)} pictures and {len(heard)} blocks of sound of it")
    if fault.picture in LUMA:
        wrong = [f"{p.pts:.0f}: number {p.number} luma {p.luma}" for p in meanwhile if p.number >= 0 or p.luma not in LUMA[fault.picture]]
        equal(wrong, [], f"pictures that are not {fault.picture}")
    elif fault.picture == "stands":
        equal(len({p.number for p in meanwhile}), 1, "different pictures")
    else:
        check(stood_ms(pictures, fault.from_ms, fault.to_ms) <= SHOWN_MS, f"no new picture for {stood_ms(pictures, fault.from_ms, fault.to_ms):.0f} ms")
    if fault.sound == "silence":
        check(max(heard) < SILENT, f"sound of {max(heard):.4f}")
    else:
        quiet = sum(level < SILENT for level in heard)
        check(quiet * BLOCK_MS <= SEAM_MS, f"{quiet * BLOCK_MS} ms of silence")
        if fault.sound == "loud":
            check(sorted(heard)[len(heard) // 2] > 0.5, "not loud")
    seen = next((p.pts for p in pictures if p.pts > fault.from_ms and p.wall > fault.well), None)
    again = next((at for at, level in levels if at > fault.to_ms and level > SILENT), None)
    check(seen and again, f"picture back: {seen}, sound: {again}")
    t.say(f"{fault.name}: picture back after {seen - fault.to_ms:.0f} ms, sound after {again - fault.to_ms:.0f} ms")
    check(seen <= fault.to_ms + BACK_MS, f"no picture for {seen - fault.to_ms:.0f} ms after the camera was well")
    check(again <= fault.to_ms + BACK_MS, f"no sound for {again - fault.to_ms:.0f} ms after the camera was well")
    fault.back_ms = max(seen, again)
    whole = [p for p in pictures if fault.back_ms < p.pts < until_ms]
    equal([f"{p.pts:.0f}" for p in whole if p.number < 0], [], "no picture of the camera")
    check(stood_ms(pictures, fault.back_ms, until_ms) <= SHOWN_MS, "the picture stood still afterwards")
    quiet = sum(level < SILENT for at, level in levels if fault.back_ms < at < until_ms)
    check(quiet * BLOCK_MS <= SEAM_MS, f"{quiet * BLOCK_MS} ms of silence afterwards")


def stood_ms(pictures, from_ms, to_ms):
    """The longest time without a picture that is newer than all before."""
    longest, last, at = 0, None, from_ms
    for picture in pictures:
        if not from_ms < picture.pts < to_ms or (last is not None and picture.wall <= last):
            continue
        longest, last, at = max(longest, picture.pts - at), picture.wall, picture.pts
    return max(longest, to_ms - at)


def offsets(found, pictures, from_ms, to_ms):
    """How late each beep is after its flash, ms."""
    flashes = [b.pts for a, b in zip(pictures, pictures[1:]) if b.flash and not a.flash and a.number >= 0 and from_ms < b.pts < to_ms]
    return [min((beep - flash for beep in found["audio"]["beeps"]), key=abs) for flash in flashes]


def apart(t, found, fault, until_ms, pictures):
    late = offsets(found, pictures, fault.to_ms + BACK_MS, until_ms)
    # Of one that does not tell, nobody knows more than that they stay together.
    usual = offsets(found, pictures, fault.from_ms - 3000, fault.from_ms) if fault.camera == "cheap" else [0]
    t.say(f"{fault.name}: sound {[round(ms) for ms in late]} ms after its picture, before {[round(ms) for ms in usual]}")
    check(len(late) >= 2, f"{len(late)} flashes")
    check(all(abs(ms - usual[-1]) <= APART_MS for ms in late), f"sound {late} ms after its picture, before {usual}")


def with_sound(t, path, track):
    """A copy that has this language alone."""
    copy = t.dir / f"sound-{track}.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(path), "-map", "0:v:0", "-map", f"0:a:{track}", "-c", "copy", str(copy)], timeout=60,
                   check=True)
    return copy


def loudness(path, track, first_ms):
    """The sound's peaks, as (ms, 0 to 1)."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-map", f"0:a:{track}", "-ac", "1", "-ar", str(AUDIO_HZ), "-f", "s16le", "-"],
                          capture_output=True, timeout=60, check=True)
    samples, size = array.array("h", done.stdout), AUDIO_HZ * BLOCK_MS // 1000
    blocks = (samples[at:at + size] for at in range(0, len(samples), size))
    return [(first_ms + i * BLOCK_MS, max(max(block), -min(block)) / 32768) for i, block in enumerate(blocks)]


def recorded_ms(regia):
    return regia.status()["recorder"]["last-fragment-ms"]


def raised(status):
    return [alarm["id"] for alarm in status.get("alarms", [])]


main(run)
