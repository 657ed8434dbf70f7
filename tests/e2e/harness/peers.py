# SPDX-License-Identifier: GPL-3.0-or-later
"""The far ends: camera, mixing desk, platforms, and the measuring tool."""

import array
import contextlib
import json
import math
import os
import signal
import socket
import struct
import subprocess
import threading

from .scenario import ROOT, check


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    """For `t.wait`: whether somebody listens there."""
    with socket.create_connection(("127.0.0.1", port), 1):
        return True


def with_children(process):
    """Pids of a server and of its workers."""
    done = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
    return [process.pid, *map(int, done.stdout.split())]


def marks(t, source, *options, timeout=120):
    """What tests/peers/marks finds in a file or at an address; see there."""
    done = subprocess.run([str(t.tool("marks")), *map(str, options), str(source)], capture_output=True, text=True, timeout=timeout,
                          check=False, env=t.env)
    check(done.returncode == 0, f"marks {source}: {done.returncode}: {done.stderr[-600:]}")
    result = json.loads(done.stdout.splitlines()[-1])
    result["stderr"] = done.stderr
    return result


class Frame:
    """A picture as `marks --frames` tells it: when it is shown in the file (ms), its burnt-in number and wall clock (ms), −1 for the slate, whether
    it flashes, its mean luma."""

    def __init__(self, line):
        _, _, pts, number, wall, flash, _, luma = line.split()
        self.pts, self.number, self.wall, self.flash, self.luma = float(pts), int(number), int(wall), flash == "1", int(luma)


def frames(t, path):
    """Every picture of a file, in order."""
    done = subprocess.run([str(t.tool("marks")), "--frames", str(path)], capture_output=True, text=True, timeout=120, check=False, env=t.env)
    check(done.returncode == 0, f"marks {path}: {done.stderr[-300:]}")
    return [Frame(line) for line in done.stdout.splitlines() if line.startswith("v ")]


def decodes_cleanly(path):
    """`ffmpeg -v error` has nothing to say about a file, from its first packet to its last."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"], capture_output=True, text=True,
                          timeout=120, check=False)
    check(done.returncode == 0 and not done.stderr.strip(), f"ffmpeg -v error {path}: {done.returncode}: {done.stderr[-600:]}")


def top_boxes(path):
    """The names of the boxes at the top of an MP4 file, in order (ISO/IEC 14496-12 §4.2)."""
    names = []
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        at = 0
        while at + 8 <= size:
            file.seek(at)
            length, name = struct.unpack(">I4s", file.read(8))
            if length == 1:
                length = struct.unpack(">Q", file.read(8))[0]
            names.append(name.decode("latin-1"))
            at += length or size
    return names


class Camera:
    """tests/peers/rtsp-camera."""

    def __init__(self, t, *options, name="camera"):
        self.port = free_port()
        self.url = f"rtsp://127.0.0.1:{self.port}/camera"
        self.process = t.spawn(name, [t.tool("rtsp-camera"), "--port", self.port, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               nice=-10)
        self.ready()

    def ready(self):
        line = self.process.stdout.readline()
        check(line == b"ready\n", f"rtsp-camera said {line!r}")

    def command(self, word):
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()
        if word == "start":
            self.ready()

    def end(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()


class Desk:
    """A sound server of its own (pulseaudio, or pipewire) with a null sink, on which a voice speaks and a beep sounds at each full
    second."""

    def __init__(self, t, server="pulseaudio"):
        self.folder = t.dir / "desk"
        self.folder.mkdir(mode=0o700)
        self.server = f"unix:{self.folder}/native"
        self.device = "desk.monitor"
        self.env = env = {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "PULSE_RUNTIME_PATH": str(self.folder)}
        voice = self.folder / "voice.wav"
        subprocess.run(["espeak-ng", "-v", "it", "-w", str(voice),
                        "Benvenuti alla conferenza Sirio migranti, esperienze a confronto. Diamo la parola ai relatori."],
                       check=True, capture_output=True, timeout=30)
        self.start_pipewire(t) if server == "pipewire" else self.start_pulseaudio(t)
        self.player = t.spawn("desk", [t.tool("desk"), "--server", self.server, "--device", "desk", voice],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, nice="realtime")
        check(self.player.stdout.readline() == b"ready\n", "the desk does not play; see desk.log")

    def start_pulseaudio(self, t):
        self.servers = [t.spawn("pulseaudio", [
            "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes",
            "--log-level=error", f"--load=module-native-protocol-unix socket={self.folder}/native auth-anonymous=1",
            "--load=module-null-sink sink_name=desk rate=48000 channels=2"], env=self.env, nice="realtime")]
        t.wait("PulseAudio's socket", (self.folder / "native").exists)

    def start_pipewire(self, t):
        self.servers = [t.spawn("pipewire", ["pipewire"], env=self.env, nice="realtime")]
        t.wait("PipeWire's socket", (self.folder / "pipewire-0").exists)
        self.servers += [t.spawn("wireplumber", ["dbus-run-session", "wireplumber"], env=self.env, nice="realtime"),
                         t.spawn("pipewire-pulse", ["pipewire-pulse"], env=self.env, nice="realtime")]
        t.wait("PipeWire's socket for PulseAudio's clients", (self.folder / "native").exists)
        # The session manager makes the sink known a moment after it was asked for.
        subprocess.run(["pactl", "--server", self.server, "load-module", "module-null-sink", "sink_name=desk", "rate=48000", "channels=2"],
                       check=True, capture_output=True, timeout=10)

        def is_known():
            done = subprocess.run(["pactl", "--server", self.server, "list", "short", "sources"], capture_output=True, text=True, timeout=10,
                                  check=True)
            return self.device in done.stdout

        t.wait("the sink's monitor", is_known)

    def record(self, t):
        """Begins to keep what the desk really gives, taken with much patience beside Regia; `recorded` says where."""
        self.given = self.folder / "given.wav"
        self.recorder = t.spawn("recorder", ["parec", f"--server={self.server}", f"--device={self.device}", "--latency-msec=500", "--rate=48000",
                                             "--channels=2", "--file-format=wav", self.given], env=self.env, nice="realtime")

    def recorded(self):
        """Ends that. The path of a WAV file."""
        self.recorder.terminate()
        self.recorder.wait(10)
        return self.given

    def pace(self, t):
        """In which rounds PipeWire's server works: those that its clients ask for, by name, and its usual one, in ms."""
        done = subprocess.run(["pw-dump"], capture_output=True, text=True, timeout=10, check=True, env={**t.env, **self.env})
        asked, usual = {}, None
        for entry in json.loads(done.stdout):
            props = (entry.get("info") or {}).get("props") or {}
            usual = usual or props.get("default.clock.quantum", 0) / 48
            if "node.latency" in props:
                samples, rate = map(int, props["node.latency"].split("/"))
                asked[props["node.name"]] = 1000 * samples / rate
        return asked, usual

    def end(self):
        with contextlib.suppress(OSError):
            self.player.stdin.close()
        self.player.wait(10)
        for server in reversed(self.servers):
            server.terminate()


