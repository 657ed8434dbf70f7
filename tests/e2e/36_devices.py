#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""What is plugged in: listed by names that stay the same, as lines that an event file takes, whoever of those who are asked hangs."""

import json
import os
import signal
import subprocess
import time

from harness import Regia, check, equal, main
from harness.scenario import ROOT

EVENT = "[event]\nname = Prova\n"
BOOTH = "Kabine für Übersetzung, 1. Stock"


class Servers:
    """A PulseAudio server with two null sinks, and a PipeWire server; the camera that it offers is another program."""

    def __init__(self, t):
        self.t = t
        self.folder = t.dir / "servers"
        self.folder.mkdir(mode=0o700)
        self.address = f"unix:{self.folder}/native"
        self.env = {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "PULSE_RUNTIME_PATH": str(self.folder)}
        self.pulse = t.spawn("pulseaudio", [
            "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes", "--log-level=error",
            f"--load=module-native-protocol-unix socket={self.folder}/native auth-anonymous=1",
            "--load=module-null-sink sink_name=desk rate=48000 channels=10",
            "--load=module-null-sink sink_name=speakers rate=44100 channels=2"], env=self.env)
        self.pipewire = t.spawn("pipewire", ["pipewire"], env=self.env)
        t.wait("PulseAudio's socket", (self.folder / "native").exists)
        t.wait("PipeWire's socket", (self.folder / "pipewire-0").exists)

    def start_pipewire_pulse(self):
        """The same PipeWire server also for PulseAudio's clients, as on most desktops. Returns: its address."""
        folder = self.folder / "pipewire-pulse"
        folder.mkdir(mode=0o700)
        env = {**self.env, "PULSE_RUNTIME_PATH": str(folder)}
        self.t.spawn("wireplumber", ["dbus-run-session", "wireplumber"], env=env)
        self.t.spawn("pipewire-pulse", ["pipewire-pulse"], env=env)
        self.t.wait("PipeWire's socket for PulseAudio's clients", (folder / "native").exists)
        return f"unix:{folder}/native"

    def pactl(self, *words, address=None):
        return subprocess.run(["pactl", "--server", address or self.address, *words], capture_output=True, text=True, timeout=10, check=True).stdout

    def sources(self):
        """{name: channels}, as the server's own tool tells them."""
        rows = [line.split("\t") for line in self.pactl("list", "short", "sources").splitlines()]
        return {name: int(form.split()[1].removesuffix("ch")) for _, name, _, form, *_ in rows}


