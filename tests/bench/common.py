# SPDX-License-Identifier: GPL-3.0-or-later
"""What the measurements share: the build, the material, a Regia to measure, CPU time of a tree of processes, the table."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
RATE = 25
RENDITIONS = (("720p", 1280, 720, 2500), ("360p", 640, 360, 600))  # name, width, height, kbit/s


def build(folder):
    """An ordinary build of the tree, brought up to date."""
    folder = (folder or ROOT / "build-bench").resolve()
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, ROOT], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["meson", "compile", "-C", folder, "regia", "gateway-serve", "marks", "rtsp-camera", "pipewire-camera"], check=True, stdout=subprocess.DEVNULL)
    return folder


def first_line(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else "?"


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    total = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(encoding="utf-8"))
    peers = [first_line("x264", "--version"), first_line("ffmpeg", "-version").split(" Copyright")[0],
             first_line("nginx", "-v").removeprefix("nginx version: ")]
    return {"cpu": cpu[1] if cpu else "?", "cores": os.cpu_count(), "memory_gib": round(int(total[1]) / 2**20),
            "kernel": os.uname().release, "load": os.getloadavg()[0], "peers": peers}


# -- processes ----------------------------------------------------------------------------------------------------------


def stat_of(pid):
    """(parent, name, CPU seconds of its own, of its children that ended) or None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    name, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
    return int(rest[1]), name, (int(rest[11]) + int(rest[12])) / TICK, (int(rest[13]) + int(rest[14])) / TICK


def label_of(pid):
    """What a process of Regia is: the name behind `child`."""
    try:
        argv = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
    except OSError:
        return "?"
    if "child" in argv:
        return argv[argv.index("child") + 1]
    return "director" if os.path.basename(argv[0]) == "regia" else os.path.basename(argv[0])


def tree(root):
    """All processes from `root` down: {pid: stat}."""
    stats = {int(p): stat_of(p) for p in os.listdir("/proc") if p.isdigit()}
    stats = {pid: s for pid, s in stats.items() if s}
    found, grew = {root}, True
    while grew:
        more = {pid for pid, s in stats.items() if s[0] in found} - found
        found |= more
        grew = bool(more)
    return {pid: stats[pid] for pid in found if pid in stats}


def cpu_of_tree(root):
    """CPU seconds so far of everything from `root` down, of those that ended as well; and of each by its label."""
    total, each = 0.0, {}
    for pid, (_, _, own, ended) in tree(root).items():
        total += own + ended
        label = label_of(pid)
        each[label] = each.get(label, 0.0) + own + ended
    return total, each


def cpu_per_picture(child, pictures, seconds):
    """CPU seconds that a tree of processes spends on a picture, over a while: (total, {label: share}, pictures a second).
    `pictures` asks how many there were; it is asked until the answer changes, so that both ends of the while are sharp."""

    def sharp():
        first = pictures()
        wait_for("the next picture", lambda: pictures() != first, 10, child)
        return time.monotonic(), pictures(), *cpu_of_tree(child.pid)

    began, count_before, before, each_before = sharp()
    time.sleep(seconds)
    ended, count_after, after, each_after = sharp()
    count = count_after - count_before
    shares = {k: (v - each_before.get(k, 0.0)) / count for k, v in each_after.items()}
    return (after - before) / count, shares, count / (ended - began)


