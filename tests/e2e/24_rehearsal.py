#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: within 420 s
"""A rehearsal: all of it runs, nobody sees it and nothing is kept, whatever is killed; the first frame that anybody gets, and the first that is
recorded, is after the start."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone

from harness import Regia, Rtmp, Service, Srt, check, equal, holds, main

SEGMENT_S = 2


def run(t):
    alone(t)
    in_a_hall(t)


# -- one event alone ------------------------------------------------------------------------------------------------------------------


def alone(t):
    rtmp, srt = Rtmp(t), Srt(t)
    regia = Regia(t, name="alone", event={"start": at(hours=2)}, relays={"platform": {"url": rtmp.url}, "far": {"url": srt.url}})
    regia.arguments.append("--rehearse")
    regia.start()
    asker = Asker(t, regia)
    with t.case("rehearsal: systemd is told, and what runs is the engine and the page", needed=True):
        wait_rehearsal(regia)
        check(regia.supervisor.ready.wait(10), "READY=1 was not said")
        equal(sorted(p["name"] for p in regia.status()["processes"] if p["pid"]), ["console", "director", "engine", "gateway"], "what runs")
    with t.case("said in words"):
        said = regia.command("status", "--state", regia.state).stdout
        check("rehearsal" in said and "nobody sees this, nothing is recorded" in said, said)
    with t.case("those in the hall have it: sources, levels, the feed itself"):
        status = regia.wait_status("the source is live", lambda s: [x["state"] for x in s["engine"]["sources"]] == ["live"], 20)
        before = status["engine"]["frames"]
        regia.wait_status("frames", lambda s: s["engine"]["frames"] > before + 25)
        tap = tap_for(t, regia, "rehearsal", 3)
        check(len(shown(t, tap)) > 25, "the house's feed has no frames")
    with t.case("the public page shows what it shows before an event"):
        nothing_is_on(regia.public(), "Sirio migranti: esperienze a confronto", "")
    with t.case("refused in words: what has no meaning in a rehearsal"):
        for words in (("pause",), ("mark", "Nothing")):
            done = regia.command(*words, "--state", regia.state)
            check(done.returncode != 0 and "rehearsal" in done.stderr, f"{words}: {done.returncode}: {done.stderr}")
        for words, why in ((("start", "another"), "is being rehearsed"), (("rehearse", "another"), "--events=FOLDER")):
            done = regia.command(*words, "--state", regia.state)
            check(done.returncode != 0 and why in done.stderr, f"{words}: {done.returncode}: {done.stderr}")
    for name in ("engine", "gateway", "director"):
        with t.case(f"{name} killed: it is rehearsed as before"):
            regia.wait_restarted(name, regia.kill(name), 20)
            wait_rehearsal(regia)
    with t.case("private in a rehearsal, and public again: no trace of it later"):
        for word in ("on", "off"):
            equal(regia.command("private", word, "--state", regia.state).returncode, 0, f"private {word}")
    with t.case("nothing has come out, and nothing is kept", needed=True):
        regia.wait_status("more than a window is held", lambda s: s["engine"].get("feed", {}).get("held-ms", 0) > 8000, 40)
        nothing(t, regia, rtmp, srt)
        check(asker.asked > 50 and asker.got == [], f"asked {asker.asked} times, got {asker.got[:5]}")
    asker.end()
    live = Tap(t, regia, "through")
    with t.case("regia start: answered, on the air, in a session", needed=True):
        t.wait("the tap has the rehearsal", live.size)
        on = time.time()
        done = regia.command("start", "alone", "--state", regia.state)
        check(done.returncode == 0 and "session alone" in done.stdout, f"{done.returncode}: {done.stdout}{done.stderr}")
        answered = time.time()
        regia.wait_on_air()
        status = regia.status()
        aired = status["show-time-ms"] - status["aired-ms"]
        check(status["aired-ms"] > 8000 and aired < 30000, f"aired {status['aired-ms']} of {status['show-time-ms']} ms")
        t.figure(f"regia start of a rehearsal: answered after {answered - on:.2f} s")
    t.wait("a segment", regia.newest_segment, 20)
    viewers = [Viewer(t, regia, "first")]
    t.wait("the first viewer has something", viewers[0].size, 30)
    with t.case("who comes anew asks for all there is: gateway, relay and recorder killed after the start"):
        for name in ("gateway", "relay platform", "recorder"):
            regia.wait_restarted(name, regia.kill(name), 20)
        regia.wait_on_air()
        regia.wait_status("relays live", lambda s: [r["state"] for r in s["relays"]] == ["live", "live"], 30)
    viewers.append(Viewer(t, regia, "anew"))
    regia.wait_segments(2)
    regia.wait_recorded(3000)
    with t.case("what is asked for by its number: nothing of before the start"):
        show = re.search(rf"/live/(\w+)/video", regia.media())[1]
        first = regia.status()["aired-ms"] // (SEGMENT_S * 1000)
        numbers = [n for n in range(first) if regia.request(f"/live/{show}/video/360p/{n}.m4s")[0] == 200]
        equal(numbers, [], "segments of the rehearsal")
    with t.case("the event ends", needed=True):
        done = regia.command("stop", "--state", regia.state, timeout=60)
        equal(done.returncode, 0, f"exit status: {done.stderr}")
        equal([i["id"] for i in regia.recordings()], ["alone"], "sessions, in the public library")
        equal(regia.recordings()[0]["gaps"], 0, "gaps")

    house = shown(t, live.end())
    kept = shown(t, regia.session_file())
    with t.case("the recording begins with the first group of pictures after the start, to the frame"):
        check(house[0].wall < 1000 * on < house[-1].wall, "the house's feed does not lie across the start")
        check(kept[0].wall >= 1000 * on, f"{kept[0].wall - 1000 * on:.0f} ms after the start")
        check(kept[0].wall < 1000 * answered + (SEGMENT_S + 0.5) * 1000, f"{kept[0].wall - 1000 * answered:.0f} ms after the answer")
        # From there on, all that the house had.
        numbers = {f.number for f in kept}
        both = [f.number for f in house if kept[0].number <= f.number <= kept[-1].number]
        missing = [n for n in both if n not in numbers]
        check(len(both) > 100 and len(missing) <= 2, f"{len(both)} frames, missing {missing[:20]}")
    outputs = [("RTMP", p) for p in rtmp.files()] + [("SRT", srt.end())] + [(f"viewer {v.name}", v.end()) for v in viewers]
    for name, path in outputs:
        with t.case(f"{name}: its first frame is after the start"):
            frames = shown(t, path)
            check(len(frames) > 25, f"{len(frames)} frames")
            early = [f.number for f in frames if f.number < kept[0].number]
            equal(early, [], "frames of before the start")
            t.say(f"{name}: first frame {frames[0].wall - 1000 * on:.0f} ms after `regia start`, {len(frames)} frames")
    with t.case("who began it is written down"):
        check(re.search(r'"change":\{"show":"start alone"\}', (regia.state / "audit.jsonl").read_text(encoding="utf-8")), "audit.jsonl")
    regia.end()


def at(**distance):
    return (datetime.now(timezone.utc) + timedelta(**distance)).strftime("%Y-%m-%dT%H:%M:%SZ")


def wait_rehearsal(regia):
    return regia.wait_status("it is rehearsed", lambda s: s["state"] == "rehearsal" and s["engine"].get("ready") and s["engine"].get("rehearsal")
                             and s["gateway"].get("address"), 30)


def nothing_is_on(public, announced, place):
    """Of the rehearsal nothing is told: neither what it is called nor where it could be found."""
    equal(public["next"]["name"], announced, "what is announced")
    equal({key: public[key] for key in public if key not in ("wall", "next", "event")},
          {"state": "standby", "show": "", "streams": {}, "recording": "", "talks": [], "talk": 0, "notice": ""}, "what is told of what is on")
    equal([public["event"][key] for key in ("name", "place", "start", "end")], ["", place, "", ""], "name, place, start and end of the event")


def nothing(t, regia, rtmp=None, srt=None):
    """Nothing has come out by any way, and no session has begun."""
    folder = regia.state / "recordings"
    equal([p.name for p in folder.iterdir()] if folder.exists() else [], [], "in the recordings folder")
    equal(t.wait("the list", lambda: {"is": regia.recordings()})["is"], [], "recordings")
    if rtmp:
        equal((len(rtmp.files()), srt.file.stat().st_size), (0, 0), "files of the platform, bytes by SRT")


class Asker(threading.Thread):
    """A stranger who asks, again and again, for whatever a stream could lie at; by the show's id as well, which nobody was told."""

    def __init__(self, t, regia):
        super().__init__(daemon=True)
        self.t, self.regia, self.asked, self.got, self.over = t, regia, 0, [], threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.1):
            with contextlib.suppress(OSError, ValueError, KeyError):
                show = re.search(r'"id"\s*:\s*"(\w{8})"', (self.regia.state / "show.json").read_text(encoding="utf-8"))[1]
                paths = ["/live/index.m3u8", f"/live/{show}/video/360p/index.m3u8", f"/live/{show}/video/360p/init.mp4"]
                paths += [f"/live/{show}/video/360p/{self.asked % 40}.m4s"]
                for path in paths:
                    status, _, body = self.regia.request(path)
                    self.asked += 1
                    if status == 200 and b"EXTINF" in body or status == 200 and not path.endswith("m3u8"):
                        self.got.append((path, status, len(body)))

    def end(self):
        self.over.set()
        self.join(10)


