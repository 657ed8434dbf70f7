#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""What is written over and under the picture, read from the frames of the recording: the caption in its rectangle and only while it is on, whoever is
killed meanwhile, the logo at its place, the slates with the time that is left; and not a frame is missing."""

import datetime
import json
import math
import struct
import subprocess
import time
import zlib

from harness import Regia, Technician, check, equal, main

WIDTH, HEIGHT = 640, 360
TALKS = {"talk 1": {"title": "Gli sportelli informativi", "speaker": "Maria Rossi", "role": "Scuola"},
         "talk 12": {"title": "حق التعليم", "speaker": "فاطمة الزهراء"}}
COLOUR, BACKGROUND = (255, 224, 0), (0, 64, 0)
# By hand: 5 % of the width beside it, 7 % of the height below.
LEFT, RIGHT, BOTTOM = 32, 608, 334
CHANGES = 200
# 10 % of the width, half as high; 5 % away from the upper right corner.
LOGO_COLOUR, LOGO = (0, 96, 255), (544, 18, 64, 32)
GROUND = (0, 64, 0)
BARS = [(191 if i & 2 == 0 else 0, 191 if i & 4 == 0 else 0, 191 if i & 1 == 0 else 0) for i in range(8)]
WAVES = [[f(2 * math.pi * i / 48) for i in range(4800)] for f in (math.sin, math.cos)]


def png(path, width, height, colour):
    """Of one colour, with a transparent rim of a tenth."""
    rows = b"".join(b"\0" + b"".join(bytes(colour) + (b"\xff" if width // 10 <= x < width * 9 // 10 and height // 10 <= y < height * 9 // 10 else b"\0")
                                     for x in range(width)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def run(t):
    png(t.dir / "logo.png", 400, 200, LOGO_COLOUR)
    (t.dir / "no.png").write_bytes((t.dir / "logo.png").read_bytes()[:300])
    start = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=50)).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    regia = Regia(t, event={"start": start, "languages": "it"}, name="look", sources={"hall": {"pipeline": "test", "width": WIDTH, "height": HEIGHT, "pattern": "red", "speed": 0}},
                  renditions={"small": {"size": f"{WIDTH}x{HEIGHT}", "bitrate": "4M", "preset": "veryfast"}},
                  groups={"programme": {"size": f"{WIDTH}x{HEIGHT}"}, "look": {"colour": "#ffe000", "background": "#004000", "logo": "logo.png", "logo_opacity": 100,
                                                                                        "slates": "starting; break; ending; bars"}, **TALKS})
    bad = Regia(t, name="bad", groups={"look": {"logo": "no.png"}})
    with t.case("a logo that is no picture is refused in words, with file and line"):
        done = bad.command("check", bad.event)
        check(done.returncode == 78 and "[look] logo: " in done.stderr and "no.png" in done.stderr, f"{done.returncode} {done.stderr}")
    technician = Technician(regia)
    regia.start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
        regia.wait_status("the source", lambda s: [x["state"] for x in s["engine"]["sources"]] == ["live"])
    regia.wait_recorded(1500)
    wanted = []

    def caption(*arguments, side="left"):
        done = regia.command("caption", "--state", regia.state, *arguments)
        equal((done.returncode, done.stderr), (0, ""), "regia caption")
        wanted.append(None if arguments == ("--off",) else side)
        return done

    with t.case("by hand, by its talk, from right to left, away"):
        caption("Niccolò D'Àvila", "<b>Esperienze & confronto</b>")
        status = regia.status()["desired"]
        equal((status["caption"], status["caption-line"]), ("Niccolò D'Àvila", "<b>Esperienze & confronto</b>"), "status")
        for arguments, side in ((("--off",), None), (("--talk", "1"), "left"), (("--off",), None), (("--talk=12",), "right"), (("--off",), None)):
            regia.wait_recorded(1200)
            caption(*arguments, side=side)
        regia.wait_recorded(1200)
    with t.case("refused in words, and nothing changes"):
        for arguments, words in ((("--talk", "3"), "there is no talk 3; this event has 1, 12"), (("",), "a caption has a name"), (("x" * 301,), "at most 300 letters"),
                                 (("a\nb",), "one line"), ((), "write `regia caption"), (("a", "--off"), "write `regia caption"), (("a", "b", "c"), "regia caption")):
            done = regia.command("caption", "--state", regia.state, *arguments)
            check(done.returncode == 64 and words in done.stderr, f"{arguments}: {done.returncode} {done.stderr}")
        equal(regia.status()["desired"]["caption"], "", "caption")
    technician.log_in()
    with t.case("by the console's address"):
        for body, code, words in (({"name": 7}, 400, "must be a text"), ({}, 400, "a caption has a name"), ({"talk": 2}, 400, "no talk 2"), ({"text": "a"}, 400, "there is no"),
                                  ({"talk": 1}, 200, ""), ({"off": True}, 200, "")):
            status, answer = post(technician, "caption", body)
            check(status == code and words in answer, f"{body}: {status} {answer}")
        regia.wait_recorded(1200)
    with t.case(f"{CHANGES} changes on the air: not a frame is lost", needed=True):
        before = regia.wait_status("frames", lambda s: s["engine"].get("frames", 0) > 0)["engine"]
        for i in range(CHANGES):
            status, answer = post(technician, "caption", {"name": f"Speaker {i}", "line": "W" * (i % 60)} if i % 5 else {"off": True})
            equal(status, 200, answer)
            time.sleep(0.05)  # not to be waited for: the director ends a console that says more than 100 things a second
        equal(post(technician, "caption", {"off": True})[0], 200, "off")
        regia.wait_recorded(1500)
        after = regia.status()["engine"]
        equal((after["frames-dropped"], after["generation"]), (0, before["generation"]), "frames dropped, generation")
    for name, side, arguments in (("engine", "left", ("Anna Bianchi", "Due parole")), ("director", "right", ("--talk", "12"))):
        with t.case(f"{name} killed one instant after the answer: the caption is there"):
            caption(*arguments, side=side)
            old = regia.kill(name)
            regia.wait_restarted(name, old, 15)
            regia.wait_on_air(20)
            regia.wait_status("live", lambda s: [x["state"] for x in s["engine"].get("sources", [])] == ["live"], 15)
            regia.wait_recorded(2000, 20)
    with t.case("no frame was left out", needed=True):
        equal(regia.status()["engine"]["frames-dropped"], 0, "frames")
    with t.case("the slates are scenes: shown as any other"):
        equal(regia.command("caption", "--state", regia.state, "--off").returncode, 0, "off")
        equal(regia.command("scene", "--state", regia.state).stdout, "* hall\n  starting\n  break\n  ending\n  bars\n", "list")
        for name, ms in (("starting", 6500), ("break", 1200), ("hall", 1200), ("ending", 1200)):
            equal(regia.command("scene", "--state", regia.state, name, "--fade", "0").returncode, 0, name)
            regia.wait_status(f"{name} is shown", lambda s, n=name: s["engine"].get("scene") == n, 10)
            regia.wait_recorded(ms)
        equal(regia.status()["engine"]["frames-dropped"], 0, "frames")
    with t.case("bars and tone are for rehearsals: on the air they are refused in words, but for --on-air"):
        for arguments in (("scene", "bars"), ("tone", "on")):
            done = regia.command(*arguments, "--state", regia.state)
            check(done.returncode == 64 and "on the air" in done.stderr and "--on-air" in done.stderr, f"{done.returncode} {done.stderr}")
        equal(post(technician, "tone", {"on": True})[0], 400, "by the console")
        status = regia.status()
        equal((status["desired"]["scene"], status["desired"]["tone"]), ("ending", False), "as it was")
        for arguments in (("scene", "bars", "--on-air", "--fade", "0"), ("scene", "hall", "--fade", "0"), ("tone", "on", "--on-air"), ("tone", "off")):
            equal(regia.command(*arguments, "--state", regia.state).returncode, 0, arguments)
            regia.wait_recorded(1500)
        equal(regia.status()["engine"]["frames-dropped"], 0, "frames")
    regia.command("stop", "--state", regia.state, timeout=60)
    regia.wait_session("finished")
    seen, logos, slates, counts = look(regia.session_file())
    t.say(f"captions: {seen}")
    t.say(f"logo: {logos}")
    t.say(f"slates: {slates}; the time changed after: {counts}")
    with t.case("in the recording: in its rectangle, in order, and only while it is on"):
        sides = dedup(side for side, n in seen if n >= 15)
        equal(sides[:8], dedup([None, *wanted[:6], "left"]), "captions by hand, by talk and by the console")
        equal(sides[-4:], dedup([None, *wanted[6:], None]), "captions after the restarts")
        equal([n for side, n in seen if side == "elsewhere"], [], "frames with something elsewhere")
    with t.case("the logo at its place, but for the slates, which have their own"):
        equal(dedup(is_there for is_there, n in logos if n >= 15), [True, False, True, False, True], "logo")
        equal(dedup(name for name, n in slates if n >= 10), [None, "starting", "slate", None, "slate", "bars", None], "slates")
    tones = tone(regia.session_file())
    t.say(f"tone: {tones}")
    with t.case("the tone: 1 kHz at -20 dBFS, with the bars and by itself, and only then"):
        levels = [level for level, n in tones if n >= 8]
        equal(levels, [False, True, False, True, False], "tone")
    with t.case("the time that is left changes each second, on the second"):
        check(len(counts) >= 5 and all(24 <= n <= 26 for n in counts[1:]), f"frames from one change to the next: {counts}")


def dedup(names):
    names = list(names)
    return [n for i, n in enumerate(names) if i == 0 or names[i - 1] != n]


def post(technician, name, body):
    status, answer = technician.request(f"/api/v1/commands/{name}", "POST", {"Content-Type": "application/json",
                                                                             "Authorization": f"Bearer {technician.token}"}, json.dumps(body))
    return status, answer.decode()


def count_up(found, name):
    if found and found[-1][0] == name:
        found[-1] = (name, found[-1][1] + 1)
    else:
        found.append((name, 1))


def look(path):
    """Of what lies over the lower half: [("left", "right", None for nothing or "elsewhere", how many frames in a row)]; whether the logo is there, and
    which slate, in the same way; frames from one change of the time that is left to the next."""
    captions, logos, slates, counts = [], [], [], []
    last, since = None, None
    for frame in frames(path):
        slate = slate_of(frame)
        if slate is None:
            count_up(captions, where(frame))
        count_up(logos, has_logo(frame))
        count_up(slates, slate)
        if slate != "starting":
            last, since = None, None
            continue
        now = digits(frame)
        if last is not None:
            since = since + 1 if since is not None else None
            if sum(a != b for a, b in zip(now, last)) > 40:
                if since is not None:
                    counts.append(since)
                since = 0
        last = now
    return captions, logos, slates, counts


def pixel(frame, x, y):
    place = (y * WIDTH + x) * 3
    return tuple(frame[place:place + 3])


def has_logo(frame):
    """In the middle of its area, and only there."""
    x, y, width, height = LOGO
    inside = all(is_near(pixel(frame, x + width * i // 8, y + height // 2), LOGO_COLOUR) for i in range(2, 7))
    return inside and not any(is_near(pixel(frame, a, b), LOGO_COLOUR, 60) for a, b in ((x - 3, y + 16), (x + 1, y + 1), (x + width + 2, y + 16), (x + 32, y + height + 2)))


def tone(path):
    """[(whether it is 1 kHz at -20 dBFS and nothing else, how many tenths of a second in a row)], but for the tenths in which it comes or goes."""
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-map", "0:a:0", "-af", "pan=mono|c0=c0", "-ar", "48000", "-f", "f32le", "-"], stdout=subprocess.PIPE, check=True).stdout
    found = []
    for i in range(0, len(raw) - 19200 + 1, 19200):
        samples = struct.unpack("<4800f", raw[i:i + 19200])
        power = sum(x * x for x in samples) / 4800
        sine, cosine = (sum(x * w for x, w in zip(samples, wave)) / 2400 for wave in WAVES)
        peak = math.hypot(sine, cosine)
        count_up(found, abs(20 * math.log10(max(peak, 1e-9)) + 20) < 0.3 and abs(power - peak * peak / 2) < 0.02 * power)
    return found


def slate_of(frame):
    if all(is_near(pixel(frame, 40 + 80 * i, 200), colour, 30) for i, colour in enumerate(BARS)):
        return "bars"
    if not all(is_near(pixel(frame, x, y), GROUND) for x in (4, WIDTH - 5) for y in range(4, HEIGHT, 20)):
        return None
    return "starting" if sum(digits(frame)) > 100 else "slate"


def digits(frame):
    """Which pixels of the time that is left are bright."""
    return [min(pixel(frame, x, y)) > 140 for y in range(276, 326, 2) for x in range(200, 440, 2)]


def frames(path):
    decoder = subprocess.Popen(["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
                               stdout=subprocess.PIPE)
    size = WIDTH * HEIGHT * 3
    while len(frame := decoder.stdout.read(size)) == size:
        yield frame
    equal(decoder.wait(10), 0, "ffmpeg")


def is_near(pixel, colour, by=40):
    return all(abs(a - b) <= by for a, b in zip(pixel, colour))


def where(frame):
    """The stripe in the event's colour says where the bar begins, its ground and what is around it that it ends there."""
    def at(x, y):
        place = (y * WIDTH + x) * 3
        return tuple(frame[place:place + 3])

    middle = BOTTOM - 10
    row = [at(x, middle) for x in range(WIDTH)]
    ground = [x for x in range(WIDTH) if is_near(row[x], BACKGROUND)]
    if not ground:
        return None
    stripes = {"left": (LEFT, LEFT + 2), "right": (RIGHT - 3, RIGHT - 1)}
    for side, columns in stripes.items():
        if all(is_near(at(x, middle), COLOUR, 90) for x in columns) and ground[0] >= LEFT and ground[-1] < RIGHT \
                and is_near(at(ground[len(ground) // 2], BOTTOM - 4), BACKGROUND) and not is_near(at(ground[len(ground) // 2], BOTTOM + 3), BACKGROUND):
            return side
    return "elsewhere"


main(run)
