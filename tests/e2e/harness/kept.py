# SPDX-License-Identifier: GPL-3.0-or-later
"""State folders of earlier versions (tests/kept): how they are made, and how a copy of one is brought to the present.

A kept folder is as kill -9 of everything left it, without its sockets. What of it is bound to its machine and its hour is exchanged in the
copy: all times are moved by the same distance, so that the last word of show.json was written some seconds ago; the epoch is put into the
running boot, or into another one, which is what a restart of the machine looks like; and the event file gets its new path.
"""

import json
import os
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

from .regia import Regia
from .scenario import ROOT

KEPT = ROOT / "tests/kept"
OTHER_BOOT = "00000000-0000-0000-0000-000000000000"
# A recording of some seconds is some tens of kB; a smaller picture's marks cannot be read.
SMALL = {"sources": {"camera": {"pipeline": "test", "width": "320", "height": "180", "pattern": "black"}},
         "renditions": {"180p": {"size": "320x180", "bitrate": "100k", "preset": "ultrafast"}},
         "groups": {"programme": {"size": "320x180", "rate": "25"}, "audio it": {"bitrate": "32k"}}}
# So long ago show.json was written last, which happens every ten seconds: longer than anything here was recorded after it.
AWAY_NS = 20 * 10**9


def small_event(t, name, **options):
    return Regia(t, name=name, **SMALL, **options)


def folders(state):
    """The kept folders of a state, one for each version that wrote it."""
    return sorted(KEPT.glob(f"version-*/{state}"))


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def change_json(path, **changes):
    path.write_text(json.dumps({**read_json(path), **changes}, indent=2), encoding="utf-8")


def bring_here(folder, regia, same_boot):
    """A copy of a kept folder as the state folder of a Regia that was not started yet."""
    shutil.copytree(folder, regia.state)
    show = read_json(regia.state / "show.json")
    monotonic_ns, wall_ns, boot = show["epoch"].split(":")
    distance_ns = time.time_ns() - AWAY_NS - show["reached-wall-ns"]
    boot = OTHER_BOOT
    if same_boot:
        monotonic_ns = time.monotonic_ns() - AWAY_NS - show["reached-ns"]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    change_json(regia.state / "show.json", epoch=f"{monotonic_ns}:{int(wall_ns) + distance_ns}:{boot}", config=str(regia.event),
                **{"reached-wall-ns": show["reached-wall-ns"] + distance_ns})
    for path in regia.state.glob("recordings/*/session.json"):
        move_session(path, distance_ns)
    for path in regia.state.rglob("*"):
        os.utime(path, ns=(time.time_ns(), time.time_ns() - AWAY_NS // 2))
    return regia


def move_session(path, distance_ns):
    """Zero and no text are for what is not known yet."""
    session = read_json(path)
    changes = {key: session[key] + distance_ns // 10**6 for key in ("epoch-ms", "started-ms") if session[key]}
    if session["started"]:
        moved = datetime.fromisoformat(session["started"].replace("Z", "+00:00")) + timedelta(microseconds=distance_ns // 1000)
        changes["started"] = moved.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moved.microsecond // 1000:03}Z"
    change_json(path, **changes)
