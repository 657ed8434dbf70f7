#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""A gateway that was taken over has nothing to call: a stand-in that the director started in its place tries every method and property there
is on its control connection, and nothing changes. The methods are read from the interface itself, so that a new one is tried too."""

import hashlib
import json
import signal
import xml.etree.ElementTree

from harness import Regia, SilentPeer, check, decodes_cleanly, equal, main, marks
from harness.scenario import ROOT

XML = ROOT / "src/control/org.regia.control.xml"
REFUSED = {f"org.freedesktop.DBus.Error.{name}" for name in ("UnknownMethod", "UnknownObject", "UnknownInterface", "UnknownProperty")}
# GDBus answers these on every connection, of itself: a word, the machine's number, and that there is nothing.
HARMLESS = {("org.freedesktop.DBus.Peer", "Ping"), ("org.freedesktop.DBus.Peer", "GetMachineId"),
            ("org.freedesktop.DBus.Introspectable", "Introspect")}
STANDARD = {f"org.freedesktop.DBus.{name}" for name in ("Properties", "Introspectable", "Peer", "ObjectManager")}
# The director holds a status and a few numbers; what it is told and does not keep must not be seen here. (It is 0.1 MiB; most of this is for
# the sanitizers.)
GROWTH_BYTES = 32 << 20


def run(t):
    report = t.out / "tries.txt"
    far_end = SilentPeer(t)
    regia = Regia(t, name="taken-over", relays={"platform": {"url": f"rtmp://127.0.0.1:{far_end.port}/live/far"}})
    regia.binary = t.tool("taken-over")
    regia.env["REGIA_TAKEN_OVER"] = str(report)
    if "ASAN_OPTIONS" in t.env:
        # What was freed would be held for a while, and taken for growth.
        regia.env["ASAN_OPTIONS"] = f"{t.env['ASAN_OPTIONS']}:quarantine_size_mb=1"
    regia.start()
    with t.case("on the air and recorded, with a stand-in for the gateway", needed=True):
        regia.wait_status("on the air", lambda s: s["state"] == "on-air" and s["recorder"].get("last-fragment-ms", 0) > 0
                          and s["gateway"].get("address") == "taken over" and all(p["state"] == "running" for p in s["processes"]))
        done = regia.command("mark", "--state", regia.state, "Saluti")
        equal(done.returncode, 0, f"exit status of `regia mark`: {done.stderr}")
        # Of the far end that says nothing: it would come in the midst of the tries.
        regia.wait_status("its alarm", lambda s: [a["id"] for a in s["alarms"]] == ["relay-lost/platform"], 60)
    before = Picture(t, regia)
    with t.case("it tries everything", needed=True):
        regia.kill("gateway", signal.SIGUSR1)
        t.wait("the last try", lambda: report.exists() and report.read_text(encoding="utf-8").splitlines()[-1].startswith("done "), 60)
    tries = [line.split() for line in report.read_text(encoding="utf-8").splitlines()]
    calls = [words[1:] for words in tries if words[0] == "call"]
    t.figure(f"{len(calls)} calls")
    with t.case("… every method and property of every interface, at every path"):
        every_one(calls)
    with t.case("each is refused: there is no such thing"):
        let_in = sorted({(path, interface, method, answer) for path, interface, method, answer in calls
                         if answer not in REFUSED and (interface, method) not in HARMLESS})
        equal(let_in, [], "what was not refused")
        equal(sorted({words[2] for words in tries if words[0] == "found"} - STANDARD), [], "interfaces that are shown")
    with t.case("nothing has changed: show, desired state, audit log, processes, what was recorded"):
        after = Picture(t, regia)
        for name, was in before.kept.items():
            equal(after.kept[name], was, name)
    with t.case("the director is unharmed, the recording goes on"):
        grown = after.rss - before.rss
        t.figure(f"director {grown >> 10} KiB larger")
        check(grown < GROWTH_BYTES, f"{grown} bytes more")
        regia.wait_recorded(1000)
        looks = regia.supervisor.watchdogs
        t.wait("systemd is told that all is well", lambda: regia.supervisor.watchdogs > looks)
    with t.case("what those who may say is done, and seen by the same looks"):
        done = regia.command("pause", "--state", regia.state)
        equal(done.returncode, 0, f"exit status: {done.stderr}")
        changed = Picture(t, regia)
        equal(sorted(name for name, was in before.kept.items() if changed.kept[name] != was),
              ["audit log", "desired state", "show", "state"], "what is seen to change")
        equal(regia.command("resume", "--state", regia.state).returncode, 0, "exit status of `regia resume`")
    with t.case("the event ends in order, nothing of it is missing"):
        equal(regia.stop(), 0, "exit status")
        decodes_cleanly(regia.session_file())
        equal(marks(t, regia.session_file())["video"]["duplicates"], 0, "pictures twice")


class Picture:
    """What a gateway could have changed, as it is now."""

    def __init__(self, t, regia):
        status = t.wait("every process has been looked at", lambda: self.complete(regia.status()))
        show = json.loads((regia.state / "show.json").read_text(encoding="utf-8"))
        for key in ("reached-ns", "reached-wall-ns"):
            show.pop(key)  # how far it has got
        recorder = status["recorder"]
        record = json.loads((regia.state / "recordings" / recorder["session"] / "session.json").read_text(encoding="utf-8"))
        first = regia.state / "recordings" / recorder["session"] / record["parts"][0]["file"]
        self.rss = next(p["rss-bytes"] for p in status["processes"] if p["name"] == "director")
        self.kept = {
            "show": show,
            "state": status["state"],
            "desired state": status["desired"],
            "event": status["event"],
            "audit log": (regia.state / "audit.jsonl").read_text(encoding="utf-8"),
            "processes": {p["name"]: (p["pid"], p["restarts"]) for p in status["processes"]},
            "started": status["started"],
            "engine": {key: status["engine"][key] for key in ("generation", "ready", "private")},
            "recorder": {key: recorder[key] for key in ("session", "path", "parts", "gaps", "whole", "files", "recovered")},
            "what was recorded": hashlib.sha256(first.read_bytes()[:20000]).hexdigest(),
            "files": sorted((str(p.relative_to(regia.state)), oct(p.lstat().st_mode), p.lstat().st_uid) for p in regia.state.rglob("*")
                            if p.name not in ("show.json", "session.json") and not p.name.startswith(".")),
            "supervisor": regia.supervisor.restarts,
        }

    @staticmethod
    def complete(status):
        return status["engine"].get("ready") and status["recorder"].get("session") and status


def every_one(calls):
    """By another reading of the interface than the stand-in's."""
    tried = {(path, interface, method) for path, interface, method, _ in calls}
    paths = {path for path, _, _ in tried}
    check({"/", "/org/regia/Show", "/org/regia/Process", "/org/regia/Accounts", "/org/regia/Console"} <= paths, f"paths {paths}")
    interfaces = xml.etree.ElementTree.parse(XML).getroot().findall("interface")
    check(len(interfaces) >= 2, "interfaces")
    wanted = [(i.get("name"), m.get("name")) for i in interfaces for m in i.findall("method")]
    check(len(wanted) >= 12, f"methods {wanted}")
    wanted += [("org.freedesktop.DBus.Properties", method) for method in ("Get", "GetAll", "Set")]
    missing = [(path, *one) for path in paths for one in wanted if (path, *one) not in tried]
    equal(missing, [], "not tried")


main(run)
