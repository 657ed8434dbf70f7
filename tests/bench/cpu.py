# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU of the whole against bare x264 of the same renditions, and against the ffmpeg command that does the same."""

import statistics
import sys
import time

from common import RATE, RENDITIONS, Event, cpu_of_command, cpu_over, ffmpeg_live, running, wait_for

TITLE = "cpu: CPU-seconds per second of the event (1280x720 and 640x360 at 25/s, veryfast, zerolatency, one thread each)"
WARM_S = 4


def bare_x264(bench, folder):
    """CPU seconds per second of both renditions, from pictures that have their size already."""
    total = 0.0
    for name, _, _, kbit in RENDITIONS:
        argv = [bench.tool("x264"), "--quiet", "--no-progress", "--preset", "veryfast", "--tune", "zerolatency", "--profile", "high",
                "--bitrate", kbit, "--vbv-maxrate", kbit, "--vbv-bufsize", kbit, "--keyint", 50, "--min-keyint", 50,
                "--no-scenecut", "--bframes", 0, "--threads", 1, "-o", folder / f"{name}.264", bench.picture(name)]
        total += cpu_of_command(argv)
    return total / bench.clip_seconds


def measure(bench, report, folder):
    bench.picture("360p")
    bench.sound()
    x264 = [bare_x264(bench, folder)]

    event = Event(bench, folder)
    with event.running() as child:
        wait_for("Regia's first segment", event.is_playable, 30, child)
        time.sleep(WARM_S)
        frames, began = event.frames(), time.monotonic()
        regia, shares = cpu_over(child.pid, bench.seconds)
        rate = (event.frames() - frames) / (time.monotonic() - began)

    argv = ffmpeg_live(bench, folder)
    with running(argv, folder / "ffmpeg.log") as child:
        wait_for("ffmpeg's first segment", (folder / "720p.m3u8").exists, 30, child)
        time.sleep(WARM_S)
        ffmpeg, _ = cpu_over(child.pid, bench.seconds)

    x264.append(bare_x264(bench, folder))
    bare = statistics.mean(x264)
    report.row("bare x264, both renditions", bare, "cores", f"before {x264[0]:.3f}, after {x264[1]:.3f}")
    report.row("ffmpeg: encode, AAC, HLS, recording", ffmpeg, "cores", f"{ffmpeg / bare:.2f} × x264")
    report.row("Regia: the same and Opus, all processes", regia, "cores", f"{rate:.2f} pictures/s")
    for label, share in sorted(shares.items(), key=lambda item: -item[1]):
        report.row(f"  of it {label}", share, "cores")
    if rate < 0.98 * RATE:
        sys.exit(f"Regia made {rate:.2f} pictures a second instead of {RATE}: this machine is too busy to compare")
    report.target("Regia / bare x264", regia / bare, 1.25)
    report.row("Regia / ffmpeg", regia / ffmpeg)
