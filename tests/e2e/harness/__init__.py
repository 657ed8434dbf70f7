# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end-to-end scenarios share. A scenario is a file of tests/e2e/ that begins with a number:

    from harness import Camera, Regia, main, marks

    def run(t):
        regia = Regia(t, sources={"camera": {"pipeline": "test"}})
        regia.start()
        with t.case("it goes on air"):
            regia.wait_on_air()

    main(run)

It is started as `NN_name.py --build FOLDER --output FOLDER` (tests/run does that), prints TAP, and leaves every log in the output
folder. Nothing here sleeps where an event can be waited for: `t.wait` asks again until it is so, or says what it saw last.
"""

from .authority import Authority
from .browser import Browser
from .cache import NginxCache, Varnish
from .disk import LoopDisk
from .memory import holds
from .peers import Camera, Desk, FaultyDesk, Proxy, Rtmp, SilentPeer, Site, Srt, ToneDesk, Web, decodes_cleanly, frames, free_port, marks, top_boxes
from .regia import Regia
from .scenario import Scenario, check, equal, main, stand_back
from .service import Service
from .technician import Technician
from .terminal import Terminal
from .tree import copy_tree

__all__ = ["Authority", "Browser", "Camera", "Desk", "FaultyDesk", "LoopDisk", "NginxCache", "Proxy", "Regia", "Rtmp", "Scenario", "Service", "SilentPeer", "Site", "Srt", "Technician", "Terminal", "ToneDesk", "Web",
           "Varnish", "check", "copy_tree", "decodes_cleanly", "equal", "frames", "free_port", "holds", "main", "marks", "stand_back", "top_boxes"]
