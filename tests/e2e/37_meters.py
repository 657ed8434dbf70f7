#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""A real desk: what the meters say of it, ten times a second in show time, is as loud as another program finds the recording to be; the hall is
lowered under the interpreter; what is too loud is limited; a backup microphone is heard when the desk is not, and no longer than that."""

import array
import json
import math
import re
import statistics
import subprocess

from harness import Regia, ToneDesk, check, equal, main
from harness.peers import tone

STEP_MS = 100
# What the desk plays on each of its channels: a sine of 8000 of 32768.
PEAK_DB = 20 * math.log10(8000 / 32768)
NEAR_DB = 0.3
# … of a tone, through two clocks and an encoder.
TONE_DB = 0.5
# What another tone leaves here, of one that is not heard.
GONE_DB = -30
DESK, BOOTH, HALL = 1, 2, 3
DUCK_DB = -18
# Not the usual -1: FFmpeg's AAC takes 2 dB off a tone of more than -5 dBFS, in a mix of nothing else.
LIMIT_DB = -8
# By so much AAC may be off in a single sample.
CODEC_DB = 0.5
# So long around a change nothing is measured: ramp, encoder, and the time until it was seen.
APART_MS = 700


def run(t):
    desk = ToneDesk(t, channels=3)
    desk.let(DESK)
    pulse = {"pipeline": "pulse", "server": desk.server, "device": desk.device, "video": "no"}
    regia = Regia(t, name="meters", sources={"camera": {"pipeline": "test", "width": 320, "height": 180, "audio": "no"}, "desk": {**pulse, "channels": "1"},
                                             "booth": {**pulse, "channels": "2"}, "hall": {**pulse, "channels": "3"}, "sides": {**pulse, "channels": "1, 2"}},
                  renditions={"small": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}},
                  groups={"audio it": {"sources": "desk", "backup": "hall", "backup_after": "1s", "limit": f"{LIMIT_DB}dB"},
                          "audio en": {"sources": "booth; desk", "duck": "desk", "duck_by": f"{DUCK_DB}dB", "duck_release": "500ms"},
                          "audio fr": {"sources": "sides"}})
    regia.start()
    with t.case("on air, the desk is heard", needed=True):
        regia.wait_on_air()
        regia.wait_status("the desk", lambda s: named(s["engine"]["sources"], "desk")["rms-db"] > -30)
    path = t.dir / "meters.jsonl"
    with open(path, "wb") as file:
        tap = subprocess.Popen([regia.binary, "tap", "--state", regia.state, "--track", "meters"], stdout=file, env={**t.env, **regia.env})
    t.defer(tap.kill)
    spans = []

    def hold(**expected):
        """What is to be heard of each channel in each language, from now on for a second and a half; None: not."""
        begin = regia.status()["show-time-ms"] + APART_MS
        regia.wait_recorded(2000 + APART_MS, 30)
        spans.append((begin, expected))

    with t.case("text and streams do not mix"):
        done = regia.command("tap", "--state", regia.state, "--track", "meters", "--track", "audio/it")
        check(done.returncode == 64 and "ask for it alone" in done.stderr, f"{done.returncode} {done.stderr}")
    hold(it={DESK: 0, HALL: None}, en={DESK: 0, BOOTH: None})
    with t.case("the status has what the meters had last"):
        status = regia.status()["engine"]
        for source, right, correlation in (("desk", PEAK_DB - 3.01, 1), ("sides", -120, 0)):
            meter = named(status["sources"], source)
            near(meter["peak-db"], PEAK_DB, f"{source}: peak")
            near(meter["channel-db"][0], PEAK_DB - 3.01, f"{source}: left")
            check(meter["channel-db"][1] < -80 if right == -120 else abs(meter["channel-db"][1] - right) < NEAR_DB, f"{source}: {meter}")
            near(meter["correlation"], correlation, f"{source}: correlation", 0.05)
            equal(meter["clips"], 0, "clips")
        equal(named(status["sources"], "camera")["rms-db"], -120, "a source without sound")
    with t.case("the interpreter speaks: the hall is lowered"):
        desk.let(DESK, BOOTH)
        regia.wait_status("ducked", lambda s: language(s, "en")["ducked"])
        equal(language(regia.status(), "it")["ducked"], False, "in the other language")
        hold(it={DESK: 0, HALL: None}, en={DESK: DUCK_DB, BOOTH: 0})
    with t.case("and comes back after the last word"):
        desk.let(DESK)
        regia.wait_status("no longer", lambda s: not language(s, "en")["ducked"])
        hold(it={DESK: 0, HALL: None}, en={DESK: 0, BOOTH: None})
    with t.case("the desk falls silent: the hall's microphone takes its place, and the status says so"):
        desk.let(HALL)
        status = regia.wait_status("the backup", lambda s: language(s, "it")["backup"] == "hall")
        check(any("hall takes their place" in w for w in status["warnings"]), status["warnings"])
        equal(language(status, "en")["backup"], "", "a language without one")
        hold(it={DESK: None, HALL: 0}, en={DESK: None, BOOTH: None})
    with t.case("an engine that is killed meanwhile decides the same anew"):
        old = regia.kill("engine")
        regia.wait_restarted("engine", old, 15)
        regia.wait_status("the backup, and that it gives sound", lambda s: s["engine"].get("audios") and language(s, "it")["backup"] == "hall" and
                          named(s["engine"]["sources"], "hall")["rms-db"] > -30, 20)
        hold(it={DESK: None, HALL: 0}, en={DESK: None, BOOTH: None})
    with t.case("the desk is heard again: the backup is not"):
        desk.let(DESK, HALL)
        status = regia.wait_status("its own", lambda s: language(s, "it")["backup"] == "")
        check(not any("takes their place" in w for w in status["warnings"]), status["warnings"])
        hold(it={DESK: 0, HALL: None}, en={DESK: 0, BOOTH: None})
    with t.case("what is made far too loud is held below the limit"):
        regia.command("gain", "--state", regia.state, "desk", "+18", "--in", "it")
        hold(it={DESK: LIMIT_DB - PEAK_DB, HALL: None}, en={DESK: 0, BOOTH: None})
        near(language(regia.status(), "it")["peak-db"], LIMIT_DB, "peak of the mix", 0.05)
        equal(language(regia.status(), "it")["clips"], 0, "clips of the mix")
        regia.command("gain", "--state", regia.state, "desk", "0", "--in", "it")
        hold(it={DESK: 0, HALL: None}, en={DESK: 0, BOOTH: None})
    tones_ms = regia.status()["show-time-ms"]
    with t.case("a desk that goes to full scale is noticed"):
        desk.let(DESK, percent=200)
        regia.wait_status("clips", lambda s: named(s["engine"]["sources"], "desk")["clips"] > 500)
        clipped_ms = regia.status()["show-time-ms"]
        regia.wait_recorded(2000, 30)
        equal(named(regia.status()["engine"]["sources"], "hall")["clips"], 0, "of another source")
        desk.let(DESK)
    with t.case("who is muted on purpose is not replaced"):
        regia.command("mute", "--state", regia.state, "desk", "on", "--in", "it")
        hold(it={DESK: None, HALL: None}, en={DESK: 0, BOOTH: None})
        equal(language(regia.status(), "it")["backup"], "", "backup")
    regia.command("stop", "--state", regia.state, timeout=60)
    regia.wait_session("finished")
    with t.case("the tap ends with the event", needed=True):
        equal(tap.wait(20), 0, "exit status")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with t.case("one each tenth of a second, at its multiples, without a hole but for the engine that was killed", needed=True):
        times = [line["time-ms"] for line in lines]
        check(len(times) > 150, f"{len(times)} lines")
        holes = [(a, b) for a, b in zip(times, times[1:]) if b - a != STEP_MS]
        equal([b - a > 0 for a, b in holes], [True], f"other than a tenth of a second apart: {holes}")
        equal([ms for ms in times if ms % STEP_MS], [], "off the grid")
    with t.case("each way to full scale is counted, of each side"):
        counts = [named(line["sources"], "desk")["clips"] for line in lines if clipped_ms <= line["time-ms"] < clipped_ms + 1000]
        near((counts[-1] - counts[0]) / (len(counts) - 1), 4 * desk.hz(DESK) * STEP_MS / 1000, "clips in a tenth of a second", 2)
    first = json.loads((regia.session_file().parent / "session.json").read_text(encoding="utf-8"))["parts"][0]["from-ms"]
    with t.case("they are as loud as ffmpeg finds the recording"):
        found = loudness(regia.session_file(), (spans[0][0] - first) / 1000)
        at = [line for line in lines if spans[0][0] <= line["time-ms"] < spans[0][0] + 1000]
        t.say(f"{len(lines)} lines of {len(path.read_bytes()) // len(lines)} bytes; ffmpeg: {found}")
        for where, key in (("sources", "name"), ("audios", "language")):
            near(statistics.median(next(m for m in line[where] if m[key] in ("desk", "it"))["momentary-lufs"] for line in at), found, f"{where}: momentary")
    with t.case("in the recording: each channel in each language as loud as it was to be"):
        tracks = {name: sound(regia.session_file(), track) for track, name in enumerate(("it", "en"))}
        wrong, samples = [], tracks["it"]
        for begin, expected in spans:
            for name, wanted in expected.items():
                at = 48 * (begin - first)
                for channel, goal in wanted.items():
                    db = heard(tracks[name][at:at + 19200], desk.hz(channel)) - PEAK_DB
                    if (abs(db - goal) > TONE_DB) if goal is not None else db > GONE_DB:
                        wrong.append((begin, name, channel, goal, round(db, 1)))
        equal(wrong, [], "not as loud as it was to be")
        equal(len(spans), 9, "spans")
    with t.case("none of it is above the limit, what the encoder makes of a tone neither"):
        equal([line["time-ms"] for line in lines if named(line["audios"], "it", "language")["peak-db"] > LIMIT_DB + 0.01], [], "above it")
        before = samples[:48 * (tones_ms - first)]
        most = 20 * math.log10(max(max(before), -min(before)))
        t.say(f"largest sample of the recording, of tones: {most:.2f} dBFS")
        check(LIMIT_DB - CODEC_DB <= most <= LIMIT_DB + CODEC_DB, f"{most:.2f} dBFS")
    with t.case("the recording has pictures and sound alone"):
        done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", regia.session_file()], capture_output=True, text=True, timeout=30,
                              check=True)
        equal(sorted(stream["codec_name"] for stream in json.loads(done.stdout)["streams"]), ["aac", "aac", "aac", "h264"], "streams")


def named(things, name, key="name"):
    return next(thing for thing in things if thing[key] == name)


def language(status, name):
    return named(status["engine"]["audios"], name, "language")


def near(found, wanted, what, most=NEAR_DB):
    check(abs(found - wanted) <= most, f"{what}: {found}, not {wanted:.2f} ± {most}")


def heard(samples, hz):
    """dBFS of a tone, in pieces so short that a desk's clock that is being caught up with does not matter."""
    return 20 * math.log10(max(statistics.median(tone(samples[at:at + 4800], hz) for at in range(0, len(samples), 4800)), 1e-6))


def loudness(path, from_s):
    """Momentary loudness of the first language in a second of a file, by ffmpeg."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-ss", str(from_s), "-t", "1", "-i", path, "-map", "0:a:0", "-af",
                           "ebur128=metadata=1,ametadata=print:file=-", "-f", "null", "-"], capture_output=True, text=True, timeout=60, check=True)
    return statistics.median(float(value) for value in re.findall(r"lavfi\.r128\.M=(\S+)", done.stdout)[5:])


def sound(path, track):
    """One side."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-map", f"0:a:{track}", "-af", "aresample=async=1:first_pts=0", "-f", "f32le", "-ar", "48000",
                           "-ac", "2", "-"], capture_output=True, timeout=60, check=True)
    return array.array("f", done.stdout)[::2]


main(run)
