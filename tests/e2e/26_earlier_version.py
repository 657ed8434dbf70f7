#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""The program was replaced by a newer one: on the state folders that earlier versions left (tests/kept), what was on the air goes on, what
was being finished is finished, what was ended stays ended, and no recording is lost. What a newer version left is not touched."""

import hashlib
import os
import shutil
import signal

from harness import check, decodes_cleanly, equal, frames, main
from harness.kept import AWAY_NS, bring_here, change_json, folders, read_json, small_event

AWAY_MS = AWAY_NS // 10**6
STATES = ("on-air", "finishing", "ended", "sessions")


def run(t):
    with t.case("there are folders of every state, of two versions at least", needed=True):
        for state in STATES:
            check(len(folders(state)) >= 2, f"{state}: {folders(state)}")
    for folder in folders("on-air"):
        on_the_air(t, folder)
    for folder in folders("finishing"):
        finishing(t, folder)
    for folder in folders("ended"):
        ended(t, folder)
    for folder in folders("sessions"):
        sessions(t, folder)
    newest = folders("sessions")[-1]
    newer_show(t, newest)
    newer_session(t, newest)


def opened(t, folder, same_boot=True):
    """Today's program on a copy of the folder, not started yet."""
    event = read_json(folder / "show.json")["event"]
    regia = small_event(t, f"{folder.parent.name}-{folder.name}-{len(os.listdir(t.dir))}", event={"id": event})
    return bring_here(folder, regia, same_boot)


def session_of(regia, name):
    return read_json(regia.state / "recordings" / name / "session.json")


def on_the_air(t, folder):
    for same_boot in (True, False):
        where = "in mid-event" if same_boot else "over a restart of the machine"
        regia = opened(t, folder, same_boot)
        with t.case(f"{folder.parent.name}, on the air, replaced {where}: the show goes on, in the same session"):
            kept = read_json(regia.state / "show.json")
            before = recorded(t, regia.state / "recordings/on-air/live/programme-0001.mp4")
            regia.start()
            regia.wait_on_air()
            regia.wait_recorded(1000)
            status = regia.status()
            equal(status["recorder"]["session"], kept["session"], "session")
            check(status["generation"] > kept["generation"], f"generation {status['generation']} after {kept['generation']}")
            since_ms = status["show-time-ms"] - kept["reached-ns"] // 10**6
            check(AWAY_MS <= since_ms < AWAY_MS + 60000, f"{since_ms} ms of show time since the last word")
            show_id(t, regia, kept)
            equal(regia.stop(), 0, "exit status")
            equal(read_json(regia.state / "show.json")["version"], 2, "version that is written now")
            it_is_all_there(t, regia, "on-air", before)
        regia.end()


def show_id(t, regia, kept):
    """The first version had no ids: its show is given one, and that is kept from then on."""
    now = read_json(regia.state / "show.json")["id"]
    address = regia.media("video/180p")
    check(address.startswith(f"/live/{now}/"), f"{address} is not of show {now}")
    if "id" in kept:
        equal(now, kept["id"], "id of the show")
        return
    restarts = regia.supervisor.restarts
    os.kill(regia.pid, signal.SIGKILL)
    t.wait("another director", lambda: regia.supervisor.restarts > restarts)
    regia.wait_on_air()
    equal(read_json(regia.state / "show.json")["id"], now, "id of the show after a restart")


def recorded(t, path):
    """The pictures of a file, each known by its number and its wall clock."""
    found = [(f.number, f.wall) for f in frames(t, path) if f.number >= 0]
    check(len(found) > 20, f"{path}: {len(found)} pictures")
    return found


def it_is_all_there(t, regia, name, before, more=20):
    """Every picture that the earlier version recorded, then those that came after it, in one file."""
    session = session_of(regia, name)
    path = regia.state / "recordings" / name / "programme.mp4"
    equal((session["state"], session["version"], session["message"]), ("finished", 2, ""), "state, version, message")
    decodes_cleanly(path)
    now = recorded(t, path)
    equal(now[:len(before)], before, "what the earlier version recorded")
    check(len(now) >= len(before) + more, f"{len(now)} pictures, {len(before)} of the earlier version")
    equal(len(set(now)), len(now), "pictures but for those that are there twice")


def finishing(t, folder):
    regia = opened(t, folder)
    with t.case(f"{folder.parent.name}, being finished: it is finished, and nothing goes on the air"):
        before = recorded(t, regia.state / "recordings/finishing/live/programme-0001.mp4")
        regia.start()
        stays_ended(regia)
        downloads(t, regia, ["finishing"])
        it_is_all_there(t, regia, "finishing", before, 0)
        equal(recorded(t, regia.state / "recordings/finishing/programme.mp4"), before, "pictures")
    regia.end()


def stays_ended(regia):
    def question():
        status = regia.status()
        check(status["state"] in ("ending", "ended"), f"it is {status['state']}")
        check("engine" not in {p["name"] for p in status["processes"] if p["pid"]}, "the engine runs")
        return status["state"] == "ended" and regia.json("/api/v1/recordings")
    regia.t.wait("ended and served", question, 30)
    looks = regia.supervisor.watchdogs
    regia.t.wait("two more looks of the director", lambda: regia.supervisor.watchdogs >= looks + 2 and question())


