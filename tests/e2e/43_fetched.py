#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream that is fetched from a platform: by RTMP (nginx), and by HLS from a web server (nginx), in fragments of MP4 whose sound lies apart. Not
there yet, there, gone with the platform, and back. One session, one file. And fetching by HLS is stopped at any moment."""

import os
import random
import signal

from harness import Camera, Regia, Rtmp, Web, check, equal, main, marks

WAIT = 60
STOPS = 30
RENDITIONS = {"180p": {"size": "320x180", "bitrate": "400k", "preset": "ultrafast"}}


def run(t):
    camera = Camera(t, "--sound", "--running", "--size", "320x180")
    by_rtmp(t, camera)
    by_hls(t, camera)


def by_rtmp(t, camera):
    platform = Rtmp(t, name="platform")
    regia = Regia(t, name="fetched", renditions=RENDITIONS, sources={"platform": {"pipeline": "rtmp", "location": f"{platform.url}/hall"}}).start()
    regia.wait_on_air()
    publish(t, camera, platform)
    with t.case("what a platform gives by RTMP is seen and heard", needed=True):
        wait_live(regia)
        regia.wait_recorded(3000)
    with t.case("the platform dies: said so; it is back, and so is its stream", needed=True):
        for pid in platform.workers():
            os.kill(pid, signal.SIGKILL)
        wait_away(t, regia)
        regia.wait_recorded(2000)
        publish(t, camera, Rtmp(t, name="again", port=platform.port))
        wait_live(regia)
        regia.wait_recorded(3000)
    judge(t, regia, 6)


def by_hls(t, camera):
    folder = t.dir / "hls"
    folder.mkdir()
    web = Web(t, folder)
    location = f"{web.url}/index.m3u8"
    regia = Regia(t, name="hls", renditions=RENDITIONS, sources={"platform": {"pipeline": "hls", "location": location}}).start()
    with t.case("HLS that is not there yet: said so", needed=True):
        regia.wait_on_air()
        regia.wait_status("404", lambda s: "404" in source(s)["last-error"], WAIT)
    with t.case("what a web server gives by HLS is seen and heard", needed=True):
        segments(t, camera, folder)
        wait_live(regia)
        regia.wait_recorded(3000)
    with t.case("the server dies: said so; it is back, and so is its stream", needed=True):
        web.kill()
        check("nothing listens" in wait_away(t, regia), "why is not said")
        regia.wait_recorded(2000)
        Web(t, folder, name="web-again", port=web.port)
        wait_live(regia)
        regia.wait_recorded(3000)
    with t.case(f"another one is stopped at {STOPS} moments: the engine goes on"):
        engine = regia.process("engine")["pid"]
        source_command(regia, "add", "other", "pipeline=hls", f"location={location}", "audio=no")
        for n in range(STOPS):
            source_command(regia, "set", "other", f"height={1080 - n}")
            # no event to wait for: any moment will do
            t.wait("a moment", iter([*[False] * random.randrange(4), True]).__next__)
        source_command(regia, "remove", "other")
        equal(regia.process("engine")["pid"], engine, "the engine's pid")
    found = judge(t, regia, 6)
    with t.case("sound and picture are within 40 ms"):
        offset = found["av_offset"]
        check(offset["pairs"] >= 5, f"{offset['pairs']} pairs of flash and beep")
        check(abs(offset["mean_ms"]) <= 40, f"sound is {offset['mean_ms']} ms late")


def judge(t, regia, least_s):
    """Ends the event, of whose file as much as `least_s` is what was fetched, in two pieces; what is found in it."""
    with t.case("one item, one file", needed=True):
        path = regia.end_in_one_file()
    found = marks(t, path)
    video, audio = found["video"], found["audio"]
    t.say(f"slates {video['slates']}, gaps {audio['gaps']}, holes {video['missing_ranges']}, {video['frames']} frames, {found['av_offset']}")
    with t.case("the programme never stopped, and the slate was shown before and in between"):
        equal((video["steps"], audio["gaps"]), ([], []), "steps and gaps")
        equal(len([s for s in video["slates"] if s["frames"] > 5]), 2, "times the slate was shown")
    with t.case("but for that, every picture that was fetched is there"):
        seen = video["frames"] - sum(s["frames"] for s in video["slates"])
        check(seen > least_s * 25 - 10, f"{seen} pictures")
        lost = sorted(hole["to"] - hole["from"] + 1 for hole in video["missing_ranges"])
        check(lost and lost[-1] > 25 and sum(lost[:-1]) <= 8, f"missing, and when it was away: {lost}")
    return found


def publish(t, camera, platform):
    """The camera's packets as they are, in FLV."""
    t.spawn("publisher", ["ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", camera.url, "-c:v", "copy", "-c:a", "aac", "-f", "flv",
                          f"{platform.url}/hall"])


def segments(t, camera, folder):
    """… in segments of a second, the picture's and the sound's each with a playlist of their own."""
    t.spawn("segments", ["ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", camera.url, "-map", "0:v", "-map", "0:a", "-c:v", "copy", "-c:a", "aac",
                         "-f", "hls", "-hls_time", "1", "-hls_list_size", "6", "-hls_flags", "delete_segments", "-hls_segment_type", "fmp4",
                         "-hls_fmp4_init_filename", "init-%v.mp4", "-master_pl_name", "index.m3u8",
                         "-var_stream_map", "a:0,agroup:sound,default:yes,language:it,name:it v:0,agroup:sound,name:picture", folder / "%v.m3u8"])


def source_command(regia, *words):
    done = regia.command("source", "--state", regia.state, *words)
    equal((done.returncode, done.stderr), (0, ""), " ".join(words))


def wait_away(t, regia):
    status = regia.wait_status("gone", lambda s: source(s)["state"] != "live" and source(s)["last-error"], WAIT)
    t.say(source(status)["last-error"])
    return source(status)["last-error"]


def wait_live(regia):
    regia.wait_status("live", lambda s: source(s)["state"] == "live" and source(s)["has-video"] and source(s)["has-audio"], WAIT)


def source(status):
    return next(s for s in status["engine"]["sources"] if s["name"] == "platform")


main(run)
