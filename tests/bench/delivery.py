# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests per CPU-second of the gateway against one nginx worker that serves the same bytes from memory."""

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

NGINX = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  types {{ application/vnd.apple.mpegurl m3u8; video/mp4 m4s; }}
  server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""


def worker_of(master):
    """The process that does the work: nginx's only child."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="utf-8").split()
    return int(children[0]) if children else None


def load(bench, pid, url):
    """(requests, CPU seconds of `pid`, bytes a second) under load."""
    before, _ = cpu_of_tree(pid)
    done = subprocess.run(["taskset", "-c", "1", bench.tool("wrk"), "-t1", "-c32", f"-d{SECONDS}s", url], capture_output=True,
                          text=True, check=True)
    after, _ = cpu_of_tree(pid)
    requests = int(re.search(r"(\d+) requests in", done.stdout)[1])
    if "Non-2xx" in done.stdout or requests == 0:
        raise SystemExit(f"{url} was not served:\n{done.stdout}")
    return requests, after - before


def measure(bench, report, folder):
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("http needs two cores: one for the server, one for the load")
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="regia-bench-", dir=memory) as shm:
        serve(bench, report, folder, Path(shm))


def serve(bench, report, folder, shm):
    pinned = ["taskset", "-c", "0"]
    gateway = subprocess.Popen([*pinned, bench.build / "tests/gateway/gateway-serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    port = free_port()
    conf = shm / "nginx.conf"
    conf.write_text(NGINX.format(folder=shm, port=port), encoding="utf-8")
    try:
        base, *paths = gateway.stdout.readline().split()
        for path in paths:
            target = shm / "www" / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            with urllib.request.urlopen(base + path) as answer:
                target.write_bytes(answer.read())
        shm.chmod(0o755)
        with running([*pinned, bench.tool("nginx"), "-e", shm / "error.log", "-c", conf, "-g", "user root;"], folder / "nginx.log") as nginx:
            wait_for("nginx' worker", lambda: worker_of(nginx.pid), 10, nginx)
            time.sleep(0.5)
            compare(bench, report, paths, shm, (("Regia", gateway.pid, base), ("nginx", worker_of(nginx.pid), f"http://127.0.0.1:{port}")))
    finally:
        gateway.stdin.close()
        gateway.wait(10)


def compare(bench, report, paths, shm, servers):
    for what, path in zip(("playlist", "segment"), paths):
        size = (shm / "www" / path.lstrip("/")).stat().st_size
        rates = {name: [] for name, _, _ in servers}
        for _ in range(ROUNDS):
            for name, pid, base in servers:
                requests, seconds = load(bench, pid, base + path)
                rates[name].append(requests / seconds)
        medians = {name: statistics.median(values) for name, values in rates.items()}
        for name, values in rates.items():
            report.row(f"{name}, {what} of {size:,} bytes", medians[name], "per CPU-s", f"{min(values):,.0f} … {max(values):,.0f}")
        ratio = medians["Regia"] / medians["nginx"]
        if what == "segment":
            report.target(f"Regia / nginx, {what}", ratio, 0.6, lowest=True)
        else:
            report.row(f"Regia / nginx, {what}", ratio)
