#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others, within 420 s, 1800 s when long
"""What people said is not forgotten: each state of a show × (kill -9 of the director, kill -9 of everything, a restart of the machine),
each command × kill -9 an instant after its answer, a state folder that takes nothing, and the ways in which the program is told to go."""

import contextlib
import json
import os
import signal
import subprocess
import time

from harness import LoopDisk, Regia, Rtmp, check, decodes_cleanly, equal, main, marks

ONE = {"180p": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}}
HITS = ("director", "everything", "restart")
# Of `private on`: from the command's start, before its program runs, to the last picture that was public.
EFFECT_MS, EFFECT_SANITIZED_MS = 200, 1500


def run(t):
    rtmp = Rtmp(t)
    on_the_air(t, rtmp)
    rehearsed(t, rtmp)
    what_was_ended(t, rtmp)
    refusals(t)
    signals(t)


def event(t, name, rtmp=None, **options):
    return Regia(t, name=name, renditions=ONE, relays={"platform": {"url": f"{rtmp.url}/{name}"}} if rtmp else None, **options)


# -- what is done to it ---------------------------------------------------------------------------------------------------------------


def hit(regia, how):
    """How: the director alone, everything, everything and another boot; one process by its name. What systemd would do follows."""
    if how not in HITS:
        regia.kill(how)
    elif how == "director":
        restarts = regia.supervisor.restarts
        os.kill(regia.pid, signal.SIGKILL)
        regia.t.wait("another director", lambda: regia.supervisor.restarts > restarts)
    else:
        if how == "restart":
            regia.supervisor.expect_end()
        kill_everything(regia)


def after(regia, how):
    """The second half of a restart of the machine: nothing of the earlier boot is left when the program is started."""
    if how != "restart":
        return
    regia.t.wait("nothing runs", lambda: not regia.pids(), 20)
    other_boot(regia)
    regia.end()
    regia.start()


def kill_everything(regia):
    for pid in [regia.pid, *regia.pids()]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def shown(regia):
    return json.loads((regia.state / "show.json").read_text(encoding="utf-8"))


def other_boot(regia):
    show = shown(regia)
    monotonic, wall, _ = show["epoch"].split(":")
    show["epoch"] = f"{monotonic}:{wall}:00000000-0000-0000-0000-000000000000"
    (regia.state / "show.json").write_text(json.dumps(show), encoding="utf-8")


# -- states ---------------------------------------------------------------------------------------------------------------------------


def in_effect(regia, what, predicate, paused=False):
    """Runs again, and so that what is wanted is what the engine does."""
    def holds(status):
        engine = status["engine"]
        return (status["state"] == ("paused" if paused else "on-air") and engine.get("ready") and predicate(status)
                and engine.get("applied", 0) >= status["desired"]["version"])
    return regia.wait_status(what, holds, 30)


def on_the_air(t, rtmp):
    regia = event(t, "air", rtmp).start()
    with t.case("on the air", needed=True):
        regia.wait_on_air()
    for how in HITS:
        with t.case(f"on the air, {how}: it goes on in the same session"):
            hit(regia, how)
            after(regia, how)
            regia.wait_on_air()
            equal([item["id"] for item in regia.recordings()], ["air"], "sessions")
    wanted = (("private", ("private", "on"), ("private", "off"), lambda s: s["desired"]["private"]),
              ("paused", ("pause",), ("resume",), lambda s: s["desired"]["paused"]))
    for name, on, off, holds in wanted:
        with t.case(f"{name}: answered"):
            command(regia, *on)
        for how in HITS if t.long or name == "private" else ("restart",):
            with t.case(f"{name}, {how}: it still is"):
                hit(regia, how)
                after(regia, how)
                in_effect(regia, f"still {name}", holds, paused=name == "paused")
        with t.case(f"{name}: taken back"):
            command(regia, *off)
    commands_last(t, regia)
    with t.case("it ends: one session, nothing twice"):
        equal(regia.stop(), 0, "exit status")
        decodes_cleanly(regia.session_file())
        equal(marks(t, regia.session_file())["video"]["duplicates"], 0, "frames twice")
    regia.end()


