#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""What strangers can read: the event and where it can be played. What sources, relays and folders are called, and what is the matter with
them, is in no answer of the public address, whatever is asked and however it goes, nor in the process that answers there."""

import http.client
import json
import os
import re
import signal
import socket
import urllib.parse

from harness import Regia, check, equal, free_port, holds, main

MARK = os.urandom(4).hex()
SOURCE, FAILING, RELAY, STATE, FOLDER, KEY = (f"geheim-{name}-{MARK}" for name in ("source", "failing", "relay", "state", "folder", "key"))
# All that the status may hold: a key that comes in addition is a decision, and is made in src/director/status-public.c.
ALLOWED = {"event", "event/name", "event/place", "event/start", "event/end", "event/timezone", "event/languages", "next", "state", "wall", "show",
           "recording", "streams", "streams/hls", "talks", "talk", "notice"}


def run(t):
    (t.dir / f"{KEY}.key").write_text("key-of-a-platform\n", encoding="utf-8")
    (t.dir / f"{KEY}.key").chmod(0o600)
    regia = Regia(t, name="public", state=t.dir / STATE,
                  sources={SOURCE: {"pipeline": "test"},
                           FAILING: {"pipeline": "rtsp", "location": f"rtsp://127.0.0.1:{free_port()}/a"}},
                  relays={RELAY: {"url": f"rtmp://127.0.0.1:{free_port()}/live", "key_file": t.dir / f"{KEY}.key"}},
                  groups={"record": {"folder": t.dir / FOLDER}})
    regia.start()
    with t.case("on the air, with a source that fails and a relay that cannot connect", needed=True):
        regia.wait_on_air()
        whole = regia.wait_status("both have failed and say why", lambda s: len(faults(s)) >= 2 and len(s["warnings"]) >= 2 and s, 30)
    with t.case("those who work here are told all of it: what is looked for is there to be found", needed=True):
        text = json.dumps(whole)
        equal([word for word in (SOURCE, FAILING, RELAY, FOLDER) if word not in text], [], "what the whole status does not name")
        equal(set(json.loads(text)) - {path.partition("/")[0] for path in ALLOWED},
              {"version", "started", "generation", "show-time-ms", "aired-ms", "scenes", "desired", "engine", "recorder", "gateway", "relays", "processes",
               "alarms", "alarms-ended", "warnings"}, "what is for them alone")
    with t.case("the public status holds what is allowed, and nothing else"):
        told(regia, "on-air")
    with t.case("no public answer has a word of it, whatever is asked"):
        nobody_tells(t, regia, whole, 30)
    with t.case("nor has the process that gives them: who took it over would know no more"):
        where = {p["name"]: p["pid"] for p in whole["processes"] if p["pid"]}
        words = [SOURCE, FAILING, RELAY, KEY, *faults(whole)]
        held = {name: [word for word in words if holds(where[name], word.encode())] for name in ("gateway", "console")}
        equal(held["gateway"], [], "held by the gateway")
        equal([word for word in (SOURCE, FAILING, RELAY) if word not in held["console"]], [], "not found in the console, though it is there")
    paused(t, regia)
    unwell(t, regia)
    with t.case("ended: the same", needed=True):
        recorder = regia.status()["recorder"]
        equal(regia.command("stop", "--state", regia.state, timeout=60).returncode, 0, "exit status")
        told(regia, "ended")
        equal(regia.public()["recording"], recorder["session"], "what its recording is called")
        equal([item["id"] for item in regia.recordings()], [recorder["session"]], "recordings")
        nobody_tells(t, regia, whole, 20)
    with t.case("Regia ends in order"):
        equal(regia.stop(), 0, "exit status")


def faults(status):
    """What is said of what failed, as it is said."""
    parts = [*status["engine"].get("sources", []), *status["relays"]]
    return [part["last-error"] for part in parts if part.get("last-error")]


def keys(value, path=""):
    """Every key of a tree, with those above it."""
    if not isinstance(value, dict):
        return {path}
    return {path} - {""} | {key for name, inside in value.items() for key in keys(inside, f"{path}/{name}".lstrip("/"))}


def told(regia, state):
    public = regia.t.wait(f"it is told {state}", lambda: regia.public()["state"] == state and regia.public(), 20)
    equal(keys(public), ALLOWED, "keys of the public status")
    equal(public["streams"]["hls"], f"live/{public['show']}/index.m3u8", "address of the stream")
    equal((public["event"]["name"], public["event"]["place"], public["event"]["timezone"], public["event"]["languages"], public["next"]),
          ("Sirio migranti: esperienze a confronto", "Palazzo Ducale, Massa", "Europe/Rome", ["it"], {}), "event")


def ask(regia, method, path, headers=None):
    """(status, all of the answer as it came: head and body)"""
    connection = http.client.HTTPConnection("127.0.0.1", regia.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=bool(headers and "Host" in headers))
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, str(answer.getheaders()).encode() + answer.read(4_000_000)
    finally:
        connection.close()


def raw(regia, request):
    """What is answered to something that is no request."""
    with socket.create_connection(("127.0.0.1", regia.port), 10) as connection:
        connection.sendall(request)
        return connection.recv(65536)


def answers(regia):
    """{what was asked: (status, answer)}: every address that there is, what a page and a playlist name, and what there is not."""
    got = {}

    def get(path, method="GET", **headers):
        got[f"{method} {path} {headers or ''}".strip()] = answer = ask(regia, method, path, headers)
        return answer[1].decode(errors="replace")

    for page in ("/", "/recordings", "/?lang=en"):
        for name in re.findall(r'(?:href|src)="(assets/[^"]+)"', get(page)):
            get(f"/{name}")
    for path in ("/healthz", "/api/v1/openapi.json", "/api/v1/recordings", "/robots.txt", "/favicon.ico", "/events.ics"):
        get(path)
    public = json.loads(regia.get("/api/v1/status"))
    get("/api/v1/status")
    for item in regia.recordings():
        get(f"/api/v1/recordings/{item['id']}")
    for master in ["/live/index.m3u8", *(f"/{address}" for address in public.get("streams", {}).values())]:
        for media in addresses(master, get(master)):
            for address in addresses(media, get(media))[:2]:
                get(address)
    show = public.get("show") or "0"
    for path in ("/nix", "/api/v1/nix", "/api/v1/status/nix", "/api/v1/recordings/nix", "/recordings/nix/nix.mp4", "/assets/nix.js", f"/recordings/{FOLDER}/x",
                 "/live/nix", "/live/nix/index.m3u8", f"/live/{show}/video/nix/index.m3u8", f"/live/{show}/video/360p/99999999.m4s", "/healthz/nix",
                 "/metrics", "/api/v1/events", "/api/v1/session", "/api/v1/planned", "/console", "/../etc/passwd"):
        get(path)
    for method, path in (("POST", "/api/v1/status"), ("OPTIONS", "/api/v1/status"), ("HEAD", "/api/v1/status"), ("DELETE", "/"), ("POST", "/api/v1/login")):
        get(path, method)
    get("/", Host="geheim.example")
    get("/", Range="bytes=5-1")
    got["no request"] = 0, raw(regia, b"NIX\r\n\r\n")
    got["two lengths"] = 0, raw(regia, b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
    return got


def addresses(path, text):
    """All that a playlist names."""
    lines = text.partition("#EXTM3U")[2].splitlines()
    named = re.findall(r'URI="([^"]+)"', text) + [line for line in lines if line and not line.startswith("#")]
    return [urllib.parse.urljoin(path, name) for name in named]


def nobody_tells(t, regia, whole, least):
    """Searches all that can be asked for: what was planted, what is said of the faults, by whom it is run."""
    words = [f"-{MARK}", *faults(whole), *whole["warnings"], str(t.dir), "/run/", "last-error", "source-lost", "alarms-ended", '"pid"', "rss-bytes", "warnings", "restarts", "relays"]
    got = answers(regia)
    served = [asked for asked, (status, _) in got.items() if status == 200]
    t.say(f"{len(got)} answers searched for {len(words)} things, {len(served)} of them what was asked for")
    check(len(got) >= least + 20 and len(served) >= least - 10, f"only {len(got)} answers, {served}")
    tellers = {asked: [word for word in words if word.lower().encode() in body.lower()] for asked, (_, body) in got.items()}
    equal({asked: found for asked, found in tellers.items() if found}, {}, "who tells what")


def paused(t, regia):
    with t.case("paused, and marked: told as little"):
        for words in (("pause",), ("mark", f"Mark {MARK}")):
            equal(regia.command(*words, "--state", regia.state).returncode, 0, f"exit status of {words}")
        told(regia, "paused")
        check(MARK not in regia.get("/api/v1/status").decode(), "the status names a mark")
        equal(regia.command("resume", "--state", regia.state).returncode, 0, "exit status of resume")
        told(regia, "on-air")


def unwell(t, regia):
    """A director that does not answer: the gateway notices after five seconds."""
    with t.case("not well: that is all that is said, and when to ask again"):
        equal(regia.request("/healthz")[::2], (200, b"ok"), "health")
        pid = regia.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            _, headers, body = t.wait("it is not well", lambda: (lambda got: got[0] == 503 and got)(regia.request("/healthz")), 9)
        finally:
            os.kill(pid, signal.SIGCONT)
        equal((body, headers.get("retry-after")), (b"not ok", "5"), "health, and when to ask again")
        t.wait("it is well again", lambda: regia.request("/healthz")[0] == 200, 20)
        told(regia, "on-air")


main(run)
