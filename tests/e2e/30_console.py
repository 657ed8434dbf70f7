#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""The console: the same commands by curl, by `regia` and by its page in Chromium; and commands at five a second while console, gateway and
director are killed: what was answered is in effect, what was refused is not."""

import datetime
import http.client
import json
import signal
import subprocess
import threading
import time

from harness import Browser, Regia, check, equal, main
from harness.scenario import ROOT
from harness.service import Service

ONE = {"180p": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}}
HERS = "una sera in riva al mare"


def run(t):
    regia = Regia(t, name="console", renditions=ONE, groups={"scene small": {"layout": "free", "sources": "camera", "areas": "25 25 50 50"}})
    for name, role in (("anna", "technician"), ("bruno", "staff"), ("carla", "technician")):
        regia.command("passwd", "--state", regia.state, name, "--role", role, input=HERS + "\n")
    regia.start()
    with t.case("on the air", needed=True):
        regia.wait_on_air()
        t.wait("the console", lambda: curl(regia, "/healthz")[0] == 200)
    tokens = {name: log_in(regia, name) for name in ("anna", "bruno", "carla")}
    by_curl(t, regia, tokens["anna"])
    audited(t, regia, tokens)
    described(t, regia, tokens["bruno"])
    by_page(t, regia)
    killed(t, regia, tokens["anna"])
    ended(t, regia, tokens["anna"])
    from_standby(t)


def curl(regia, path, *arguments):
    """(status, body) by curl."""
    done = subprocess.run(["curl", "-s", "-m", "20", "-w", "\n%{http_code}", *arguments, regia.console + path], capture_output=True, text=True,
                          check=False, timeout=30)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def post(regia, path, body, token=None):
    known = ["-H", f"Authorization: Bearer {token}"] if token else []
    status, text = curl(regia, path, "-H", "Content-Type: application/json", "-d", json.dumps(body), *known)
    return status, json.loads(text or "{}")


def log_in(regia, name):
    status, said = post(regia, "/api/v1/login", {"name": name, "password": HERS})
    equal(status, 200, f"login of {name}: {said}")
    return said["token"]


def order(regia, token, command, /, **body):
    status, said = post(regia, f"/api/v1/commands/{command}", body, token)
    equal(status, 200, f"{command}: {said}")
    return said


def audit(regia):
    return [json.loads(line) for line in (regia.state / "audit.jsonl").read_text(encoding="utf-8").splitlines()]


def marks(regia):
    return [mark["title"] for mark in json.loads((regia.state / "show.json").read_text(encoding="utf-8"))["desired"]["marks"]]


# -- by curl and by regia -------------------------------------------------------------------------------------------------------------


def by_curl(t, regia, token):
    with t.case("the whole status, as `regia status` has it"):
        status, text = curl(regia, "/api/v1/status", "-H", f"Authorization: Bearer {token}")
        equal(status, 200, text[:300])
        told, own = json.loads(text), regia.status()
        equal((set(told), told["event"], sorted(p["name"] for p in told["processes"])),
              (set(own), own["event"], sorted(p["name"] for p in own["processes"])), "status")
        check("console" in {p["name"] for p in told["processes"]}, told["processes"])
    with t.case("promtool finds nothing wrong with /metrics, and would find it"):
        status, text = curl(regia, "/metrics", "-H", f"Authorization: Bearer {token}")
        check(status == 200 and text.count("\n# TYPE ") > 10, f"{status} {text[:300]}")
        equal(promtool(t, text), (0, ""), "promtool")
        code, said = promtool(t, text.replace("# HELP ", "# "))
        check(code != 0 and "no help text" in said, f"without help texts it says {code} {said[:300]}")
    for name, here, there, key, on, off in (("private", {"on": True}, ("private", "off"), "private", True, False), ("pause", {}, ("resume",), "paused", True, False),
                                            ("scene", {"name": "camera"}, ("scene", "small"), "scene", "camera", "small")):
        with t.case(f"{name} by curl, and back by regia: in effect when it is answered"):
            order(regia, token, name, **here)
            equal(regia.status()["desired"][key], on, key)
            equal(regia.command(*there, "--state", regia.state).returncode, 0, " ".join(there))
            equal(regia.status()["desired"][key], off, key)
    with t.case("a mark; the same id again has no second effect"):
        order(regia, token, "mark", title="Una volta", id="once-1")
        equal(order(regia, token, "mark", title="Una volta", id="once-1")["repeated"], True, "repeated")
        equal(marks(regia).count("Una volta"), 1, "marks")
    with t.case("who follows the events hears of it as it happens, and after a break of what was missed"):
        first = follow(t, regia, token, "first")
        t.wait("how it is", lambda: privacies(first)[-1] is False)
        order(regia, token, "private", on=True)
        t.wait("that", lambda: privacies(first)[-1] is True)
        last = [event[0] for event in events(first) if event[1] == "status"][-1]
        regia.command("private", "off", "--state", regia.state)
        second = follow(t, regia, token, "second", last)
        t.wait("what was missed", lambda: privacies(second)[-1] is False)
        check(True not in privacies(second), heard(second))
    with t.case("the end"):
        order(regia, token, "extend", end=int(time.time()) + 7200)
    with t.case("who did it is in audit.jsonl, of both ways"):
        lines = t.wait("the audit", lambda: [line for line in audit(regia) if line["change"].get("private") is not None])
        equal([line["who"] for line in lines][0], "anna, console", "who")
        check(lines[1]["who"].endswith(", command line"), lines[1])
    with t.case("no token, no password in any log, argument or audit"):
        shown = "".join(path.read_text(errors="replace") for path in t.out.glob("*.log")) + json.dumps(audit(regia))
        shown += "".join(open(f"/proc/{pid}/cmdline", errors="replace").read() for pid in regia.pids())
        check(token not in shown and HERS not in shown, "shown")


def promtool(t, text):
    """(exit status, what it says) of `promtool check metrics`."""
    found = subprocess.run([ROOT / "tests/promtool"], capture_output=True, text=True, timeout=300, check=False)
    check(found.returncode == 0, f"tests/promtool: {found.stderr[-600:]}")
    done = subprocess.run([found.stdout.strip(), "check", "metrics"], input=text, capture_output=True, text=True, check=False, timeout=60, env=t.env)
    return done.returncode, done.stdout + done.stderr


def follow(t, regia, token, name, last=None):
    """The file into which curl writes what it hears."""
    told = t.dir / f"events-{name}"
    more = ["-H", f"Last-Event-ID: {last}"] if last else []
    t.spawn(f"events-{name}", ["curl", "-s", "-N", "-m", "60", "-o", told, "-H", f"Authorization: Bearer {token}", *more, f"{regia.console}/api/v1/events"])
    return told


def heard(told):
    return told.read_text(encoding="utf-8") if told.exists() else ""


def events(told):
    """[(id, name, data)] of what was heard; what has not come whole is not among them."""
    found = []
    for block in heard(told).split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in fields:
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


def privacies(told):
    """What each status said of it; the first one may be still to come."""
    return [data["desired"]["private"] for _, name, data in events(told) if name == "status"]


def audited(t, regia, tokens):
    with t.case("who follows the events hears who else did what, and when, each as it is in audit.jsonl"):
        told = follow(t, regia, tokens["carla"], "audit")
        t.wait("how it is", lambda: privacies(told))
        began = time.time()
        order(regia, tokens["anna"], "mark", title="Vista da Carla", id="seen-1")
        entry = t.wait("that", lambda: next(data for _, name, data in events(told) if name == "audit" and data["id"] == "seen-1"))
        at = datetime.datetime.fromisoformat(entry["at"].replace("Z", "+00:00")).timestamp()
        equal((entry["who"], entry["outcome"], "Vista da Carla" in json.dumps(entry["change"])), ("anna, console", "done", True), "entry")
        check(began - 1 < at < time.time() + 1, f"{entry['at']} is not between {began} and now")
        status, said = post(regia, "/api/v1/commands/relay", {"name": "nowhere", "on": True}, tokens["anna"])
        equal(status, 400, said)
        regia.command("mark", "Dalla riga", "--state", regia.state)
        t.wait("three entries", lambda: len(since(lines_of(told), "seen-1")) == 3)
        equal(since(lines_of(told), "seen-1"), since(audit(regia), "seen-1"), "what was heard, and what is in the file")
        _, refused, by_line = since(lines_of(told), "seen-1")
        check(refused["outcome"].startswith("refused: ") and by_line["who"].endswith(", command line"), (refused, by_line))
    with t.case("the console killed: who comes back hears what was done meanwhile, and nothing twice"):
        last, known = events(told)[-1][0], len(audit(regia))
        old = regia.kill("console")
        for number in range(3):
            regia.command("mark", f"Senza console {number}", "--state", regia.state)
        regia.wait_restarted("console", old, 20)
        t.wait("the console", lambda: curl(regia, "/healthz")[0] == 200, 20)
        again = follow(t, regia, tokens["carla"], "audit-again", last)
        t.wait("that", lambda: len(lines_of(again)) >= 3)
        order(regia, tokens["anna"], "mark", title="Di nuovo")
        t.wait("the next", lambda: len(lines_of(again)) >= 4)
        equal(lines_of(again), audit(regia)[known:], "what was heard, and what is in the file")
        new = follow(t, regia, tokens["carla"], "audit-new")
        t.wait("how it is", lambda: privacies(new))
        order(regia, tokens["anna"], "mark", title="Per tutti")
        t.wait("the newest, by whoever comes without an id", lambda: "Per tutti" in json.dumps(lines_of(new)))
        check(not any("Senza console" in json.dumps(line) for line in lines_of(new)), lines_of(new))
    with t.case("staff may not, and strangers may not"):
        for known in (["-H", f"Authorization: Bearer {tokens['bruno']}"], []):
            status, text = curl(regia, "/api/v1/events", *known)
            check(status == (403 if known else 401) and "audit" not in text and "event:" not in text, f"{status} {text}")


def since(lines, command):
    """From that of the command on."""
    found = [number for number, line in enumerate(lines) if line["id"] == command]
    return lines[found[0]:] if found else []


def lines_of(told):
    return [data for _, name, data in events(told) if name == "audit"]


def described(t, regia, staff):
    with t.case("answers and refusals are as the description says"):
        done = subprocess.run(["node", "tests/web/console-check.mjs", regia.console, "anna", HERS, staff], capture_output=True, text=True, timeout=120,
                              check=False)
        bad = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
        equal(done.returncode, 0, f"console-check: {bad[:12]} {done.stderr[-600:]}")
        t.figure(f"{len(done.stdout.splitlines()) - 1} answers and refusals held against the description")


# -- by the page ----------------------------------------------------------------------------------------------------------------------


def by_page(t, regia):
    browser = Browser(t, regia.console)
    with t.case("the page lets in by name and password, and not with a wrong one"):
        browser.wait("the form", lambda p: p["state"] == "outside")
        browser.ask("fill #name anna")
        browser.ask("fill #password wrong")
        browser.ask("key Enter")
        browser.wait("a refusal", lambda p: "non sono giusti" in p["text"])
        browser.ask(f"fill #password {HERS}")
        browser.ask("key Enter")
        seen = browser.wait("the status", lambda p: p["state"] == "inside" and "Sirio migranti" in p["text"])
        equal(seen["language"], "it", "language")
    with t.case("the programme and each source: pictures that move, and meters; also with another engine and another console"):
        def moving():
            seen = browser.wait("previews", lambda p: set(p["tiles"]) == {"programme", "camera"} and all(x["frame"] is not None for x in p["tiles"].values()))["tiles"]
            return browser.wait("others", lambda p: all(p["tiles"][n]["frame"] not in (None, x["frame"]) and "dB" in p["tiles"][n]["level"] for n, x in seen.items()))

        moving()
        for name in ("engine", "console"):
            regia.wait_restarted(name, regia.kill(name), 30)
            moving()
        equal(browser.probe()["loads"], 1, "loads")
    with t.case("a name over the picture"):
        browser.ask("fill #caption-name Anna Rossi")
        browser.ask("fill #caption-line Prefettura")
        browser.ask("click #caption button")
        regia.wait_status("the caption", lambda s: (s["desired"]["caption"], s["desired"]["caption-line"]) == ("Anna Rossi", "Prefettura"), 5)
        browser.wait("the words", lambda p: "Si vede: Anna Rossi · Prefettura" in p["text"])
        browser.ask("click #caption-off")
        regia.wait_status("no caption", lambda s: s["desired"]["caption"] == "", 5)
    with t.case("a button for each command: private, pause, scenes, faders, mark, the end; and what it did is said"):
        for button, key, value in (("private-on", "private", True), ("private-off", "private", False), ("pause", "paused", True), ("resume", "paused", False)):
            browser.ask(f"click #{button}")
            browser.wait(f"{button}: done", lambda p: "Fatto: " in p["text"])
            regia.wait_status(button, lambda s, k=key, v=value: s["desired"][k] == v, 5)
        for scene in ("camera", "small"):
            browser.ask(f"click #scene-{scene}")
            regia.wait_status(scene, lambda s, name=scene: s["desired"]["scene"] == s["engine"]["scene"] == name, 5)
        for muted in (True, False):
            browser.ask("click #mute-it-camera")
            regia.wait_status("muted or not", lambda s, m=muted: [f["muted"] for f in s["desired"]["faders"]] == [m], 5)
            browser.wait("the other word", lambda p, m=muted: ("Ridai l’audio" in p["text"]) == m, 5)
        browser.ask("fill #gain-it-camera -4.5")
        browser.ask("key Tab")
        regia.wait_status("quieter", lambda s: [f["gain-db"] for f in s["desired"]["faders"]] == [-4.5], 5)
        browser.wait("the scene is marked", lambda p: "● small" in p["text"], 5)
        browser.ask("fill #mark-title Dalla pagina")
        browser.ask("click #mark button")
        t.wait("the mark", lambda: "Dalla pagina" in marks(regia))
        browser.ask("click #extend button")
        browser.wait("the end was moved", lambda p: "fine spostata" in p["text"])
    with t.case("by keyboard alone: from the top to the button, and Enter"):
        browser.ask(f"open {regia.console}/?lang=en")
        browser.wait("English", lambda p: p["state"] == "inside" and p["language"] == "en")
        reached = [browser.ask("key Tab")["focus"] for _ in range(14)]
        check("private-on" in reached, f"Tab reaches {reached}")
        while browser.ask("key Shift+Tab")["focus"] != "private-on":
            pass
        browser.ask("key Enter")
        browser.wait("done", lambda p: "Done: hall" in p["text"])
        equal(regia.status()["desired"]["private"], True, "private")
        browser.ask("key Tab")
        browser.ask("key Space")
        regia.wait_status("let in again", lambda s: not s["desired"]["private"], 5)
    with t.case("console and director killed: the page is still logged in, and its buttons work"):
        for name in ("console", "director"):
            old = regia.kill(name)
            regia.wait_restarted(name, old, 20)
            t.wait("the console", lambda: curl(regia, "/healthz")[0] == 200, 20)
            browser.ask(f"fill #mark-title Dopo {name}")
            browser.ask("click #mark button")
            t.wait("the mark", lambda n=name: f"Dopo {n}" in marks(regia), 30)
    with t.case("logged out, there is nothing to see"):
        browser.ask("click #logout")
        browser.wait("the form", lambda p: p["state"] == "outside" and "Sirio" not in p["text"])
    with t.case("in by a link, once; its token is in no address after that"):
        link = regia.command("console", "--state", regia.state, "--print").stdout.strip()
        browser.ask(f"open {link}")
        browser.wait("inside", lambda p: p["state"] == "inside")
        status, text = curl(regia, link[len(regia.console):])
        check(status == 403 and "used before" in text, f"{status} {text}")
        seen = browser.probe()
        equal((seen["foreign"], seen["errors"]), ([], []), "other hosts, errors")
    browser.end()


# -- kill -9 --------------------------------------------------------------------------------------------------------------------------


class Caller(threading.Thread):
    """Commands five times a second, each a mark of its own, and what became of each: 200, another status, or 0 without an answer."""

    def __init__(self, regia, token):
        super().__init__(daemon=True)
        self.regia, self.token = regia, token
        self.over = threading.Event()
        self.fates = {}

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            title = f"Mark {len(self.fates)}"
            self.fates[title] = self.mark(title)
            self.over.wait(max(0, 0.2 - (time.monotonic() - began)))

    def mark(self, title):
        connection = http.client.HTTPConnection("127.0.0.1", self.regia.console_port, timeout=15)
        try:
            connection.request("POST", "/api/v1/commands/mark", json.dumps({"title": title}),
                               {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def answered(self):
        return sum(status == 200 for status in self.fates.values())


def killed(t, regia, token):
    with t.case("kill -9 of console, gateway and director at five commands a second: what was answered is in effect, what was refused is not"):
        caller = Caller(regia, token)
        caller.start()
        for hit in range(9):
            t.wait("some more answers", lambda goal=caller.answered() + 6: caller.answered() >= goal, 40)
            name = ("console", "gateway", "director")[hit % 3]
            time.sleep(hit * 0.023)  # at any moment, not after an event
            old = regia.kill(name)
            regia.wait_restarted(name, old, 20)
        t.wait("some more answers", lambda goal=caller.answered() + 6: caller.answered() >= goal, 40)
        caller.over.set()
        caller.join(20)
        held, fates = marks(regia), caller.fates
        count = {kind: sum(f == kind for f in fates.values()) for kind in set(fates.values())}
        t.figure(f"of {len(fates)} commands: {count.get(200)} answered, {count.get(0, 0)} without an answer, "
                 f"{ {k: n for k, n in count.items() if k not in (0, 200)} } refused or not known")
        check(count[200] >= 60 and len(count) > 1, count)
        equal([title for title, fate in fates.items() if fate == 200 and title not in held], [], "answered and not in effect")
        equal([title for title, fate in fates.items() if fate not in (0, 200, 504) and title in held], [], "refused and in effect")
        equal(sorted(title for title in held if held.count(title) > 1 and title in fates), [], "twice")
    with t.case("the recording has what there was of it"):
        regia.wait_recorded(1000)
        check(regia.status()["recorder"]["whole"], "something is missing")


def ended(t, regia, token):
    with t.case("stop: answered, ended, and not again"):
        order(regia, token, "stop", id="the-end")
        regia.wait_status("ended", lambda s: s["state"] == "ended", 60)
        equal(order(regia, token, "stop", id="the-end")["repeated"], True, "repeated")
        status, said = post(regia, "/api/v1/commands/private", {"on": True}, token)
        check(status == 409 and "over" in said["error"], f"{status} {said}")
        regia.stop()


def from_standby(t):
    regia = Service(t, "hall")
    regia.command("passwd", "--state", regia.state, "anna", "--role", "technician", input=HERS + "\n")
    regia.put("uno", name="Uno", id="uno")
    regia.start()
    with t.case("in standby: what is planned, by console and by regia", needed=True):
        t.wait("the console", lambda: curl(regia, "/healthz")[0] == 200, 30)
        token = log_in(regia, "anna")
        status, text = curl(regia, "/api/v1/planned", "-H", f"Authorization: Bearer {token}")
        equal((status, [event["id"] for event in json.loads(text)["events"]]), (200, ["uno"]), "planned")
    with t.case("rehearsed, put on the air, ended: by curl; the console stays, and so does the session"):
        equal(order(regia, token, "rehearse", name="uno", id="r1")["event"], "uno", "rehearse")
        regia.wait_status("rehearsal", lambda s: s["state"] == "rehearsal" and s["engine"].get("ready"), 40)
        t.wait("the console", lambda: curl(regia, "/healthz")[0] == 200, 30)
        _, told = curl(regia, "/api/v1/status", "-H", f"Authorization: Bearer {token}")
        equal((json.loads(told)["state"], regia.json("/api/v1/status")["state"]), ("rehearsal", "standby"), "what is told inside and outside")
        equal(order(regia, token, "start", name="uno", id="s1")["session"], "uno", "session")
        regia.wait_status("on the air, and on disk", lambda s: s["state"] == "on-air" and s["recorder"].get("last-fragment-ms", 0) > 0, 40)
        regia.wait_recorded(1000)
        regia.kill("console", signal.SIGKILL)
        t.wait("the console", lambda: curl(regia, "/healthz")[0] == 200, 30)
        order(regia, token, "stop", id="e1")
        regia.wait_status("ended", lambda s: s["state"] in ("ended", "standby"), 60)
    regia.stop()


main(run)