# What is said of a rehearsal, what is killed an instant after the answer, and what the show is then.
SAID_OF_REHEARSAL = (("start", "director", "on-air"), ("start", "engine", "on-air"), ("start", "everything", "on-air"), ("start", "restart", "on-air"),
                     ("stop", "director", "standby"), ("stop", "everything", "standby"))


def rehearsed(t, rtmp):
    regia = event(t, "rehearsed", rtmp)
    regia.arguments.append("--rehearse")
    published = len(rtmp.files())
    regia.start()
    with t.case("rehearsal", needed=True):
        is_rehearsed(regia)
    for how in (*HITS, "engine", "gateway"):
        with t.case(f"rehearsal, {how}: it is one as before, never on the air"):
            if how in HITS:
                hit(regia, how)
                after(regia, how)
            else:
                regia.wait_restarted(how, regia.kill(how), 20)
            is_rehearsed(regia)
            equal((len(rtmp.files()), (regia.state / "recordings/rehearsed").exists()), (published, False), "published, a session")
    regia.end()
    rows = SAID_OF_REHEARSAL if t.long else SAID_OF_REHEARSAL[2:5]
    for number, (word, how, becomes) in enumerate(rows):
        name = f"rehearsed-{number}"
        regia = event(t, name)
        regia.arguments.append("--rehearse")
        with t.case(f"rehearsal: regia {word}, and {how} at once: {becomes}"):
            regia.start()
            is_rehearsed(regia)
            if word == "start":
                command(regia, "start", name)
            else:
                asking = regia.spawn_command("stop", "--state", regia.state)
                t.wait("that is kept", lambda now=regia: shown(now)["state"] == "standby")
            aired = shown(regia)["aired-ns"]
            hit(regia, how)
            if word == "stop":
                asking.wait(20)
                # What systemd would start is another rehearsal, of a show that had ended.
                is_rehearsed(regia)
                check(not (regia.state / f"recordings/{name}").exists(), "a session")
            else:
                after(regia, how)
                regia.wait_on_air()
                equal(([i["id"] for i in regia.recordings()], shown(regia)["aired-ns"]), ([name], aired), "sessions, when it began")
        regia.end()


def is_rehearsed(regia):
    status = regia.wait_status("rehearsed", lambda s: s["engine"].get("ready") and s["engine"].get("rehearsal"), 30)
    equal((status["state"], sorted(p["name"] for p in status["processes"] if p["pid"])), ("rehearsal", ["console", "director", "engine", "gateway"]),
          "state, what runs")


def command(regia, *words):
    done = regia.command(words[0], "--state", regia.state, *words[1:])
    check(done.returncode == 0, f"regia {' '.join(words)}: {done.returncode}: {done.stderr}")


# Each command, what takes it back, whether it is in effect (a status, and the one before it), and what is killed in an ordinary run.
COMMANDS = (
    (("private", "on"), ("private", "off"), lambda s, _: s["desired"]["private"], "everything"),
    (("relay", "stop", "platform"), ("relay", "start", "platform"), lambda s, _: s["desired"]["relays-off"] == ["platform"], "director"),
    (("mark", "Saluti"), None, lambda s, before: s["desired"]["marks"] == before["desired"]["marks"] + 1, "recorder"),
    (("pause",), ("resume",), lambda s, _: s["desired"]["paused"], "director"),
    (("extend", "+1h"), None, lambda s, before: s["event"]["end"] not in ("", before["event"]["end"]), "everything"),
    (("resume",), ("pause",), lambda s, _: not s["desired"]["paused"], "engine"),
    (("private", "off"), ("private", "on"), lambda s, _: not s["desired"]["private"], "engine"),
    (("relay", "start", "platform"), ("relay", "stop", "platform"),
     lambda s, _: s["desired"]["relays-off"] == [] and s["relays"][0]["state"] == "live", "everything"),
)