class FaultyDesk:
    """A desk on PulseAudio, two channels, on which what a cable or a hand does to sound can be heard: `play("clipping")`. It can be
    unplugged, too: the server lives on without it."""

    SOUNDS = {
        "voice": lambda n: (0.2 * math.sin(2 * math.pi * 400 * n / 48000), 0.15 * math.sin(2 * math.pi * 510 * n / 48000)),
        "silence": lambda n: (0.0, 0.0),
        "clipping": lambda n: (1.6 * math.sin(2 * math.pi * 400 * n / 48000), 1.6 * math.sin(2 * math.pi * 510 * n / 48000)),
        "left-dead": lambda n: (0.0, 0.2 * math.sin(2 * math.pi * 510 * n / 48000)),
        "out-of-phase": lambda n: (0.2 * math.sin(2 * math.pi * 400 * n / 48000), -0.2 * math.sin(2 * math.pi * 400 * n / 48000)),
    }

    def __init__(self, t):
        self.t = t
        self.folder = t.dir / "faulty-desk"
        self.folder.mkdir(mode=0o700)
        self.server = f"unix:{self.folder}/native"
        self.device = "desk.monitor"
        self.env = {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "PULSE_RUNTIME_PATH": str(self.folder)}
        # A tenth of a second: all tones turn whole times in it.
        self.tenths = {name: array.array("h", (max(-32768, min(32767, round(32767 * side))) for n in range(4800) for side in sound(n))).tobytes()
                       for name, sound in self.SOUNDS.items()}
        self.tenth = self.tenths["voice"]
        t.spawn("pulseaudio", [
            "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes", "--log-level=error",
            f"--load=module-native-protocol-unix socket={self.folder}/native auth-anonymous=1",
            # What is played finds a sink while the desk is unplugged.
            "--load=module-null-sink sink_name=nowhere"], env=self.env, nice="realtime")
        t.wait("PulseAudio's socket", (self.folder / "native").exists)
        self.plug()

    def pactl(self, *words):
        return subprocess.run(["pactl", "--server", self.server, *words], check=True, capture_output=True, text=True, timeout=10,
                              env={**self.t.env, **self.env}).stdout.strip()

    def plug(self):
        self.module = self.pactl("load-module", "module-null-sink", "sink_name=desk", "rate=48000", "channels=2")
        self.player = self.t.spawn("desk", ["pacat", "--playback", f"--server={self.server}", "--device=desk", "--format=s16le", "--rate=48000",
                                            "--channels=2", "--latency-msec=100"], stdin=subprocess.PIPE, env=self.env, nice="realtime")
        threading.Thread(target=self.feed, args=[self.player], daemon=True).start()

    def unplug(self):
        self.player.kill()
        self.pactl("unload-module", self.module)

    def play(self, what):
        self.tenth = self.tenths[what]

    def feed(self, player):
        with contextlib.suppress(OSError):
            while True:
                player.stdin.write(self.tenth)
                player.stdin.flush()


