#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others, within 200 s
"""An event from nothing to its rehearsal, by the console's page alone; faults at their fields; two who edit; secrets that are not shown.
And who works here: invited, logged out elsewhere, removed."""

import json
import subprocess

from harness import Browser, Service, check, equal, main

HERS = "correct horse battery"
HIS = "staple and paper clip"
TALKS = [("Gli sportelli", "Maria Rossi", "Provincia"), ("Le voci; e i numeri", "Luca Bianchi", ""), ("Tre", "Ada Verdi", "ASL"),
         ("Quattro", "Ugo Neri", ""), ("Cinque", "Eva Gialli", "Scuola")]
SHOWN = "********"


def run(t):
    regia = Service(t, "hall")
    regia.command("passwd", "--state", regia.state, "anna", "--role", "technician", input=HERS + "\n")
    regia.put("guarded", ("source door", {"pipeline": "rtsp", "location": "rtsp://192.0.2.1/", "password": "sesame-open"}), name="Guarded", id="guarded")
    regia.start()
    t.wait("the console", lambda: curl(regia, "/healthz")[0] == 200, 30)
    token = json.loads(curl(regia, "/api/v1/login", "-H", "Content-Type: application/json", "-d", json.dumps({"name": "anna", "password": HERS}))[1])["token"]
    browser = Browser(t, regia.console)
    made(t, regia, browser)
    rehearsed(t, regia, browser)
    mended(t, regia, browser, token)
    secrets(t, regia, browser, token)
    removed(t, regia, browser)
    people(t, regia, browser, token)
    with t.case("no other host, no error"):
        seen = browser.probe()
        equal((seen["foreign"], seen["errors"]), ([], []), "other hosts, errors")
    browser.end()
    regia.stop()


def curl(regia, path, *arguments):
    done = subprocess.run(["curl", "-s", "-w", "\\n%{http_code}", *arguments, regia.console + path], capture_output=True, text=True, timeout=60, check=False)
    text, _, status = done.stdout.rpartition("\n")
    return int(status or 0), text


def do(browser, command):
    answer = browser.ask(command)
    check("error" not in answer, f"{command}: {answer}")
    return answer


def fit(t, browser, what):
    """Nothing that axe knows of, and not wider than the window, on a phone and on a desk; a picture of each for who wants to look."""
    for width in (390, 1280):
        do(browser, f"size {width} 900")
        found = do(browser, "axe")
        do(browser, f"shot {t.out}/{what}-{width}.png")
        equal((found["wrong"], found["wider"]), ([], 0), f"{what} at {width}")


