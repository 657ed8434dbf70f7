#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every test of Regia and counts real cases; tests/run starts it after installing what is needed.

A stage is one thing to do (a build, the unit tests, the lint, the end-to-end tests …). What computes (builds, fuzz targets) goes
on side by side with what mostly waits (unit tests, pages); main() says which with which. Every stage gives its results as cases,
TAP lines for the most part. Nothing stops at a failure.

A scenario of the end-to-end tests has the machine to itself, unless a line of its own, `# tests/run: …`, says otherwise (class
Scenario, and tests/README.md).
"""

import concurrent.futures
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILDS = Path(os.environ.get("REGIA_TEST_BUILDS", ROOT / "build-tests"))
LOGS = BUILDS / "logs"
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=0:exitcode=66:malloc_context_size=16",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=66",
    "LSAN_OPTIONS": f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0",
    "G_SLICE": "always-malloc",
}
SCENARIO_S = 300  # what an end-to-end scenario may take, unless it says otherwise
SIDE_BY_SIDE = 3  # scenarios at once that do not measure the processor
UNITS_AT_ONCE = 2  # unit tests at once, and one more of those that meson.build wants one after another
LONG_FACTOR = 10  # what a unit test may take more when it is asked for what is long
APART = ("fuzz", "peers", "bench", "lint", "e2e", "web")  # folders of tests/ that do not mirror src/
TAP = re.compile(r"^(not ok|ok)\s+\d+\s*(?:-\s+)?(.*?)(?:\s+#\s*(.*))?$")
NOISE = re.compile(r"^(TAP version|1\.\.\d|# (Start|End) of |# random seed|\s*$)")


class Results:
    """Counts the cases and prints a line for each; any thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add(self, name, ok, seconds=None, why=""):
        with self.lock:
            took = f"{seconds:8.2f} s" if seconds is not None else " " * 10
            if ok is None:
                self.skipped += 1
                word = "skip  "
            elif ok:
                self.passed += 1
                word = "ok    "
            else:
                self.failed += 1
                word = "FAILED"
                self.failures.append((name, why))
            print(f"{word} {took}  {name}", flush=True)
            if why and not ok:
                for line in why.rstrip().splitlines()[-25:]:
                    print(f"           | {line}", flush=True)

    def say(self, text):
        with self.lock:
            print(text, flush=True)