def commands_last(t, regia):
    for words, back, holds, usual in COMMANDS:
        for number, target in enumerate(("director", "engine", "recorder", "everything") if t.long else (usual,)):
            with t.case(f"regia {' '.join(words)}, and {target} killed at once: in effect"):
                regia.wait_status("it listens", lambda s: s["engine"].get("ready"), 30)
                if number > 0 and back:
                    command(regia, *back)
                before = regia.status()
                check(not holds(before, before), "it is in effect already")
                pids = {p["name"]: p["pid"] for p in before["processes"]}
                command(regia, *words)
                if target not in HITS:
                    os.kill(pids[target], signal.SIGKILL)
                    regia.wait_restarted(target, pids[target], 20)
                else:
                    hit(regia, target)
                paused = words[0] == "pause" or (before["desired"]["paused"] and words[0] != "resume")
                in_effect(regia, f"{words} is in effect", lambda s, now=before, held=holds: held(s, now), paused)


def what_was_ended(t, rtmp):
    for number, how in enumerate(HITS if t.long else ("restart", "director")):
        name = f"ended-{number}"
        disk = LoopDisk(t, f"disk-{number}", 120)
        regia = event(t, name, rtmp, groups={"record": {"folder": disk.path / "recordings", "reserve": "12M"}}).start()
        with t.case(f"being finished, {how}: it is finished, and nothing goes on the air", needed=True):
            regia.wait_on_air()
            regia.wait_recorded(1000)
            regia.wait_status("the platform gets it", lambda s: s["relays"][0]["state"] == "live")
            published = len(rtmp.files())
            # What takes long to finish: the disk does not answer.
            subprocess.run(["fsfreeze", "-f", str(disk.path)], check=True, timeout=20)
            try:
                regia.spawn_command("stop", "--state", regia.state)
                regia.wait_status("being finished", lambda s: s["state"] == "ending")
                t.wait("that is kept", lambda: shown(regia)["state"] == "ending")
                hit(regia, how)
            finally:
                subprocess.run(["fsfreeze", "-u", str(disk.path)], check=True, timeout=20)
            after(regia, how)
            stays_ended(regia, rtmp, published)
            equal([(i["id"], i["state"]) for i in regia.recordings()], [(name, "finished")], "sessions")
            decodes_cleanly(disk.path / "recordings" / name / "programme.mp4")
            equal(sorted(p.name for p in (disk.path / "recordings" / name).glob("programme*")), ["programme.mp4"], "files")
        for again in HITS if t.long or number == 0 else ():
            with t.case(f"ended and served, {again}: it stays so"):
                hit(regia, again)
                after(regia, again)
                stays_ended(regia, rtmp, published)
                equal([(i["id"], i["state"]) for i in regia.recordings()], [(name, "finished")], "sessions")
        regia.end()


def stays_ended(regia, rtmp, published):
    """Served, and seconds later as well: no engine, no relay, and the platform has seen nobody since."""
    def question():
        status = regia.status()
        check(status["state"] in ("ending", "ended"), f"it is {status['state']}")
        running = {p["name"] for p in status["processes"] if p["pid"]}
        check("engine" not in running and "relay platform" not in running, f"running: {running}")
        return status["state"] == "ended" and any(p["name"] == "gateway" and p["state"] == "running" for p in status["processes"])
    regia.t.wait("ended", question, 40)
    regia.t.wait("its page", lambda: regia.get("/api/v1/recordings"), 15)
    began = regia.supervisor.watchdogs
    regia.t.wait("two more looks of the director", lambda: regia.supervisor.watchdogs >= began + 2 and question(), 20)
    equal(len(rtmp.files()), published, "times that something was published")


# -- a state folder that takes nothing -------------------------------------------------------------------------------------------------


