# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario's frame: cases, waiting, programs started and ended, logs searched for sanitizer reports."""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: \w+Sanitizer|Sanitizer: CHECK failed|\(process:\d+\): \S+-CRITICAL|"
                    r" critical regia|GLib(-GObject|-GIO)?-CRITICAL")


class Failure(Exception):
    """Something is not as it should be; the text says what."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def equal(found, wanted, what):
    check(found == wanted, f"{what}: {found!r}, not {wanted!r}")


def stand_back(nice=0):
    """This process, and what it starts in its session, behind the others by so much more. Where sessions share the processor as groups
    (sched(7), autogroups), niceness counts within one only, so a new session tells its group again."""
    niceness = os.nice(nice)
    if niceness > 0:
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(niceness), encoding="ascii")


class Scenario:
    def __init__(self, build, output, long=False):
        # `tests/run long`: there is time for what takes longer than an ordinary run (more rounds, more machines, hours)
        self.long = long
        self.build = Path(build).resolve()
        self.out = Path(output).resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        # Short, because sockets live below it.
        self.dir = Path(tempfile.mkdtemp(prefix="re-", dir="/tmp"))
        self.cases = self.failed = 0
        self.cleanups = []
        self.children = []
        self.env = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.dir),
            # GStreamer's list of plugins, shared by all scenarios: making it takes seconds.
            "XDG_CACHE_HOME": str(self.out.parent / "cache"),
            "XDG_RUNTIME_DIR": str(self.dir),
            **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS") or k in ("G_SLICE", "G_MESSAGES_DEBUG", "GST_DEBUG")},
        }

    @property
    def sanitized(self):
        """Whether the build checks itself at run time, and so takes several times as long for everything."""
        options = json.loads((self.build / "meson-info/intro-buildoptions.json").read_text(encoding="utf-8"))
        return any(o["name"] == "b_sanitize" and o["value"] not in ("none", [], [""]) for o in options)

    def tool(self, name):
        return self.build / "tests/peers" / name

    @contextlib.contextmanager
    def case(self, name, needed=False):
        """One test case. After a failure the scenario goes on, unless what follows needs it."""
        began = time.monotonic()
        try:
            yield
        except Exception as error:  # pylint: disable=broad-except
            self.report(name, False, began, error)
            if needed:
                raise Ended() from error
        else:
            self.report(name, True, began)

    def report(self, name, ok, began, error=None):
        self.cases += 1
        self.failed += not ok
        if error is not None:
            lines = str(error).splitlines() or [""]
            if not isinstance(error, (Failure, TimeoutError)):
                lines = traceback.format_exception(error)
                lines = "".join(lines).splitlines()[-12:]
            for line in lines[:30]:
                print(f"# {line[:600]}")
        print(f"{'ok' if ok else 'not ok'} {self.cases} - {name} # time={time.monotonic() - began:.2f}", flush=True)

    def skip(self, name, why):
        """A case that cannot be had here; the words say why."""
        self.cases += 1
        print(f"ok {self.cases} - {name} # SKIP {why}", flush=True)

    def figure(self, text):
        """Something measured that people want to see, also when all is well."""
        self.say(f"figure: {text}")

    def say(self, text):
        print(f"# {text}", flush=True)

    def wait(self, what, question, timeout=15, pause=0.1):
        """Asks until the answer is true, and returns it; the error says what was seen last."""
        until = time.monotonic() + timeout
        seen = None
        while True:
            try:
                answer = question()
                if answer:
                    return answer
                seen = answer if answer is not None else seen
            except (OSError, ValueError, KeyError, IndexError, StopIteration, subprocess.SubprocessError) as error:
                seen = f"{type(error).__name__}: {error}"
            if time.monotonic() >= until:
                raise TimeoutError(f"{what}: not within {timeout} s; last seen: {seen!r}"[:1200])
            time.sleep(pause)

    def spawn(self, name, argv, stdin=None, stdout=None, env=None, nice=0, **options):
        """Starts a program that is ended with the scenario. What it says goes to NAME.log. nice: before or behind the others, when
        the machine has less than all want: what is in the hall comes before what stands for machines elsewhere; "realtime" is what
        sound servers are given by rtkit, where that is allowed."""
        if nice == "realtime":
            allowed = subprocess.run(["chrt", "-r", "10", "true"], capture_output=True, check=False).returncode == 0
            argv, nice = (["chrt", "-r", "10", *argv] if allowed else argv), -10
        urgency = ["nice", "-n", nice] if nice > 0 or (nice < 0 and os.geteuid() == 0) else []
        urgency = [str(word) for word in urgency]
        log = open(self.out / f"{name}.log", "ab")
        child = subprocess.Popen([*urgency, *map(str, argv)], stdin=stdin or subprocess.DEVNULL, stdout=stdout or log, stderr=log,
                                 env={**self.env, **(env or {})}, start_new_session=True, **options)
        log.close()
        if urgency:
            # Where sessions share the processor as groups (sched(7), autogroups), niceness counts within one only.
            with contextlib.suppress(OSError):
                Path(f"/proc/{child.pid}/autogroup").write_text(str(nice))
        self.children.append(child)
        return child

    def defer(self, function):
        self.cleanups.append(function)

    def end(self):
        for function in reversed(self.cleanups):
            try:
                function()
            except Exception as error:  # pylint: disable=broad-except
                self.say(f"cleaning up: {error}")
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(5)

    def check_logs(self):
        """No process of ours has written a sanitizer's report or a critical of GLib's into any log."""
        began = time.monotonic()
        found = []
        for path in sorted(self.out.glob("*.log")):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            for number, line in enumerate(lines):
                if REPORT.search(line):
                    found += [f"{path.name}:{number + 1}:", *lines[number:number + 14]]
                    break
        self.report("no sanitizer report and no critical in any log", not found, began, Failure("\n".join(found)) if found else None)


class Ended(Exception):
    """The scenario cannot go on; said already."""


def main(run):
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, help="build folder")
    parser.add_argument("--output", required=True, help="folder for logs")
    parser.add_argument("--long", action="store_true", help="with what takes longer than an ordinary run")
    options = parser.parse_args()
    t = Scenario(options.build, options.output, options.long)

    def end(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    began = time.monotonic()
    try:
        run(t)
    except Ended:
        pass
    except KeyboardInterrupt:
        t.report("the scenario was not interrupted", False, began)
    except Exception as error:  # pylint: disable=broad-except
        t.report("the scenario runs to its end", False, began, error)
    finally:
        t.end()
    t.check_logs()
    print(f"1..{t.cases}", flush=True)
    if not t.failed:
        shutil.rmtree(t.dir, ignore_errors=True)
    else:
        t.say(f"left as it was: {t.dir}")
    sys.exit(1 if t.failed else 0)
