# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU of mixing alone: 1080p30 sources that cost nothing to make, and a rendition that costs next to nothing, beside bare x264 of that format."""

import time
from pathlib import Path

from common import Event, check_rate, cpu_of_command, cpu_per_picture, free_port, wait_for, x264_command

RATE, SIZE, KBIT, CLIP_S, WARM_S = 30, "1920x1080", 5000, 4, 4
LEAST = "64x64"  # the smallest that a rendition can be: the engine has to have one
QUARTERS = "0 0 50 50; 50 0 50 50; 0 50 50 50; 50 50 50 50"


class Mix(Event):
    """An event with so many sources, each of which has its part of the picture."""

    def __init__(self, bench, folder, count):
        self.bench, self.folder, self.port = bench, Path(folder), free_port()
        self.folder.mkdir()
        names = [f"camera-{n}" for n in range(count)]
        lines = ["[event]", "name = Bench", "id = bench", "[programme]", f"size = {SIZE}", f"rate = {RATE}",
                 "[audio it]", "sources =", "[rendition least]", f"size = {LEAST}", "bitrate = 100k", "preset = ultrafast",
                 "[web]", f"listen = 127.0.0.1:{self.port}", "[console]", f"listen = 127.0.0.1:{free_port()}"]
        for name in names:
            lines += [f"[source {name}]", f"pipeline = {Path(__file__).resolve().parent / 'still.pipeline'}", "audio = no"]
        if count > 1:
            lines += ["[scene quarters]", "layout = free", f"sources = {'; '.join(names)}", f"areas = {QUARTERS}"]
        self.conf = self.folder / "bench.conf"
        self.conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.log = self.folder / "regia.log"

    def is_mixed(self):
        sources = self.engine().get("sources", [])
        return bool(sources) and all(s["state"] == "live" for s in sources)


def cost(bench, folder, count):
    """CPU seconds that the engine spends on a picture."""
    event = Mix(bench, folder / f"mix-{count}", count)
    with event.running() as child:
        wait_for("Regia's sources", event.is_mixed, 30, child)
        time.sleep(WARM_S)
        _, shares, rate = cpu_per_picture(child, lambda: event.engine()["frames"], bench.seconds)
    check_rate(f"Regia with {count} sources of 1080p30", rate, RATE)
    return shares["engine"]


def measure(bench, report, folder):
    clip = bench.make("1080p30.y4m", "-f", "lavfi", "-i", f"testsrc2=size={SIZE}:rate={RATE}:duration={CLIP_S},noise=alls=10:allf=t",
                      "-pix_fmt", "yuv420p")
    x264 = cpu_of_command(x264_command(bench, folder, "1080p30", KBIT, clip)) / (CLIP_S * RATE)
    report.row("bare x264 of 1080p30, as fast as it can", x264 * 1000, "ms", f"from a file, {KBIT} kbit/s")
    for count, where in ((1, "full"), (4, "a quarter of the picture each")):
        mixing = cost(bench, folder, count)
        report.row(f"  mixing alone, {count} source{'s' if count > 1 else ''} of 1080p30", mixing * 1000, "ms",
                   f"{mixing / x264:.2f} × that x264; {where}")