def cpu_of_command(argv, **options):
    """CPU seconds of a command from its beginning to its end."""
    with subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          **options) as child:
        errors = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{argv[0]} failed:\n{errors.decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime


def x264_command(bench, folder, name, kbit, source):
    return [bench.tool("x264"), "--quiet", "--no-progress", "--preset", "veryfast", "--tune", "zerolatency", "--profile", "high",
            "--bitrate", kbit, "--vbv-maxrate", kbit, "--vbv-bufsize", kbit, "--keyint", 50, "--min-keyint", 50,
            "--no-scenecut", "--bframes", 0, "--threads", 1, "--demuxer", "y4m", "-o", folder / f"{name}.264", source]


def check_rate(who, rate, wanted=RATE):
    if rate < 0.95 * wanted:
        sys.exit(f"{who} made {rate:.2f} pictures a second instead of {wanted}: this machine is too busy to compare")


@contextlib.contextmanager
def running(argv, log, **options):
    """A command that runs until the block ends; its output goes to a file."""
    with open(log, "wb") as out:
        child = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                 **options)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        try:
            child.wait(60)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_for(what, predicate, timeout, child, every=0.02):
    """Asks until it is so; the moment it was, on the monotonic clock."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if predicate():
            return time.monotonic()
        if child.poll() is not None:
            break
        time.sleep(every)
    sys.exit(f"{what} did not come about within {timeout} s; see its log")


# -- Regia --------------------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Event:
    """An event with the material as its source: picture and sound as from files, two renditions, AAC and Opus, a recording."""

    def __init__(self, bench, folder):
        self.bench, self.folder, self.port = bench, Path(folder), free_port()
        lines = ["[event]", "name = Bench", "id = bench", "[programme]", "size = 1280x720", f"rate = {RATE}",
                 "[source picture]", "pipeline = y4m", f"location = {bench.picture('720p')}",
                 "[source sound]", "pipeline = file", f"location = {bench.sound()}", "video = no",
                 "[audio it]", "sources = sound", "[web]", f"listen = 127.0.0.1:{self.port}",
                 "[console]", f"listen = 127.0.0.1:{free_port()}"]
        for name, width, height, kbit in RENDITIONS:
            lines += [f"[rendition {name}]", f"size = {width}x{height}", f"bitrate = {kbit}k", "preset = veryfast"]
        self.conf = self.folder / "bench.conf"
        self.conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.log = self.folder / "regia.log"

    def running(self):
        environment = {**os.environ, "REGIA_PIPELINES": str(ROOT / "pipelines")}
        return running([self.bench.build / "src/regia", "run", "--state", self.folder / "state", self.conf], self.log,
                       env=environment)

    @contextlib.contextmanager
    def watched(self, *tracks):
        """Somebody looks at each of these all the while, and the first of it has come."""
        with contextlib.ExitStack() as stack:
            for track in tracks:
                path = self.folder / f"{track.replace('/', '-')}.tap"
                with open(path, "wb") as out:
                    tap = subprocess.Popen([self.bench.build / "src/regia", "tap", "--state", self.folder / "state", "--track", track], stdin=subprocess.DEVNULL, stdout=out)
                stack.callback(tap.wait)
                stack.callback(tap.kill)
                wait_for(f"the first of {track}", lambda: path.stat().st_size > 0, 20, tap)
            yield

    def command(self, *words):
        """A command of the command line, which has to be carried out."""
        done = subprocess.run([self.bench.build / "src/regia", words[0], "--state", self.folder / "state", *words[1:]], text=True, check=False,
                              capture_output=True)
        if done.returncode != 0:
            sys.exit(f"regia {' '.join(words)}: {done.stderr}")

    def get(self, path):
        """Body, or None when there is no such thing yet."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            return body if answer.status == 200 else None
        except OSError:
            return None
        finally:
            connection.close()

    def engine(self):
        """What the engine says of itself."""
        done = subprocess.run([self.bench.build / "src/regia", "status", "--json", "--state", self.folder / "state"], text=True, check=False,
                              capture_output=True)
        return json.loads(done.stdout).get("engine", {}) if done.returncode == 0 else {}

    def is_playable(self):
        """As a player goes about it: the multivariant playlist, its first variant, that one's newest segment."""
        text = (self.get("/live/index.m3u8") or b"").decode()
        variants = [line for line in text.splitlines() if line and not line.startswith("#")]
        if not variants:
            return False
        text = (self.get(f"/live/{variants[0]}") or b"").decode()
        segments = [line for line in text.splitlines() if line and not line.startswith("#")]
        return bool(segments) and bool(self.get(f"/live/{os.path.dirname(variants[0])}/{segments[-1]}"))


