#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""The command line as a technician meets it."""

import json
import subprocess
import time

from harness import Regia, check, equal, main
from harness.scenario import ROOT

FAULTS = """# SPDX-License-Identifier: GPL-3.0-or-later
[event]
name = Prova
titel = Prova
[source camera]
pipeline = test
[source camera]
pipeline = test
[rendition 360p]
size = 640x361
bitrate = molto
[adio it]
[audio it]
sources = desk
"""


def run(t):
    regia = Regia(t, name="commands")
    with t.case("every command explains itself"):
        text = regia.command("--help").stdout
        for name in ("run", "check", "status", "stop", "tap", "pipelines", "devices", "version"):
            check(name in text, f"`regia --help` says nothing of {name}")
            done = regia.command(name, "--help")
            check(done.returncode == 0 and len(done.stdout) > 80, f"regia {name} --help: {done.returncode}: {done.stdout}{done.stderr}")
    with t.case("unknown commands and options are refused with status 64"):
        for arguments in (["rnu"], ["run", "--no-such-option"], ["status", "--no-such-option"], ["stop", "surplus"], []):
            done = regia.command(*arguments)
            equal(done.returncode, 64, f"regia {' '.join(arguments)}: {done.stderr.strip()}: exit status")
            check(done.stderr.strip(), f"regia {' '.join(arguments)}: nothing is said")
    with t.case("`regia version` names the version"):
        check(regia.command("version").stdout.split()[-1][0].isdigit(), "no number")
    with t.case("`regia check` names each fault with file, line, group, key, and ends with 78"):
        bad = t.dir / "bad.conf"
        bad.write_text(FAULTS)
        done = regia.command("check", "--file", bad)
        said = done.stdout + done.stderr
        t.say(said.replace("\n", " / "))
        equal(done.returncode, 78, "exit status")
        for line, words in ((4, "titel"), (7, "camera"), (10, "size"), (11, "bitrate"), (12, "adio"), (14, "desk")):
            check(any(f"bad.conf:{line}:" in x and words in x for x in said.splitlines()), f"line {line} ({words}) is not named in {said}")
    with t.case("`regia run` refuses it in the same words"):
        done = regia.command("run", "--state", t.dir / "none", bad)
        equal(done.returncode, 78, "exit status")
        check("bad.conf:4:" in done.stderr, done.stderr)
        equal(regia.command("check", "--file", t.dir / "absent.conf").returncode, 78, "exit status for a file that is not there")
    with t.case("the event files that come with it have no fault"):
        for path in sorted((ROOT / "config").glob("*.conf")):
            done = regia.command("check", "--file", *(["--hall"] if path.name.startswith("hall") else []), path)
            equal(done.returncode, 0, f"{path.name}: {done.stdout}{done.stderr}: exit status")
    with t.case("`regia pipelines` lists the files of pipelines/"):
        # It makes each element once, and some of GStreamer's keep a few bytes, which only the slow unwinder can tell whose they are.
        regia.env["ASAN_OPTIONS"] = f"{t.env.get('ASAN_OPTIONS', '')}:fast_unwind_on_malloc=0"
        said = regia.command("pipelines").stdout
        del regia.env["ASAN_OPTIONS"]
        for path in sorted((ROOT / "pipelines").glob("*/*.pipeline")):
            check(path.stem in said, f"{path.stem} is not in {said}")
    with t.case("with nothing running, status, stop and tap say so"):
        for name in ("status", "stop", "tap"):
            done = regia.command(name, "--state", regia.state)
            check(done.returncode not in (0, None) and done.stderr.startswith("regia:"), f"regia {name}: {done.returncode}: {done.stderr}")

    regia.start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
    with t.case("a second Regia on the same state folder is refused"):
        done = regia.command("run", "--state", regia.state, regia.event)
        check(done.returncode != 0 and done.stderr.strip(), f"{done.returncode}: {done.stdout}{done.stderr}")
        regia.wait_recorded(1000)
    with t.case("`regia status` is readable, and --json is JSON"):
        said = regia.command("status", "--state", regia.state).stdout
        check("Sirio migranti" in said and len(said.splitlines()) > 3, said)
        equal(json.loads(regia.command("status", "--state", regia.state, "--json").stdout)["state"], "on-air", "state")
    with t.case("`regia tap` writes MPEG-TS that ffprobe reads"):
        equal(probe(t, regia, []), ["aac", "h264"], "streams")
    with t.case("`regia tap --track` writes the track that is asked for"):
        equal(probe(t, regia, ["--track", "video/180p"]), ["h264"], "streams")
    with t.case("`regia tap --track preview/…` writes small pictures, of a source and of the programme"):
        for name in ("camera", "programme"):
            tap = t.spawn("tap", [regia.binary, "tap", "--state", regia.state, "--track", f"preview/{name}"], stdout=subprocess.PIPE)
            done = subprocess.run(["ffprobe", "-v", "error", "-f", "mjpeg", "-of", "json", "-read_intervals", "%+#8", "-count_frames", "-show_streams", "-"],
                                  stdin=tap.stdout, capture_output=True, text=True, timeout=40, check=False)
            tap.stdout.close()
            tap.wait(10)
            stream = json.loads(done.stdout)["streams"][0]
            equal((stream["codec_name"], stream["width"], stream["height"], int(stream["nb_read_frames"])), ("mjpeg", 480, 270, 8), f"preview of {name}")
        done = regia.command("tap", "--state", regia.state, "--track", "preview/*")
        check(done.returncode == 64 and "ask for it alone" in done.stderr, f"{done.returncode} {done.stderr}")
    with t.case("state folder and sockets are for their owner only"):
        for path in [regia.state, *regia.state.rglob("*.sock"), *regia.state.glob("*.json")]:
            equal(oct(path.stat().st_mode & 0o077), "0o0", f"rights of others on {path.name}")
    with t.case("SIGTERM ends the event, says where the recording is, and leaves nothing running"):
        regia.supervisor.expect_end()
        regia.kill("director", 15)
        equal(regia.supervisor.wait_end(60), 0, "exit status")
        said = regia.log.read_text(errors="replace")
        check(str(regia.session_file()) in said or str(regia.session_file().parent) in said, said[-1500:])
        equal(regia.pids(), [], "still running")


def probe(t, regia, options):
    """The codecs that ffprobe finds in what the tap writes."""
    tap = t.spawn("tap", [regia.binary, "tap", "--state", regia.state, *options], stdout=subprocess.PIPE)
    began = time.monotonic()
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-"], stdin=tap.stdout, capture_output=True, text=True,
                          timeout=40, check=False)
    tap.stdout.close()
    tap.wait(10)
    t.say(f"ffprobe knew after {time.monotonic() - began:.1f} s {done.stderr.strip()}")
    return sorted(s["codec_name"] for s in json.loads(done.stdout)["streams"])


main(run)
