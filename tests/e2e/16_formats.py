#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What halls have: a camera that is interlaced, a desk of ten channels, a clip from a phone that was held upright. And an address that is
wrong, said in words."""

import subprocess

from harness import Camera, Regia, ToneDesk, check, decodes_cleanly, equal, free_port, main, marks


def run(t):
    camera, desk = Camera(t, "--interlaced"), ToneDesk(t)
    pulse = {"pipeline": "pulse", "server": desk.server, "device": desk.device, "video": "no"}
    regia = Regia(t, name="formats", sources={
        "camera": {"pipeline": "rtsp", "location": camera.url},
        "desk": pulse, "voice": {**pulse, "channels": "5"}, "booth": {**pulse, "channels": "3, 14"},
        "nobody": {"pipeline": "rtsp", "location": f"rtsp://user:s3cret@127.0.0.1:{free_port()}/camera"},
    }, groups={"programme": {"picture": "camera"}, "audio it": {"sources": "desk"}, "audio en": {"sources": "voice; booth"}}).start()
    with t.case("on air: the interlaced camera and the desk are live", needed=True):
        regia.wait_on_air()
        regia.wait_status("all that exists is live", lambda s: all(source(s, n)["state"] == "live" for n in ("camera", "desk", "voice", "booth")))
    with t.case("status names the channels that there are, and those that are used"):
        status = regia.wait_status("channels", lambda s: source(s, "booth")["channels"])
        equal([(source(status, n)["channels"], source(status, n)["channels-used"]) for n in ("desk", "voice", "booth")],
              [(10, "1 and 2"), (10, "5"), (10, "1 and 2")], "channels")
        check(-20 < source(status, "desk")["level-db"] < -10, f"level {source(status, 'desk')['level-db']}")
        check(any("booth" in w and "10 channels" in w for w in status["warnings"]), f"warnings {status['warnings']}")
    with t.case("a camera that is not there is named in words, without its password"):
        words = regia.wait_status("an error", lambda s: source(s, "nobody")["last-error"])
        words = source(words, "nobody")["last-error"]
        t.say(words)
        check("refuses connections" in words and "switched on" in words, words)
        check("s3cret" not in words, words)
    regia.wait_recorded(8000, 40)
    with t.case("the event ends", needed=True):
        regia.command("stop", "--state", regia.state, timeout=60)
        regia.wait_session("finished", 60)
    path = regia.session_file()
    decodes_cleanly(path)
    video = marks(t, path)["video"]
    with t.case("the picture is whole, and has no comb"):
        check(video["duplicates"] <= 2, f"{video['duplicates']} frames shown twice")
        combs = [comb(frame) for frame in frames(path, 4, 40)]
        t.say(f"lines of comb in 40 frames: at most {max(combs)}")
        check(max(combs) <= 40, f"comb: {combs}")
    with t.case("of the desk's ten channels the first two are heard, or the fifth on both sides, or the first two in place of one that is not there"):
        equal([desk.heard(path, 4, track) for track in range(2)],
              [{"left": [1], "right": [2]}, {"left": [1, 5], "right": [2, 5]}], "heard in it and en")


def source(status, name):
    return next(s for s in status["engine"]["sources"] if s["name"] == name)


WIDTH, HEIGHT = 640, 360


def frames(path, from_s, count):
    """Grey pictures, as the recording has them."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-ss", str(from_s), "-i", str(path), "-map", "0:v:0", "-frames:v", str(count), "-vf",
                           f"scale={WIDTH}:{HEIGHT}", "-pix_fmt", "gray", "-f", "rawvideo", "-"], capture_output=True, timeout=60, check=True)
    size = WIDTH * HEIGHT
    return [done.stdout[i:i + size] for i in range(0, len(done.stdout), size)]


def comb(frame):
    """Pixels of the moving bar's edges that stand out between those above and below them, which are alike."""
    count = 0
    for y in range(HEIGHT // 2 + 8, HEIGHT - 8, 3):
        above, here, below = (frame[(y + d) * WIDTH:(y + d + 1) * WIDTH] for d in (-1, 0, 1))
        count += sum(abs(a - b) < 20 and abs(a - h) > 30 and abs(b - h) > 30 for a, h, b in zip(above, here, below))
    return count


main(run)
