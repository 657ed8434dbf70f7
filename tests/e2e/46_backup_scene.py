#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""A scene whose camera is lost gives way to its backup and comes back by itself; status, alarm and audit say so; engine and director killed in between
make no difference; whoever chooses a scene has it, the lost one too."""

import json

from harness import Camera, Regia, check, equal, frames, main

WELL_S = 30


def run(t):
    camera = Camera(t)
    regia = Regia(t, name="backup", sources={"camera": {"pipeline": "rtsp", "location": camera.url, "audio": "no"},
                                             "hall": {"pipeline": "test", "pattern": "white"}},
                  renditions={"small": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}},
                  groups={"scene speaker": {"sources": "camera", "backup": "hall", "backup_after": "1s", "backup_until": "2s"},
                          "audio it": {"sources": "hall"}}).start()
    with t.case("on air, with the scene that people chose", needed=True):
        regia.wait_on_air()
        regia.wait_status("the camera", lambda s: s["engine"]["sources"][0]["state"] == "live" and shown(s) == ("speaker", "speaker", "", ""))
    with t.case("the camera is lost: its backup is shown in its place, and that is said"):
        camera.command("stop")
        status = regia.wait_status("the backup", replaced, WELL_S)
        equal(status["engine"]["scene-why"], "camera: lost", "why")
        status = regia.wait_status("its alarm", lambda s: alarm(s) and s, WELL_S)
        check("hall (camera: lost)" in alarm(status)["text"]["en"] and "hall (camera: lost)" in alarm(status)["text"]["it"], f"{alarm(status)}")
        said = regia.command("status", "--state", regia.state).stdout
        check("scene      hall in place of speaker (camera: lost)" in said, said)
    with t.case("the engine is killed: the backup is shown again, and what people want is as it was"):
        regia.wait_restarted("engine", regia.kill("engine"), WELL_S)
        regia.wait_status("the backup", replaced, WELL_S)
    with t.case("the director is killed: the same"):
        regia.wait_restarted("director", regia.kill("director"), WELL_S)
        regia.wait_status("the backup", replaced, WELL_S)
        regia.wait_on_air()
    with t.case("the camera is well: its scene is back, and the alarm is over"):
        camera.command("start")
        regia.wait_status("the scene", lambda s: shown(s) == ("speaker", "speaker", "", "") and not alarm(s), WELL_S)
        regia.wait_recorded(2000)
    with t.case("a scene is chosen while the backup is shown: that one, and the alarm is over"):
        camera.command("stop")
        regia.wait_status("the backup", lambda s: replaced(s) and alarm(s), WELL_S)
        choose(regia, "camera")
        regia.wait_status("the lost one by itself", lambda s: shown(s) == ("camera", "camera", "", "") and not alarm(s), WELL_S)
    with t.case("the lost scene is chosen anew: it gives way"):
        choose(regia, "speaker")
        regia.wait_status("the backup", lambda s: replaced(s) and alarm(s), WELL_S)
    with t.case("and chosen once more while its backup is shown: it is shown as it is, engine and director killed or not"):
        choose(regia, "speaker")
        held = ("speaker", "speaker", "", "")
        regia.wait_status("the lost one", lambda s: shown(s) == held and s["desired"]["scene-held"] and not alarm(s), WELL_S)
        regia.wait_restarted("director", regia.kill("director"), WELL_S)
        regia.wait_restarted("engine", regia.kill("engine"), WELL_S)
        regia.wait_status("an engine", lambda s: s["engine"].get("ready"), WELL_S)
        regia.wait_on_air()
        regia.wait_recorded(3000)
        equal(shown(regia.status()), held, "scene")
    with t.case("it is recorded as it was shown, and the audit has the three times that it was so"):
        equal(regia.command("stop", "--state", regia.state, timeout=60).returncode, 0, "stop")
        regia.wait_session("finished")
        seen = "".join(sorted({kind(p) for p in frames(t, regia.session_file())}))
        equal(seen, "chs", "camera, hall and slate in the file")
        lines = [json.loads(line) for line in (regia.state / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
        outcomes = [line["outcome"] for line in lines if line["change"].get("alarm") == "backup-scene/speaker"]
        equal(outcomes, ["raised", "over"] * 3, "the alarm in the audit")
        scenes = [line["change"]["scene"] for line in lines if "scene" in line["change"]]
        equal(len(scenes), 3, "commands of people")


def choose(regia, name):
    done = regia.command("scene", "--state", regia.state, name)
    equal(done.returncode, 0, done.stderr)


def shown(status):
    engine = status["engine"]
    return status["desired"]["scene"], engine.get("scene"), engine.get("scene-for"), engine.get("scene-why")


def replaced(status):
    return shown(status) == ("speaker", "hall", "speaker", "camera: lost") and status


def alarm(status):
    return next((a for a in status.get("alarms", []) if a["id"] == "backup-scene/speaker"), None)


def kind(picture):
    """Of the camera, of the hall, or the slate."""
    return "s" if picture.number < 0 else "h" if picture.luma > 170 else "c"


main(run)
