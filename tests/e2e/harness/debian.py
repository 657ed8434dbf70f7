# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian of any suite in a folder, as debootstrap makes it of nothing, with the machine's own way to packages."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .scenario import Failure

SUITES = {"bookworm": "Debian 12", "trixie": "Debian 13"}
MIN_FREE_BYTES = 5 << 30
INSIDE = Path("/run/machine")  # what is handed in of the machine's own files
# Variables that say how to reach packages, and by whose certificates.
HANDED_IN = re.compile(r"(_proxy|cert(s|_file|_dir|s_file)?|ca_?(bundle|info|file|cert|certs))$", re.I)

# In namespaces of their own: what is mounted is gone with the last process, and the last process goes with the first. The first goes
# with whoever called.
SHUT_IN = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child=KILL", "--"]
ENTER = """
set -e
root=$1; shift
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
while [ "$1" != -- ]; do
  mount --bind "$1" "$root$2"
  mount -o remount,bind,ro "$root$2"
  shift 2
done
shift
exec chroot "$root" "$@"
"""
# Waits for the end of whoever holds the other end of its standard input, whatever that died of.
REMOVER = """
cat >/dev/null
for try in $(seq 50); do
  rm -rf --one-file-system "$1" 2>/dev/null && exit 0
  sleep 0.2
done
"""


class Skip(Exception):
    """Cannot be had on this machine; the text says why."""


