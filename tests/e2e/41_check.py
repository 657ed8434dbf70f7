#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""`regia check` before an event: what is there is a go, what is not is named with its remedy, and an event that is on is left alone."""

import json
import os
import signal
import socket
import time

from harness import Camera, Desk, Regia, Rtmp, SilentPeer, Srt, check, equal, free_port, main, marks


def run(t):
    camera, desk = Camera(t), Desk(t)
    rtmp, srt, silent = Rtmp(t), Srt(t), SilentPeer(t, socket.SOCK_DGRAM)
    sources = {"camera": {"pipeline": "rtsp", "location": camera.url, "audio": "no"},
               "desk": {"pipeline": "pulse", "server": desk.server, "device": desk.device}}
    hall = Regia(t, name="hall", sources=sources, relays={"rtmp": {"url": rtmp.url}, "srt": {"url": srt.url}})

    def ask(regia, *options):
        began = time.monotonic()
        done = regia.command("check", "--json", "--state", regia.state, *options, regia.event, timeout=60)
        took = time.monotonic() - began
        t.say(f"{took:.0f} s, status {done.returncode}, {done.stderr.strip()}")
        answer = json.loads(done.stdout)
        rows = {row["what"]: row for row in answer["rows"]}
        for row in answer["rows"]:
            t.say(f"{row['state']:5} {row['what']}: {row['text']} -> {row['remedy']}")
        check(took < 60, f"it took {took:.0f} s")
        equal(done.returncode, 0 if answer["go"] else 69, "exit status")
        equal(answer["go"], all(row["state"] != "no-go" for row in answer["rows"]), "go")
        check(all(bool(row["remedy"]) == (row["state"] != "go") for row in answer["rows"]), "a remedy where one is needed, and nowhere else")
        return rows

    def states(rows, *names):
        return [rows[name]["state"] for name in names]

    with t.case("all is there: each source and each destination is a go", needed=True):
        rows = ask(hall)
        equal(states(rows, "source camera", "source desk", "recording", "viewers", "console", "relay rtmp", "relay srt"), ["go"] * 7, "states")
        check("picture" in rows["source camera"]["text"] and "sound" in rows["source desk"]["text"], f"{rows}")
        # How fast is this machine's matter, and others run beside.
        check({"rendition 360p", "rendition 180p", "processor", "clock"} <= rows.keys(), f"{rows.keys()}")
    with t.case("nothing was begun: no recording, no connection that published"):
        equal((hall.state.exists(), rtmp.files()), (False, []), "state folder, what the platform got")
    with t.case("as a table it says the same, and ends with the verdict"):
        done = hall.command("check", "--state", hall.state, hall.event, timeout=60)
        lines = done.stdout.splitlines()
        check(any(line.startswith("go ") and "source camera" in line for line in lines), done.stdout)
        check(lines[-1].startswith("GO" if done.returncode == 0 else "NO-GO"), lines[-1])

    with t.case("what is missing is named, with what to do"):
        taken = socket.create_server(("127.0.0.1", 0))
        refused = free_port()
        bad = Regia(t, name="bad", port=taken.getsockname()[1], groups={"record": {"reserve": "1T"}}, sources={
            "camera": {"pipeline": "rtsp", "location": f"rtsp://user:s3cr3t-word@127.0.0.1:{refused}/x", "audio": "no"},
            "hall": {"pipeline": "rtsp", "location": camera.url, "audio": "no"},
            "desk": {"pipeline": "pulse", "server": desk.server, "device": "no-such-desk"},
            "guest": {"pipeline": "srt", "uri": f"srt://127.0.0.1:{free_port(socket.SOCK_DGRAM)}?mode=listener"}},
            relays={"refuses": {"url": f"rtmp://127.0.0.1:{refused}/live"}, "silent": {"url": f"srt://127.0.0.1:{silent.port}"},
                    "no-name": {"url": "rtmp://no-such-host.invalid/live"}})
        rows = ask(bad)
        equal(states(rows, "source camera", "source desk", "viewers", "recording", "relay refuses", "relay silent", "relay no-name"),
              ["no-go"] * 7, "states")
        equal(states(rows, "source hall", "source guest", "processor"), ["go", "look", "look"], "states")
        check("no-such-desk" in rows["source desk"]["text"], rows["source desk"]["text"])
        check("s3cr3t" not in json.dumps(rows), "the camera's password is shown")
        taken.close()
    with t.case("a sound server that hangs is named, and holds nothing up"):
        desk.servers[0].send_signal(signal.SIGSTOP)
        rows = ask(hall)
        equal(states(rows, "source camera", "source desk"), ["go", "no-go"], "states")
        desk.servers[0].send_signal(signal.SIGCONT)

    with t.case("an event that is on is not disturbed: its own word counts", needed=True):
        hall.start()
        hall.wait_on_air()
        hall.wait_recorded(3000, 30)
        hall.wait_status("sources and relays", lambda s: all(x["state"] == "live" for x in s["engine"]["sources"] + s["relays"]), 30)
        before = hall.status()
        rows = ask(hall)
        equal(states(rows, "source camera", "source desk", "viewers", "console", "relay rtmp", "relay srt"), ["go"] * 6, "states")
        check("not measured" in rows["processor"]["text"], rows["processor"]["text"])
        check("writes" not in rows["recording"]["text"] and rows["recording"]["state"] == "go", f"{rows['recording']}")
        after = hall.status()
        equal([(s["name"], s["restarts"]) for s in after["engine"]["sources"]], [(s["name"], s["restarts"]) for s in before["engine"]["sources"]],
              "restarts of the sources")
    with t.case("and its recording has every frame"):
        hall.wait_recorded(8000, 40)
        hall.command("stop", "--state", hall.state, timeout=60)
        hall.wait_session("finished", 60)
        video = marks(t, hall.session_file())["video"]
        equal((video["missing_ranges"], video["steps"]), ([], []), "missing, steps")
    with t.case("no process is left behind"):
        left = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if is_ours(pid, str(hall.binary))]
        equal(left, [], "children of `regia check`")


def is_ours(pid, binary):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
        return words[1:3] in ([b"child", b"trial"], [b"child", b"disk"]) and os.readlink(f"/proc/{pid}/exe") == binary
    except OSError:
        return False


main(run)
