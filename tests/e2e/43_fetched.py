#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream that is fetched from a platform (nginx) by RTMP: not there yet, there, gone with the platform, and back. One session, one file."""

import os
import signal

from harness import Camera, Regia, Rtmp, check, equal, main, marks

WAIT = 60


def run(t):
    camera = Camera(t, "--sound", "--running", "--size", "320x180")
    platform = Rtmp(t, name="platform")
    regia = Regia(t, name="fetched", renditions={"180p": {"size": "320x180", "bitrate": "400k", "preset": "ultrafast"}}, sources={
        "platform": {"pipeline": "rtmp", "location": f"{platform.url}/hall"},
    }).start()
    regia.wait_on_air()
    publish(t, camera, platform)
    with t.case("what a platform gives by RTMP is seen and heard", needed=True):
        wait_live(regia)
        regia.wait_recorded(3000)
    with t.case("the platform dies: said so; it is back, and so is its stream", needed=True):
        for pid in platform.workers():
            os.kill(pid, signal.SIGKILL)
        status = regia.wait_status("gone", lambda s: source(s)["state"] != "live" and source(s)["last-error"], WAIT)
        t.say(source(status)["last-error"])
        regia.wait_recorded(2000)
        publish(t, camera, Rtmp(t, name="again", port=platform.port))
        wait_live(regia)
        regia.wait_recorded(3000)
    with t.case("one item, one file", needed=True):
        path = regia.end_in_one_file()
    found = marks(t, path)
    video, audio = found["video"], found["audio"]
    t.say(f"slates {video['slates']}, gaps {audio['gaps']}, holes {video['missing_ranges']}, {video['frames']} frames")
    with t.case("the programme never stopped, and the slate was shown before and in between"):
        equal((video["steps"], audio["gaps"]), ([], []), "steps and gaps")
        equal(len([s for s in video["slates"] if s["frames"] > 5]), 2, "times the slate was shown")
    with t.case("but for that, every picture that was fetched is there"):
        seen = video["frames"] - sum(s["frames"] for s in video["slates"])
        check(seen > 6 * 25 - 10, f"{seen} pictures")
        lost = sorted(hole["to"] - hole["from"] + 1 for hole in video["missing_ranges"])
        check(lost and lost[-1] > 25 and sum(lost[:-1]) <= 8, f"missing, and when it was away: {lost}")


def publish(t, camera, platform):
    """The camera's packets as they are, in FLV."""
    t.spawn("publisher", ["ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", camera.url, "-c:v", "copy", "-c:a", "aac", "-f", "flv",
                          f"{platform.url}/hall"])


def wait_live(regia):
    regia.wait_status("live", lambda s: source(s)["state"] == "live" and source(s)["has-video"] and source(s)["has-audio"], WAIT)


def source(status):
    return next(s for s in status["engine"]["sources"] if s["name"] == "platform")


main(run)