def show_ms(regia):
    """Show time now. The epoch counts by the clock that this program reads as well."""
    monotonic_ns = int(json.loads((regia.state / "show.json").read_text(encoding="utf-8"))["epoch"].split(":")[0])
    return (time.monotonic_ns() - monotonic_ns) // 1_000_000


def ask_private(t, regia, name):
    """The command, before what else the machine does, as nothing but Regia is measured; and the show time at which it was asked for."""
    asked_ms = show_ms(regia)
    return t.spawn(name, [regia.binary, "private", "--state", regia.state, "on"], env=regia.env, nice=-10), asked_ms


def check_effect(t, regia, asked_ms, why):
    """The hall was private in time, by the show time of the last picture that the public was given as it was."""
    status = in_effect(regia, "private", lambda s: s["engine"].get("private") and s["engine"]["last-public-ms"])
    took = status["engine"]["last-public-ms"] - asked_ms
    t.figure(f"private on, {why}: the last public picture is of {took} ms after it was asked for")
    bound = EFFECT_SANITIZED_MS if t.sanitized else EFFECT_MS
    check(-1000 < took < bound, f"the last public picture is of {took} ms after it was asked for, not within {bound} ms")


def refusals(t):
    disk = LoopDisk(t, "state", 40)
    regia = event(t, "refused", state=disk.path / "state", groups={"record": {"folder": t.dir / "elsewhere", "reserve": "12M"}}).start()
    with t.case("on the air", needed=True):
        regia.wait_on_air()
    with t.case("the state folder is full: what is refused says so, and is never in effect"):
        for _ in range(3):
            # What was freed a moment ago, by a file that took another's place, is room only once it is written.
            disk.fill(0)
            subprocess.run(["sync", "-f", str(disk.path)], check=True, timeout=20)
        disk.fill(0)
        for words in (("pause",), ("mark", "Nothing"), ("extend", "+1h")):
            done = regia.command(words[0], "--state", regia.state, *words[1:])
            check(done.returncode != 0 and "nothing was changed" in done.stderr, f"{words}: {done.returncode}: {done.stderr}")
        status = regia.status()
        equal((status["desired"]["paused"], status["desired"]["marks"], status["event"]["end"], status["state"]),
              (False, 0, "", "on-air"), "paused, marks, end, state")
    with t.case("… private on takes effect all the same, and says that it could not be kept"):
        asking, asked_ms = ask_private(t, regia, "private-full")
        equal(asking.wait(20), 75, "exit status")
        check_effect(t, regia, asked_ms, "state disk full")
        check("could not be kept" in (t.out / "private-full.log").read_text(errors="replace"), "it does not say so")
        in_effect(regia, "private", lambda s: s["desired"]["private"])
    with t.case("… what was refused is not in effect later, either"):
        disk.clear()
        command(regia, "private", "off")
        hit(regia, "everything")
        status = in_effect(regia, "public", lambda s: not s["desired"]["private"])
        equal((status["desired"]["paused"], status["desired"]["marks"]), (False, 0), "paused, marks")
    with t.case("the state folder does not answer: private on is in effect before that is known", needed=True):
        version = regia.status()["desired"]["version"]
        subprocess.run(["fsfreeze", "-f", str(disk.path)], check=True, timeout=20)
        try:
            began = time.monotonic()
            asking, asked_ms = ask_private(t, regia, "private-frozen")
            t.wait("in effect", lambda: regia.status()["engine"]["applied"] > version, pause=0.01)
            t.figure(f"private on with a frozen state disk: seen in effect after {time.monotonic() - began:.2f} s, program and all")
            equal(asking.poll(), None, "answer of the command, which waits for the disk")
            check_effect(t, regia, asked_ms, "state disk frozen")
            equal(asking.wait(20), 75, "exit status")
        finally:
            subprocess.run(["fsfreeze", "-u", str(disk.path)], check=True, timeout=20)
        check("the disk does not answer" in (t.out / "private-frozen.log").read_text(errors="replace"), "it does not say why")
    regia.stop()
    regia.end()


