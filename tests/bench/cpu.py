# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU of the whole against bare x264 of the same renditions, and against the ffmpeg command that does the same."""

import statistics
import sys
import time

from common import RATE, RENDITIONS, Event, cpu_of_command, cpu_per_picture, ffmpeg_live, ffmpeg_pictures, running, wait_for

TITLE = "cpu: CPU time a picture of the event (1280x720 and 640x360 at 25/s, veryfast, zerolatency, one thread each)"
WARM_S = 4


def bare_x264(bench, folder):
    """CPU seconds a picture, both renditions, from pictures that have their size already; and their bit rates."""
    total, rates = 0.0, []
    for name, _, _, kbit in RENDITIONS:
        argv = [bench.tool("x264"), "--quiet", "--no-progress", "--preset", "veryfast", "--tune", "zerolatency", "--profile", "high",
                "--bitrate", kbit, "--vbv-maxrate", kbit, "--vbv-bufsize", kbit, "--keyint", 50, "--min-keyint", 50,
                "--no-scenecut", "--bframes", 0, "--threads", 1, "-o", folder / f"{name}.264", bench.picture(name)]
        total += cpu_of_command(argv)
        rates.append((folder / f"{name}.264").stat().st_size * 8 / bench.clip_seconds / 1000)
    return total / (bench.clip_seconds * RATE), rates


def check_rate(who, rate):
    if rate < 0.95 * RATE:
        sys.exit(f"{who} made {rate:.2f} pictures a second instead of {RATE}: this machine is too busy to compare")


def measure_regia(bench, folder):
    """(CPU seconds a picture, {process: its share}, pictures a second, bit rates)"""
    event = Event(bench, folder)
    with event.running() as child:
        wait_for("Regia's first segment", event.is_playable, 30, child)
        time.sleep(WARM_S)
        total, shares, rate = cpu_per_picture(child, lambda: event.engine()["frames"], bench.seconds)
        rates = [r["bps"] / 1000 for r in event.engine()["renditions"]]
    check_rate("Regia", rate)
    return total, shares, rate, rates


def measure_ffmpeg(bench, folder):
    with running(ffmpeg_live(bench, folder), folder / "ffmpeg.log") as child:
        wait_for("ffmpeg's first segment", (folder / "720p.m3u8").exists, 30, child)
        time.sleep(WARM_S)
        total, _, rate = cpu_per_picture(child, lambda: ffmpeg_pictures(folder), bench.seconds)
    check_rate("ffmpeg", rate)
    return total, rate


def kbits(rates):
    return " + ".join(f"{r:.0f}" for r in rates) + " kbit/s"


def measure(bench, report, folder):
    bench.picture("360p")
    bench.sound()
    first, x264_rates = bare_x264(bench, folder)
    regia, shares, rate, rates = measure_regia(bench, folder)
    ffmpeg, ffmpeg_rate = measure_ffmpeg(bench, folder)
    second, _ = bare_x264(bench, folder)
    bare = statistics.mean((first, second))

    report.row("bare x264, both renditions", bare * 1000, "ms",
               f"before {first * 1000:.2f}, after {second * 1000:.2f}; {kbits(x264_rates)}")
    report.row("ffmpeg: encode, AAC, HLS, recording", ffmpeg * 1000, "ms",
               f"{ffmpeg / bare:.2f} × x264; {ffmpeg_rate:.2f} pictures/s")
    report.row("Regia: the same and Opus, all processes", regia * 1000, "ms", f"{rate:.2f} pictures/s; {kbits(rates)}")
    for label, share in sorted(shares.items(), key=lambda item: -item[1]):
        report.row(f"  of it {label}", share * 1000, "ms")
    report.target("Regia / bare x264", regia / bare, 1.25)
    report.row("Regia / ffmpeg", regia / ffmpeg)
