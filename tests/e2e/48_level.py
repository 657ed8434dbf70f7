#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""[audio] level: a desk that is far too soft and one that is far too loud come to the loudness that is wanted, by ffmpeg's measure of the recording; a quiet
hall stays quiet, a language without the key as it is."""

import re
import subprocess

from harness import Regia, check, equal, main

TARGET, NEAR = -16, 1.5  # LUFS, LU
LEARN_MS, MEASURED_S = 24000, 12
# What each desk gives, LUFS, and what becomes of it: the target, or the same.
DESKS = {"it": ("soft", -30, TARGET), "en": ("loud", -10, TARGET), "fr": ("hall", -56, -56), "de": ("left", -24, -24)}


def run(t):
    sources = {desk: {"pipeline": "file", "location": noise(t, desk, lufs), "video": "no"} for desk, lufs, _ in DESKS.values()}
    regia = Regia(t, name="level", sources={"camera": {"pipeline": "test", "audio": "no"}, **sources},
                  renditions={"small": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}},
                  groups={"alarms": {"silence": "off"},
                          **{f"audio {language}": {"sources": desk, **({} if desk == "left" else {"level": str(TARGET)})}
                             for language, (desk, _, _) in DESKS.items()}}).start()
    with t.case("on air, with all desks", needed=True):
        regia.wait_on_air()
        regia.wait_status("all", lambda s: {x["state"] for x in s["engine"]["sources"]} == {"live"})
    with t.case("the soft one is made louder and the loud one quieter, and the status says by how much"):
        regia.wait_recorded(LEARN_MS, 90)
        status = regia.wait_status("levelled", lambda s: abs(levelled(s, "it") - (TARGET + 30)) < NEAR and abs(levelled(s, "en") - (TARGET + 10)) < NEAR
                                   and s, 60)
        equal((levelled(status, "fr"), levelled(status, "de")), (0, 0), "silence, and where nobody asked for it")
        regia.wait_recorded((MEASURED_S + 1) * 1000, 60)
    with t.case("the event ends", needed=True):
        regia.command("stop", "--state", regia.state, timeout=60)
        regia.wait_session("finished")
    path = regia.session_file()
    for track, (language, (desk, given, wanted)) in enumerate(DESKS.items()):
        with t.case(f"the recording's end: {desk} of {given} LUFS is {wanted} ± {NEAR} LUFS"):
            lufs, peak_db = measure(path, track)
            t.say(f"{language}: {lufs} LUFS, peaks of {peak_db} dB")
            check(abs(lufs - wanted) <= NEAR, f"{lufs} LUFS")
            check(peak_db <= -0.5, f"a peak of {peak_db} dB")


def levelled(status, language):
    return next(a["levelled-db"] for a in status["engine"]["audios"] if a["language"] == language and a["codec"] == "aac")


def noise(t, name, lufs):
    """Noise in the rhythm of speech, of this loudness, 30 s."""
    path, raw = t.dir / f"{name}.wav", t.dir / f"{name}-raw.wav"
    ffmpeg("-f", "lavfi", "-i", "anoisesrc=color=pink:seed=3:r=48000:d=30,tremolo=f=4:d=0.7", "-ac", "2", "-c:a", "pcm_f32le", raw)
    ffmpeg("-i", raw, "-af", f"volume={lufs - loudness(raw)}dB", "-c:a", "pcm_f32le", path)
    check(abs(loudness(path) - lufs) < 0.3, f"{path}: {loudness(path)} LUFS")
    return path


def ffmpeg(*arguments):
    return subprocess.run(["ffmpeg", "-hide_banner", "-y", "-nostats", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=True).stderr


def loudness(path):
    said = ffmpeg("-i", path, "-af", "ebur128=framelog=verbose", "-f", "null", "-")
    return float(re.findall(r"I:\s+(-?[0-9.]+) LUFS", said)[-1])


def measure(path, track):
    """(integrated loudness, LUFS; largest sample, dB) of the last seconds."""
    said = ffmpeg("-sseof", f"-{MEASURED_S}", "-i", path, "-map", f"0:a:{track}", "-af", "volumedetect,ebur128=framelog=verbose", "-f", "null", "-")
    return float(re.findall(r"I:\s+(-?[0-9.]+) LUFS", said)[-1]), float(re.search(r"max_volume: (-?[0-9.]+) dB", said)[1])


main(run)
