#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desk: an event run by two people at two pages in Chromium, who see within 200 ms what the other does and who it was; by keyboard alone;
with console and director killed in between; ended by a button that has to be held."""

import contextlib
import json
import os
import signal
import time

from harness import Browser, Regia, Rtmp, check, equal, main

ONE = {"180p": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}}
HERS = "una sera in riva al mare"
TALKS = [("1", "Saluti", "Maria Rossi", "Prefettura"), ("2", "Gli sportelli informativi", "Anna D'Avila", "Comune di Massa"), ("7", "Domande", "Luca Verdi", None)]
SEEN_MS = 200
STALE_MS = 2000


def talk(title, speaker, role):
    return {"title": title, "speaker": speaker, **({"role": role} if role else {})}


def run(t):
    groups = {f"talk {number}": talk(*words) for number, *words in TALKS}
    groups["scene small"] = {"layout": "free", "sources": "camera", "areas": "25 25 50 50"}
    regia = Regia(t, name="desk", renditions=ONE, groups=groups)
    for name in ("anna", "bruno"):
        regia.command("passwd", "--state", regia.state, name, "--role", "technician", input=HERS + "\n")
    regia.start()
    with t.case("on the air", needed=True):
        regia.wait_on_air()
    added(t, regia)
    with t.case("two technicians, each at a page", needed=True):
        anna, bruno = (enter(t, regia, name) for name in ("anna", "bruno"))
    together(t, regia, anna, bruno)
    talks(t, regia, anna, bruno)
    lost(t, regia, anna)
    killed(t, regia, anna, bruno)
    looks(t, regia, anna)
    held(t, regia, anna, bruno)


def state(status, name):
    return next((relay["state"] for relay in status["relays"] if relay["name"] == name), "")


def added(t, regia):
    """One more destination while the event is on; its key is in no answer, log, audit or argument."""
    far = Rtmp(t, "added")
    url, key = far.url, "geheim-e-lungo"
    with t.case("one is added while the event is on, and pushes"):
        done = regia.command("relay", "add", "--key", "added", url, "--state", regia.state, input=key + "\n")
        equal((done.returncode, done.stdout), (0, "Relay added is added.\n"), done.stderr)
        regia.wait_status("live", lambda s: state(s, "added") == "live", 30)
        done = regia.command("relay", "add", "added", url, "--state", regia.state)
        check(done.returncode == 64 and "there is a relay" in done.stderr, f"{done.returncode} {done.stderr}")
        done = regia.command("relay", "add", "other", "http://127.0.0.1/", "--state", regia.state)
        check(done.returncode != 0 and "rtmp" in done.stderr, f"{done.returncode} {done.stderr}")
    with t.case("after the director's kill -9 it pushes with the same key"):
        before = len(far.files())
        regia.wait_restarted("director", regia.kill("director"), 30)
        regia.wait_status("live again", lambda s: state(s, "added") == "live", 30)
        t.wait("it comes in", lambda: len(far.files()) > before, 20)
    with t.case("stopped, removed, it is in no status; its key is shown nowhere"):
        shown = json.dumps(regia.status()) + "".join(path.read_text(errors="replace") for path in t.out.glob("*.log") if path.name.startswith("desk"))
        shown += (regia.state / "audit.jsonl").read_text(encoding="utf-8")
        shown += "".join(open(f"/proc/{pid}/cmdline", errors="replace").read() for pid in regia.pids())
        check(key not in shown, "shown")
        equal(regia.command("relay", "remove", "added", "--state", regia.state).returncode, 0, "exit status")
        regia.wait_status("none", lambda s: "added" not in [r["name"] for r in s["relays"]] and "relay added" not in [p["name"] for p in s["processes"]], 10)
        equal(regia.command("relay", "stop", "added", "--state", regia.state).returncode, 64, "exit status")


def enter(t, regia, name):
    browser = Browser(t, f"{regia.console}/")
    browser.wait("the form", lambda p: p["state"] == "outside")
    browser.ask(f"fill #name {name}")
    browser.ask(f"fill #password {HERS}")
    browser.ask("key Enter")
    browser.wait("the desk", lambda p: p["state"] == "inside" and "Interventi" in p["text"], 60)
    return browser


def delay(actor, command, watcher, words):
    """How long after a page's button or key the other page shows that, in ms."""
    watcher.ask(f"watch {words}")
    answer = actor.ask(command)
    check("error" not in answer, answer)
    seen = watcher.ask("seen")
    check("at" in seen, f"{command}: {words}: {seen}")
    return seen["at"] - actor.ask("acted")["at"]


