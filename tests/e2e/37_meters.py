#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""What the meters say of a real desk: ten times a second in show time, from the first to the last, as loud as another program finds the
recording to be."""

import json
import math
import re
import statistics
import subprocess

from harness import Regia, ToneDesk, check, equal, main

STEP_MS = 100
# What the desk plays on each of its channels: a sine of 8000 of 32768.
PEAK_DB = 20 * math.log10(8000 / 32768)
NEAR_DB = 0.3


def run(t):
    desk = ToneDesk(t, channels=2)
    regia = Regia(t, name="meters", sources={"camera": {"pipeline": "test", "width": 320, "height": 180, "audio": "no"},
                                             "desk": {"pipeline": "pulse", "server": desk.server, "device": desk.device, "video": "no"}},
                  renditions={"small": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}},
                  groups={"audio it": {"sources": "desk"}})
    regia.start()
    with t.case("on air, the desk is heard", needed=True):
        regia.wait_on_air()
        regia.wait_status("the desk", lambda s: named(s["engine"]["sources"], "desk")["rms-db"] > -30)
    path = t.dir / "meters.jsonl"
    with open(path, "wb") as file:
        tap = subprocess.Popen([regia.binary, "tap", "--state", regia.state, "--track", "meters"], stdout=file, env={**t.env, **regia.env})
    t.defer(tap.kill)
    regia.wait_recorded(10000, 30)
    with t.case("the status has what the meters had last"):
        status = regia.status()["engine"]
        for meter in (named(status["sources"], "desk"), status["audios"][0]):
            near(meter["peak-db"], PEAK_DB, "peak")
            near(meter["channel-db"][0], PEAK_DB - 3.01, "left")
            near(meter["channel-db"][1], PEAK_DB - 3.01, "right")
            near(meter["correlation"], 0, "correlation", 0.05)
            equal(meter["clips"], 0, "clips")
        equal("rms-db" in named(status["sources"], "camera"), True, "a source without sound has them too, silent")
        equal(named(status["sources"], "camera")["rms-db"], -120, "a source without sound")
    with t.case("text and streams do not mix, and a glob takes streams alone"):
        done = regia.command("tap", "--state", regia.state, "--track", "meters", "--track", "audio/it")
        check(done.returncode == 64 and "ask for it alone" in done.stderr, f"{done.returncode} {done.stderr}")
    regia.command("stop", "--state", regia.state, timeout=60)
    regia.wait_session("finished")
    with t.case("the tap ends with the event", needed=True):
        equal(tap.wait(20), 0, "exit status")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with t.case("one each tenth of a second, at its multiples, without a hole", needed=True):
        times = [line["time-ms"] for line in lines]
        check(len(times) > 80, f"{len(times)} lines")
        equal([(a, b) for a, b in zip(times, times[1:]) if b - a != STEP_MS], [], "other than a tenth of a second apart")
        equal(times[0] % STEP_MS, 0, "off the grid")
    with t.case("they are as loud as ffmpeg finds the recording"):
        found = loudness(regia.session_file())
        t.say(f"{len(lines)} lines of {len(path.read_bytes()) // len(lines)} bytes; ffmpeg: {found}")
        for key, name in (("momentary-lufs", "M"), ("short-term-lufs", "S")):
            for where in ("sources", "audios"):
                near(statistics.median(line[where][0][key] for line in lines[40:]), found[name], f"{where} {key}")
        near(statistics.median(line["audios"][0]["true-peak-db"] for line in lines[40:]), found["peak"], "true peak", 1)
    with t.case("the recording has none of them"):
        done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", regia.session_file()], capture_output=True, text=True, timeout=30,
                              check=True)
        equal(sorted(stream["codec_name"] for stream in json.loads(done.stdout)["streams"]), ["aac", "h264"], "streams")


def named(things, name):
    return next(thing for thing in things if thing["name"] == name)


def near(found, wanted, what, most=NEAR_DB):
    check(abs(found - wanted) <= most, f"{what}: {found}, not {wanted:.2f} ± {most}")


def loudness(path):
    """Medians of what ffmpeg measures of the sound of a file, from 4 s on."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-map", "0:a:0", "-af", "ebur128=metadata=1:peak=true,ametadata=print:file=-", "-f", "null", "-"],
                          capture_output=True, text=True, timeout=60, check=True)
    found = {}
    for key, value in re.findall(r"lavfi\.r128\.(M|S|true_peaks_ch0)=(\S+)", done.stdout):
        found.setdefault(key, []).append(float(value))
    values = {key: statistics.median(found[key][40:]) for key in ("M", "S")}
    return {**values, "peak": 20 * math.log10(max(found["true_peaks_ch0"][:60])) if max(found["true_peaks_ch0"]) > 0 else -120}


main(run)