def run(t):
    servers = Servers(t)
    regia = Regia(t, name="devices")
    regia.env.update({"XDG_RUNTIME_DIR": str(servers.folder), "PULSE_SERVER": servers.address})
    # GStreamer's list of plugins is made once, which takes longer than anybody here may.
    regia.command("devices", timeout=60)

    def listed(*options):
        done = regia.command("devices", "--json", *options)
        return done.returncode, json.loads(done.stdout)

    with t.case("what outputs play is listed while there is no input, and said to be none", needed=True):
        status, told = t.wait("all are asked", lambda: (seen := listed())[1]["complete"] and seen)
        sounds = {d["identity"]: d for d in told["devices"] if d["kind"] == "sound"}
        equal(status, 0, "exit status")
        equal({name: d["formats"][0].split()[0] for name, d in sounds.items()}, {name: str(n) for name, n in servers.sources().items()}, "sources")
        check(all(d["monitor"] and "No input" in d["remark"] for d in sounds.values()), sounds)
    with t.case("an input takes their place, whatever it is called"):
        servers.pactl("load-module", "module-remap-source", "source_name=booth", "master=speakers.monitor",
                      f"source_properties=device.description=\"{BOOTH}\"".replace(" ", "\\ "))
        _, told = t.wait("the booth", lambda: (seen := listed())[1]["complete"] and any(d["identity"] == "booth" for d in seen[1]["devices"]) and seen)
        found = [d for d in told["devices"] if d["way"] == "pulse"]
        equal([(d["identity"], d["name"], d["source"], d["monitor"]) for d in found], [("booth", BOOTH, "kabine-fur-ubersetzung-1-stock", False)], "found")
    with t.case("what is printed is a piece of an event file, and `regia check` takes it"):
        done = regia.command("devices", "--all")
        equal(done.returncode, 0, f"{done.stdout}{done.stderr}: exit status")
        event = t.dir / "pasted.conf"
        event.write_text(EVENT + done.stdout, encoding="utf-8")
        checked = regia.command("check", "--file", event)
        equal(checked.returncode, 0, f"{event.read_text()}{checked.stdout}{checked.stderr}: exit status")
        pasted = [line.removesuffix("]").split()[1] for line in done.stdout.splitlines() if line.startswith("[source ")]
        check(len(pasted) >= 3 and all(name in checked.stdout for name in pasted), f"{pasted} in {checked.stdout}")
        equal("".join(d["lines"] for d in listed("--all")[1]["devices"]),
              "".join(f"{line}\n" for line in done.stdout.splitlines() if line and not line.startswith("#")), "lines in JSON")
    with t.case("a parameter that does not exist is refused there"):
        wrong = t.dir / "wrong.conf"
        wrong.write_text(event.read_text(encoding="utf-8").replace("device = booth", "devise = booth"), encoding="utf-8")
        equal(regia.command("check", "--file", wrong).returncode, 78, "exit status of a parameter that does not exist")
    camera = pipewire_camera(t, regia, servers, listed)
    with t.case("a server that is frozen is named after 5 s, and the others are listed"):
        os.kill(servers.pulse.pid, signal.SIGSTOP)
        began = time.monotonic()
        status, told = listed()
        took = time.monotonic() - began
        os.kill(servers.pulse.pid, signal.SIGCONT)
        t.say(f"answered after {took:.1f} s: {told['not-seen']}")
        equal((status, told["complete"]), (75, False), "exit status, complete")
        check("no answer within 5 s" in reason(told, "pulse"), told)
        check(5 <= took < 25, f"{took:.1f} s")
        equal([d["identity"] for d in told["devices"]], camera, "the others")
    with t.case("once it goes on it is listed again"):
        t.wait("the booth", lambda: any(d["identity"] == "booth" for d in listed()[1]["devices"]))
    with t.case("a source that both servers offer is one device, captured through the sound server"):
        regia.env["PULSE_SERVER"] = both = servers.start_pipewire_pulse()
        servers.pactl("load-module", "module-null-sink", "sink_name=desk", address=both)
        t.wait("the desk", lambda: "desk.monitor" in servers.pactl("list", "short", "sources", address=both))
        servers.pactl("load-module", "module-remap-source", "source_name=booth", "master=desk.monitor", address=both)
        _, told = t.wait("the booth", lambda: (seen := listed())[1]["complete"] and any(d["identity"] == "booth" for d in seen[1]["devices"]) and seen)
        equal([(d["way"], d["also"]) for d in told["devices"] if d["identity"] == "booth"], [("pulse", ["PipeWire booth"] if camera else [])], "the booth")


def reason(told, way):
    return " ".join(note["reason"] for note in told["not-seen"] if note["way"] == way)


def pipewire_camera(t, regia, servers, listed):
    """What PipeWire is to be listed with: a camera that another program offers, where GStreamer can see it."""
    if subprocess.run(["gst-inspect-1.0", "pipewiresrc"], capture_output=True, env=t.env, check=False).returncode != 0:
        with t.case("what is needed to see PipeWire's cameras is named"):
            check("install the package gstreamer1.0-pipewire" in reason(listed()[1], "pipewire"), listed())
        return []
    t.spawn("camera", ["gst-launch-1.0", "-q", "videotestsrc", "is-live=true", "!", "video/x-raw,format=YUY2,width=640,height=480,framerate=25/1",
                       "!", "pipewiresink", "mode=provide",
                       'stream-properties=properties,media.class=Video/Source,node.name=hall-camera,node.description="Kamera\\ im\\ Saal"'],
            env=servers.env)
    with t.case("a camera that PipeWire offers is listed, with its format"):
        told = t.wait("the camera", lambda: [d for d in listed()[1]["devices"] if d["kind"] == "picture"], timeout=30)
        equal([(d["identity"], d["name"], d["formats"]) for d in told],
              [("hall-camera", "Kamera im Saal", ["raw: 640x480 at up to 25 pictures a second"])], "cameras")
    with t.case("its lines are taken as well, where there is a capture file for it"):
        done = regia.command("devices")
        event = t.dir / "camera.conf"
        event.write_text(EVENT + done.stdout, encoding="utf-8")
        equal(regia.command("check", "--file", event).returncode, 0, f"{done.stdout}: exit status")
        if (ROOT / "pipelines/capture/pipewire.pipeline").exists():
            check("pipeline = pipewire\ncamera = hall-camera\n" in done.stdout, done.stdout)
        else:
            check("no capture file" in done.stdout and "hall-camera" in done.stdout, done.stdout)
    return ["hall-camera"]


main(run)
