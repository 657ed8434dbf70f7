# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory of each process of a running event, and whether it grows."""

import re
import time
from pathlib import Path

from common import Event, label_of, tree, wait_for

TITLE = "memory: each process of an event after some minutes"
SETTLED_S = 75  # the feed's memory of 60 s is full


def memory_of(pid):
    """(resident, proportional) MiB; None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return None
    return tuple(int(re.search(rf"^{key}:\s+(\d+)", text, re.M)[1]) / 1024 for key in ("Rss", "Pss"))


def slope(points):
    """Least squares: units of y per unit of x."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    square = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / square if square else 0.0


def measure(bench, report, folder):
    event = Event(bench, folder)
    samples, last = {}, {}
    with event.running() as child:
        began = wait_for("Regia's first segment", event.is_playable, 30, child)
        while (now := time.monotonic() - began) < bench.minutes * 60:
            for pid in tree(child.pid):
                if sizes := memory_of(pid):
                    samples.setdefault((label_of(pid), pid), []).append((now / 60, sizes[0]))
                    last[label_of(pid), pid] = sizes
            time.sleep(5)
    settled = min(SETTLED_S, bench.minutes * 30) / 60
    for key in sorted(samples):
        resident, proportional = last[key]
        points = [p for p in samples[key] if p[0] >= settled]
        grows = slope(points) if len(points) > 2 else 0.0
        report.row(f"{key[0]}, resident after {bench.minutes:g} min", resident, "MiB",
                   f"{proportional:.1f} MiB its own share, {grows:+.2f} MiB a minute since minute {settled:.1f}")
    report.row("all, each page counted once", sum(p for _, p in last.values()), "MiB")
