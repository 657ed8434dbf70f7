#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""pipelines/run from a fresh copy of the tree: builds, starts, prints the addresses, restarts a director that dies, ends at Ctrl-C."""

import os
import re
import signal
import subprocess
import time

from harness import Regia, Terminal, check, copy_tree, equal, main


def run(t):
    tree = copy_tree(t.dir / "tree")
    with t.case("a library that is too old is named, with what is needed of it and how to get it"):
        check_old(t, tree, "libsoup-3.0", "3.0.8", "libsoup-3.0-dev")
        check_old(t, tree, "libsystemd", "247", "libsystemd-dev")
    regia = Regia(t, name="setup")
    regia.binary = tree / "build/src/regia"

    terminal = Terminal(t, [str(tree / "pipelines/run"), str(regia.event), "--state", str(regia.state)])
    with t.case("a fresh tree is built and started, and says what it is doing", needed=True):
        t.wait("the page", lambda: terminal.running() and regia.request("/")[0] == 200, 280, 0.3)
        t.say(f"a page after {time.monotonic() - terminal.began:.0f} s")
        check("Building" in terminal.text, terminal.text[:600])
        regia.wait_on_air()
    with t.case("it prints the addresses of page, recordings and status"):
        t.wait("addresses", lambda: all(f"127.0.0.1:{regia.port}{p}" in terminal.text for p in ("/", "/recordings", "/api/v1/status")), 10)
    with t.case("a live line says what is going on"):
        t.wait("a line", lambda: re.search(r"\r[^\n]*\S", terminal.text[-2000:]), 10)
    with t.case("a director that is killed is started again, and resumes the event"):
        pid = director(regia)
        os.kill(pid, signal.SIGKILL)
        t.wait("another director", lambda: director(regia) not in (None, pid), 10)
        regia.wait_on_air()
    with t.case("Ctrl-C ends the event and prints where the recording is"):
        regia.wait_recorded(2000)
        terminal.press(b"\x03")
        equal(terminal.wait_end(60), 0, f"exit status, after {terminal.text[-600:]}")
        check(str(regia.session_file().parent) in terminal.text, terminal.text[-1500:])
        equal(regia.pids(), [], "still running")
    with t.case("the second start is quick"):
        second = Terminal(t, [str(tree / "pipelines/run"), str(regia.event), "--state", str(regia.state)])
        t.wait("the status", regia.status, 20, 0.05)
        took = time.monotonic() - second.began
        t.say(f"a director after {took:.1f} s")
        check(took < 4, f"{took:.1f} s")
        second.end()


def check_old(t, tree, library, version, package):
    """The same machine, on which one library is older."""
    folder = t.dir / "old" / library
    folder.mkdir(parents=True)
    (folder / f"{library}.pc").write_text(f"Name: {library}\nDescription: an old one\nVersion: {version}\n")
    done = subprocess.run(["meson", "setup", folder / "build", tree], env={**t.env, "PKG_CONFIG_PATH": str(folder)}, capture_output=True,
                          text=True, timeout=60, check=False)
    check(done.returncode != 0, f"{library} {version} is good enough")
    said = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stdout)
    check(re.search(rf"{library} [0-9.]+ or newer is needed.*{version} was found.*apt-get install {package}$", said), said)


def director(regia):
    done = subprocess.run(["pgrep", "-f", f"{regia.binary} run"], capture_output=True, text=True, check=False)
    pids = [int(pid) for pid in done.stdout.split()]
    return pids[0] if pids else None


main(run)
