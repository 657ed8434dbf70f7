# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests per CPU-second of the gateway against one nginx worker that serves the same bytes: playlists and segments from memory, a
recording by sendfile from a disk's cache; the same by TLS 1.3."""

import contextlib
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from common import cpu_of_tree, free_port, running, wait_for

TITLE = "http: requests per CPU-second of the server, on core 0; wrk with 32 connections on core 1; median of 3 rounds"
ROUNDS = 3
SECONDS = 5
CLIENTS = 200
RECORDING = "2022-09-29-bench"
RECORDING_BYTES = 64 << 20
PINNED = ["taskset", "-c", "0"]
TARGETS = {"playlist": 1.2, "segment": 0.85, "download": 0.9}

NGINX = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  open_file_cache max=100; open_file_cache_valid 60s;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  types {{ application/vnd.apple.mpegurl m3u8; video/mp4 m4s; }}
  server {{
    listen 127.0.0.1:{port}; listen 127.0.0.1:{tls_port} ssl; ssl_certificate {folder}/pair.pem; ssl_certificate_key {folder}/pair.key;
    root {folder}/www; location /recordings/ {{ root {disk}; }}
  }}
}}
"""


def worker_of(master):
    """The process that does the work: nginx's only child."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="utf-8").split()
    return int(children[0]) if children else None


def recording(folder):
    """A recordings folder with one finished session in it."""
    session = folder / "recordings" / RECORDING
    session.mkdir(parents=True)
    (session / "programme.mp4").write_bytes(os.urandom(1 << 20) * (RECORDING_BYTES >> 20))
    file = {"name": "programme.mp4", "content-type": "video/mp4", "sha256": "", "size-bytes": RECORDING_BYTES, "duration-ms": 60000,
            "tracks": []}
    (session / "session.json").write_text(json.dumps({
        "version": 1, "id": RECORDING, "title": "Bench", "place": "", "state": "finished", "message": "", "epoch-ms": 1664436600000,
        "started-ms": 1664436600000, "duration-ms": 60000, "files": [file]}), encoding="utf-8")
    return session.parent


def latency(bench, url):
    """(median, 99th percentile) in ms of many clients that keep their connections."""
    done = subprocess.run(["taskset", "-c", "1", bench.tool("wrk"), "-t1", f"-c{CLIENTS}", f"-d{SECONDS}s", "--latency", url],
                          capture_output=True, text=True, check=True)
    unit = {"us": 0.001, "ms": 1, "s": 1000}
    found = {name: float(value) * unit[of] for name, value, of in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", done.stdout)}
    return found["50"], found["99"]


def load(bench, pid, url):
    """(requests, MiB of answers, CPU seconds of `pid`) under load."""
    before, _ = cpu_of_tree(pid)
    done = subprocess.run(["taskset", "-c", "1", bench.tool("wrk"), "-t1", "-c32", f"-d{SECONDS}s", url], capture_output=True,
                          text=True, check=True)
    after, _ = cpu_of_tree(pid)
    requests, _, read, unit = re.search(r"(\d+) requests in ([\d.]+\w+), ([\d.]+)(\w+) read", done.stdout).groups()
    if "Non-2xx" in done.stdout or float(read) == 0:
        raise SystemExit(f"{url} was not served:\n{done.stdout}")
    megabytes = float(read) * {"KB": 2**-10, "MB": 1, "GB": 2**10}[unit]
    return int(requests), megabytes, after - before


def measure(bench, report, folder):
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("http needs two cores: one for the server, one for the load")
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="regia-bench-", dir=memory) as shm:
        serve(bench, report, folder, Path(shm))


def certify(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
                    "-days", "2", "-keyout", folder / "pair.key", "-out", folder / "pair.pem"], check=True, capture_output=True)


@contextlib.contextmanager
def gateway(bench, recordings, *arguments):
    """(process, its address, paths of a playlist, a segment and a recording)"""
    process = subprocess.Popen([*PINNED, bench.build / "tests/gateway/gateway-serve", "--recordings", recordings, *arguments],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        base, *paths = process.stdout.readline().split()
        yield process, base, [*paths, f"/recordings/{RECORDING}/programme.mp4"]
    finally:
        process.stdin.close()
        process.wait(10)


def serve(bench, report, folder, shm):
    recordings = recording(folder)
    ports = free_port(), free_port()
    conf = shm / "nginx.conf"
    conf.write_text(NGINX.format(folder=shm, port=ports[0], tls_port=ports[1], disk=folder), encoding="utf-8")
    certify(shm)
    shm.chmod(0o755)
    with contextlib.ExitStack() as all_of:
        plain, base, paths = all_of.enter_context(gateway(bench, recordings))
        tls, tls_base, _ = all_of.enter_context(gateway(bench, recordings, "--certificate", shm / "pair.pem", "--key", shm / "pair.key"))
        for path in paths[:2]:
            target = shm / "www" / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            with urllib.request.urlopen(base + path) as answer:
                target.write_bytes(answer.read())
        nginx = all_of.enter_context(running([*PINNED, bench.tool("nginx"), "-e", shm / "error.log", "-c", conf, "-g", "user root;"],
                                             folder / "nginx.log"))
        wait_for("nginx' worker", lambda: worker_of(nginx.pid), 10, nginx)
        worker = worker_of(nginx.pid)
        compare(bench, report, "", paths, shm, (("Regia", plain.pid, base), ("nginx", worker, f"http://127.0.0.1:{ports[0]}")))
        compare(bench, report, "TLS, ", paths, shm, (("Regia", tls.pid, tls_base), ("nginx", worker, f"https://127.0.0.1:{ports[1]}")))


def compare(bench, report, how, paths, shm, servers):
    for what, path in zip(TARGETS, paths):
        size = RECORDING_BYTES if what == "download" else (shm / "www" / path.lstrip("/")).stat().st_size
        rates = {name: [] for name, _, _ in servers}
        for _ in range(ROUNDS):
            for name, pid, base in servers:
                requests, megabytes, seconds = load(bench, pid, base + path)
                rates[name].append((megabytes if what == "download" else requests) / seconds)
        medians = {name: statistics.median(values) for name, values in rates.items()}
        for name, values in rates.items():
            report.row(f"{name}, {how}{what} of {size:,} bytes", medians[name], "MiB per CPU-s" if what == "download" else "per CPU-s", f"{min(values):,.0f} … {max(values):,.0f}")
        ratio = medians["Regia"] / medians["nginx"]
        if how:
            report.row(f"Regia / nginx, {how}{what}", ratio, "")
        else:
            report.target(f"Regia / nginx, {what}", ratio, TARGETS[what], lowest=True)
    for name, _, base in servers:
        median, slow = latency(bench, base + paths[0])
        report.row(f"{name}, {how}playlist, {CLIENTS} clients that keep their connections", median, "ms", f"99 %: {slow:.2f} ms")
