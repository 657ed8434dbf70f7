#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""The sound on the console's page, in Chromium: a fader that is dragged, by keyboard too, is heard in the mix, and others' changes are seen; a language
is listened to, the programme is shown large, private or not, beside what viewers get of it."""

import datetime
import json
import math
import subprocess

from harness import Browser, Regia, Technician, check, equal, main
from harness.technician import NAME, PASSWORD

NEAR_DB = 1
LEVEL_DB = -24.08  # of ffmpeg's sine, an eighth of full scale, as RMS …
PEAK_DB = LEVEL_DB + 3.01  # … and its peak
SLIDER = "#gain-it-floor"
AT_0_DB = 0.85  # of the slider's width
MOST_A_SECOND = 7
SOON_S = 30  # of a machine that has more to do


def run(t):
    sources = {"camera": {"pipeline": "test", "width": 640, "height": 360, "audio": "no"}}
    for name, hz in (("floor", 440), ("spare", 1000)):
        path = t.dir / f"{name}.wav"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"sine=frequency={hz}:sample_rate=48000:duration=180", "-ac", "2", path], check=True, timeout=60)
        sources[name] = {"pipeline": "file", "location": path, "video": "no"}
    regia = Regia(t, name="desk", sources=sources, renditions={"360p": {"size": "640x360", "bitrate": "500k", "preset": "ultrafast"}},
                  groups={"programme": {"picture": "camera"}, "audio it": {"sources": "floor", "backup": "spare"}, "audio en": {"sources": "spare"}})
    Technician(regia)
    regia.start()
    with t.case("on the air, and somebody comes in", needed=True):
        regia.wait_on_air()
        regia.wait_status("all sources", lambda s: [x["state"] for x in s["engine"]["sources"]] == ["live"] * 3)
        browser = Browser(t, regia.console)
        browser.wait("the form", lambda p: p["state"] == "outside")
        browser.ask(f"fill #name {NAME}")
        browser.ask(f"fill #password {PASSWORD}")
        browser.ask("key Enter")
        browser.wait("faders and meters", lambda p: "Italiano" in p["text"] and "LUFS" in p["text"] and p["text"].count("basso") + p["text"].count("giusto") >= 5)
    faders(t, regia, browser)
    played(t, regia, browser)
    looked_at(t, browser)
    browser.end()
    regia.command("stop", "--state", regia.state, timeout=60)


def mix(status, language):
    return next(x for x in status["engine"].get("audios", []) if x["language"] == language)


def fader(status, language, source):
    return next(x for x in status["desired"]["faders"] if (x["language"], x["source"]) == (language, source))


def wait_level(regia, language, db):
    """That the mix is as loud as a source at that gain; None: silent."""
    near = (lambda x: x < -90) if db is None else (lambda x: abs(x - LEVEL_DB - db) < NEAR_DB)
    return regia.wait_status(f"{language} at {db} dB", lambda s: near(mix(s, language)["rms-db"]), SOON_S)


def commands(regia, key):
    lines = [json.loads(line) for line in (regia.state / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if key in line["change"]]


def faders(t, regia, browser):
    with t.case("dragged: the mix follows, some commands a second and not one for each step, and the last is where it was let go"):
        wait_level(regia, "it", 0)
        browser.ask(f"drag {SLIDER} {AT_0_DB} 0.5", 60)
        status = wait_level(regia, "it", fader(regia.status(), "it", "floor")["gain-db"])
        db = fader(status, "it", "floor")["gain-db"]
        check(-27 < db < -23, f"the middle of the slider is {db} dB")
        words = f"−{-db:.1f} dB".replace(".", ",")
        browser.wait(f"{words} on the page", lambda p: words in p["text"], SOON_S)
        said = commands(regia, "gain")
        times = [datetime.datetime.fromisoformat(line["at"].replace("Z", "+00:00")).timestamp() for line in said]
        check(len(said) > 1 and (len(said) - 1) / (times[-1] - times[0]) < MOST_A_SECOND, times)
        check(said[-1]["who"].startswith(NAME), said[-1])
        wait_level(regia, "en", 0)
    with t.case("by keyboard: half a decibel, and three"):
        browser.ask(f"fill {SLIDER} 0")
        wait_level(regia, "it", 0)
        browser.ask(f"focus {SLIDER}")
        for key in ("ArrowUp", "ArrowUp", "PageDown", "PageDown", "PageDown"):
            equal(browser.ask(f"key {key}")["focus"], SLIDER[1:], "focus")
        status = wait_level(regia, "it", -8)
        equal(fader(status, "it", "floor")["gain-db"], -8, "gain")
    with t.case("muted and not, by keyboard: silent and heard"):
        browser.ask("focus #mute-it-floor")
        browser.ask("key Space")
        browser.wait("said at once", lambda p: "Ridai l’audio" in p["text"], SOON_S)
        wait_level(regia, "it", None)
        browser.ask("key Space")
        wait_level(regia, "it", -8)
    with t.case("somebody else moves it: the page shows that"):
        regia.command("gain", "--state", regia.state, "floor", "-2.5", "--in", "it")
        browser.wait("the other's", lambda p: "−2,5 dB" in p["text"], SOON_S)
    with t.case("the backup has a fader, and is called so"):
        browser.wait("the word", lambda p: "riserva" in p["text"], SOON_S)
        browser.ask("fill #gain-it-spare -12")
        regia.wait_status("quieter", lambda s: fader(s, "it", "spare") == {"language": "it", "source": "spare", "gain-db": -12, "muted": False, "backup": True}, SOON_S)
        wait_level(regia, "it", -2.5)
        regia.command("gain", "--state", regia.state, "floor", "0")
        browser.wait("what is louder again", lambda p: "−2,5 dB" not in p["text"], SOON_S)


def heard_db(browser):
    return 20 * math.log10(max(browser.probe()["level"] or 0, 1e-6))


def played(t, regia, browser):
    with t.case("nothing is loaded or asked for before somebody wants it"):
        seen = browser.probe()
        equal([name for name in seen["loaded"] if "/house/" in name or "/live/" in name or "/player-" in name], [], "loaded")
        equal([screen["time"] for screen in seen["screens"].values()], [0, 0], "played")
    with t.case("a language is listened to: time goes on, and it is as loud as the mix"):
        browser.ask("click #listen-it")
        seen = browser.wait("sound", lambda p: p["level"] and p["level"] > 0.01, SOON_S)
        browser.wait("it goes on", lambda p: p["time"] > seen["time"] + 1, SOON_S)
        equal((seen["foreign"], [name for name in seen["loaded"] if "/house/video" in name]), ([], []), "other hosts, pictures")
        t.wait("as loud as the mix", lambda: abs(heard_db(browser) - LEVEL_DB) < NEAR_DB, SOON_S)
    with t.case("and hears the fader, after its way through encoder and segments"):
        browser.ask(f"fill {SLIDER} -20")
        t.wait("quieter", lambda: abs(heard_db(browser) - LEVEL_DB + 20) < NEAR_DB, SOON_S)
        browser.ask(f"fill {SLIDER} 0")
    with t.case("large: the programme moves, with the sound that was listened to"):
        browser.ask("click #large-on")
        browser.wait_playing()
        browser.wait("sound", lambda p: p["level"] and p["level"] > 0.01, SOON_S)
    with t.case("what viewers see is asked for where they do"):
        browser.ask("click #public-on")
        first = browser.wait("a picture", lambda p: p["screens"]["public-video"].get("frame"))
        browser.wait("that moves", lambda p: p["screens"]["public-video"].get("frame", 0) > first["screens"]["public-video"]["frame"] + 25)
        equal(browser.probe()["foreign"], [regia.base], "other hosts")
        t.wait("counted as a viewer", lambda: regia.status()["gateway"]["viewers"] == 1, SOON_S)
    with t.case("private: the house goes on, and viewers have the slate"):
        regia.command("private", "on", "--state", regia.state)
        blank = browser.wait("the slate", lambda p: p["screens"]["public-video"].get("frame") is None and p["frame"], SOON_S)
        later = browser.wait("both go on", lambda p: p["frame"] and p["frame"] > blank["frame"] + 50 and
                             p["screens"]["public-video"]["time"] > blank["screens"]["public-video"]["time"] + 2, SOON_S)
        check(later["screens"]["public-video"].get("frame") is None and later["level"] > 0.01, later["screens"])


def looked_at(t, browser):
    for width in (390, 1280):
        with t.case(f"nothing that axe knows of, with all of it shown, {width} wide"):
            browser.ask(f"size {width} 900")
            browser.wait("it still moves", lambda p, was=browser.probe()["screens"]["house"]["time"]: p["screens"]["house"]["time"] > was + 0.5, SOON_S)
            browser.ask("focus #listen-en")
            browser.ask(f"shot {t.out / f'desk-{width}.png'}", 40)
            equal(browser.ask("axe", 40), {"wrong": [], "wider": 0}, "axe")
    with t.case("put away, nothing is asked for any more"):
        for button in ("large-on", "public-on", "listen-it"):
            browser.ask(f"click #{button}")
        browser.served()
        seen = browser.probe()
        browser.wait("some seconds", lambda p: p["now"] > seen["now"] + 3000, SOON_S)
        after = browser.probe()
        equal([name for name in after["loaded"][len(seen["loaded"]):] if "/house/" in name or "/live/" in name], [], "asked for")
        equal(after["errors"], [], "errors")


main(run)