def made(t, regia, browser):
    with t.case("logged out, the page of the events shows the way in and nothing else", needed=True):
        do(browser, f"open {regia.console}/events")
        browser.wait("outside", lambda p: p["state"] == "outside" and "Guarded" not in p["text"])
        fit(t, browser, "outside")
        do(browser, "click #outside a")
        browser.wait("the form", lambda p: p["state"] == "outside" and "Password" in p["text"])
        do(browser, "fill #name anna")
        do(browser, f"fill #password {HERS}")
        do(browser, "key Enter")
        browser.wait("inside", lambda p: p["state"] == "inside")
        do(browser, "click header a[href^=events]")
        browser.wait("the list", lambda p: p["state"] == "inside" and "Guarded" in p["text"])
        fit(t, browser, "list")
    with t.case("an event with five talks, without touching a file; what is missing stands at its field"):
        do(browser, "click #new")
        do(browser, "fill #f-name Sirio migranti: perché?")
        do(browser, "fill #f-place Palazzo Ducale")
        do(browser, "fill #f-start 2031-03-01T09:30")
        do(browser, "fill #f-end 2031-03-01T08:30")
        do(browser, "click #import summary")
        do(browser, "fill #pasted " + "".join(f'"{title}",{speaker},{role}\\n' for title, speaker, role in TALKS[:1]).replace("\\n", ""))
        do(browser, "click #take-over")
        for number, (title, speaker, role) in enumerate(TALKS[1:], 2):
            do(browser, "click #add-talk")
            do(browser, f"type {title}")
            do(browser, f"fill #talk-{number}-role {role}")
            if number < 5:
                do(browser, f"fill #talk-{number}-speaker {speaker}")
        browser.wait("both faults, in words", lambda p: "la fine dopo l’inizio" in p["text"] and "Serve il nome di chi parla" in p["text"])
        fit(t, browser, "faults")
        do(browser, "click #save")
        browser.wait("not saved", lambda p: "Non salvato" in p["text"])
        equal(sorted(p.name for p in regia.folder.iterdir()), ["guarded.conf"], "files")
        do(browser, "fill #f-end 2031-03-01T13:00")
        do(browser, "fill #talk-5-speaker Eva Gialli")
        do(browser, "click #save")
        browser.wait("saved", lambda p: "Salvato: 2031-03-01-sirio-migranti-perche.conf" in p["text"])
        browser.wait("in the list", lambda p: "Sirio migranti: perché?" in p["text"] and "Prossimo" in p["text"])
        event = regia.events()["2031-03-01-sirio-migranti-perche.conf"]
        equal((event["name"], event["state"], event["start"]), ("Sirio migranti: perché?", "next", "2031-03-01T09:30:00+01:00"), "as `regia events` sees it")
        text = (regia.folder / "2031-03-01-sirio-migranti-perche.conf").read_text(encoding="utf-8")
        for number, (title, speaker, role) in enumerate(TALKS, 1):
            lines = text.partition(f"[talk {number}]\n")[2].partition("[talk")[0].split("\n")
            wanted = [f"title = {title}", f"speaker = {speaker}"] + [f"role = {role}"] * bool(role)
            equal(sorted(filter(None, lines)), sorted(wanted), f"talk {number}")
    with t.case("and it is in the calendar for everybody, as the next one; what has no hour is not"):
        t.wait("the calendar", lambda: "SUMMARY:Sirio migranti: perché?\r\n" in regia.get("/events.ics").decode(), 20)
        calendar = regia.get("/events.ics").decode()
        check("DTSTART:20310301T083000Z\r\nDTEND:20310301T120000Z\r\n" in calendar and "Guarded" not in calendar, calendar)


def rehearsed(t, regia, browser):
    with t.case("rehearsed by a button of the list; its file can be edited, which changes nothing of what runs, and not deleted"):
        do(browser, "click #events [data-what^=\"rehearse 2031\"]")
        regia.wait_status("rehearsal", lambda s: s["state"] == "rehearsal" and s["engine"].get("ready"), 40)
        browser.wait("in the list", lambda p: "In prova" in p["text"], 30)
        do(browser, "click #events [data-what^=\"edit 2031\"]")
        browser.wait("said", lambda p: "le modifiche valgono dal prossimo avvio" in p["text"])
        do(browser, "fill #f-place Teatro")
        do(browser, "click #save")
        browser.wait("saved", lambda p: "Quello che è in corso continua" in p["text"])
        equal(regia.status()["event"]["place"], "Palazzo Ducale", "the place of what runs")
        check("place = Teatro\n" in (regia.folder / "2031-03-01-sirio-migranti-perche.conf").read_text(encoding="utf-8"), "not written")
        regia.good("stop")
        regia.wait_status("standby", lambda s: s["state"] == "standby", 40)


def mended(t, regia, browser, token):
    with t.case("the file beside the form: both say the same; of two who edit the second is told, and nothing is lost"):
        do(browser, "click #events [data-what^=\"edit guarded\"]")
        browser.wait("the editor", lambda p: "Annulla" in p["text"])
        do(browser, "fill #text [event]")
        do(browser, "click #cancel")
        do(browser, "click #events [data-what^=\"edit guarded\"]")
        browser.wait("the editor", lambda p: "Annulla" in p["text"])
        status, text = curl(regia, "/api/v1/events-folder/guarded.conf", "-H", f"Authorization: Bearer {token}")
        theirs = json.loads(text)
        equal((status, SHOWN in theirs["text"], "sesame" in text), (200, True, False), "read")
        status, text = curl(regia, "/api/v1/events-folder/guarded.conf", "-X", "PUT", "-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json",
                            "-H", f'If-Match: "{theirs["version"]}"', "-d", json.dumps({"text": theirs["text"].replace("Guarded", "By curl")}))
        equal((status, json.loads(text)["outcome"]), (200, "written"), "by curl")
        do(browser, "fill #f-name By page")
        do(browser, "click #save")
        browser.wait("told", lambda p: "Qualcun altro ha cambiato questo file" in p["text"])
        fit(t, browser, "conflict")
        check("name = By curl\n" in (regia.folder / "guarded.conf").read_text(encoding="utf-8"), "overwritten")
        do(browser, "click #theirs")
        browser.wait("theirs", lambda p: "Qualcun altro" not in p["text"])
        do(browser, "fill #f-name By page")
        do(browser, "click #save")
        browser.wait("saved", lambda p: "Salvato: guarded.conf" in p["text"])


