# SPDX-License-Identifier: GPL-3.0-or-later
"""From the instant at which a picture was taken, which is burnt into it, to a reader of the feed that has decoded it."""

import contextlib
import os
import statistics
import subprocess
import time
from pathlib import Path

from common import Event, free_port, running, wait_for

TITLE = "latency: milliseconds from taking a picture to having it from the feed, decoded (640x360 at 25/s, ultrafast)"
SETTLED_S = 30  # the mixer has found out how long it has to wait


class Camera(Event):
    """An event with one source and one small rendition."""

    def __init__(self, bench, folder, latency, source):
        self.bench, self.folder, self.port = bench, Path(folder), free_port()
        lines = ["[event]", "name = Bench", "id = bench", "[programme]", "size = 640x360", "rate = 25", f"latency = {latency}",
                 "[source camera]", *source, "[audio it]", "sources = camera" if "audio = no" not in source else "sources =",
                 "[rendition 360p]", "size = 640x360", "bitrate = 800k", "preset = ultrafast",
                 "[web]", f"listen = 127.0.0.1:{self.port}", "[console]", f"listen = 127.0.0.1:{free_port()}"]
        self.conf = self.folder / "bench.conf"
        self.conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.log = self.folder / "regia.log"


def is_live(event):
    sources = event.engine().get("sources", [])
    return bool(sources) and sources[0]["state"] == "live"


def read_feed(bench, event, seconds):
    """How old each picture was when it was there, ms."""
    tap = subprocess.Popen([bench.build / "src/regia", "tap", "--state", event.folder / "state", "--track", "video/360p", "--format", "matroska"],
                           stdout=subprocess.PIPE)
    marks = subprocess.Popen([bench.build / "tests/peers/marks", "--frames", "pipe:0"], stdin=tap.stdout, stdout=subprocess.PIPE, text=True)
    tap.stdout.close()
    time.sleep(seconds)
    tap.terminate()
    out, _ = marks.communicate(timeout=30)
    tap.wait(10)
    pictures = [line.split() for line in out.splitlines() if line.startswith("v ")]
    ages = [int(p[6]) - int(p[4]) for p in pictures if int(p[3]) >= 0]
    return ages[len(ages) // 4:]  # what the feed held when it was joined comes all at once


@contextlib.contextmanager
def rtsp(bench, folder):
    port = free_port()
    # It ends with its standard input.
    with open(folder / "camera.log", "wb") as log, subprocess.Popen([bench.build / "tests/peers/rtsp-camera", "--port", str(port)],
                                                                    stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT):
        yield ["pipeline = rtsp", f"location = rtsp://127.0.0.1:{port}/camera"]


@contextlib.contextmanager
def pipewire(bench, folder):
    env = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(["pipewire"], folder / "pipewire.log", env=env))
        wait_for("PipeWire's socket", (folder / "pipewire-0").exists, 10, server)
        stack.enter_context(running(["dbus-run-session", "wireplumber"], folder / "wireplumber.log", env=env))
        stack.enter_context(running([bench.build / "tests/peers/pipewire-camera", "hall-camera"], folder / "camera.log", env=env))
        os.environ["PIPEWIRE_REMOTE"] = str(folder / "pipewire-0")
        try:
            yield ["pipeline = pipewire", "camera = hall-camera", "audio = no"]
        finally:
            del os.environ["PIPEWIRE_REMOTE"]


@contextlib.contextmanager
def test(bench, folder):
    yield ["pipeline = test", "width = 640", "height = 360"]


SOURCES = {"test source": test, "PipeWire camera": pipewire, "RTSP camera": rtsp}


def measure(bench, report, folder):
    for name, source in SOURCES.items():
        for latency in ("auto", "200ms"):
            place = folder / f"{source.__name__}-{latency}"
            place.mkdir(mode=0o700)
            with source(bench, place) as lines:
                event = Camera(bench, place, latency, lines)
                with event.running() as child:
                    wait_for("the source", lambda: is_live(event), 60, child)
                    time.sleep(SETTLED_S if latency == "auto" else 5)
                    ages = sorted(read_feed(bench, event, bench.seconds))
                    engine = event.engine()
            report.row(f"{name}, latency = {latency}, median", float(statistics.median(ages)), "ms",
                       f"99 of 100 within {ages[len(ages) * 99 // 100]}; {len(ages)} pictures; mixer waits {engine['mix-wait-ms']} ms: "
                       f"{engine['mix-wait-why']}")