# -- told to go -----------------------------------------------------------------------------------------------------------------------


class Person:
    """Starts a Regia as a person does, with nobody who starts it again."""

    def __init__(self, regia, **env):
        self.regia = regia
        self.child = regia.t.spawn(regia.name, [regia.binary, "run", "--state", regia.state, regia.event],
                                   env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus", **env}, nice=-10)
        regia.sessions.add(self.child.pid)
        regia.t.defer(self.end)

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait(10)


def signals(t):
    early(t)
    regia = event(t, "person")
    with t.case("Ctrl-C twice within 50 ms: it goes at once", needed=True):
        person = Person(regia)
        regia.wait_on_air()
        regia.wait_recorded(2000)
        person.child.send_signal(signal.SIGINT)
        time.sleep(0.03)
        person.child.send_signal(signal.SIGINT)
        person.child.wait(15)
        show = shown(regia)
        check(show["state"] in ("ending", "ended") and show["left"], f"{show['state']}, left {show['left']}")
    with t.case("… the next start begins another show, the recording is finished beside it", needed=True):
        person = Person(regia)
        regia.wait_on_air()
        items = t.wait("both", lambda: {i["id"]: i["state"] for i in regia.recordings()}
                       if any(i["state"] == "finished" for i in regia.recordings()) else None, 30)
        equal(items.get("person"), "finished", f"state of the first among {items}")
        decodes_cleanly(regia.state / "recordings/person/programme.mp4")
    with t.case("SIGTERM, and no system bus: it ends as by Ctrl-C"):
        person.child.send_signal(signal.SIGTERM)
        equal(person.child.wait(30), 0, "exit status")
        show = shown(regia)
        equal((show["state"], show["left"]), ("ended", True), "state, left")
        check((regia.state / "recordings/person-2/programme.mp4").exists(), "it is not finished")
    with t.case("SIGTERM while the machine goes down: the show goes on at the next start, nothing of the recording is lost"):
        bus = t.dir / "bus"
        t.spawn("system-bus", [t.tool("system-bus"), bus, "stopping"])
        t.wait("a bus", bus.exists)
        person = Person(regia, DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={bus}")
        regia.wait_on_air()
        regia.wait_recorded(2000)
        person.child.send_signal(signal.SIGTERM)
        person.child.wait(30)
        equal((shown(regia)["state"], shown(regia)["session"]), ("on-air", "person-3"), "state, session")
        other_boot(regia)
        person = Person(regia)
        regia.wait_on_air()
        regia.wait_recorded(2000)
        person.child.send_signal(signal.SIGINT)
        equal(person.child.wait(30), 0, "exit status")
        path = regia.state / "recordings/person-3/programme.mp4"
        decodes_cleanly(path)
        video = marks(t, path)["video"]
        equal((video["missing_ranges"], video["duplicates"], video["backwards"]), ([], 0, 1), "missing, twice, engines but one")


def early(t):
    rounds = 60 if t.long else 12
    regia = event(t, "early")
    slowest = 0
    with t.case(f"SIGTERM at {rounds} moments of the first second: it ends in order, and nothing of it is left"):
        for number in range(rounds):
            person = Person(regia)
            time.sleep(0.03 + number / rounds)
            began = time.monotonic()
            person.child.send_signal(signal.SIGTERM)
            status = person.child.wait(20)
            slowest = max(slowest, time.monotonic() - began)
            left = [p.name for p in (regia.state / "run").glob("*.sock")]
            state = shown(regia)["state"] if (regia.state / "show.json").exists() else "ended"
            # Before its main() nothing can be caught, and nothing has begun.
            check(status in (0, -signal.SIGTERM) and state == "ended" and left == [], f"round {number}: {status}, {state}, {left}")
    t.figure(f"told to go while it starts: {slowest:.2f} s at most")
    with t.case("… and soon: nobody waits for what will not come"):
        check(slowest < 5, f"{slowest:.2f} s")


main(run)
