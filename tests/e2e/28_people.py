#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""Who works here: `regia passwd` and `regia console`, with Regia running and without, on a terminal and without one, and with kill -9 of the
director an instant after each answer."""

import json
import os
import re
import signal
import stat
import subprocess
import termios
import threading
import time

from harness import Regia, check, equal, main
from harness.terminal import Terminal

ONE = {"180p": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}}
HERS, OTHER = "una sera in riva al mare", "una mattina in montagna"


def run(t):
    regia = Regia(t, name="people", renditions=ONE)
    nothing_runs(t, regia)
    on_a_terminal(t, regia)
    first_start(t, regia)
    running(t, regia)
    console(t, regia)
    killed(t, regia)
    shown_nowhere(t, regia)
    with t.case("it ends"):
        equal(regia.stop(), 0, "exit status")


def passwd(regia, *words, password=HERS):
    return regia.command("passwd", "--state", regia.state, *words, input=password + "\n")


def people(regia):
    """{name: (role, hash)}, of the file."""
    held = json.loads((regia.state / "people.json").read_text(encoding="utf-8"))
    return {one["name"]: (one["role"], one["password"]) for one in held["people"]}


def listed(regia):
    done = regia.command("passwd", "--state", regia.state, "--list")
    equal(done.returncode, 0, f"passwd --list ({done.stderr})")
    return {words[0]: words[1] for words in map(str.split, done.stdout.splitlines())}


def is_of(password, held):
    """Whether another program (crypt(3) by Perl) comes to the same."""
    done = subprocess.run(["perl", "-e", "print crypt($ARGV[0], $ARGV[1])", password, held], capture_output=True, text=True, check=True)
    return done.stdout == held


def audit(regia):
    path = regia.state / "audit.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


# -- nothing runs ---------------------------------------------------------------------------------------------------------------------


def nothing_runs(t, regia):
    with t.case("nothing runs: somebody is configured in the folder that is yet to be, and the hash is one that others understand"):
        done = passwd(regia, "anna", "--role", "technician")
        equal((done.returncode, done.stderr), (0, ""), "passwd")
        role, held = people(regia)["anna"]
        equal(role, "technician", "role")
        check(held.startswith("$y$") and is_of(HERS, held) and not is_of(OTHER, held), held)
        equal(stat.S_IMODE((regia.state / "people.json").stat().st_mode), 0o600, "mode")
    with t.case("another password, the same role; somebody else; one is removed"):
        equal(passwd(regia, "anna", password=OTHER).returncode, 0, "another")
        check(is_of(OTHER, people(regia)["anna"][1]), "another password")
        equal(passwd(regia, "bruno", "--role=staff").returncode, 0, "somebody else")
        equal(listed(regia), {"anna": "technician", "bruno": "staff"}, "people")
        equal(passwd(regia, "--remove", "bruno").returncode, 0, "removed")
        equal(listed(regia), {"anna": "technician"}, "people")
    before = (regia.state / "people.json").read_bytes()
    for words, password, status, word in ((("anna", "--role", "admin"), HERS, 64, "none of the roles"), (("eva",), HERS, 64, "add --role"),
                                          (("Eva", "--role", "staff"), HERS, 64, "no name"), (("anna",), "kurz!", 64, "10 characters"),
                                          (("anna",), "x" * 5000, 64, "256 bytes"), (("anna",), "", 64, "10 characters"),
                                          (("anna",), "a tab\tin between", 64, "control"), (("--remove", "eva"), HERS, 64, "nobody"),
                                          (("anna", "--list"), HERS, 64, "regia passwd NAME"), ((), HERS, 64, "regia passwd NAME")):
        with t.case(f"refused: {' '.join(words)} ({password[:10]!r})"):
            done = passwd(regia, *words, password=password)
            equal(done.returncode, status, f"status ({done.stderr})")
            check(word in done.stderr, done.stderr)
            check(not password.strip() or password not in done.stderr, "the password is shown")
            equal((regia.state / "people.json").read_bytes(), before, "the file")
    with t.case("people.json of a newer Regia is refused by name, and left as it is"):
        newer = b'{"version": 2, "people": "elsewhere"}'
        (regia.state / "people.json").write_bytes(newer)
        done = passwd(regia, "anna")
        equal(done.returncode, 78, "status")
        check("people.json: written by a newer Regia" in done.stderr, done.stderr)
        equal((regia.state / "people.json").read_bytes(), newer, "the file")
        (regia.state / "people.json").unlink()
    if os.geteuid() == 0:
        with t.case("root leaves nothing in another user's folder that Regia could not read there"):
            os.chown(regia.state, 65534, 65534)
            done = passwd(regia, "anna", "--role", "staff")
            os.chown(regia.state, 0, 0)
            equal(done.returncode, 64, "status")
            check("sudo -u '#65534' regia passwd" in done.stderr and not (regia.state / "people.json").exists(), done.stderr)
    else:
        t.skip("root in another user's folder", "this is not root")


# -- on a terminal --------------------------------------------------------------------------------------------------------------------


def echoes(terminal):
    return bool(termios.tcgetattr(terminal.master)[3] & termios.ECHO)


def asked(t, regia, *words, log):
    terminal = Terminal(t, [str(regia.binary), "passwd", "--state", str(regia.state), *words], log=log)
    t.wait("the question", lambda: "Password for anna: " in terminal.text and not echoes(terminal))
    return terminal


def on_a_terminal(t, regia):
    with t.case("on a terminal it is asked for twice, and not shown"):
        terminal = asked(t, regia, "anna", "--role=technician", log="asked")
        terminal.press(HERS.encode() + b"\n")
        t.wait("the second question", lambda: "The same again: " in terminal.text and not echoes(terminal))
        terminal.press(HERS.encode() + b"\n")
        equal(terminal.wait_end(20), 0, "status")
        check(HERS not in terminal.text, terminal.text)
        check(is_of(HERS, people(regia)["anna"][1]), "the password")
    with t.case("two that are not the same change nothing"):
        terminal = asked(t, regia, "anna", log="differ")
        terminal.press(OTHER.encode() + b"\n")
        t.wait("the second question", lambda: "The same again: " in terminal.text and not echoes(terminal))
        terminal.press(HERS.encode() + b"\n")
        equal(terminal.wait_end(20), 64, "status")
        check("not the same" in terminal.text, terminal.text)
        check(is_of(HERS, people(regia)["anna"][1]), "the password")
    for name, do in (("Ctrl-C", lambda terminal: terminal.press(b"\x03")), ("SIGTERM", lambda terminal: os.kill(terminal.pid, signal.SIGTERM))):
        with t.case(f"{name} at the question ends it, and the terminal shows again what is typed"):
            # Held open: the other side of a terminal that nobody has is gone.
            terminal = asked(t, regia, "anna", log=name.lower())
            held = os.open(os.readlink(f"/proc/{terminal.pid}/fd/0"), os.O_RDWR | os.O_NOCTTY)
            do(terminal)
            equal(terminal.wait_end(20), -(signal.SIGINT if name == "Ctrl-C" else signal.SIGTERM), "status")
            check(echoes(terminal), "nothing is shown any more")
            os.close(held)


# -- the first start ------------------------------------------------------------------------------------------------------------------


def first_start(t, regia):
    with t.case("nobody is configured: a start on a terminal names an address to come in by, and not when somebody is"):
        passwd(regia, "--remove", "anna")
        equal(listed(regia), {}, "people")
        terminal = Terminal(t, [str(regia.binary), "run", "--state", str(regia.state), str(regia.event)], log="first")
        t.wait("it is on the air", lambda: regia.status()["state"] == "on-air", 30)
        t.wait("the address", lambda: f"{regia.console}/?once=" in terminal.text)
        equal(passwd(regia, "anna", "--role=technician").returncode, 0, "passwd")
        terminal.press(b"\x03")
        equal(terminal.wait_end(60), 0, "status")


# -- while it runs --------------------------------------------------------------------------------------------------------------------


def running(t, regia):
    regia.arguments = ["--new", regia.event]
    regia.start()
    with t.case("on the air", needed=True):
        regia.wait_on_air()
    regia.arguments = [regia.event]
    with t.case("a change is made by the director: on the disk, in the audit, with who made it"):
        equal(passwd(regia, "bruno", "--role", "staff").returncode, 0, "bruno")
        equal(passwd(regia, "anna", password=OTHER).returncode, 0, "anna")
        equal(listed(regia), {"anna": "technician", "bruno": "staff"}, "people")
        check(is_of(OTHER, people(regia)["anna"][1]), "the password")
        lines = t.wait("the audit", lambda: [line for line in audit(regia) if "people" in line["change"]][-2:])
        equal([line["change"]["people"] for line in lines], ["added bruno, staff", "set the password of anna, technician"], "audit")
        check(all(line["who"].endswith(", command line") for line in lines), str(lines))
    with t.case("what it refuses changes nothing"):
        done = passwd(regia, "--remove", "eva")
        equal(done.returncode, 64, "status")
        check("nobody is called eva" in done.stderr, done.stderr)
    with t.case("a folder that takes nothing: refused, and what was is still in effect"):
        (regia.state / "people.json").rename(regia.state / "people.kept")
        (regia.state / "people.json").mkdir()
        (regia.state / "people.json" / "x").touch()
        done = passwd(regia, "carla", "--role", "staff")
        check(done.returncode != 0 and "nothing was changed" in done.stderr, done.stderr)
        equal(listed(regia), {"anna": "technician", "bruno": "staff"}, "people")
        t.wait("a warning", lambda: any("Who works here" in line for line in regia.status()["warnings"]))
        (regia.state / "people.json" / "x").unlink()
        (regia.state / "people.json").rmdir()
        equal(passwd(regia, "carla", "--role", "staff").returncode, 0, "again")
        equal(listed(regia), {"anna": "technician", "bruno": "staff", "carla": "staff"}, "people")
        check(not any("Who works here" in line for line in regia.status()["warnings"]), "the warning stays")


def console(t, regia):
    with t.case("regia console: an address of the console, to a terminal or when that is asked for"):
        done = regia.command("console", "--state", regia.state)
        equal((done.returncode, done.stdout), (64, ""), done.stderr)
        done = regia.command("console", "--state", regia.state, "--print")
        equal(done.returncode, 0, done.stderr)
        check(re.fullmatch(re.escape(f"{regia.console}/?once=") + r"[\w-]{43}\n", done.stdout), done.stdout)
    with t.case("while no console runs there is none to print"):
        pid = regia.kill("console", signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        done = regia.command("console", "--state", regia.state, "--print")
        # It is back in an instant: either it was away, or the address is good.
        check("no console runs here" in done.stderr if done.returncode else "?once=" in done.stdout, str(done))
        regia.wait_restarted("console", pid)


# -- kill -9 --------------------------------------------------------------------------------------------------------------------------


def killed(t, regia):
    with t.case("kill -9 of the director an instant after each answer: each is in effect"):
        for i in range(6):
            restarts = regia.supervisor.restarts
            password = f"{HERS} {i}"
            done = passwd(regia, "anna", password=password) if i % 2 else passwd(regia, f"p{i}", "--role=staff", password=password)
            os.kill(regia.pid, signal.SIGKILL)
            equal(done.returncode, 0, done.stderr)
            check(is_of(password, people(regia)["anna" if i % 2 else f"p{i}"][1]), f"round {i}")
            t.wait("another director", lambda before=restarts: regia.supervisor.restarts > before)
            t.wait("it answers", lambda: regia.status()["state"])
        equal({name: role for name, role in listed(regia).items() if name.startswith("p")}, {"p0": "staff", "p2": "staff", "p4": "staff"}, "people")
    with t.case("changes without end while the director is killed again and again: what was answered is in effect, in order"):
        may_be, counts, over = {}, {True: 0, False: 0}, threading.Event()

        def change():
            n = 0
            while not over.is_set():
                n += 1
                name, password = f"q{n % 4}", f"{OTHER} {n}"
                done = passwd(regia, name, "--role", "staff" if n % 3 else "technician", password=password)
                counts[done.returncode == 0] += 1
                # One that was not answered may be in effect or not.
                may_be[name] = [password] if done.returncode == 0 else [*may_be.get(name, [None]), password]

        thread = threading.Thread(target=change)
        thread.start()
        for hit in range(5):
            goal, restarts = counts[True] + 2, regia.supervisor.restarts
            t.wait("some more changes", lambda wanted=goal: counts[True] >= wanted, 30)
            time.sleep(hit * 0.07)  # at any moment, not after an event
            os.kill(regia.pid, signal.SIGKILL)
            t.wait("another director", lambda before=restarts: regia.supervisor.restarts > before)
        over.set()
        thread.join()
        t.figure(f"{counts[True]} answered, {counts[False]} not")
        check(counts[True] >= 10, "hardly anything was answered")
        t.wait("it answers", lambda: regia.status()["state"])
        held = people(regia)
        for name, passwords in may_be.items():
            check(any(name not in held if password is None else name in held and is_of(password, held[name][1]) for password in passwords),
                  f"{name} has none of its last {len(passwords)} passwords")


def shown_nowhere(t, regia):
    with t.case("no log, no argument, no environment, no status, no audit shows a password or what is kept of one"):
        hashes = [held for _, held in people(regia).values()]
        logs = "".join(path.read_text(errors="replace") for path in t.out.glob("*.log"))
        shown = "".join(open(f"/proc/{pid}/{name}", errors="replace").read() for pid in regia.pids() for name in ("cmdline", "environ"))
        told = json.dumps(regia.status()) + json.dumps(audit(regia))
        check(len(hashes) >= 8 and len(logs) > 1000, "nothing to look for")
        for secret in (HERS, OTHER, *hashes):
            check(all(secret not in text for text in (logs, shown, told)), f"{secret[:8]}… is shown")


main(run)
