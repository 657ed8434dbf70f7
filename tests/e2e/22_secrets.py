#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""What the event file knows of secrets is in the memory of the process that needs it, and of no other that faces the network."""

import os

from harness import Regia, check, equal, free_port, holds, main

CAMERA, FIRST, SECOND = (f"geheim-{name}-{os.urandom(8).hex()}" for name in ("camera", "first", "second"))


def run(t):
    for name, key in (("first", FIRST), ("second", SECOND)):
        (t.dir / f"{name}.key").write_text(key + "\n", encoding="utf-8")
        (t.dir / f"{name}.key").chmod(0o600)
    regia = Regia(t, name="secrets", sources={"picture": {"pipeline": "test"},
                                              "away": {"pipeline": "rtsp", "location": f"rtsp://hall:{CAMERA}@127.0.0.1:{free_port()}/a"}},
                  relays={name: {"url": f"rtmp://127.0.0.1:{free_port()}/live", "key_file": t.dir / f"{name}.key"}
                          for name in ("first", "second")}).start()
    with t.case("on air, and each has tried to use its secret", needed=True):
        regia.wait_on_air()
        regia.wait_status("attempts", lambda s: all(r.get("attempts", 0) >= 1 for r in s["relays"]) and len(s["relays"]) == 2, 20)
    held = {p["name"]: [secret for secret in (CAMERA, FIRST, SECOND) if holds(p["pid"], secret.encode())]
            for p in regia.status()["processes"] if p["pid"]}
    t.say(str({name: [secret.split("-")[1] for secret in secrets] for name, secrets in held.items()}))
    with t.case("the search finds what is there: each relay holds its own key, the engine the camera's password"):
        equal((held["relay first"], held["relay second"], held["engine"]), ([FIRST], [SECOND], [CAMERA]), "held")
    with t.case("gateway, console and recorder hold none"):
        equal((held["gateway"], held["console"], held["recorder"]), ([], [], []), "held")
    with t.case("no argument, no environment, no log shows one"):
        logs = "".join(path.read_text(errors="replace") for path in t.out.glob("*.log"))
        shown = "".join(open(f"/proc/{pid}/{name}", errors="replace").read() for pid in regia.pids() for name in ("cmdline", "environ"))
        status = regia.get("/api/v1/status").decode()
        audit = regia.command("mark", "Talk", "--state", regia.state).stdout + (regia.state / "audit.jsonl").read_text()
        for secret in (CAMERA, FIRST, SECOND):
            check(all(secret not in text for text in (logs, shown, status, audit)), f"{secret.split('-')[1]} is shown")


main(run)