def ffmpeg_live(bench, folder):
    """The same event as one ffmpeg command: two renditions, AAC, HLS of fMP4, a fragmented recording."""
    argv = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "warning", "-stats_period", "0.5", "-progress", folder / "progress", "-re", "-stream_loop", "-1", "-i", bench.picture("720p"),
            "-re", "-stream_loop", "-1", "-i", bench.sound(),
            "-filter_complex", "[0:v]split=2[v0][b];[b]scale=640:360[v1]", "-map", "[v0]", "-map", "[v1]", "-map", "1:a",
            "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", "50", "-keyint_min", "50",
            "-sc_threshold", "0", "-bf", "0", "-threads:v", "1", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k"]
    for i, (_, _, _, kbit) in enumerate(RENDITIONS):
        argv += [f"-b:v:{i}", f"{kbit}k", f"-maxrate:v:{i}", f"{kbit}k", f"-bufsize:v:{i}", f"{kbit}k"]
    hls = "f=hls:hls_segment_type=fmp4:hls_time=2:hls_list_size=6:hls_flags=delete_segments"
    outputs = [f"[select=\\'v:{i},a:0\\':{hls}:hls_fmp4_init_filename={name}.mp4]{folder}/{name}.m3u8"
               for i, (name, *_) in enumerate(RENDITIONS)]
    outputs.append(f"[select=\\'v:0,a:0\\':f=mp4:movflags=frag_keyframe+empty_moov+default_base_moof]{folder}/recording.mp4")
    return [*argv, "-f", "tee", "|".join(outputs)]


def ffmpeg_pictures(folder):
    """How many pictures that command has encoded."""
    path = folder / "progress"
    counts = re.findall(r"^frame=(\d+)$", path.read_text(encoding="utf-8"), re.M) if path.exists() else []
    return int(counts[-1]) if counts else 0


# -- the run ------------------------------------------------------------------------------------------------------------


class Report:
    """Rows of one measurement, printed as they come."""

    def __init__(self, title):
        self.rows, self.figures = [], {}
        print(title)

    def row(self, what, value, unit="", note=""):
        self.rows.append({"what": what, "value": value, "unit": unit, "note": note})
        shown = f"{value:10.3f}" if isinstance(value, float) and abs(value) < 100 else f"{value:10,.0f}"
        print(f"  {what:<52}{shown} {unit:<14}{note}", flush=True)

    def target(self, what, value, limit, lowest=False):
        """A figure that has a bar: at most `limit`, or at least when `lowest`."""
        met = value >= limit if lowest else value <= limit
        sign = "≥" if lowest else "≤"
        self.figures[what] = {"value": round(value, 4), "target": f"{sign} {limit}", "met": met}
        print(f"  {what:<52}{value:10.3f} {'':<14}target {sign} {limit}: {'met' if met else 'MISSED'}", flush=True)

    def missed(self):
        return [f"{what}: {f['value']} ({f['target']})" for what, f in self.figures.items() if not f["met"]]

    def as_dict(self):
        return {"figures": self.figures, "rows": self.rows}


class Bench:
    def __init__(self, build_folder, seconds, minutes):
        self.build, self.seconds, self.minutes = build_folder, seconds, minutes
        self.clip_seconds = seconds + 12  # long enough for the beginning and the steady run without a loop
        self.material = build_folder / f"bench-material-{self.clip_seconds}"
        self.material.mkdir(exist_ok=True)

    def measure(self, part):
        report = Report(part.TITLE)
        with tempfile.TemporaryDirectory(prefix="regia-bench-", dir=self.build) as folder:
            part.measure(self, report, Path(folder))
        print()
        return report

    def make(self, name, *argv):
        """A file of the material, made by ffmpeg the first time."""
        path = self.material / name
        if not path.exists():
            part = path.with_name(f"part-{name}")
            subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, argv), str(part)], check=True)
            part.rename(path)
        return path

    def picture(self, rendition):
        """Raw pictures that move and have noise, as a camera's do: 1.4 MB each at 720p."""
        if rendition == "720p":
            return self.make("720p.y4m", "-f", "lavfi", "-i",
                             f"testsrc2=size=1280x720:rate={RATE}:duration={self.clip_seconds},noise=alls=10:allf=t",
                             "-pix_fmt", "yuv420p")
        return self.make("360p.y4m", "-i", self.picture("720p"), "-vf", "scale=640:360", "-pix_fmt", "yuv420p")

    def sound(self):
        return self.make("sound.wav", "-f", "lavfi", "-i",
                         f"anoisesrc=color=pink:amplitude=0.2:sample_rate=48000:duration={self.clip_seconds}", "-ac", "2")

    def tool(self, name):
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        if path is None:
            sys.exit(f"{name} is missing: pipelines/setup tests/packages.txt installs it")
        return path
