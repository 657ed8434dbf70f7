#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another hall that sends by SRT, with a passphrase, drops and comes back: the slate in between, one session, and the passphrase nowhere."""

import socket

from harness import Camera, Regia, check, equal, free_port, main, marks

PASSPHRASE = "tramontana-e-libeccio"


def run(t):
    camera = Camera(t, "--sound", "--running", "--size", "320x180")
    port = free_port(socket.SOCK_DGRAM)
    regia = Regia(t, name="srt", renditions={"180p": {"size": "320x180", "bitrate": "400k", "preset": "ultrafast"}}, sources={
        "hall": {"pipeline": "srt", "uri": f"srt://127.0.0.1:{port}?mode=listener", "passphrase": PASSPHRASE},
    }).start()
    with t.case("waits to be called", needed=True):
        regia.wait_on_air()
    sender = send(t, camera, port)
    with t.case("the other hall is seen and heard", needed=True):
        regia.wait_status("picture and sound", lambda s: source(s)["state"] == "live" and source(s)["has-video"] and source(s)["has-audio"], 20)
    regia.wait_recorded(3000)
    with t.case("it drops: said so, without the passphrase"):
        sender.kill()
        status = regia.wait_status("gone", lambda s: source(s)["state"] != "live" and source(s)["last-error"], 15)
        t.say(source(status)["last-error"])
        regia.wait_recorded(2000)
    with t.case("it is there again, without anybody's help"):
        send(t, camera, port)
        regia.wait_status("live", lambda s: source(s)["state"] == "live", 20)
        regia.wait_recorded(3000)
    with t.case("the passphrase is in no status, no log and no process's name"):
        equal([text for text in regia.told() if PASSPHRASE in text or "tramontana" in text], [], "texts with the passphrase")
    with t.case("one item, one file", needed=True):
        path = regia.end_in_one_file()
    found = marks(t, path)
    video, audio = found["video"], found["audio"]
    t.say(f"slates {video['slates']}, gaps {audio['gaps']}, holes {video['missing_ranges']}, {len(audio['beeps'])} beeps")
    with t.case("the programme never stopped, and the slate was shown before and in between"):
        equal((video["steps"], audio["gaps"]), ([], []), "steps and gaps")
        equal(len([s for s in video["slates"] if s["frames"] > 5]), 2, "times the slate was shown")
    with t.case("but for that, every picture of the other hall is there"):
        seen = video["frames"] - sum(s["frames"] for s in video["slates"])
        check(seen > 6 * 25 - 10, f"{seen} pictures of the other hall")
        lost = sorted(hole["to"] - hole["from"] + 1 for hole in video["missing_ranges"])
        check(lost and lost[-1] > 25 and sum(lost[:-1]) <= 8, f"missing, and when it was away: {lost}")


def send(t, camera, port):
    """What an encoder does: the camera's packets as they are, in MPEG-TS."""
    return t.spawn("sender", ["ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", camera.url, "-c:v", "copy", "-c:a", "aac", "-f", "mpegts",
                              f"srt://127.0.0.1:{port}?mode=caller&passphrase={PASSPHRASE}&latency=100000"])


def source(status):
    return next(s for s in status["engine"]["sources"] if s["name"] == "hall")


main(run)
