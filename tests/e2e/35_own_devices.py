#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""What this computer itself has, by its own protocols: a camera and a booth of PipeWire's, and a sound card of ALSA's. There is no card
where tests run, so ALSA's own way to a sound server stands for it; how even sound by a clock of its own is, is 11_pipewire's to say."""

import subprocess

from harness import Desk, Regia, check, decodes_cleanly, equal, main, marks

LANGUAGES = {"it": "card", "en": "booth"}


def run(t):
    desk = Desk(t, server="pipewire")
    # What is played at the desk, as a source of its own: no sink's monitor, which a program has to ask for as such.
    subprocess.run(["pactl", "--server", desk.server, "load-module", "module-remap-source", "source_name=booth", f"master={desk.device}"],
                   check=True, capture_output=True, timeout=10)
    t.spawn("camera", ["gst-launch-1.0", "-q", "videotestsrc", "is-live=true", "pattern=blue", "!",
                       "video/x-raw,format=YUY2,width=640,height=360,framerate=25/1", "!", "pipewiresink", "mode=provide",
                       "stream-properties=props,media.class=Video/Source,node.name=hall-camera"], env=desk.env)
    cards = t.dir / "asound.conf"
    cards.write_text(f'pcm.desk {{ type pulse server "{desk.server}" device "{desk.device}" }}\n', encoding="utf-8")
    regia = Regia(t, name="own", sources={
        "camera": {"pipeline": "pipewire", "camera": "hall-camera"},
        "card": {"pipeline": "alsa", "device": "desk"},
        "booth": {"pipeline": "pipewire-sound", "device": "booth"},
    }, groups={"programme": {"picture": "camera"}, **{f"audio {language}": {"sources": name} for language, name in LANGUAGES.items()}})
    regia.env = {"ALSA_CONFIG_PATH": str(cards), "PIPEWIRE_REMOTE": f"{desk.folder}/pipewire-0"}
    regia.start()
    with t.case("on air: card and booth are heard, the camera is seen", needed=True):
        regia.wait_on_air()
        regia.wait_status("sound and picture", lambda s: all(source(s, n)["state"] == "live" and source(s, n)["level-db"] > -60
                                                             for n in LANGUAGES.values())
                          and source(s, "camera")["state"] == "live" and source(s, "camera")["fps"] > 10, 30)
    regia.wait_recorded(6000)
    with t.case("the event ends, and none of them was lost", needed=True):
        equal({n: source(regia.status(), n)["restarts"] for n in ("camera", "card", "booth")}, {"camera": 0, "card": 0, "booth": 0}, "restarts")
        regia.command("stop", "--state", regia.state, timeout=60)
        regia.wait_session("finished", 60)
    path = regia.session_file()
    decodes_cleanly(path)
    with t.case("the camera's blue is in the picture"):
        red, green, blue = colour(path, 5)
        check(blue > 200 and red < 60 and green < 60, f"red {red} green {green} blue {blue}")
    for track, name in enumerate(LANGUAGES.values()):
        with t.case(f"the desk's beeps are heard by {name}, each second"):
            audio = marks(t, one_language(t, path, track))["audio"]
            t.say(f"{len(audio['beeps'])} beeps, gaps {audio['gaps']}")
            equal(audio["gaps"], [], "gaps")
            check(len(audio["beeps"]) >= 5, f"{len(audio['beeps'])} beeps in 6 s and more")


def source(status, name):
    return next(s for s in status["engine"]["sources"] if s["name"] == name)


def one_language(t, path, track):
    """The picture with one of its sounds, as it is."""
    alone = t.dir / f"sound-{track}.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v:0", "-map", f"0:a:{track}", "-c", "copy", str(alone)], timeout=60, check=True)
    return alone


def colour(path, at_s):
    """Of the whole picture: red, green, blue."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-ss", str(at_s), "-i", str(path), "-map", "0:v:0", "-frames:v", "1", "-vf", "scale=1:1",
                           "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], capture_output=True, timeout=60, check=True)
    return tuple(done.stdout[:3])


main(run)
