#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""What is written over and under the picture, read from the frames of the recording: the caption in its rectangle and only while it is on, whoever is
killed meanwhile, and not a frame is missing."""

import json
import subprocess

from harness import Regia, Technician, check, equal, main

WIDTH, HEIGHT = 640, 360
TALKS = {"talk 1": {"title": "Gli sportelli informativi", "speaker": "Maria Rossi", "role": "Scuola"},
         "talk 12": {"title": "حق التعليم", "speaker": "فاطمة الزهراء"}}
COLOUR, BACKGROUND = (255, 224, 0), (0, 64, 0)
# By hand: 5 % of the width beside it, 7 % of the height below.
LEFT, RIGHT, BOTTOM = 32, 608, 334
CHANGES = 200


def run(t):
    regia = Regia(t, name="look", sources={"hall": {"pipeline": "test", "width": WIDTH, "height": HEIGHT, "pattern": "red", "speed": 0}},
                  renditions={"small": {"size": f"{WIDTH}x{HEIGHT}", "bitrate": "4M", "preset": "veryfast"}},
                  groups={"programme": {"size": f"{WIDTH}x{HEIGHT}"}, "look": {"colour": "#ffe000", "background": "#004000"}, **TALKS})
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
            done = regia.command("caption", "--state", regia.state, *([f"Speaker {i}", "W" * (i % 60)] if i % 5 else ["--off"]))
            equal(done.returncode, 0, done.stderr)
        equal(regia.command("caption", "--state", regia.state, "--off").returncode, 0, "off")
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
    regia.command("stop", "--state", regia.state, timeout=60)
    regia.wait_session("finished")
    seen = look(regia.session_file())
    t.say(f"seen: {seen}")
    with t.case("in the recording: in its rectangle, in order, and only while it is on"):
        sides = dedup(side for side, n in seen if n >= 15)
        equal(sides[:8], dedup([None, *wanted[:6], "left"]), "captions by hand, by talk and by the console")
        equal(sides[-3:], dedup([None, *wanted[6:]]), "captions after the restarts")
        equal([n for side, n in seen if side == "elsewhere"], [], "frames with something elsewhere")


def dedup(names):
    names = list(names)
    return [n for i, n in enumerate(names) if i == 0 or names[i - 1] != n]


def post(technician, name, body):
    status, answer = technician.request(f"/api/v1/commands/{name}", "POST", {"Content-Type": "application/json",
                                                                             "Authorization": f"Bearer {technician.token}"}, json.dumps(body))
    return status, answer.decode()


def look(path):
    """[(side, how many frames in a row)] of what lies over the lower half: "left", "right", None for nothing, "elsewhere"."""
    found = []
    for frame in frames(path):
        side = where(frame)
        if found and found[-1][0] == side:
            found[-1] = (side, found[-1][1] + 1)
        else:
            found.append((side, 1))
    return found


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
