#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""Files that are named, and change under a running event: slate and pipeline file; and the title of a sound reaches who chooses by it."""

import subprocess
import time

from harness import Regia, check, equal, main

TITLE = "Sala, «originale»"
CAPTURE = "# summary: a test's\n# needs: videotestsrc\nvideotestsrc is-live=true ! {} ! videoconvert name=video\n"


def run(t):
    slate, capture = t.dir / "slate.png", t.dir / "second.pipeline"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=1280x720", "-frames:v", "1", slate], check=True)
    capture.write_text(CAPTURE.format("identity"), encoding="utf-8")
    regia = Regia(t, name="named", sources={"camera": {"pipeline": "test"}, "second": {"pipeline": capture}},
                  groups={"programme": {"slate": slate, "picture": "camera"}, "audio it": {"title": TITLE, "sources": "camera"}})
    capture.write_text(CAPTURE.format("identity error-after=3"), encoding="utf-8")
    regia.start()
    with t.case("on air, and nothing to be said of the slate", needed=True):
        regia.wait_on_air()
        equal(regia.status()["engine"]["slate-error"], "", "slate")
    with t.case("the title is what players list"):
        text = t.wait("the playlist", lambda: regia.get("/live/index.m3u8").decode(), 10)
        check(f'NAME="{TITLE}"' in text, text)

    with t.case("slate replaced by no picture, pipeline file spoilt, engine killed: the event goes on, status warns"):
        slate.write_text("no picture", encoding="utf-8")
        capture.write_text(CAPTURE.format("elementthatisnot"), encoding="utf-8")
        regia.kill("engine")
        status = regia.wait_status("the warnings", lambda s: s["state"] == "on-air" and s["engine"].get("slate-error")
                                   and source(s, "second")["state"] == "failed", 30)
        check(any(str(slate) in w for w in status["warnings"]), f"warnings {status['warnings']}")
        regia.wait_status("the other source", lambda s: source(s, "camera")["state"] == "live", 10)
    with t.case("pipeline file mended: the source is live by itself"):
        capture.write_text(CAPTURE.format("identity"), encoding="utf-8")
        regia.wait_status("live", lambda s: source(s, "second")["state"] == "live", 25)
    with t.case("the end is not held up, and the recording has the title", needed=True):
        began = time.monotonic()
        regia.command("stop", "--state", regia.state, timeout=30)
        t.say(f"stopped in {time.monotonic() - began:.1f} s")
        regia.wait_session("finished", 30)
        check(f"name{TITLE}".encode() in regia.session_file().read_bytes(), "no title in the finished file")
    regia.stop()


def source(status, name):
    return next((s for s in status["engine"].get("sources", []) if s["name"] == name), {"state": ""})


main(run)