class Room:
    """A folder on a real disk that is removed with the scenario, and processes that end with it, also when it is killed."""

    def __init__(self, t):
        # Not below /tmp: on Debian 13 that is in memory, and has no devices.
        self.folder = Path(tempfile.mkdtemp(prefix="re-debian-", dir="/var/tmp"))
        self.root = self.folder / "root"
        self.remover = subprocess.Popen(["sh", "-c", REMOVER, "remover", str(self.folder)], stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        t.defer(self.end)

    def argv(self, *command):
        return [*SHUT_IN, *map(str, command)]

    def end(self):
        self.remover.stdin.close()
        self.remover.wait(300)
        if self.folder.exists():
            raise Failure(f"{self.folder} could not be removed")


class Debian(Room):
    """
    Raises Skip when it cannot be had. `argv` is a command inside, `env` its environment; `seconds` the time debootstrap took.
    """

    def __init__(self, t, suite):
        can_be_had(suite)
        sources = machine_sources()
        super().__init__(t)
        self.suite = suite
        self.name = f"{SUITES[suite]} ({suite})"
        self.binds = []
        self.env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
        began = time.monotonic()
        self.bootstrap(t, sources[0])
        self.seconds = time.monotonic() - began
        self.hand_in_apt(sources)
        self.hand_in_environment()

    def bootstrap(self, t, source):
        keyring = [f"--keyring={source['Signed-By']}"] if os.path.isfile(source.get("Signed-By", "")) else []
        log = t.out / f"debootstrap-{self.suite}.log"
        with open(log, "wb") as out:
            done = subprocess.run(super().argv("debootstrap", "--variant=minbase", *keyring, self.suite, self.root, source["URIs"].split()[0]),
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, timeout=900, check=False)
        if done.returncode != 0:
            said = log.read_text(errors="replace").splitlines()
            if any(re.match(r"E: (Failed getting release|Couldn't download|Invalid Release)", line) for line in said):
                raise Skip(f"the machine's package source has no {self.suite}: {said[-1]}")
            raise Failure(f"debootstrap {self.suite}: {done.returncode}: " + "\n".join(said[-12:]))

    def hand_in_apt(self, sources):
        (self.root / "etc/apt/sources.list").unlink(missing_ok=True)
        paragraphs = []
        for source in sources:
            source = {**source, "Types": "deb", "Suites": source["Suites"].replace(codename(), self.suite)}
            if os.path.isfile(source.get("Signed-By", "")):
                source["Signed-By"] = self.hand_in(source["Signed-By"])
            paragraphs.append("".join(f"{key}: {value}\n" for key, value in source.items()))
        (self.root / "etc/apt/sources.list.d/machine.sources").write_text("\n".join(paragraphs))
        # How the machine's apt reaches its sources; not what it does with them.
        shown = subprocess.run(["apt-config", "dump", "--no-empty", "Acquire"], capture_output=True, text=True, check=True).stdout
        lines = [line for line in shown.splitlines() if re.match(r"Acquire::(https?|Check-|Retries|ForceIPv)", line)]
        lines = [re.sub(r'"(/[^"]+)"', lambda m: f'"{self.hand_in(m[1])}"', line) for line in lines]
        (self.root / "etc/apt/apt.conf.d/00machine").write_text("\n".join(lines) + "\n")
        for name in ("hosts", "resolv.conf"):
            shutil.copyfile(f"/etc/{name}", self.root / "etc" / name)
        # Nothing that is installed starts a service here.
        policy = self.root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    def hand_in_environment(self):
        for name, value in os.environ.items():
            if HANDED_IN.search(name):
                self.env[name] = self.hand_in(value) if value.startswith("/") else value

    def hand_in(self, path):
        """The place inside of a file or folder of the machine. Not where it is outside: what is installed writes there."""
        if not os.path.exists(path):
            return path
        to = INSIDE / str(len(self.binds)) / os.path.basename(path)
        place = self.root / to.relative_to("/")
        place.parent.mkdir(parents=True)
        place.mkdir() if os.path.isdir(path) else place.touch()
        self.binds.append((path, to))
        return str(to)

    def argv(self, *command):
        binds = [str(part) for pair in self.binds for part in pair]
        return super().argv("sh", "-c", ENTER, "enter", self.root, *binds, "--", *command)

    def call(self, *command, timeout=60):
        """A command inside, to its end; what it prints, errors too, is in `stdout`."""
        return subprocess.run(self.argv(*command), env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=timeout, check=False)

    def packages(self):
        """How many are installed."""
        return (self.root / "var/lib/dpkg/status").read_text(errors="replace").count("\nStatus: install ok installed\n")


def codename():
    with open("/etc/os-release", encoding="utf-8") as file:
        return dict(line.rstrip().split("=", 1) for line in file if "=" in line).get("VERSION_CODENAME", "").strip('"')


def can_be_had(suite):
    if os.geteuid() != 0:
        raise Skip("debootstrap needs root")
    if shutil.which("debootstrap") is None:
        raise Skip("debootstrap is not installed")
    if not os.path.exists(f"/usr/share/debootstrap/scripts/{suite}"):
        raise Skip(f"this debootstrap does not know {suite}")
    done = subprocess.run([*SHUT_IN, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Skip(f"nothing can be mounted here: {done.stderr.strip()}")
    free = shutil.disk_usage("/var/tmp").free
    if free < MIN_FREE_BYTES:
        raise Skip(f"/var/tmp has {free >> 20} MiB left, {MIN_FREE_BYTES >> 20} are needed")


def machine_sources():
    """The machine's own package sources that have its suite, the main one first, as fields of deb822."""
    own = codename()
    found = []
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        if path.suffix == ".sources":
            found += paragraphs_of(path.read_text(encoding="utf-8"))
        elif path.suffix == ".list" and path.is_file():
            found += one_line_entries(path.read_text(encoding="utf-8"))
    found = [s for s in found if "deb" in s["Types"].split() and s.get("Enabled", "yes") == "yes"
             and any(re.split(r"[-/]", suite)[0] == own for suite in s["Suites"].split())]
    found.sort(key=lambda s: own not in s["Suites"].split())
    if not own or not found or own not in found[0]["Suites"].split():
        raise Skip(f"no package source of this machine is for its own suite ({own or 'unknown'})")
    return found


def paragraphs_of(text):
    for paragraph in re.split(r"\n\s*\n", "\n".join(line for line in text.splitlines() if not line.startswith("#"))):
        fields, key = {}, None
        for line in paragraph.splitlines():
            if line[:1].isspace() and key:
                fields[key] += "\n" + line
            elif ":" in line:
                key, value = line.split(":", 1)
                fields[key] = value.strip()
        if {"Types", "URIs", "Suites"} <= fields.keys():
            yield fields


def one_line_entries(text):
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+(.+)", line.split("#")[0])
        if match:
            options = dict(word.split("=", 1) for word in (match[1] or "").split() if "=" in word)
            signed = {"Signed-By": options["signed-by"]} if "signed-by" in options else {}
            yield {"Types": "deb", "URIs": match[2], "Suites": match[3], "Components": match[4].strip(), **signed}