class Run:
    """What all stages share: the results, the names asked for, what is running (to end it on Ctrl-C)."""

    def __init__(self, wanted, long=False):
        self.results = Results()
        self.wanted = wanted
        self.long = long
        self.children = set()
        self.interrupted = False
        self.pool = concurrent.futures.ThreadPoolExecutor()

    def wants(self, name):
        return not self.wanted or any(w in name for w in self.wanted)

    def wants_stage(self, stage):
        """Whether a stage has any test that is wanted: its tests are known from the tree, before anything is built."""
        known = {
            "unit": lambda: [f"{p.parent.name}/{p.stem}" for p in (ROOT / "tests").glob("*/*.c") if p.parent.name not in APART],
            "fuzz": lambda: [p.stem for p in (ROOT / "tests/fuzz").glob("*.c")],
        }
        known["sanitized"] = known["unit"]
        names = known[stage]() if stage in known else [stage]
        return not self.wanted or any(self.wants(f"{stage}/{name}") for name in names)

    def beside(self, work, *arguments):
        """Something that goes on beside the stages that follow, until its result() is asked for."""
        # A future and not a thread: a join that a signal interrupts counts the thread as ended (Python 3.11).
        return self.pool.submit(work, *arguments)

    def call(self, argv, log, env=None, timeout=900, line=None, cwd=ROOT, nice=0):
        """Runs a command; output goes to a log file and, line by line, to `line`. Returns (status, seconds); None: too long. nice: behind
        what goes on beside it."""
        if self.interrupted:
            raise InterruptedError
        began = time.monotonic()
        LOGS.mkdir(parents=True, exist_ok=True)
        with open(LOGS / log, "a", encoding="utf-8", errors="replace") as out:
            out.write(f"$ {' '.join(map(str, argv))}\n")
            out.flush()
            child = subprocess.Popen([str(a) for a in argv], cwd=cwd, env={**os.environ, **(env or {})}, text=True,
                                     errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, start_new_session=True)
            self.children.add(child)
            if nice:
                os.setpriority(os.PRIO_PROCESS, child.pid, nice)
                # Where sessions share the processor as groups (sched(7), autogroups), niceness counts within one only.
                with contextlib.suppress(OSError):
                    Path(f"/proc/{child.pid}/autogroup").write_text(str(nice), encoding="ascii")
            late = threading.Event()

            def end():
                late.set()
                os.killpg(child.pid, signal.SIGKILL)

            timer = threading.Timer(timeout, end)
            timer.start()
            for text in child.stdout:
                out.write(text)
                out.flush()
                if line:
                    line(text.rstrip("\n"))
            status = child.wait()
            timer.cancel()
            self.children.discard(child)
        return (None if late.is_set() else status), time.monotonic() - began

    def end_all(self):
        self.interrupted = True
        for child in list(self.children):
            try:
                os.killpg(child.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass

    def tap(self, stage, argv, log, env=None, timeout=900, join="/", cwd=ROOT):
        """A command that prints TAP: one case a line. Dying without a verdict, or with fewer cases than planned, is a failed case too."""
        state = {"cases": 0, "failed": 0, "plan": None, "why": [], "since": time.monotonic(), "held": None}

        def settle():
            # A failure's reason may stand before its line or behind it.
            if state["held"]:
                label, seconds = state["held"]
                self.results.add(label, False, seconds, "\n".join(state["why"]))
                state["held"], state["why"] = None, []

        def line(text):
            if match := re.match(r"^1\.\.(\d+)", text):
                state["plan"] = (state["plan"] or 0) + int(match[1])
            match = TAP.match(text)
            if text.startswith("# figure: "):
                self.results.say(f"                   {stage}: {text.removeprefix('# figure: ')}")
            if not match:
                if not NOISE.match(text):
                    state["why"].append(text)
                return
            settle()
            took = re.match(r"(?:time=)?([0-9.]+)(?: s)?$", match[3] or "")
            seconds = float(took[1]) if took else time.monotonic() - state["since"]
            state["since"] = time.monotonic()
            ok = None if (match[3] or "").lower().startswith("skip") else match[1] == "ok"
            state["cases"] += 1
            label = f"{stage}{join}{match[2]}"
            if ok is False:
                state["failed"] += 1
                state["held"] = label, seconds
                if state["why"]:
                    settle()
            else:
                self.results.add(label, ok, seconds, match[3] if ok is None else "")
                state["why"] = []

        (LOGS / log).unlink(missing_ok=True)
        status, seconds = self.call(argv, log, env, timeout, line, cwd)
        settle()
        why = "\n".join(state["why"])
        name = stage if join else f"{stage}/{Path(argv[0]).name}"
        if status is None:
            self.results.add(f"{name} (ends within {timeout} s)", False, seconds, why)
        elif status != 0 and not state["failed"]:
            self.results.add(f"{name} (exit status)", False, seconds, f"{why}\nexit status {status}")
        elif state["cases"] != state["plan"]:
            self.results.add(f"{name} (runs what it planned)", False, seconds, f"{why}\n{state['cases']} of {state['plan']} cases ran")


def tail(log, lines=25):
    try:
        return "\n".join((LOGS / log).read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def build(run, name, options, env=None, jobs=2):
    """Sets up and builds a folder; the build itself is a case (no warning allowed)."""
    folder = BUILDS / name
    log = f"build-{name}.log"
    (LOGS / log).unlink(missing_ok=True)
    began = time.monotonic()
    if not (folder / "build.ninja").exists():
        shutil.rmtree(folder, ignore_errors=True)
        status, _ = run.call(["meson", "setup", folder, ROOT, "-Dwerror=true", *options], log, env)
        if status != 0:
            run.results.add(f"build/{name}", False, time.monotonic() - began, tail(log))
            return None
    status, _ = run.call(["ninja", "-C", folder, f"-j{jobs}"], log, env, nice=5)
    run.results.add(f"build/{name}", status == 0, time.monotonic() - began, "" if status == 0 else errors_of(log))
    return folder if status == 0 else None


def errors_of(log):
    text = tail(log, 400).splitlines()
    found = [n for n, line in enumerate(text) if re.search(r"error:|undefined reference|multiple definition|^ninja: error", line)]
    return "\n".join(text[found[0]:found[0] + 25]) if found else "\n".join(text[-25:])


def programs(run, stage, folder, suite, env=None, multiplier=1, together=True, apart=True):
    """The tests that meson.build lists in a suite, run as meson would, but with each case seen as it ends. together: those that may
    run with others; apart: those that meson.build wants one after another. Both: at the same time."""
    shown = subprocess.run(["meson", "introspect", "--tests", folder], capture_output=True, text=True, check=False)
    tests = [t for t in json.loads(shown.stdout or "[]") if any(s.split(":")[-1] == suite for s in t["suite"])]
    if not tests:
        run.results.add(f"{stage} (has tests)", False, 0, "no test is listed in this suite")

    def name_of(test):
        return f"{stage}/{test['name'].removeprefix(stage + '/')}"

    def one(test):
        log = f"{stage}-{test['name'].replace('/', '-')}.log"
        settings = {**test["env"], **(env or {})}
        timeout = test["timeout"] * multiplier or 600
        if test["protocol"] == "tap":
            # GLib's own word for it: g_test_slow() is true then
            argv = [*test["cmd"], "-m=slow"] if run.long and stage == "unit" else test["cmd"]
            run.tap(stage, argv, log, settings, timeout * (LONG_FACTOR if run.long else 1), "", folder)
            return
        (LOGS / log).unlink(missing_ok=True)
        status, seconds = run.call(test["cmd"], log, settings, timeout, None, folder)
        run.results.add(name_of(test), status == 0, seconds, f"{tail(log)}\nexit status {status}")

    tests = [t for t in tests if run.wants(name_of(t))]
    with concurrent.futures.ThreadPoolExecutor(UNITS_AT_ONCE + 1) as pool:
        alone = pool.submit(lambda: [one(t) for t in tests if apart and not t["is_parallel"]])
        list(pool.map(one, [t for t in tests if together and t["is_parallel"]]))
        alone.result()


def gcc(run):
    return build(run, "gcc", [], {"CC": "gcc"}) if run.wants_stage("unit") else None


def clang(run):
    return build(run, "clang", ["-Dfuzz=true"], {"CC": "clang"}) if run.wants_stage("fuzz") else None


def sanitized(run):
    """The build that the end-to-end tests are run with as well."""
    if not run.wants_stage("sanitized") and all(s.place == "with the builds" for s in scenarios(run)):
        return None
    return build(run, "asan", ["-Dbuildtype=debugoptimized", "-Db_sanitize=address,undefined", "-Db_lundef=false"], {"CC": "gcc"})


def units(run, folder):
    if folder is not None:
        programs(run, "unit", folder, "unit")


def sanitized_units(run, folder, together):
    """Those that meson.build wants apart count pictures, and under the sanitizers need the machine for it."""
    if folder is not None and run.wants_stage("sanitized"):
        programs(run, "sanitized", folder, "unit", SANITIZERS, 3, together, not together)


def fuzz(run, folder):
    if folder is not None:
        programs(run, "fuzz", folder, "fuzz", SANITIZERS)


def end_to_end(run, folder):
    if folder is None:
        return
    e2e = scenarios(run)
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        beside = sorted((s for s in e2e if s.place == "beside others"), key=lambda s: -s.within)  # the longest first, so that they end together
        list(pool.map(lambda s: s.run(run, folder), beside))
    for scenario in e2e:
        if scenario.place == "alone":
            scenario.run(run, folder)


class Scenario:
    """A file of tests/e2e/, and what a line near its top says to tests/run:

        # tests/run: beside others, within 600 s, 1800 s when long

    "beside others": it measures neither the processor nor time, so it runs beside others of its kind; "with the builds": more than
    that, it needs no build of the tests', so it begins with them. With neither it is alone on the machine. "within N s": what it
    may take (300 s unless said otherwise); "N s when long": the same in `tests/run long`.
    """

    def __init__(self, path):
        self.path = path
        self.name = f"e2e/{path.stem}"
        self.place = "alone"
        self.within = self.within_long = SCENARIO_S
        self.faults = []
        for line in path.read_text(encoding="utf-8").splitlines()[:8]:
            if line.startswith("# tests/run:"):
                for word in line.removeprefix("# tests/run:").split(","):
                    self.read(word.strip())

    def read(self, word):
        if word in ("beside others", "with the builds"):
            self.place = word
        elif match := re.fullmatch(r"within (\d+) s", word):
            self.within = self.within_long = int(match[1])
        elif match := re.fullmatch(r"(\d+) s when long", word):
            self.within_long = int(match[1])
        else:
            self.faults.append(word)

    def run(self, run, folder):
        if self.faults:
            run.results.add(f"{self.name} (its line for tests/run can be read)", False, 0, f"not known: {', '.join(self.faults)}")
        out = LOGS / self.path.stem
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        argv = ["/usr/bin/python3", self.path, "--build", folder, "--output", out, *(["--long"] if run.long else [])]
        run.tap(self.name, argv, f"{self.path.stem}.log", {**SANITIZERS, "PYTHONDONTWRITEBYTECODE": "1"},
                self.within_long if run.long else self.within)


def scenarios(run):
    return [Scenario(p) for p in sorted((ROOT / "tests/e2e").glob("[0-9]*.py")) if run.wants(f"e2e/{p.stem}")]


def lint(run):
    run.tap("lint", ["/usr/bin/python3", ROOT / "tests/lint/lint.py", *run.wanted], "lint.log")


def web(run):
    if run.wants("web/"):
        run.tap("web", [ROOT / "tests/web/run"], "web.log")


def main():
    long = sys.argv[1:2] == ["long"]
    run = Run(sys.argv[2:] if long else sys.argv[1:], long)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    began = time.monotonic()
    try:
        early = run.beside(lambda: [s.run(run, BUILDS / "asan") for s in scenarios(run) if s.place == "with the builds"])
        lint(run)
        waiting = run.beside(units, run, gcc(run))
        asan = sanitized(run)
        fuzz(run, clang(run))
        waiting.result()
        waiting = run.beside(sanitized_units, run, asan, True)
        if run.wants_stage("web"):
            web(run)
        waiting.result()
        early.result()
        sanitized_units(run, asan, False)
        end_to_end(run, asan)
    except KeyboardInterrupt:
        run.end_all()
        run.pool.shutdown(cancel_futures=True)
        run.results.add("tests/run (not interrupted)", False)
    results = run.results
    took = time.monotonic() - began
    print(f"\n{int(took // 60)} min {took % 60:.0f} s, logs in {LOGS}")
    # Once more, with why: who sees only the end of a long output must not have to guess.
    for name, why in results.failures:
        print(f"failed: {name}")
        for line in why.rstrip().splitlines()[-25:]:
            print(f"   | {line}")
    skipped = f", {results.skipped} skipped" if results.skipped else ""
    print(f"{results.passed} passed, {results.failed} failed{skipped}", flush=True)
    return 1 if results.failed or results.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
