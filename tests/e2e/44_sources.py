#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""Sources are added, set and removed while the event is on: by the command line and by the console's address, seen in the frames of the recording;
whoever is killed one instant after the answer, they are as it was said; passwords are nowhere that others read; and not a frame is missing."""

import json
import pathlib
import subprocess

from harness import Regia, Technician, check, equal, main

WIDTH, HEIGHT = 320, 180
# What videotestsrc paints, below its marks.
COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255), "green": (0, 255, 0), "white": (255, 255, 255)}
SECRET = "Passw0rt-der-Kamera"


def picture(colour):
    return {"pipeline": "test", "width": str(WIDTH), "height": str(HEIGHT), "pattern": colour, "speed": "0"}


def words(keys):
    return [f"{key}={value}" for key, value in keys.items()]


def run(t):
    regia = Regia(t, name="sources", sources={n: {**picture(n), "audio": "yes" if n == "red" else "no"} for n in ("red", "blue")},
                  renditions={"small": {"size": f"{WIDTH}x{HEIGHT}", "bitrate": "3M", "preset": "veryfast"}},
                  groups={"programme": {"size": f"{WIDTH}x{HEIGHT}", "picture": "red"}, "scene both": {"layout": "side-by-side", "sources": "red; blue"}})
    technician = Technician(regia)
    regia.start()
    shown = ["red"]

    def source(*arguments, say=None):
        return regia.command("source", "--state", regia.state, *arguments, input=say)

    def does(said, *arguments, **more):
        done = source(*arguments, **more)
        equal((done.returncode, done.stdout, done.stderr), (0, f"{said}\n", ""), " ".join(arguments))

    def show(name):
        done = regia.command("scene", "--state", regia.state, name)
        equal(done.returncode, 0, done.stderr)
        shown.append({"guest": guest}.get(name, name))
        regia.wait_recorded(900, 20)

    def wait_live(names, seconds=20):
        return regia.wait_status(f"{names} are live", lambda s: {x["name"]: x["state"] for x in s["engine"].get("sources", [])} == dict.fromkeys(names, "live"),
                                 seconds)

    with t.case("on air", needed=True):
        regia.wait_on_air()
        wait_live(["red", "blue"])
        regia.wait_recorded(2000)
    guest = "green"
    with t.case("one is added, listed, a scene of its name, and shown", needed=True):
        does("Source guest is added.", "add", "guest", *words(picture("green")))
        status = wait_live(["red", "blue", "guest"])
        equal(status["scenes"], ["both", "red", "blue", "guest"], "scenes")
        listed = source("list").stdout
        check([line.split()[:3] for line in listed.splitlines()] == [[n, "live", "test"] for n in ("red", "blue", "guest")], listed)
        show("guest")
    with t.case("what cannot be is refused with words, and nothing is another"):
        for arguments, code, said in ((("add", "guest", "pipeline=test"), 64, 'there is a source "guest"'),
                                      (("add", "Guest", "pipeline=test"), 64, "cannot be a source's name"),
                                      (("add", "other", "pipeline=nothing"), 78, "the change: [source other] pipeline:"),
                                      (("add", "other", "width=3"), 78, "pipeline: missing"),
                                      (("set", "guest", "wdith=3"), 78, "the change: [source guest] wdith: "),
                                      (("set", "guest", "delay=9s"), 78, "[source guest] delay:"),
                                      (("set", "guest", "off=yes"), 64, "regia source remove guest"),
                                      (("set", "guest"), 64, "KEY=VALUE"), (("set", "nobody", "delay=0ms"), 64, "there are red, blue, guest"),
                                      (("remove", "guest"), 64, "guest is shown"), (("remove", "blue"), 78, "[scene both] sources: there is no [source blue]"),
                                      (("remove", "nobody"), 64, "there are red, blue, guest"),
                                      (("set", "guest", f"location=rtsp://me:{SECRET}@h/"), 64, "write location=-"), (("frob",), 64, "regia source")):
            done = source(*arguments)
            check(done.returncode == code and said in done.stderr and SECRET not in done.stderr, f"{arguments}: {done.returncode} {done.stderr}")
        done = source("add", "obs", "pipeline=rtmp-in", "listen=127.0.0.1:1935", "key=-", say=f"{SECRET}\n")
        check(done.returncode == 64 and "settled when an event begins" in done.stderr and SECRET not in done.stderr, f"{done.returncode} {done.stderr}")
        wait_live(["red", "blue", "guest"])
    with t.case("another pattern: its own picture is another, and it alone begins anew"):
        restarts = {x["name"]: x["restarts"] for x in regia.status()["engine"]["sources"]}
        does("Source guest is set.", "set", "guest", "pattern=white")
        guest = "white"
        shown.append(guest)
        status = wait_live(["red", "blue", "guest"])
        equal({x["name"]: x["restarts"] for x in status["engine"]["sources"]}, restarts, "restarts")
        regia.wait_recorded(1500, 20)
    with t.case("by the console's address: added, set, removed, refused"):
        technician.log_in()
        for order, body, code in (("source-add", {"name": "more", "keys": picture("blue")}, 200), ("source-add", {"name": "more", "keys": {}}, 400),
                                  ("source-set", {"name": "more", "keys": {"delay": "40ms"}}, 200), ("source-set", {"name": "more", "keys": {"delay": 4}}, 400),
                                  ("source-remove", {"name": "more"}, 200), ("source-remove", {"name": "more"}, 400)):
            status, answer = post(technician, order, body)
            equal(status, code, f"{order} {body}: {answer}")
        wait_live(["red", "blue", "guest"])
    with t.case("a password, from standard input: in effect, and nobody reads it"):
        does("Source far is added.", "add", "far", "pipeline=rtsp", "location=-", say=f"rtsp://me:{SECRET}@127.0.0.1:9/stream\n")
        status = regia.wait_status("it is tried", lambda s: any(x["name"] == "far" and x["last-error"] for x in s["engine"]["sources"]), 30)
        check(SECRET not in json.dumps(status), "the status has it")
        found = [str(path) for path in pathlib.Path(regia.state).rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
        equal([pathlib.Path(path).name for path in found], ["show.json"], "files that have it")
        equal(pathlib.Path(found[0]).stat().st_mode & 0o777, 0o600, "mode of show.json")
        check(SECRET not in regia.log.read_text(encoding="utf-8"), "the log has it")
        lines = [json.loads(line) for line in pathlib.Path(regia.state, "audit.jsonl").read_text().splitlines()]
        said = [line["change"]["source-add"] for line in lines if "source-add" in line["change"] and line["outcome"] == "done"]
        equal(sorted(said[-1][1]), ["location", "pipeline=rtsp"], "in the audit")
        does("Source far is removed.", "remove", "far")
    for name in ("engine", "director"):
        with t.case(f"{name} killed one instant after the answer: it is as it was said"):
            wanted = ["red", "blue", "guest", "third"] if name == "engine" else ["red", "blue", "guest"]
            done = source("add", "third", *words(picture("green"))) if name == "engine" else source("remove", "third")
            old = regia.kill(name)
            equal(done.returncode, 0, done.stderr)
            regia.wait_restarted(name, old, 15)
            regia.wait_on_air(20)
            wait_live(wanted, 30)
            regia.wait_recorded(1500, 20)
    with t.case("removed, once another one is shown; the file's own too"):
        show("blue")
        does("Source guest is removed.", "remove", "guest")
        wait_live(["red", "blue"])
        equal(regia.status()["scenes"], ["both", "red", "blue"], "scenes")
        regia.wait_recorded(900, 20)
    with t.case("not a frame was left out", needed=True):
        equal(regia.status()["engine"]["frames-dropped"], 0, "frames")
    regia.command("stop", "--state", regia.state, timeout=60)
    session = regia.wait_session("finished")
    seen = look(regia.session_file())
    t.say(f"seen: {seen}")
    with t.case("in the recording: each picture in order, and no gap but those of the two kills"):
        equal([name for name in dedup(name for name, _ in seen) if name], shown, "pictures")
        equal(session["gaps"], 2, f"gaps, {session['gap-ms']} ms")


def dedup(names):
    result = []
    for name in names:
        if name and (not result or result[-1] != name):
            result.append(name)
    return result


def post(technician, order, body):
    status, answer = technician.request(f"/api/v1/commands/{order}", "POST", {"Content-Type": "application/json",
                                                                            "Authorization": f"Bearer {technician.token}"}, json.dumps(body))
    return status, answer.decode()


def look(path):
    """[(colour of the lower half, or None, how many frames in a row)]"""
    decoder = subprocess.Popen(["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
                               stdout=subprocess.PIPE)
    size, found = WIDTH * HEIGHT * 3, []
    while len(frame := decoder.stdout.read(size)) == size:
        name = colour_of(frame)
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1] + 1)
        else:
            found.append((name, 1))
    equal(decoder.wait(10), 0, "ffmpeg")
    return found


def colour_of(frame):
    points = [(x, y) for x in (20, 160, 300) for y in (100, 130, 165)]
    pixels = [frame[(y * WIDTH + x) * 3:(y * WIDTH + x) * 3 + 3] for x, y in points]
    return next((name for name, colour in COLOURS.items() if all(abs(p - c) < 40 for pixel in pixels for p, c in zip(pixel, colour))), None)


main(run)
