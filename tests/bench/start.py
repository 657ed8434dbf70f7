# SPDX-License-Identifier: GPL-3.0-or-later
"""From starting the built program to the first segment that a player gets, against ffmpeg's first listed one."""

import statistics
import time

from common import Event, ffmpeg_live, running, wait_for

TITLE = "start: seconds from exec to the first playable segment (segments of 2 s)"
RUNS = 5


def start_regia(bench, folder):
    folder.mkdir()
    event = Event(bench, folder)
    began = time.monotonic()
    with event.running() as child:
        return wait_for("Regia's first segment", event.is_playable, 30, child) - began


def start_ffmpeg(bench, folder):
    folder.mkdir()
    playlist = folder / "720p.m3u8"
    argv = ffmpeg_live(bench, folder)
    began = time.monotonic()
    with running(argv, folder / "ffmpeg.log") as child:
        return wait_for("ffmpeg's first segment", playlist.exists, 30, child) - began


def measure(bench, report, folder):
    bench.picture("720p")
    bench.sound()
    regia, ffmpeg = [], []
    for i in range(RUNS):
        regia.append(start_regia(bench, folder / f"regia-{i}"))
        ffmpeg.append(start_ffmpeg(bench, folder / f"ffmpeg-{i}"))
    for name, values in (("Regia, fetched over HTTP", regia), ("ffmpeg, listed in its file", ffmpeg)):
        report.row(f"{name}, median of {RUNS}", statistics.median(values), "s", f"{min(values):.2f} … {max(values):.2f}")
    report.target("Regia, first playable segment after", statistics.median(regia), 4.0)
