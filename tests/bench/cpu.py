# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU of the whole against bare x264 of the same renditions, and against the ffmpeg command that does the same; and of mixing alone."""

import os
import statistics
import subprocess
import sys
import threading
import time

import mixing
from common import (RATE, RENDITIONS, Event, check_rate, cpu_of_command, cpu_per_picture, ffmpeg_live, ffmpeg_pictures, running, wait_for,
                    x264_command)

TITLE = "cpu: CPU time a picture of the event (1280x720 and 640x360 at 25/s, veryfast, zerolatency, one thread each)"
WARM_S = 4


def batch_x264(bench, folder):
    """CPU seconds a picture, both renditions, as fast as it can: one after the other, from files, in warm caches."""
    total = sum(cpu_of_command(x264_command(bench, folder, name, kbit, bench.picture(name))) for name, _, _, kbit in RENDITIONS)
    return total / (bench.clip_seconds * RATE)


def feed_live(source, fifo, size, count):
    """A camera: a picture each fortieth of a second. What it costs is not counted."""
    with open(source, "rb") as pictures, open(fifo, "wb", buffering=0) as out:
        out.write(pictures.readline())
        began = time.monotonic()
        for n in range(count):
            time.sleep(max(0.0, began + n / RATE - time.monotonic()))
            out.write(pictures.read(size))


def live_x264(bench, folder):
    """The same under the conditions of the others: both renditions at once, pictures that come as a camera's do; and the bit rates."""
    count, feeders, children = bench.seconds * RATE, [], []
    for name, width, height, kbit in RENDITIONS:
        fifo = folder / f"{name}.fifo"
        fifo.unlink(missing_ok=True)
        os.mkfifo(fifo)
        children.append(subprocess.Popen([str(a) for a in x264_command(bench, folder, name, kbit, fifo)], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        size = len(b"FRAME\n") + width * height * 3 // 2
        feeders.append(threading.Thread(target=feed_live, args=(bench.picture(name), fifo, size, count)))
    for feeder in feeders:
        feeder.start()
    for feeder in feeders:
        feeder.join()
    total = 0.0
    for child in children:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"x264 ended with status {child.returncode}")
        total += usage.ru_utime + usage.ru_stime
    rates = [(folder / f"{name}.264").stat().st_size * 8 / bench.seconds / 1000 for name, *_ in RENDITIONS]
    return total / count, rates


def measure_regia(bench, folder):
    """(CPU seconds a picture, {process: its share}, pictures a second, bit rates; the engine's share while the hall is private).
    All the while somebody looks at the meters and at one preview; what that costs the looking program is not counted."""
    event = Event(bench, folder)
    with event.running() as child:
        wait_for("Regia's first segment", event.is_playable, 30, child)
        with event.watched("meters", "preview/programme"):
            time.sleep(WARM_S)
            total, shares, rate = cpu_per_picture(child, lambda: event.engine()["frames"], bench.seconds)
            renditions = event.engine()["renditions"]
            event.command("private", "on")
            time.sleep(WARM_S)
            _, private, private_rate = cpu_per_picture(child, lambda: event.engine()["frames"], bench.seconds)
    if any(r["shed"] for r in renditions):
        sys.exit("Regia shed a rendition: this machine is too busy to compare")
    rates = [r["bps"] / 1000 for r in renditions]
    check_rate("Regia", min(rate, private_rate))
    return total, shares, rate, rates, private["engine"]


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
    batch = batch_x264(bench, folder)
    first, x264_rates = live_x264(bench, folder)
    regia, shares, rate, rates, private = measure_regia(bench, folder)
    ffmpeg, ffmpeg_rate = measure_ffmpeg(bench, folder)
    second, _ = live_x264(bench, folder)
    bare = statistics.mean((first, second))

    report.row("bare x264, both renditions, fed live", bare * 1000, "ms",
               f"before {first * 1000:.2f}, after {second * 1000:.2f}; {kbits(x264_rates)}")
    report.row("bare x264, as fast as it can", batch * 1000, "ms", "from files, one rendition after the other")
    report.row("ffmpeg: encode, AAC, HLS, recording", ffmpeg * 1000, "ms",
               f"{ffmpeg / bare:.2f} × x264 fed live; {ffmpeg_rate:.2f} pictures/s")
    report.row("Regia: the same, Opus, meters, a preview; all processes", regia * 1000, "ms", f"{rate:.2f} pictures/s; {kbits(rates)}")
    for label, share in sorted(shares.items(), key=lambda item: -item[1]):
        report.row(f"  of it {label}", share * 1000, "ms")
    report.row("  engine while the hall is private", private * 1000, "ms")
    report.target("engine, private / public", private / shares["engine"], 1.05)
    report.target("Regia / bare x264 fed live", regia / bare, 1.15)
    report.row("Regia / bare x264 as fast as it can", regia / batch)
    report.row("Regia / ffmpeg", regia / ffmpeg)
    mixing.measure(bench, report, folder)
