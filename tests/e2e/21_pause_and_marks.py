#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""The recording is paused while live goes on, marks are set, and what was answered is so whoever is killed in the next instant. What is
missing in the finished file is counted in its frames."""

import json
import os
import re
import signal
import subprocess

from harness import Regia, check, decodes_cleanly, equal, main, marks

FRAME_MS = 40


def run(t):
    regia = Regia(t, name="pause").start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
    regia.wait_recorded(3000)
    segment_ms = 1000 * int(re.search(r"#EXT-X-TARGETDURATION:(\d+)", regia.get(regia.media()).decode())[1])

    with t.case("a mark, and the recording is paused", needed=True):
        command(regia, "mark", "Saluti")
        paused = [regia.status()["show-time-ms"]]
        command(regia, "pause")
        paused.append(regia.status()["show-time-ms"])
        before = wait_state(regia, "paused")
        equal(before["recorder"]["parts"], 1, "parts")
    with t.case("live goes on, nothing is written, and a mark is kept"):
        regia.wait_segments(2)
        command(regia, "mark", "Nella pausa")
        t.wait("both marks in session.json", lambda: [m["title"] for m in session(regia)["marks"]] == ["Saluti", "Nella pausa"])
        now = regia.status()
        equal([now["recorder"][k] for k in ("bytes", "last-fragment-ms", "state")],
              [before["recorder"][k] for k in ("bytes", "last-fragment-ms", "state")], "of the recorder")
        equal([p["to-ms"] for p in session(regia)["pauses"]], [0], "ends of pauses")
    with t.case("recorder killed while paused: paused"):
        old = regia.kill("recorder")
        regia.wait_restarted("recorder", old)
        equal(wait_state(regia, "paused")["recorder"]["gaps"], 0, "gaps")
    with t.case("recorder killed one instant after `resume` was answered: it records", needed=True):
        old = regia.process("recorder")["pid"]
        resumed = [regia.status()["show-time-ms"]]
        command(regia, "resume")
        os.kill(old, signal.SIGKILL)
        resumed.append(regia.status()["show-time-ms"])
        regia.wait_restarted("recorder", old)
        wait_state(regia, "recording")
        regia.wait_recorded(3000)
    with t.case("live had no hole meanwhile"):
        segments, ended = regia.playlist()
        numbers = [number for number, _ in segments]
        equal((ended, [n for n, address in segments if address is None]), (False, []), "segments without anything")
        equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "numbers")
    last_of_first = regia.status()["show-time-ms"]
    with t.case("director killed one instant after `pause` was answered: paused"):
        command(regia, "pause")
        kill_director(regia)
        wait_state(regia, "paused", 30)
    with t.case("… and after `resume`: it records"):
        command(regia, "resume")
        kill_director(regia)
        wait_state(regia, "recording", 30)
        regia.wait_recorded(3000, 30)
    with t.case("recorder killed one instant after `mark` was answered: the mark is there"):
        old = regia.process("recorder")["pid"]
        command(regia, "mark", "Ultimo")
        os.kill(old, signal.SIGKILL)
        regia.wait_restarted("recorder", old)
        t.wait("three marks in session.json", lambda: len(session(regia)["marks"]) == 3)
        wait_state(regia, "recording")
    with t.case("the event ends", needed=True):
        done = regia.command("stop", "--state", regia.state, timeout=90)
        equal(done.returncode, 0, f"exit status of `regia stop` ({done.stderr})")
        item = regia.wait_session("finished", 60)

    record = session(regia)
    path = regia.session_file()
    t.say(f"pauses {record['pauses']}, gaps {record['gaps']}, marks {record['marks']}, {record['files'][0]['duration-ms']} ms")
    with t.case("session.json has two pauses, where they were commanded, and three marks"):
        equal(len(record["pauses"]), 2, "pauses")
        first = record["pauses"][0]
        # The command takes its time to the disk; what was recorded until then is kept.
        check(paused[0] <= first["from-ms"] <= paused[1] + 1000, f"paused at {paused}: {first}")
        check(resumed[0] <= first["to-ms"] <= resumed[1] + segment_ms, f"resumed at {resumed}: {first}")
        equal([m["title"] for m in record["marks"]], ["Saluti", "Nella pausa", "Ultimo"], "marks")
        check(first["from-ms"] < record["marks"][1]["at-ms"] < first["to-ms"], f"{record['marks'][1]} in {first}")
    with t.case("a pause is no gap"):
        gaps = [(g["from-ms"], g["to-ms"]) for g in record["gaps"]]
        # With the director the engine dies, and what it had not given away yet: before the second pause, and after it.
        check(all(f > last_of_first for f, _ in gaps) and len(gaps) <= 2, f"gaps {gaps}, the first director was killed after {last_of_first}")
        equal((item["gaps"], item["gap-ms"]), (len(gaps), sum(to - f for f, to in gaps)), "in the library")
    with t.case("it decodes without an error"):
        decodes_cleanly(path)
    found = marks(t, path)
    video = found["video"]
    t.say(f"missing {video['missing_ranges']}, steps {video['steps']}, offsets {found['av_offset']}, sound {found['audio']['gaps']}")
    with t.case("exactly the paused frames are absent"):
        # The engine counts its frames anew when the director was killed, so that the first pause alone shows as missing numbers.
        equal(len(video["missing_ranges"]), 1, "stretches of missing numbers")
        absent = video["missing_ranges"][0]
        check(abs((absent["to"] - absent["from"] + 1) * FRAME_MS - (first["to-ms"] - first["from-ms"])) <= 2, f"{absent} for {first}")
        equal(video["duplicates"], 0, "frames shown twice")
    with t.case("the file's time passes over them"):
        # What is left are the losses.
        steps = sum(s["ms"] - FRAME_MS for s in video["steps"])
        check(abs(steps - sum(to - f for f, to in gaps)) <= FRAME_MS, f"steps {video['steps']} for gaps {gaps}")
    with t.case("marks are chapters, in the file's time"):
        chapters = list_chapters(path)
        t.say(f"chapters {chapters}")
        equal([title for _, title in chapters][1:], ["Saluti", "Nella pausa", "Ultimo"], "titles")
        # "Nella pausa" begins where the pause was cut out.
        check(abs(chapters[2][0] - video["missing_ranges"][0]["at_ms"]) <= FRAME_MS, f"{chapters[2]}, pause at {video['missing_ranges'][0]}")
    with t.case("picture and sound are in step, before and after"):
        offset = found["av_offset"]
        check(offset["pairs"] >= 6, f"{offset['pairs']} pairs of flash and beep")
        check(offset["max_ms"] - offset["min_ms"] <= 45, f"offsets {offset}")


def command(regia, *words):
    done = regia.command(words[0], "--state", regia.state, *words[1:])
    equal(done.returncode, 0, f"exit status of `regia {' '.join(words)}` ({done.stderr.strip()})")


def wait_state(regia, state, timeout=15):
    return regia.wait_status(f"the recorder is in state {state}", lambda s: s["recorder"].get("state") == state, timeout)


def kill_director(regia):
    before = regia.supervisor.restarts
    os.kill(regia.pid, signal.SIGKILL)
    regia.t.wait("another director", lambda: regia.supervisor.restarts > before)


def list_chapters(path):
    """[(begin in ms, title)]"""
    done = subprocess.run(["ffprobe", "-v", "error", "-show_chapters", "-of", "json", str(path)], capture_output=True, text=True, timeout=30,
                          check=True)
    return [(float(c["start_time"]) * 1000, c["tags"]["title"]) for c in json.loads(done.stdout)["chapters"]]


def session(regia):
    found = list((regia.state / "recordings").glob("*/session.json"))
    equal(len(found), 1, "sessions")
    return json.loads(found[0].read_text(encoding="utf-8"))


main(run)
