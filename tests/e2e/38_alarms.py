#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""Alarms of a real camera that goes away and freezes, a real desk whose sound stops, one with bad cables, a picture that turns black, one that stands still, a
phone that sends its sound at a wrong rate, and a language that nobody hears: each raised and over in time, and no other; acknowledged by the console and by `regia`, the director killed one instant after; told
by log, audit and the event stream, and to nobody outside."""

import http.client
import json
import signal
import subprocess
import threading

from harness import Camera, Desk, FaultyDesk, Regia, Technician, check, equal, main

AFTER_S = 3
# From when it is so until it is told: looks once a second of engine and director, and a busy machine.
LATE_S = 6
WRONG_RATE_PPM = 88000
EXPECTED = {"source-lost/camera", "silence/desk", "muted/it", "black/stage", "frozen/screen", "channel-dead/panel", "out-of-phase/panel", "clipping/panel", "apart/phone"}


def run(t):
    camera, desk, panel = Camera(t), Desk(t), FaultyDesk(t)
    phone = Camera(t, "--sound", "--no-reports", "--size", "320x180", name="phone")
    after = f"{AFTER_S}s"
    regia = Regia(t, name="alarms", sources={
        "camera": {"pipeline": "rtsp", "location": camera.url, "audio": "no"},
        "desk": {"pipeline": "pulse", "server": desk.server, "device": desk.device},
        "panel": {"pipeline": "pulse", "server": panel.server, "device": panel.device},
        "phone": {"pipeline": "rtsp", "location": phone.url, "no_alarms": "silence; drift"},
        # What is black stands still as well, which is said once.
        "stage": {"pipeline": "file", "location": clip(t, "stage", "color=black:size=320x180:rate=10:duration=8")},
        "screen": {"pipeline": "file", "location": clip(t, "screen", "color=gray:size=320x180:rate=10:duration=8")},
        # A booth in which nobody speaks.
        "booth": {"pipeline": "file", "location": silence(t), "no_alarms": "silence"},
    }, renditions={"small": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}},
        groups={"alarms": {"silence_after": after, "black_after": after, "frozen_after": after, "channels_after": after, "hot": "off"},
                "audio it": {"sources": "desk"}, "audio en": {"sources": "desk; panel; booth; phone"}})
    technician = Technician(regia)
    regia.start()
    with t.case("on air, and nothing is wrong with camera and desk", needed=True):
        regia.wait_on_air()
        regia.wait_status("all sources", lambda s: {x["state"] for x in s["engine"]["sources"]} == {"live"} and len(s["engine"]["sources"]) == 7)
        technician.log_in()
    stream = Stream(regia, technician)
    panel.play("left-dead")
    phone.command(f"clock {WRONG_RATE_PPM}")
    with t.case("black, and standing still: raised, and over when it moves again"):
        for alarm in ("black/stage", "frozen/screen"):
            raised(regia, alarm, 14 + AFTER_S + LATE_S)
        for alarm in ("black/stage", "frozen/screen"):
            over(regia, alarm, 14 + LATE_S)
    with t.case("a phone says 48 kHz and sends 44.1: sound and picture come apart, which is raised"):
        raised(regia, "apart/phone", 10)
        phone.command("clock 0")
    with t.case("one channel dead: raised; then out of phase, and the first is over"):
        raised(regia, "channel-dead/panel", 1)
        panel.play("out-of-phase")
        raised(regia, "out-of-phase/panel", AFTER_S + LATE_S)
        over(regia, "channel-dead/panel", 1)
        panel.play("clipping")
    with t.case("the desk's sound stops: raised once it lasts, with what to do, in two languages; over when it is back"):
        desk.player.send_signal(signal.SIGSTOP)
        alarm = raised(regia, "silence/desk", AFTER_S + LATE_S)
        equal(alarm["severity"], "warning", "severity")
        check("silent" in alarm["text"]["en"] and "silenzio" in alarm["text"]["it"], f"text {alarm['text']}")
        check("microphone" in alarm["remedy"]["en"] and "microfono" in alarm["remedy"]["it"], f"remedy {alarm['remedy']}")
        listed(regia, "silence/desk", {"LANG": "it_IT.UTF-8", "LANGUAGE": "it"}, "Controllare che il microfono")
        listed(regia, "silence/desk", {"LANG": "C", "LANGUAGE": ""}, "Look whether the microphone")
        desk.player.send_signal(signal.SIGCONT)
        over(regia, "silence/desk", LATE_S)
    with t.case("clipping: raised, and not out of phase any more"):
        raised(regia, "clipping/panel", 1)
        over(regia, "out-of-phase/panel", LATE_S)
        panel.play("voice")
    with t.case("the camera freezes: raised, and over when it goes on"):
        camera.command("freeze")
        equal(raised(regia, "source-lost/camera", 10)["severity"], "critical", "severity")
        camera.command("thaw")
        over(regia, "source-lost/camera", 20)
        over(regia, "clipping/panel", 10 + LATE_S)
    with t.case("sound and picture of the phone go together again"):
        over(regia, "apart/phone", 20)
    with t.case("the camera is away; acknowledged at the console's address, the director killed one instant after: it is acknowledged, and no newer"):
        camera.command("stop")
        before = raised(regia, "source-lost/camera", 10)
        status, said = post(technician, "acknowledge", {"alarm": "source-lost/camera"})
        old = regia.kill("director")
        equal(status, 200, said)
        after_kill = acknowledged(regia, old, "source-lost/camera", "anna, console")
        equal(after_kill["since"], before["since"], "since when")
    with t.case("nobody hears Italian; acknowledged by regia, the director killed: the same"):
        equal(regia.command("mute", "--state", regia.state, "desk", "on", "--in", "it").returncode, 0, "mute")
        raised(regia, "muted/it", 3 + LATE_S)
        done = regia.command("acknowledge", "--state", regia.state, "muted/it")
        old = regia.kill("director")
        equal((done.returncode, done.stdout), (0, "muted/it is acknowledged.\n"), done.stderr)
        acknowledged(regia, old, "muted/it", "")
    with t.case("what is not raised is refused in words"):
        done = regia.command("acknowledge", "--state", regia.state, "silence/desk")
        check(done.returncode == 64 and 'no alarm "silence/desk" is raised' in done.stderr, f"{done.returncode} {done.stderr}")
        status, said = post(technician, "acknowledge", {"alarm": "hot"})
        check(status == 400 and "is raised" in said, f"{status} {said}")
    with t.case("nobody outside is told any of it"):
        check(not {"alarms", "alarms-ended"} & set(regia.public()), "alarms in the public status")
        text = json.dumps(regia.public())
        equal([word for word in ("source-lost", "camera", "anna", "muted") if word in text], [], "in the public status")
    with t.case("all good again: all over, and who saw to it stays with what was"):
        camera.command("start")
        regia.command("mute", "--state", regia.state, "desk", "off", "--in", "it")
        over(regia, "muted/it", LATE_S)
        over(regia, "source-lost/camera", 20)
        past = {a["id"]: a for a in reversed(regia.status()["alarms-ended"])}
        equal(past["source-lost/camera"]["acknowledged-by"], "anna, console", "acknowledged by")
        check(past["source-lost/camera"]["ended"] > past["source-lost/camera"]["since"], "ended before it began")
        t.wait("nothing is listed", lambda: (done := regia.command("alarms", "--state", regia.state)).returncode == 0 and not done.stdout, 30)
    with t.case("log and audit: begin and end of each, no other one"):
        equal(regia.command("stop", "--state", regia.state, timeout=60).returncode, 0, "stop")
        regia.wait_session("finished")
        lines = [json.loads(line) for line in (regia.state / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
        told = [(entry["change"]["alarm"], entry["outcome"]) for entry in lines if "alarm" in entry["change"]]
        equal({alarm for alarm, _ in told}, EXPECTED, "alarms")
        for alarm in EXPECTED:
            outcomes = [outcome for name, outcome in told if name == alarm]
            equal(outcomes, ["raised", "over"] * (len(outcomes) // 2), f"{alarm} in the audit")
        equal(told.count(("silence/desk", "raised")), 1, "times the desk was silent")
        equal(told.count(("source-lost/camera", "raised")), 2, "times the camera was lost")
        t.say(f"{len(told)} lines of the audit are of alarms")
    with t.case("the event stream, until the director was killed: begin and end"):
        events = stream.end()
        for alarm in ("silence/desk", "black/stage"):
            names = [name for name, data in events if name.startswith("alarm-") and data["id"] == alarm]
            check(names[:2] == ["alarm-raised", "alarm-over"], f"{alarm}: {names}")
        check(any(name == "status" and any(a["id"] == "silence/desk" for a in data["alarms"]) for name, data in events), "not in the status events")
        check(any(name == "audit" and data["change"].get("alarm") == "silence/desk" for name, data in events), "not in the audit events")


class Stream(threading.Thread):
    """What the console's event stream says, until it ends."""

    def __init__(self, regia, technician):
        super().__init__(daemon=True)
        self.events = []
        self.connection = http.client.HTTPConnection("127.0.0.1", regia.console_port, timeout=120)
        self.connection.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {technician.token}"})
        self.answer = self.connection.getresponse()
        equal(self.answer.status, 200, "events")
        self.start()

    def run(self):
        name = None
        try:
            while line := self.answer.readline().decode():
                if line.startswith("event: "):
                    name = line[7:].strip()
                elif line.startswith("data: "):
                    self.events.append((name, json.loads(line[6:])))
        except OSError:
            pass  # the console died with its director

    def end(self):
        self.join(10)
        check(not self.is_alive(), "the stream has no end")
        self.connection.close()
        return self.events


