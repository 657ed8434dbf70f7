#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""Two cameras and the ways in which they share the picture: what a technician wanted to see is in the frames of the recording, from one frame to
the next, whoever is killed meanwhile, and not a frame is missing."""

import json
import subprocess

from harness import Regia, Technician, check, equal, main

WIDTH, HEIGHT, FRAME_MS = 320, 180, 40
RED, BLUE, GROUND = "red", "blue", "ground"
SOURCES = {n: {"pipeline": "test", "width": WIDTH, "height": HEIGHT, "pattern": n, "speed": 0, "audio": "yes" if n == RED else "no"} for n in (RED, BLUE)}
SCENES = {"scene corner": {"layout": "picture-in-picture", "sources": f"{RED}; {BLUE}"},
          "scene beside": {"layout": "side-by-side", "sources": f"{BLUE}; {RED}", "fade": "400ms"},
          "scene speaker": {"layout": "slides-with-speaker", "sources": f"{RED}; {BLUE}"},
          "scene own": {"layout": "free", "sources": f"{BLUE}; {RED}", "areas": "10 20 50 60; 40 40 40 40"}}
# Rectangles in percent, the lowest first, written down by hand.
PLACES = {RED: [(RED, 0, 0, 100, 100)], BLUE: [(BLUE, 0, 0, 100, 100)],
          "corner": [(RED, 0, 0, 100, 100), (BLUE, 72, 72, 25, 25)],
          "beside": [(BLUE, 0, 25, 50, 50), (RED, 50, 25, 50, 50)],
          "speaker": [(RED, 0, 12.5, 75, 75), (BLUE, 75, 37.5, 25, 25)],
          # 50 % x 60 % is higher than a picture's shape: it is 50 % x 50 %, in the middle.
          "own": [(BLUE, 10, 25, 50, 50), (RED, 40, 40, 40, 40)]}


def run(t):
    regia = Regia(t, name="scenes", sources=SOURCES, renditions={"small": {"size": f"{WIDTH}x{HEIGHT}", "bitrate": "3M", "preset": "veryfast"}},
                  groups={"programme": {"size": f"{WIDTH}x{HEIGHT}", "picture": RED}, **SCENES})
    checked = regia.command("check", "--file", regia.event)
    with t.case("regia check lists them", needed=True):
        equal(checked.returncode, 0, f"regia check: {checked.stderr}")
        check("corner, beside, speaker, own, red, blue" in checked.stdout, checked.stdout)
    technician = Technician(regia)
    regia.start()
    shown = []

    def show(name, *options):
        done = regia.command("scene", "--state", regia.state, name, *options)
        equal((done.returncode, done.stdout, done.stderr), (0, f"The scene is {name}.\n", ""), "regia scene")
        status = regia.wait_status(f"{name} is shown", lambda s: (s["desired"]["scene"], s["engine"].get("scene")) == (name, name), 10)
        shown.append(name)
        return status

    with t.case("on air with the one that the event begins with, and listed", needed=True):
        regia.wait_on_air()
        status = regia.wait_status("both sources", lambda s: [x["state"] for x in s["engine"]["sources"]] == ["live", "live"])
        equal((status["desired"]["scene"], status["engine"]["scene"]), (RED, RED), "scene")
        equal(regia.command("scene", "--state", regia.state).stdout, "  corner\n  beside\n  speaker\n  own\n* red\n  blue\n", "list")
        shown.append(RED)
    regia.wait_recorded(2000)
    with t.case("each of them, by the command line"):
        for name, *options in (("corner",), ("speaker",), ("own",), (BLUE,), ("beside", "--fade", "0"), (RED, "--fade", "0.6"), ("beside",)):
            show(name, *options)
            regia.wait_recorded(900)
    with t.case("one that there is not, a fade that is none: refused, and nothing changes"):
        for arguments, words in ((("nowhere",), "this event has corner, beside, speaker, own, red, blue"), (("corner", "--fade", "9"), "from 0 to 5")):
            done = regia.command("scene", "--state", regia.state, *arguments)
            check(done.returncode == 64 and words in done.stderr, f"{done.returncode} {done.stderr}")
        equal(regia.status()["desired"]["scene"], "beside", "scene")
    with t.case("by the console's address, with its words for what is wrong"):
        technician.log_in()
        equal(post(technician, {"name": "corner", "fade-ms": 0})[0], 200, "status")
        shown.append("corner")
        for body, code, words in (({"name": "nowhere"}, 400, "no scene"), ({"name": 7}, 400, "must be a text"), ({}, 400, "missing"),
                                  ({"name": RED, "fade": 1}, 400, "there is no")):
            status, answer = post(technician, body)
            check(status == code and words in answer, f"{body}: {status} {answer}")
    regia.wait_recorded(900)
    for name in ("engine", "director"):
        with t.case(f"{name} killed one instant after the answer: the same scene"):
            wanted = "speaker" if name == "engine" else "own"
            done = regia.command("scene", "--state", regia.state, wanted)
            old = regia.kill(name)
            equal(done.returncode, 0, done.stderr)
            shown.append(wanted)
            regia.wait_restarted(name, old, 15)
            regia.wait_on_air(20)
            regia.wait_status(f"{wanted} is shown", lambda s: s["engine"].get("scene") == wanted, 10)
            regia.wait_recorded(1500, 20)
    with t.case("not a frame was left out", needed=True):
        equal(regia.status()["engine"]["frames-dropped"], 0, "frames")
    regia.command("stop", "--state", regia.state, timeout=60)
    regia.wait_session("finished")
    seen = look(regia.session_file())
    t.say(f"seen: {[(name, n) for name, n in seen]}")
    with t.case("in the recording: each scene in order, in its rectangles to the pixel"):
        equal(dedup(name for name, _ in seen if name not in (None, GROUND)), shown, "scenes")
    with t.case("cuts take no frame, fades those that they were told"):
        # After a restart the slate is there for an instant: plain, then as the event has it.
        fades = [n for (before, _), (name, n) in zip(seen, seen[1:]) if name is None and before != GROUND]
        equal(len(fades), 2, f"fades: {fades}")
        check(abs(fades[0] - 15) <= 2 and abs(fades[1] - 10) <= 2, f"{fades}")
        slates = [n for name, n in seen if name == GROUND]
        check(len(slates) == 3 and max(slates) <= 25, f"frames of the slate: {slates}")


def dedup(names):
    result = []
    for name in names:
        if not result or result[-1] != name:
            result.append(name)
    return result


def post(technician, body):
    status, answer = technician.request("/api/v1/commands/scene", "POST", {"Content-Type": "application/json",
                                                                          "Authorization": f"Bearer {technician.token}"}, json.dumps(body))
    return status, answer.decode()


def look(path):
    """[(scene, or None, how many frames in a row)]"""
    decoder = subprocess.Popen(["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
                               stdout=subprocess.PIPE)
    size, found = WIDTH * HEIGHT * 3, []
    while len(frame := decoder.stdout.read(size)) == size:
        before = [found[-1][0]] if found and found[-1][0] else []
        name = next((n for n in [*before, *PLACES, GROUND] if fits(frame, n)), None)
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1] + 1)
        else:
            found.append((name, 1))
    equal(decoder.wait(10), 0, "ffmpeg")
    return found


def fits(frame, name):
    """Along lines through the middle of each place, and along one where nothing is."""
    places = PLACES.get(name, [])
    lines = [(x + w / 2, y + h / 2) for _, x, y, w, h in places] + [(50, 96)]
    for across, down in lines:
        row, column = int(down * HEIGHT / 100), int(across * WIDTH / 100)
        if not all(is_right(frame, places, x, row) for x in range(WIDTH)):
            return False
        if not all(is_right(frame, places, column, y) for y in range(HEIGHT)):
            return False
    return True


def is_right(frame, places, x, y):
    """Within two pixels of an edge anything is: one is allowed, and the encoder blurs one. The upper 40 % of a test picture have its marks."""
    wanted = GROUND
    for source, left, top, width, height in places:
        edges = left * WIDTH / 100, top * HEIGHT / 100, (left + width) * WIDTH / 100, (top + height) * HEIGHT / 100
        if edges[0] - 2 <= x + 0.5 <= edges[2] + 2 and edges[1] - 2 <= y + 0.5 <= edges[3] + 2:
            inside = edges[0] + 2 <= x + 0.5 <= edges[2] - 2 and edges[1] + 2 + height * HEIGHT / 100 * 0.4 <= y + 0.5 <= edges[3] - 2
            wanted = source if inside else None
    if wanted is None:
        return True
    red, _, blue = frame[3 * (y * WIDTH + x):3 * (y * WIDTH + x) + 3]
    if wanted == GROUND:
        return red < 90 and blue < 90
    return (red > 180 and blue < 80) if wanted == RED else (blue > 180 and red < 80)


main(run)