def together(t, regia, anna, bruno):
    with t.case(f"what one does the other sees within {SEEN_MS} ms, and who it was"):
        delays = []
        for command, words in (("click #private-on", "#toast Anna: sala riservata"), ("click #pause", "#toast Anna: registrazione sospesa"),
                               ("click #resume", "#toast Anna: registrazione ripresa"), ("click #private-off", "#toast Anna: riaperta al pubblico"),
                               ("click #scene-small", "#toast Anna: inquadratura: small")):
            delays.append(delay(anna, command, bruno, words))
        t.say(f"seen after {delays} ms")
        check(sorted(delays)[len(delays) // 2] <= SEEN_MS, f"seen after {delays} ms")
        check("Anna:" not in anna.probe()["text"].replace("Chi ha fatto", ""), "one is told what one does oneself")
    with t.case("who made the hall private, and when, is said beside the button"):
        bruno.ask("click #private-on")
        anna.wait("Bruno", lambda p: "Bruno, alle " in p["text"], 5)
        bruno.ask("click #private-off")
        anna.wait("nobody", lambda p: "Bruno, alle " not in p["text"], 5)


def talks(t, regia, anna, bruno):
    with t.case("the next talk by button and by key: caption, mark and viewers' page follow"):
        anna.ask("click #next-talk")
        regia.wait_status("the first", lambda s: (s["desired"]["talk"], s["desired"]["caption"], s["desired"]["caption-line"]) == (1, "Maria Rossi, Prefettura", "Saluti"), 5)
        bruno.wait("it is the present one", lambda p: "adesso 0:" in p["text"], 5)
        bruno.ask("click #heading-talks")
        bruno.ask("key n")
        regia.wait_status("the second", lambda s: s["desired"]["talk"] == 2, 5)
        told = t.wait("viewers are told", lambda: regia.public()["talk"] == 2 and regia.public(), 10)
        equal([(str(x["number"]), x["title"], x["speaker"], x["role"] or None) for x in told["talks"]], TALKS, "talks")
        equal(marks(regia), ["Saluti", "Gli sportelli informativi"], "marks")
    with t.case("both press at once: one talk, one mark"):
        for browser in (anna, bruno):
            browser.process.stdin.write(b"click #next-talk\n")
            browser.process.stdin.flush()
        for browser in (anna, bruno):
            browser.answer(20)
        regia.wait_status("the last", lambda s: s["desired"]["talk"] == 7, 5)
        anna.wait("nothing comes next", lambda p: "Era l’ultimo" in p["text"], 5)
        equal(marks(regia), [words[1] for words in TALKS], "marks")
    with t.case("regia talk: by number, and next of the last is refused in words"):
        equal(regia.command("talk", "2", "--state", regia.state).returncode, 0, "talk 2")
        anna.wait("that", lambda p: "Prossimo intervento Domande" in p["text"].replace("\n", " "), 5)
        regia.command("talk", "next", "--state", regia.state)
        done = regia.command("talk", "next", "--state", regia.state)
        check(done.returncode == 64 and "talk 7 is the last" in done.stderr, f"{done.returncode} {done.stderr}")
        equal(regia.command("talk", "nine", "--state", regia.state).returncode, 64, "talk nine")
    with t.case("a notice to viewers; five minutes more"):
        anna.ask("fill #notice-line Si ricomincia alle 11:30")
        anna.ask("key Enter")
        t.wait("viewers have it", lambda: regia.public()["notice"] == "Si ricomincia alle 11:30", 10)
        equal(regia.command("notice", "--off", "--state", regia.state).returncode, 0, "notice --off")
        t.wait("they have none", lambda: regia.public()["notice"] == "", 10)
        before = regia.status()["event"]["end"]
        anna.ask("click #later-5")
        regia.wait_status("later", lambda s: s["event"]["end"] not in ("", before), 5)
    with t.case("locked, nothing is changed by touch or key; unlocked, it is again"):
        anna.ask("click #lock")
        anna.ask("key p")
        anna.wait("it says so", lambda p: "I comandi sono bloccati" in p["text"], 5)
        equal(regia.status()["desired"]["private"], False, "private")
        anna.ask("click #lock")
        anna.ask("key p")
        regia.wait_status("private", lambda s: s["desired"]["private"], 5)
        regia.command("private", "off", "--state", regia.state)


def marks(regia):
    return [mark["title"] for mark in json.loads((regia.state / "show.json").read_text(encoding="utf-8"))["desired"]["marks"]]


def lost(t, regia, anna):
    with t.case(f"the console hangs: said within {STALE_MS} ms; it goes on: what is shown then is true"):
        anna.ask("watch #stale non risponde")
        console = regia.process("console")["pid"]
        begun = time.time() * 1000
        os.kill(console, signal.SIGSTOP)
        seen = anna.ask("seen")
        t.say(f"loss shown after {seen.get('at', 0) - begun:.0f} ms")
        check(seen.get("at", begun + 60000) - begun <= STALE_MS, f"{seen}, begun {begun}")
        regia.command("caption", "Mentre non si vedeva", "--state", regia.state)
        with contextlib.suppress(ProcessLookupError):  # the director has put another in its place by then, or not
            os.kill(console, signal.SIGCONT)
        anna.wait("the truth", lambda p: "Si vede: Mentre non si vedeva" in p["text"] and "non risponde" not in p["text"], 20)


def killed(t, regia, anna, bruno):
    for name in ("console", "director"):
        with t.case(f"{name} killed: the talk, what is marked and who is told are as before"):
            before = marks(regia)
            regia.wait_restarted(name, regia.kill(name), 30)
            number = 1 if name == "console" else 2
            anna.wait("it is back", lambda p: "non risponde" not in p["text"] and p["state"] == "inside", 30)
            anna.ask(f"click #talk-{number}")
            regia.wait_status("the talk", lambda s, n=number: s["desired"]["talk"] == n, 20)
            bruno.wait("he was told", lambda p, n=number: f"Anna: intervento: {n}" in p["text"], 15)
            equal(len(marks(regia)), len(before) + 1, "marks")


def looks(t, regia, anna):
    for width in (390, 1280):
        with t.case(f"axe finds nothing at {width} px, and nothing is wider than the window"):
            anna.ask(f"size {width} 844")
            anna.ask(f"open {regia.console}/")
            anna.wait("the desk", lambda p: p["state"] == "inside" and "Interventi" in p["text"])
            found = anna.ask("axe")
            equal((found.get("wrong"), found.get("wider")), ([], 0), f"axe: {found}")
            anna.ask(f"shot {t.out}/desk-{width}.png")


def held(t, regia, anna, bruno):
    with t.case("let go before two seconds the event goes on, by pointer and by key"):
        anna.ask("hold #stop 1200")
        anna.wait("it says so", lambda p: "l’evento continua" in p["text"], 5)
        bruno.ask("focus #later-15")
        bruno.ask("key Tab")
        equal(bruno.ask("key Enter")["focus"], "stop", "where the focus is")
        bruno.wait("it says so", lambda p: "l’evento continua" in p["text"], 5)
        equal(regia.status()["state"], "on-air", "state")
    with t.case("held for two seconds by keyboard it ends, and both are told"):
        bruno.ask("hold Space 2300")
        regia.wait_status("over", lambda s: s["state"] in ("ending", "ended"), 20)
        anna.wait("it is told", lambda p: "Si completa" in p["text"] or "Terminato" in p["text"], 20)
    for browser, errors in ((anna, anna.probe()["errors"]), (bruno, bruno.probe()["errors"])):
        equal(errors, [], "errors of a page")


main(run)