class Tap:
    """`regia tap`: the house's own feed."""

    def __init__(self, t, regia, name):
        self.path = t.out / f"tap-{name}.ts"
        with open(self.path, "wb") as out:
            self.child = t.spawn(f"tap-{name}", [regia.binary, "tap", "--state", regia.state, "--track", "video/360p"], stdout=out)

    def size(self):
        return self.path.stat().st_size > 100000

    def end(self):
        self.child.terminate()
        self.child.wait(10)
        return self.path


def tap_for(t, regia, name, seconds):
    tap = Tap(t, regia, name)
    frames = regia.status()["engine"]["frames"]
    regia.wait_status("frames for the tap", lambda s: s["engine"]["frames"] > frames + 25 * seconds)
    return tap.end()


class Viewer:
    """Keeps what an HLS player is given, from the oldest segment that is listed on."""

    def __init__(self, t, regia, name):
        self.name, self.path = name, t.out / f"viewer-{name}.ts"
        self.child = t.spawn(f"viewer-{name}", ["ffmpeg", "-v", "error", "-y", "-live_start_index", "0", "-i", f"{regia.base}/live/index.m3u8",
                                                "-map", "0:v:0", "-c", "copy", "-f", "mpegts", self.path], nice=5)

    def size(self):
        return self.path.exists() and self.path.stat().st_size

    def end(self):
        self.child.terminate()
        self.child.wait(10)
        return self.path


