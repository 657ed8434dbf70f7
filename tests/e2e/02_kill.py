#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of each process in turn, during one event: what the recording loses is counted in its frames."""

import http.client
import os
import signal
import threading

from harness import Regia, Rtmp, check, decodes_cleanly, equal, main, marks


AGAIN = 3  # times that the director is killed once more


def run(t):
    rtmp = Rtmp(t)
    regia = Regia(t, name="kill", relays={"platform": {"url": rtmp.url}}).start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
        regia.wait_status("relay live", lambda s: s["relays"][0]["state"] == "live" and s["engine"]["sources"][0]["state"] == "live")
    regia.wait_recorded(2000)
    viewer = Viewer(t, regia)

    killed = {}
    for name in ("gateway", "recorder", "relay platform", "engine", "director"):
        with t.case(f"{name}: killed, and back at once"):
            before = regia.status()["show-time-ms"]
            old = regia.kill(name)
            seconds = regia.wait_restarted(name, old, 10)
            t.say(f"{name}: another process after {seconds:.2f} s")
            regia.wait_on_air(20)
            regia.wait_segments(1, 20)
            regia.wait_status("relay live", lambda s: s["relays"][0]["state"] == "live", 30)
            killed[name] = (before, regia.status()["show-time-ms"])
            # apart from the next one, so that each loss has a place of its own in the file
            regia.wait_recorded(4000, 20)
    with t.case("the director once more, and again: no viewer was ever told that the event is over"):
        for _ in range(AGAIN):
            regia.wait_restarted("director", regia.kill("director"), 10)
            regia.wait_on_air(20)
            regia.wait_recorded(2000, 20)
        viewer.end()
        check(viewer.answers > 1000, f"asked {viewer.answers} times only")
        equal(viewer.over, [], f"of {viewer.answers} playlists, the ends of those that say so")
    with t.case("show time went on through all of it"):
        times = [time for pair in killed.values() for time in pair]
        equal(times, sorted(times), "show times")

    with t.case("recorder killed in the instant of the stop: it is finished all the same", needed=True):
        # Held up first, so that it cannot have read the last packets.
        old = regia.kill("recorder", signal.SIGSTOP)
        ending = regia.spawn_command("stop", "--state", regia.state)
        regia.wait_status("the event is ending", lambda s: s["state"] == "ending")
        regia.wait_status("nothing more is sent", lambda s: s["relays"][0]["state"] != "live")
        os.kill(old, signal.SIGKILL)
        equal(ending.wait(60), 0, "exit status of `regia stop`")
    with t.case("one session, one item in the library", needed=True):
        item = regia.wait_session("finished", 60)
        equal(len(regia.recordings()), 1, "items")
    path = regia.session_file()
    with t.case("it decodes without an error"):
        decodes_cleanly(path)
    found = marks(t, path)
    video, steps = found["video"], found["video"]["steps"]
    t.say(f"item: gaps {item['gaps']}, {item['gap-ms']} ms; file: holes {video['missing_ranges']}, steps {steps}, sound {found['audio']['gaps']}")
    with t.case("gateway, recorder and relay: nothing lost"):
        # The test source counts anew in each engine; until the first death of the engine no number may be missing.
        equal([s for s in steps if s["at_ms"] < engine_died_at(found, killed)], [], "steps in the picture")
        equal(video["missing_ranges"], [], "missing frames")
        equal(video["duplicates"], 0, "frames shown twice")
        equal(video["backwards"], 2 + AGAIN, "times the numbers began anew")
    with t.case("… up to the last frame, which the platform has too"):
        sent = marks(t, rtmp.files()[-1])["video"]
        equal((video["last"], video["last_wall_ms"]), (sent["last"], sent["last_wall_ms"]), "number and time of the last frame")
    with t.case("engine: at most the restart, below 2 s; director: at most 1 s and the restart"):
        equal(len(steps), 2 + AGAIN, f"steps in the picture: {steps}")
        check(steps[0]["ms"] <= 2000 and max(s["ms"] for s in steps[1:]) <= 3000, f"steps in the picture: {steps}")
    with t.case("the library tells the gaps"):
        equal(item["gaps"], 2 + AGAIN, "gaps")
        lost = sum(s["ms"] - 40 for s in steps)
        check(abs(item["gap-ms"] - lost) < 100, f"{item['gap-ms']} ms told, {lost} ms found")
    with t.case("sound has gaps only where the picture has"):
        gaps = [g for g in found["audio"]["gaps"] if abs(g["ms"]) > 45]
        check(len(gaps) <= 2 + AGAIN, f"gaps in the sound: {gaps}")


class Viewer(threading.Thread):
    """Asks for a playlist as fast as it gets it: what is there for an instant only is what thousands see who ask once a second."""

    def __init__(self, t, regia):
        super().__init__(daemon=True)
        self.port, self.address = regia.port, regia.media()
        self.answers, self.over, self.stop = 0, [], threading.Event()
        t.defer(self.end)
        self.start()

    def run(self):
        while not self.stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                while not self.stop.is_set():
                    connection.request("GET", self.address)
                    text = connection.getresponse().read()
                    self.answers += 1
                    if b"#EXT-X-ENDLIST" in text:
                        self.over.append(text[-200:])
            except (OSError, http.client.HTTPException):
                self.stop.wait(0.01)
            connection.close()

    def end(self):
        self.stop.set()
        self.join()


def engine_died_at(found, killed):
    """Position in the file from which on the engine's death may show: show time differs from file time by where the file begins."""
    first = found["video"]["first_ms"]
    began, _ = killed["gateway"]
    engine, _ = killed["engine"]
    return first + (engine - began)


main(run)