def secrets(t, regia, browser, token):
    with t.case("a secret that was never shown is the same after all that, also in a copy"):
        check("password = sesame-open\n" in (regia.folder / "guarded.conf").read_text(encoding="utf-8"), "the secret is gone")
        do(browser, "click #events [data-what^=\"copy guarded\"]")
        browser.wait("the copy", lambda p: "Nuovo evento" in p["text"])
        do(browser, "fill #file copy.conf")
        do(browser, "click #save")
        browser.wait("saved", lambda p: "Salvato: copy.conf" in p["text"])
        check("password = sesame-open\n" in (regia.folder / "copy.conf").read_text(encoding="utf-8"), "the secret is not in the copy")
        lines = [json.loads(line) for line in (regia.state / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
        done = [(line["who"], line["change"]["file"]) for line in lines if "file" in line["change"]]
        equal(done[-3:], [("anna, console", "written guarded.conf"), ("anna, console", "written guarded.conf"), ("anna, console", "made copy.conf")], "audit")
        check("sesame" not in json.dumps(lines), "a secret in the audit")
    with t.case("the hall file: its fault by line, by keyboard; what is right is taken in standby"):
        do(browser, "click #hall")
        browser.wait("the hall", lambda p: "File della sala" in p["text"] and "Annulla" in p["text"])
        _, text = curl(regia, "/api/v1/hall", "-H", f"Authorization: Bearer {token}")
        do(browser, "click #text")
        do(browser, "key Control+End")
        do(browser, "type [sourc two]")
        browser.wait("its fault", lambda p: "did you mean" in p["text"])
        fit(t, browser, "hall")
        equal(do(browser, "key Shift+Tab")["focus"], "", "the fault itself has the focus")
        do(browser, "key Enter")
        do(browser, "key Backspace")
        browser.wait("no fault", lambda p: "did you mean" not in p["text"])
        do(browser, "click #cancel")
        equal(json.loads(text)["faults"], [], "faults of the hall")


def removed(t, regia, browser):
    with t.case("deleted by two presses, and kept beside"):
        button = '#events [data-what="remove copy.conf"]'
        do(browser, f"click {button}")
        do(browser, "key Escape")
        do(browser, f"click {button}")
        check((regia.folder / "copy.conf").exists(), "gone at the first press")
        do(browser, f"click {button}")
        browser.wait("gone", lambda p: "Eliminato: copy.conf" in p["text"])
        check(not (regia.folder / "copy.conf").exists(), "still there")
        equal(len(list((regia.folder / ".removed").iterdir())), 1, "kept")


def people(t, regia, browser, token):
    with t.case("somebody is invited: the address is good once, for a password that will do; then that is the way in"):
        do(browser, "click header a[href^=people]")
        browser.wait("the people", lambda p: p["state"] == "inside" and "anna" in p["text"])
        fit(t, browser, "people")
        do(browser, "fill #name bruno")
        do(browser, "click #add button")
        browser.wait("the invitation", lambda p: "Per bruno" in p["text"])
        fit(t, browser, "invitation")
        link = do(browser, "value #link")["value"]
        guest = Browser(t, link)
        guest.wait("the welcome", lambda p: p["state"] == "invited")
        fit(t, guest, "welcome")
        do(guest, "fill #chosen short")
        do(guest, "key Enter")
        guest.wait("refused", lambda p: "Rifiutato" in p["text"])
        do(guest, f"fill #chosen {HIS}")
        guest.ask("key Enter")  # the page may be another one before it can say where the focus is
        t.wait("in", lambda: "bruno" in sessions(regia, token))
        guest.end()
        status, text = post(regia, "invitation", {"invitation": link.partition("#")[2], "password": HIS})
        check(status == 403 and "used before" in text, f"{status} {text}")
        status, text = post(regia, "login", {"name": "bruno", "password": HIS})
        equal((status, json.loads(text)["role"]), (200, "staff"), "by the password")
        theirs = json.loads(text)["token"]
        equal(curl(regia, "/api/v1/people", "-H", f"Authorization: Bearer {theirs}")[0], 403, "staff sees no people")
    with t.case("a session ended from elsewhere is over at once; a role changed ends those of before"):
        browser.wait("two sessions of his", lambda p: "Accessi aperti: 2" in p["text"])
        for _ in range(2):
            do(browser, "click #sessions li:has-text(\"bruno\") button")
            do(browser, "click #sessions li:has-text(\"bruno\") button[data-armed]")
            browser.wait("ended", lambda p: "Accesso chiuso" in p["text"])
        t.wait("over", lambda: curl(regia, "/api/v1/session", "-H", f"Authorization: Bearer {theirs}")[0] == 401, 5)
        _, text = post(regia, "login", {"name": "bruno", "password": HIS})
        do(browser, 'choose [data-what="role bruno"] technician')
        browser.wait("changed", lambda p: "Fatto: bruno" in p["text"])
        t.wait("over", lambda: curl(regia, "/api/v1/session", "-H", f"Authorization: Bearer {json.loads(text)['token']}")[0] == 401, 5)
        equal(json.loads(post(regia, "login", {"name": "bruno", "password": HIS})[1])["role"], "technician", "role")
    with t.case("removed by two presses; the last technician stays; no password and no invitation in any file or log"):
        status, text = post(regia, "people/invite", {"name": "anna", "role": "staff"}, token)
        equal(status, 200, text)
        lesser = json.loads(text)["address"].partition("#")[2]
        do(browser, 'click [data-what="remove bruno"]')
        do(browser, 'click [data-what="remove bruno"]')
        browser.wait("removed", lambda p: "bruno non entra più" in p["text"])
        equal(post(regia, "login", {"name": "bruno", "password": HIS})[0], 403, "removed")
        for what, body in (("remove", {"name": "anna"}), ("set", {"name": "anna", "role": "staff"}), ("invite", {"name": "anna", "role": "staff"})):
            status, text = post(regia, f"people/{what}", body, token)
            check(status == 409 and "last technician" in text, f"{what}: {status} {text}")
        status, text = post(regia, "invitation", {"invitation": lesser, "password": HIS})
        check(status == 503 and "last technician" in text, f"accepted as less: {status} {text}")
        equal(curl(regia, "/api/v1/people", "-H", f"Authorization: Bearer {token}")[0], 200, "she is one still")
        lines = [json.loads(line) for line in (regia.state / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
        done = [line["change"]["people"] for line in lines if line["change"].get("people", "").partition(" ")[0] in ("invited", "added", "ended", "changed", "removed")]
        equal(done, ["invited bruno, staff", "added bruno, staff", "ended a session of bruno", "ended a session of bruno", "changed the role of bruno, technician",
                     "invited anna, staff", "removed bruno"], "audit")
        secrets = [HIS.encode(), link.partition("#")[2].encode(), lesser.encode()]
        for path in [*regia.state.rglob("*"), *t.out.glob("*.log")]:
            if path.is_file():
                held = path.read_bytes()
                equal([n for n, secret in enumerate(secrets) if secret in held], [], f"secrets in {path}")


def post(regia, path, body, token=""):
    header = ["-H", f"Authorization: Bearer {token}"] if token else []
    return curl(regia, f"/api/v1/{path}", "-H", "Content-Type: application/json", *header, "-d", json.dumps(body))


def sessions(regia, token):
    return [one["name"] for one in json.loads(curl(regia, "/api/v1/people", "-H", f"Authorization: Bearer {token}")[1])["sessions"]]


main(run)
