#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""What the hall says is for the hall alone for a while: not a frame of it comes out anywhere, whatever dies meanwhile; the recording has it."""

import time

from harness import Regia, Rtmp, Srt, check, equal, frames, main

# From the answer of `private off` to the first picture of the hall: it is encoded as a keyframe, which takes no time of its own.
BACK_MS, BACK_SANITIZED_MS = 300, 1500


def run(t):
    rtmp, srt = Rtmp(t), Srt(t)
    regia = Regia(t, name="private", sources={"camera": {"pipeline": "test"}}, relays={"platform": {"url": rtmp.url}, "far": {"url": srt.url}}).start()
    with t.case("on air, and a platform has it", needed=True):
        regia.wait_on_air()
        regia.wait_status("relay live", lambda s: [r["state"] for r in s["relays"]] == ["live", "live"])
        regia.wait_segments(1)
    seen = [Viewer(t, regia, "before")]
    regia.wait_recorded(3000)
    spans = []
    with t.case("private for a moment, twice"):
        for _ in range(2):
            command(regia, "private", "on")
            began = time.time()
            regia.wait_segments(1)
            ended = time.time()
            command(regia, "private", "off")
            spans.append((began, ended, time.time()))
            regia.wait_segments(1)
    with t.case("private on: answered within a second, with the last public picture", needed=True):
        began = time.time()
        answer = command(regia, "private", "on")
        on = time.time()
        t.say(f"{answer} {1000 * (on - began):.0f} ms")
        check("The last public picture was at" in answer, answer)
        check(regia.status()["desired"]["private"] and regia.status()["engine"]["private"], "status")
        said = regia.command("status", "--state", regia.state).stdout
        check("PRIVATE" in said.splitlines()[1] and "regia private off" in said, said)
    regia.wait_segments(1)
    with t.case("killed while it is private, the engine comes back private"):
        old = regia.kill("engine")
        regia.wait_restarted("engine", old, 10)
        regia.wait_on_air(20)
        status = regia.wait_status("the engine's own word", lambda s: "private" in s["engine"], 10)
        check(status["engine"]["private"], "status")
    with t.case("… and so do those that are handed its feed anew, and a director that finds it so"):
        for name in ("gateway", "relay platform"):
            regia.wait_restarted(name, regia.kill(name), 10)
        old = regia.kill("director")
        regia.wait_restarted("director", old, 15)
        regia.wait_on_air(30)
        status = regia.wait_status("private", lambda s: s["desired"]["private"] and s["engine"].get("private"), 10)
        check(status["desired"]["version"] >= 2, f"{status['desired']}")
    seen.append(Viewer(t, regia, "meanwhile"))
    regia.wait_segments(2)
    with t.case("private off, and gateway and relay killed in the same moment"):
        off = time.time()
        command(regia, "private", "off")
        for name in ("gateway", "relay platform"):
            regia.wait_restarted(name, regia.kill(name), 10)
        regia.wait_status("relays live", lambda s: [r["state"] for r in s["relays"]] == ["live", "live"], 30)
    seen.append(Viewer(t, regia, "after"))
    regia.wait_recorded(5000)
    regia.wait_segments(2)
    with t.case("the event ends", needed=True):
        regia.command("stop", "--state", regia.state, timeout=60)
        t.wait("the finished file", lambda: regia.session_file().exists(), 60)

    kept = [f for f in frames(t, regia.session_file()) if f.number >= 0]
    with t.case("the recording has the private minutes"):
        inside = [f for f in kept if 1000 * on < f.wall < 1000 * off]
        check(len(inside) > 25 * (off - on) * 0.5, f"{len(inside)} frames of {off - on:.1f} s")
    outputs = [("platform", path) for path in rtmp.files()] + [("SRT", srt.end())] + [(f"viewer {v.name}", v.end()) for v in seen]
    public, walls = 0, []
    spans.append((on, off, None))
    for name, path in outputs:
        with t.case(f"{name}: not a frame of them"):
            found = frames(t, path)
            shown = [f for f in found if f.number >= 0]
            out = [(f.number, f.wall - int(1000 * began)) for f in shown for began, ended, _ in spans if 1000 * began < f.wall < 1000 * ended]
            equal(out, [], "private frames that came out")
            public += len(shown)
            walls += [f.wall for f in shown]
            t.say(f"{name}: {len(found)} pictures, {len(shown)} of the hall, {len(found) - len(shown)} of the slate")
    with t.case("what was public did come out, and it was public again within two segments"):
        check(public > 200, f"{public} frames")
        back = min(wall for wall in walls if wall >= 1000 * off)
        t.say(f"public again after {back - 1000 * off:.0f} ms")
        check(back - 1000 * off < 4500, f"{back - 1000 * off:.0f} ms")
    with t.case("nor did it wait for the next segment to be public again, where nobody was killed"):
        for _, ended, answered in spans[:2]:
            back = min(wall for wall in walls if wall >= 1000 * ended) - 1000 * answered
            t.figure(f"public again {back:.0f} ms after the answer")
            check(back < (BACK_SANITIZED_MS if t.sanitized else BACK_MS), f"{back:.0f} ms")


def command(regia, *words):
    done = regia.command(*words, "--state", regia.state, timeout=20)
    equal((done.returncode, done.stderr), (0, ""), f"`regia {' '.join(words)}`")
    return done.stdout.strip()


class Viewer:
    """Keeps what an HLS player is given, from the oldest segment that is listed on."""

    def __init__(self, t, regia, name):
        self.name, self.path = name, t.out / f"viewer-{name}.ts"
        address = f"{regia.base}/live/index.m3u8"
        self.child = t.spawn(f"viewer-{name}", ["ffmpeg", "-v", "error", "-y", "-live_start_index", "0", "-i", address, "-map", "0:v:0",
                                                "-c", "copy", "-f", "mpegts", self.path], nice=5)

    def end(self):
        self.child.terminate()
        self.child.wait(10)
        return self.path


main(run)