class Frame:
    def __init__(self, line):
        _, _, pts, number, wall, *_ = line.split()
        self.pts, self.number, self.wall = float(pts), int(number), int(wall)


def shown(t, path):
    """The pictures of the hall in a file, in order; those of the slate have no number."""
    done = subprocess.run([str(t.tool("marks")), "--frames", str(path)], capture_output=True, text=True, timeout=120, check=False, env=t.env)
    check(done.returncode == 0, f"marks {path}: {done.stderr[-300:]}")
    return [f for f in (Frame(line) for line in done.stdout.splitlines() if line.startswith("v ")) if f.number >= 0]


# -- events of a hall -----------------------------------------------------------------------------------------------------------------


def in_a_hall(t):
    regia = Service(t, "hall")
    regia.put("first", name="Prima giornata", id="first", start=at(hours=20))
    regia.put("second", name="Seconda giornata", id="second", start=at(hours=26))
    regia.start()
    regia.wait_standby()
    with t.case("a rehearsal that is ended: standby, and no trace of it", needed=True):
        check("nobody sees it" in regia.good("rehearse", "first"), "what is said")
        wait_rehearsal(regia)
        nothing_is_on(regia.public(), "Prima giornata", "Palazzo Ducale, Massa")
        check("rehearsal" in regia.good("events"), "regia events")
        regia.refused("is being rehearsed", "start", "second")
        regia.refused("is being rehearsed", "rehearse", "second")
        check("nothing was recorded" in regia.good("stop"), "what is said")
        regia.wait_standby()
        nothing(t, regia)
        equal(sorted(p["name"] for p in regia.status()["processes"] if p["pid"]), ["console", "director", "gateway"], "what runs")
        regia.refused("no event is on the air", "stop")
        nothing_is_on(regia.public(), "Prima giornata", "Palazzo Ducale, Massa")
    with t.case("a rehearsal of another than the one that is announced: not a word of it outside"):
        regia.good("rehearse", "second")
        wait_rehearsal(regia)
        for name in ("gateway", "director"):
            regia.wait_restarted(name, regia.kill(name), 20)
            wait_rehearsal(regia)
            public = t.wait("the hall is known", lambda: regia.public()["event"]["place"] and regia.public(), 20)
            nothing_is_on(public, "Prima giornata", "Palazzo Ducale, Massa")
        held = {name: holds(regia.process(name)["pid"], b"Seconda giornata") for name in ("gateway", "console")}
        equal(held, {"gateway": False, "console": True}, "who has its name")
        old = regia.process("gateway")["pid"]
        regia.good("stop")
        t.wait("it is put away: another gateway is there", lambda: regia.process("gateway")["pid"] != old, 20)
        regia.wait_standby()
    with t.case("a show after a rehearsal, and a rehearsal after a show: nothing of it beside the recordings", needed=True):
        regia.good("rehearse", "first")
        wait_rehearsal(regia)
        began = time.time()
        regia.good("start", "first")
        regia.wait_on_air()
        regia.wait_recorded(3000)
        regia.good("stop")
        regia.good("rehearse", "second.conf")
        wait_rehearsal(regia)
        regia.kill_all()
        wait_rehearsal(regia)
        asker = Asker(t, regia)
        t.wait("it is asked", lambda: asker.asked > 40, 30)
        asker.end()
        equal(asker.got, [], "what strangers got")
        equal([i["id"] for i in regia.recordings()], ["first"], "recordings")
        first = shown(t, regia.state / "recordings/first/programme.mp4")
        check(first[0].wall >= 1000 * began, "the recording has some of its rehearsal")
        check("nothing was recorded" in regia.good("stop"), "what is said")
    with t.case("one that was ended may be rehearsed, and is on the air again only with --again"):
        regia.wait_standby()
        regia.good("rehearse", "first")
        regia.refused("--again", "start", "first")
        wait_rehearsal(regia)
        check("session first-2" in regia.good("start", "first", "--again"), "what is said")
        regia.wait_on_air()
        regia.good("stop")
    with t.case("at its hour the rehearsal of another gives way, and what is rehearsed goes on the air"):
        regia.good("rehearse", "second")
        wait_rehearsal(regia)
        regia.put("clock", name="A orario", id="clock", start=at(seconds=1), end=at(hours=1), start_by_itself="yes")
        regia.wait_on_air(60)
        equal(regia.status()["recorder"]["session"], "clock", "session")
        regia.good("stop")
        regia.put("later", name="Più tardi", id="later", start=at(seconds=15), end=at(hours=1), start_by_itself="yes")
        regia.good("rehearse", "later")
        engine = wait_rehearsal(regia)["generation"]
        regia.wait_on_air(60)
        equal((regia.status()["recorder"]["session"], regia.status()["generation"]), ("later", engine), "session, and the engine of the rehearsal")
        regia.good("stop")
    with t.case("the end: in order"):
        equal(regia.stop(), 0, "exit status")


main(run)