class ToneDesk:
    """A desk of many channels as USB ones are: a PulseAudio server whose source has no names for them; each has a tone of its own."""

    def __init__(self, t, channels=10):
        self.folder = t.dir / "tone-desk"
        self.folder.mkdir(mode=0o700)
        self.server = f"unix:{self.folder}/native"
        self.device = "desk.monitor"
        self.channels = channels
        self.wait = t.wait
        env = {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "PULSE_RUNTIME_PATH": str(self.folder)}
        names = ",".join(f"aux{n}" for n in range(channels))
        t.spawn("pulseaudio", [
            "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes",
            "--log-level=error", f"--load=module-native-protocol-unix socket={self.folder}/native auth-anonymous=1",
            f"--load=module-null-sink sink_name=desk rate=48000 channels={channels} channel_map={names}"], env=env, nice="realtime")
        t.wait("PulseAudio's socket", (self.folder / "native").exists)
        # One second: all tones turn whole times, so it can be played again and again.
        second = array.array("h", (int(8000 * math.sin(2 * math.pi * self.hz(c + 1) * n / 48000)) for n in range(48000)
                                   for c in range(channels))).tobytes()
        self.player = t.spawn("desk", ["pacat", "--playback", f"--server={self.server}", "--device=desk", "--format=s16le",
                                       "--rate=48000", f"--channels={channels}", f"--channel-map={names}"],
                              stdin=subprocess.PIPE, env=env, nice="realtime")
        threading.Thread(target=self.play, args=[second], daemon=True).start()
        t.defer(self.player.kill)

    def let(self, *channels, percent=100):
        """Only these are heard from now on; all without any. @percent as PulseAudio has it: 200 is eight times as loud."""
        def pactl(*arguments):
            return subprocess.run(["pactl", f"--server={self.server}", *arguments], capture_output=True, text=True, timeout=20, check=True).stdout

        player = self.wait("the desk's player", lambda: pactl("list", "short", "sink-inputs").split())[0]
        pactl("set-sink-input-volume", player, *(f"{percent if not channels or c in channels else 0}%" for c in range(1, self.channels + 1)))

    @staticmethod
    def hz(channel):
        return 300 + 100 * channel

    def play(self, second):
        with contextlib.suppress(OSError):
            while True:
                self.player.stdin.write(second)

    def heard(self, path, from_s, track=0):
        """The channels that are left and right in a file, as {side: [channel, …]}: tones that are louder than −40 dB."""
        done = subprocess.run(["ffmpeg", "-v", "error", "-ss", str(from_s), "-t", "0.5", "-i", str(path), "-map", f"0:a:{track}", "-f", "f32le", "-ar", "48000",
                               "-ac", "2", "-"], capture_output=True, timeout=60, check=True)
        samples = array.array("f", done.stdout)
        found = {}
        for side, name in enumerate(("left", "right")):
            one = samples[side::2][:19200]
            found[name] = [c for c in range(1, self.channels + 1) if tone(one, self.hz(c)) > 0.01 * 8000 / 32768]
        return found