def clip(t, name, then):
    """Something that moves for 6 s, then the rest."""
    path = t.dir / f"{name}.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=10:duration=6", "-f", "lavfi", "-i", then, "-filter_complex",
                    "[0:v]format=yuv420p[a];[1:v]format=yuv420p[b];[a][b]concat=n=2:v=1", "-c:v", "libx264", "-qp", "0", "-g", "10", path], check=True,
                   timeout=60)
    return path


def silence(t):
    path = t.dir / "booth.wav"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo", "-t", "120", path], check=True, timeout=60)
    return path


def find(status, alarm):
    return next((a for a in status.get("alarms", []) if a["id"] == alarm), None)


def raised(regia, alarm, within_s):
    return find(regia.wait_status(f"{alarm} is raised", lambda s: find(s, alarm), within_s), alarm)


def over(regia, alarm, within_s):
    regia.wait_status(f"{alarm} is over", lambda s: not find(s, alarm), within_s)


def acknowledged(regia, old, alarm, by):
    """After the director that answered was killed."""
    regia.wait_restarted("director", old, 15)
    found = raised(regia, alarm, 15)
    check(found["acknowledged-by"] and by in found["acknowledged-by"] and found["acknowledged-at"], f"{alarm}: {found}")
    regia.wait_on_air(20)
    regia.wait_status("all but the camera", lambda s: sum(x["state"] == "live" for x in s["engine"].get("sources", [])) == 6)
    check(find(regia.status(), alarm)["acknowledged-by"] == found["acknowledged-by"], "not any more, once the sources are there")
    return found


def listed(regia, alarm, env, words):
    done = subprocess.run([regia.binary, "alarms", "--state", regia.state], capture_output=True, text=True, timeout=10, check=False,
                          env={**regia.t.env, **env})
    equal(done.returncode, 1, f"exit status: {done.stderr}")
    check(alarm in done.stdout and words in done.stdout, done.stdout)
    done = regia.command("alarms", "--state", regia.state, "--json")
    check(done.returncode == 1 and find(json.loads(done.stdout), alarm), done.stdout)


def post(technician, command, body):
    status, said = technician.request(f"/api/v1/commands/{command}", "POST", {"Content-Type": "application/json",
                                                                             "Authorization": f"Bearer {technician.token}"}, json.dumps(body))
    return status, said.decode()


main(run)
