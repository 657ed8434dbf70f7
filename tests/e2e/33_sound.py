#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""The hall's floor and an interpreter in two languages: how loud each is in each of them is what the file says, then what was commanded, whoever is
killed meanwhile. Measured in the sound of the recording, tone by tone."""

import array
import json
import math
import subprocess

from harness import Regia, Technician, check, equal, main
from harness.peers import tone

FLOOR_HZ, BOOTH_HZ = 440, 1000
NEAR_DB = 0.5
# So long around a change nothing is measured: ramp, encoder, and the time until the answer.
APART_MS = 700


def run(t):
    sources = {}
    for name, hz in (("floor", FLOOR_HZ), ("booth", BOOTH_HZ)):
        path = t.dir / f"{name}.wav"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"sine=frequency={hz}:sample_rate=48000:duration=120", "-ac", "2", path], check=True,
                       timeout=60)
        sources[name] = {"pipeline": "file", "location": path, "video": "no"}
    regia = Regia(t, name="sound", sources={"camera": {"pipeline": "test", "width": 320, "height": 180, "audio": "no"}, **sources},
                  renditions={"small": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}},
                  groups={"audio it": {"sources": "floor"}, "audio en": {"sources": "booth; floor", "gains": "0dB; -18dB"}})
    technician = Technician(regia)
    regia.start()
    expected = {("it", "floor"): 0, ("en", "booth"): 0, ("en", "floor"): -18}
    spans = []

    def hold():
        """What is to be heard, from now on for a second and a half."""
        begin = regia.status()["show-time-ms"] + APART_MS
        regia.wait_recorded(2000 + APART_MS, 30)
        spans.append((begin, dict(expected)))

    def say(*arguments):
        done = regia.command(*arguments[:1], "--state", regia.state, *arguments[1:])
        equal((done.returncode, done.stderr), (0, ""), " ".join(arguments))
        return done.stdout

    with t.case("on air, both tones are heard", needed=True):
        regia.wait_on_air()
        regia.wait_status("all sources", lambda s: [x["state"] for x in s["engine"]["sources"]] == ["live"] * 3)
        equal(shown(regia), {(key, db, False) for key, db in expected.items()}, "faders")
    hold()
    with t.case("quieter in one language, louder in all, by the command line"):
        equal(say("gain", "floor", "-6", "--in", "en"), "The gain of floor is -6.0 dB.\n", "answer")
        expected["en", "floor"] = -6
        hold()
        say("gain", "floor", "+3.5dB")
        expected["it", "floor"] = expected["en", "floor"] = 3.5
        hold()
    with t.case("muted in one language, the other goes on; by the console's address"):
        technician.log_in()
        equal(post(technician, "mute", {"source": "floor", "on": True, "language": "en"})[0], 200, "status")
        expected["en", "floor"] = None
        hold()
        equal(post(technician, "gain", {"source": "booth", "db": -12})[0], 200, "status")
        expected["en", "booth"] = -12
        hold()
    with t.case("what is wrong is refused in words, and nothing changes"):
        for arguments, words in ((("gain", "camera", "0"), "there are it: floor; en: booth, floor"), (("gain", "floor", "loud"), "is no gain"),
                                 (("gain", "floor", "-61"), "from -60 to 20 dB"), (("mute", "floor", "maybe"), "neither on nor off"),
                                 (("mute", "booth", "on", "--in", "it"), 'into "it"')):
            done = regia.command(*arguments, "--state", regia.state)
            check(done.returncode == 64 and words in done.stderr, f"{arguments}: {done.returncode} {done.stderr}")
        for command, body, code, words in (("gain", {"source": "floor"}, 400, "missing"), ("gain", {"source": "floor", "db": "3"}, 400, "a number"),
                                           ("gain", {"source": "floor", "db": 1e300}, 400, "from -60 to 20"), ("mute", {"on": True}, 400, "missing")):
            status, said = post(technician, command, body)
            check(status == code and words in said, f"{command} {body}: {status} {said}")
    for name in ("engine", "director"):
        with t.case(f"{name} killed one instant after the answer: as it was said"):
            db = -9 if name == "engine" else -2.5
            done = regia.command("gain", "--state", regia.state, "floor", str(db), "--in", "it")
            old = regia.kill(name)
            equal(done.returncode, 0, done.stderr)
            expected["it", "floor"] = db
            regia.wait_restarted(name, old, 15)
            regia.wait_on_air(20)
            regia.wait_status("all sources", lambda s: [x["state"] for x in s["engine"].get("sources", [])] == ["live"] * 3)
            hold()
    equal(shown(regia), {(key, 3.5 if db is None else db, db is None) for key, db in expected.items()}, "faders")
    regia.command("stop", "--state", regia.state, timeout=60)
    item = regia.wait_session("finished")
    gaps = json.loads((regia.session_file().parent / "session.json").read_text(encoding="utf-8"))["gaps"]
    with t.case("in the recording: each tone in each language as loud as it was told"):
        equal(item["gaps"], 2, "gaps")
        first = json.loads((regia.session_file().parent / "session.json").read_text(encoding="utf-8"))["parts"][0]["from-ms"]
        sounds = {track: sound(regia.session_file(), track) for track in (0, 1)}
        wrong, reference = [], None
        for begin, wanted in spans:
            for track, language in enumerate(("it", "en")):
                at = 48 * (begin - first)
                piece = sounds[track][at:at + 19200]
                for source, hz in (("floor", FLOOR_HZ), ("booth", BOOTH_HZ)):
                    db = 20 * math.log10(max(tone(piece, hz), 1e-6))
                    reference = db if reference is None else reference
                    goal = wanted.get((language, source))
                    heard = db - reference
                    if (abs(heard - goal) > NEAR_DB) if goal is not None else heard > -45:
                        wrong.append((begin, language, source, goal, round(heard, 1)))
        t.say(f"{len(spans)} spans, gaps {gaps}")
        equal(wrong, [], "not as loud as told")


def shown(regia):
    return {((f["language"], f["source"]), f["gain-db"], f["muted"]) for f in regia.status()["desired"]["faders"]}


def post(technician, command, body):
    status, said = technician.request(f"/api/v1/commands/{command}", "POST", {"Content-Type": "application/json",
                                                                             "Authorization": f"Bearer {technician.token}"}, json.dumps(body))
    return status, said.decode()


def sound(path, track):
    """One side."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-map", f"0:a:{track}", "-af", "aresample=async=1:first_pts=0", "-f", "f32le", "-ar", "48000",
                           "-ac", "1", "-"], capture_output=True, timeout=60, check=True)
    return array.array("f", done.stdout)


main(run)