def tone(samples, hz):
    """How loud one frequency is."""
    turn = 2 * math.pi * hz / 48000
    real = sum(s * math.cos(turn * n) for n, s in enumerate(samples))
    imaginary = sum(s * math.sin(turn * n) for n, s in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / max(len(samples), 1)


NGINX = """
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
user root;
events {{ worker_connections 64; }}
rtmp {{
  server {{
    listen 127.0.0.1:{port};
    chunk_size 4096;
    ack_window 50000;
    application live {{
      live on;
      record all;
      record_path {folder}/records;
      record_unique on;
    }}
  }}
}}
"""


class Rtmp:
    """A platform: nginx with its RTMP module, which keeps what it gets as FLV."""

    def __init__(self, t, name="rtmp", port=None):
        self.t = t
        self.port = port or free_port()
        self.url = f"rtmp://127.0.0.1:{self.port}/live"
        self.folder = t.dir / name
        (self.folder / "records").mkdir(parents=True)
        conf = self.folder / "nginx.conf"
        conf.write_text(NGINX.format(folder=self.folder, port=self.port), encoding="utf-8")
        self.process = t.spawn(name, ["nginx", "-p", self.folder, "-c", conf, "-e", "stderr"])
        t.wait(f"{name} listens", lambda: listens(self.port))

    def files(self):
        return sorted((self.folder / "records").glob("*.flv"), key=lambda p: p.stat().st_mtime)

    def workers(self):
        return with_children(self.process)

    def freeze(self):
        for pid in self.workers():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.workers():
            os.kill(pid, signal.SIGCONT)


PROXY = """daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location = {path} {{ return 301 {path}/; }}
    location {path}/ {{
      proxy_pass {behind}/;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_buffering off;
    }}
  }}
}}
"""


class Proxy:
    """The institution's web server: nginx, which shows something below a path of its own, and nothing else."""

    def __init__(self, t, behind, path, name="proxy"):
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}{path}"
        folder = t.dir / name
        folder.mkdir()
        conf = folder / "nginx.conf"
        conf.write_text(PROXY.format(folder=folder, port=self.port, behind=behind, path=path), encoding="utf-8")
        t.spawn(name, ["nginx", "-p", folder, "-c", conf, "-e", "stderr"])
        t.wait(f"{name} listens", lambda: listens(self.port))


AROUND = """daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{site}
}}
"""


class Site:
    """nginx as config/regia.nginx has it, with TLS and HTTP/2: viewers at https://localhost:PORT, the console at https://console.localhost:PORT."""

    def __init__(self, t, viewers_port, console_port, pair, name="site"):
        self.port = free_port()
        self.base = f"https://localhost:{self.port}"
        self.console = f"https://console.localhost:{self.port}"
        folder = t.dir / name
        folder.mkdir()
        site = (ROOT / "config/regia.nginx").read_text(encoding="utf-8")
        plain = f"listen 127.0.0.1:{self.port} "
        for what, instead in (("127.0.0.1:8080;", f"127.0.0.1:{viewers_port};"), ("127.0.0.1:8090;", f"127.0.0.1:{console_port};"),
                              ("listen 443 ", plain), ("server_name diretta.example.org", "server_name localhost"),
                              ("server_name console.example.org", "server_name console.localhost"),
                              ("/etc/nginx/fullchain.pem", str(pair["certificate"])), ("/etc/nginx/privkey.pem", str(pair["key"]))):
            check(what in site, f"config/regia.nginx does not say {what!r}")
            site = site.replace(what, instead)
        # One socket, whose options are said once. The kernel is not to take in a whole recording for one who reads nothing.
        site = site.replace(plain, f"{plain}sndbuf=16k ", 1)
        conf = folder / "nginx.conf"
        conf.write_text(AROUND.format(folder=folder, site=site), encoding="utf-8")
        t.spawn(name, ["nginx", "-p", folder, "-c", conf, "-e", "stderr"])
        t.wait(f"{name} listens", lambda: listens(self.port))


class Web:
    """nginx that gives out the files of a folder."""

    def __init__(self, t, folder, name="web", port=None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = t.dir / name
        own.mkdir()
        conf = own / "nginx.conf"
        conf.write_text(AROUND.format(folder=own, site=f"server {{ listen 127.0.0.1:{self.port}; root {folder}; }}"), encoding="utf-8")
        self.process = t.spawn(name, ["nginx", "-p", own, "-c", conf, "-e", "stderr"])
        t.wait(f"{name} listens", lambda: listens(self.port))

    def kill(self):
        for pid in with_children(self.process):
            os.kill(pid, signal.SIGKILL)


class Srt:
    """A platform: srt-live-transmit as listener, which keeps what it gets as MPEG-TS."""

    def __init__(self, t, name="srt", passphrase=None):
        self.port = free_port(socket.SOCK_DGRAM)
        self.url = f"srt://127.0.0.1:{self.port}"
        self.file = t.dir / f"{name}.ts"
        secret = f"&passphrase={passphrase}" if passphrase else ""
        with open(self.file, "wb") as out:
            self.process = t.spawn(name, ["srt-live-transmit", "-q", "-loglevel:error",
                                          f"srt://127.0.0.1:{self.port}?mode=listener&latency=400{secret}", "file://con"], stdout=out)

    def end(self):
        """Ends it in order, so that the file is whole."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        return self.file


class SilentPeer:
    """Accepts connections and never says a word: TCP, or UDP when told so."""

    def __init__(self, t, kind=socket.SOCK_STREAM):
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.accepted = []
        if kind == socket.SOCK_STREAM:
            self.socket.listen(16)
            threading.Thread(target=self.accept, daemon=True).start()
        t.defer(self.socket.close)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.accepted.append(self.socket.accept()[0])
