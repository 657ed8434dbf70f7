#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others, within 420 s
"""The events of a folder in a hall, one after the other: standby, start, stop, the next one; by a person and by the clock; with everything
killed in each state, and without the files while one is on."""

import re
import time
from datetime import datetime, timedelta, timezone

from harness import Browser, Regia, Service, check, equal, main

# Standby follows the end after a minute.
ENDED_S = 60


def run(t):
    regia = Service(t, "hall")
    regia.put("first", name="Prima giornata", place="Teatro Guglielmi", id="first", start=at(hours=26), end=at(hours=29))
    regia.put("second", name="Seconda giornata", id="second")
    regia.put("faulty", nome="senza nome")
    regia.start()
    standby(t, regia)
    refusals(t, regia)
    first(t, regia)
    second(t, regia)
    killed_when_ended(t, regia)
    by_itself(t, regia)
    with t.case("the end: of the event and of Regia, in order"):
        equal(regia.stop(), 0, "exit status")
        equal(regia.pids(), [], "still running")


def at(**distance):
    return (datetime.now(timezone.utc) + timedelta(**distance)).strftime("%Y-%m-%dT%H:%M:%SZ")


def standby(t, regia):
    with t.case("standby: systemd is told, the page is served, nothing is captured", needed=True):
        check(regia.supervisor.ready.wait(30), "READY=1 was not said")
        regia.wait_standby()
        equal(regia.running(), ["console", "director", "gateway"], "what runs")
        t.wait("the next event", lambda: regia.public()["next"].get("name") == "Prima giornata", 20)
        equal(regia.public()["next"]["place"], "Teatro Guglielmi", "place of the next")
        check(regia.request("/live/index.m3u8")[0] == 404, "there is something to play")
    with t.case("standby: `regia events` lists them, and the one that cannot be started with its fault"):
        events = regia.events()
        equal({file: event["state"] for file, event in events.items()},
              {"first.conf": "next", "second.conf": "any time", "faulty.conf": "faulty"}, "events")
        check("nome" in events["faulty.conf"]["error"], events["faulty.conf"]["error"])
        check(any("faulty.conf" in w for w in regia.status()["warnings"]), f"warnings {regia.status()['warnings']}")
        said = regia.get("/api/v1/status").decode()
        equal([words for words in ("events", "faulty", ".conf", "econda") if words in said], [], "the folder is nobody's business outside")
    with t.case("standby: a file that is put there is seen when somebody asks"):
        regia.put("third", name="Terza giornata", id="third", start=at(hours=50))
        equal(regia.events()["third.conf"]["state"], "later", "state")
    with t.case("standby: everything killed: standby again"):
        regia.kill_all()
        regia.wait_standby()
        equal((regia.kept()["state"], regia.running()), ("standby", ["console", "director", "gateway"]), "state")


def refusals(t, regia):
    with t.case("refused in words: what is not there, what is faulty, a command without an event"):
        regia.refused("there is no event \"fourth\"", "start", "fourth")
        regia.refused("unknown key", "start", "faulty")
        regia.refused("no event is on the air", "stop")
        regia.refused("no event is on the air", "private", "on")
        equal(regia.kept()["state"], "standby", "state")
    with t.case("refused in words: one that was started for one event has no others"):
        other = Regia(t, name="single").start()
        other.wait_status("it answers", lambda s: s["state"], 20)
        for arguments in (("start", "first"), ("events",)):
            done = other.command(*arguments, "--state", other.state)
            check(done.returncode != 0 and "--events=FOLDER" in done.stderr, f"{done.returncode}: {done.stderr}")
        other.end()


def first(t, regia):
    browser = Browser(t, regia.base)
    with t.case("the page announces the next event"):
        browser.wait("the announcement", lambda p: p["state"] == "waiting" and "Prima giornata" in p["text"] and "Guglielmi" in p["text"])
    with t.case("`regia start`: on the air and recorded, the page begins by itself", needed=True):
        began = time.monotonic()
        check("Prima giornata" in regia.good("start", "first"), "the name is not said")
        equal(regia.kept()["state"], "on-air", "kept when it is answered")
        t.wait("the page is there again", lambda: regia.request("/")[0] == 200, 20)
        t.figure(f"from `regia start` to the page of the event {time.monotonic() - began:.2f} s")
        regia.wait_on_air()
        status = regia.status()
        equal((status["event"]["name"], status["recorder"]["session"], status["next"]["id"]), ("Prima giornata", "first", "third"), "status")
        equal(regia.events()["first.conf"]["state"], "next", "its hours are to come")
        browser.wait_playing()
        equal(browser.probe()["loads"], 1, "times the page was loaded")
    with t.case("another is refused, in words"):
        regia.refused("\"Prima giornata\" is on the air", "start", "second")
    with t.case("everything killed, hall and folder gone: the show goes on, same session", needed=True):
        regia.hall.rename(regia.hall.with_suffix(".away"))
        regia.folder.rename(regia.folder.with_suffix(".away"))
        started = regia.status()["started"]
        regia.kill_all()
        regia.wait_on_air()
        status = regia.status()
        equal((status["recorder"]["session"], status["started"], status["event"]["name"]), ("first", started, "Prima giornata"), "the show")
        regia.folder.with_suffix(".away").rename(regia.folder)
        regia.hall.with_suffix(".away").rename(regia.hall)
    with t.case("`regia stop`: finished, and Regia stays"):
        check("recording is in" in regia.good("stop"), "where the recording is")
        equal(regia.wait_session()["id"], "first", "session")
        equal(regia.status()["state"], "ended", "state")
        browser.wait("the end", lambda p: p["state"] == "ended")
        equal(regia.events()["first.conf"]["state"], "ended", "state of the event")
    with t.case("one that was ended needs --again"):
        regia.refused("`regia start first --again`", "start", "first")