def ended(t, folder):
    regia = opened(t, folder)
    kept = session_of(regia, "ended")
    before = recorded(t, regia.state / "recordings/ended/programme.mp4")
    with t.case(f"{folder.parent.name}, ended: it stays so, its recording is served as it was"):
        regia.start()
        stays_ended(regia)
        downloads(t, regia, ["ended"], {"ended": kept})
        equal([item["id"] for item in regia.recordings()], ["ended"], "sessions")
        equal(regia.status()["warnings"], [], "warnings")
    with t.case(f"{folder.parent.name}, ended: told to go, it says that all is well"):
        equal(regia.stop(), 0, "exit status")
        equal(session_of(regia, "ended"), kept, "record")
    with t.case(f"{folder.parent.name}, ended: --again puts it on the air, in the same session"):
        regia.end()
        regia.arguments = ["--again", regia.event]
        regia.start()
        regia.wait_on_air()
        equal(regia.status()["recorder"]["session"], "ended", "session")
        regia.wait_recorded(1000)
        equal(regia.stop(), 0, "exit status")
        again = [path for path in (regia.state / "recordings/ended").glob("programme*.mp4") if path.name != "programme.mp4"]
        equal(recorded(t, regia.state / "recordings/ended/programme.mp4"), before, "what the earlier version recorded")
        check(len(again) == 1 and len(recorded(t, again[0])) > 20, f"the other part: {again}")
    regia.end()


def sessions(t, folder):
    regia = opened(t, folder)
    kept = {name: session_of(regia, name) for name in ("sessions", "sessions-2")}
    with t.case(f"{folder.parent.name}, finished sessions: all are listed and can be fetched, beside a new one"):
        regia.arguments = ["--new", regia.event]
        regia.start()
        regia.wait_on_air()
        equal(regia.status()["recorder"]["session"], "sessions-3", "session")
        downloads(t, regia, ["sessions", "sessions-2"], kept)
        equal(regia.stop(), 0, "exit status")
        equal({name: session_of(regia, name) for name in kept}, kept, "their records")
    regia.end()


def downloads(t, regia, names, kept=None):
    """Each is in the library, is fetched, and is what the record and the disk say."""
    def all_finished():
        items = {item["id"]: item for item in regia.recordings()}
        return all(items[name]["state"] == "finished" for name in names) and items

    items = t.wait("all of them finished", all_finished, 30)
    for name in names:
        item = items[name]
        check(item["files"], f"{name} has no file")
        record = {file["name"]: file for file in (kept or {}).get(name, session_of(regia, name))["files"]}
        equal(sorted(file["name"] for file in item["files"]), sorted(record), f"files of {name}")
        for file in item["files"]:
            body = regia.get("/" + file["url"])
            digest = hashlib.sha256(body).hexdigest()
            equal((len(body), digest), (file["size-bytes"], file["sha256"]), f"{file['url']} as it came")
            equal(digest, record[file["name"]]["sha256"], f"{file['url']} as it was recorded")
            equal(body, (regia.state / "recordings" / name / file["name"]).read_bytes(), f"{file['url']} on the disk")
            if file["name"].endswith(".mp4"):
                decodes_cleanly(regia.state / "recordings" / name / file["name"])


def contents(folder):
    """Every file below, with what it is and what is in it; but the lock, which whoever looks takes for as long as he looks."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.name != "director.lock"):
        status = path.lstat()
        found[str(path.relative_to(folder))] = (oct(status.st_mode), hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
                                                status.st_mtime_ns if path.is_file() else 0)
    return found


def untouched(folder, before):
    now = contents(folder)
    equal([name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)], [], f"what was touched in {folder}")


def newer_show(t, folder):
    regia = opened(t, folder)
    change_json(regia.state / "show.json", version=3)
    hall = t.dir / "newer-hall.conf"
    shutil.copy(regia.event, hall)
    events = t.dir / "newer-events"
    events.mkdir()
    before = contents(regia.state)
    ways = {"an event": [regia.event], "an event, --new": ["--new", regia.event], "an event, --again": ["--again", regia.event],
            "the events of a hall": ["--hall", hall, "--events", events]}
    for name, arguments in ways.items():
        with t.case(f"a newer version's show.json, {name}: refused by name, nothing is touched"):
            done = regia.command("run", "--state", regia.state, *arguments)
            check(done.returncode not in (0, -signal.SIGKILL), f"exit status {done.returncode}")
            for words in ("show.json", "newer Regia", "version 3", "up to 2", "--state"):
                check(words in done.stderr, f"{words!r} is not in {done.stderr!r}")
            untouched(regia.state, before)


def newer_session(t, folder):
    regia = opened(t, folder)
    record = regia.state / "recordings/sessions/session.json"
    change_json(record, version=3, state="recording")
    before = contents(record.parent)
    with t.case("a newer version's session: named where it is listed, never written to; the others are served"):
        regia.arguments = ["--new", regia.event]
        regia.start()
        regia.wait_on_air()
        items = {item["id"]: item for item in regia.recordings()}
        check("later version" in items["sessions"]["message"], f"{items['sessions']}")
        downloads(t, regia, ["sessions-2"])
        log = t.out / f"{regia.name}.log"
        t.wait("the recorder has come by", lambda: "later version" in log.read_text(encoding="utf-8", errors="replace"))
        equal(regia.stop(), 0, "exit status")
        untouched(record.parent, before)
    regia.end()


main(run)