def media(regia):
    """{address of a segment: its bytes} of what can be fetched now."""
    return {address: regia.get(address) for _, address in regia.playlist()[0] if address}


def second(t, regia):
    old = media(regia)
    check(old, "nothing of the first show is left to compare with")
    with t.case("the next event on the same director: another session, and no byte of the first", needed=True):
        regia.good("start", "second.conf")
        regia.wait_on_air()
        equal(regia.status()["recorder"]["session"], "second", "session")
        new = t.wait("segments", lambda: media(regia), 20)
        equal(sorted(set(old) & set(new)), [], "addresses of both")
        equal([a for a in new if new[a] in old.values()], [], "bytes of the first")
        for address in old:
            equal(regia.request(address)[0], 404, f"status of {address}")
    with t.case("the director killed in mid-event: the show goes on"):
        regia.kill_director()
        regia.wait_on_air()
        equal(regia.status()["recorder"]["session"], "second", "session")
    with t.case("`regia stop`, and --again: the same session, another part"):
        regia.good("stop")
        check("goes on" in regia.good("start", "second", "--again"), "what is said")
        regia.wait_on_air()
        equal(regia.status()["recorder"]["session"], "second", "session")
        equal(regia.events()["second.conf"]["state"], "any time", "not ended any more")
        regia.good("stop")
        equal(sorted(item["id"] for item in regia.recordings()), ["first", "second"], "recordings")


def killed_when_ended(t, regia):
    with t.case("everything killed after the end: standby, and it stays ended"):
        regia.kill_all()
        regia.wait_standby()
        kept = regia.kept()
        equal((kept["state"], kept["ended"]), ("standby", ["first", "second"]), "kept")
        regia.refused("--again", "start", "second")
        equal(regia.running(), ["console", "director", "gateway"], "what runs")
    with t.case("one that was ended before the last begins anew with --again"):
        check("session first-2" in regia.good("start", "first", "--again"), "session")
        regia.wait_on_air()
    with t.case("a minute after the end: standby by itself, with the next event"):
        regia.good("stop")
        regia.wait_standby(ENDED_S + 30)
        equal(regia.public()["next"]["name"], "Terza giornata", "next")
    with t.case("a hall that is changed in standby is taken; a faulty one is named, and the last good one serves on"):
        good = regia.hall.read_text(encoding="utf-8")
        regia.hall.write_text(good.replace("Palazzo Ducale", "Palazzo Nuovo"), encoding="utf-8")
        t.wait("the other place", lambda: "Palazzo Nuovo" in regia.public()["event"]["place"], 40)
        regia.hall.write_text(good.replace("25", "fast"), encoding="utf-8")
        regia.wait_status("a warning", lambda s: any("hall file" in w and "rate" in w for w in s["warnings"]), 40)
        equal(regia.request("/")[0], 200, "status of the page")
        regia.hall.write_text(good, encoding="utf-8")


def by_itself(t, regia):
    with t.case("an event begins at its hour by itself", needed=True):
        regia.put("clock", name="A orario", id="clock", start=at(seconds=2), end=at(hours=1), start_by_itself="yes",)
        regia.wait_on_air(60)
        equal(regia.status()["recorder"]["session"], "clock", "session")
        check(re.search(r'"who":"its hour"', (regia.state / "audit.jsonl").read_text(encoding="utf-8")), "who started it is not written down")
    with t.case("ended by a person in its hours, it does not begin again: not by itself, nor after a kill"):
        regia.good("stop")
        regia.kill_all()
        regia.wait_standby()
        # What would start it again is a look at the folder; each answer here is one.
        for _ in range(3):
            equal(regia.events()["clock.conf"]["state"], "ended", "state of the event")
        equal(regia.status()["state"], "standby", "state")


main(run)
