# SPDX-License-Identifier: GPL-3.0-or-later
"""Caches in front of a Regia, as their packages come: nobody has told them anything of it but its address."""

import contextlib
import http.client

from .peers import free_port
from .scenario import check


class Cache:
    """What both are asked."""

    name, port = "", 0

    def __init__(self, t, name):
        self.t, self.name, self.port = t, name, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.folder = t.dir / name
        self.folder.mkdir()

    def request(self, path, timeout=10):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{path}: {type(error).__name__} {error}") from error
        finally:
            connection.close()

    def wait_answer(self):
        self.t.wait(f"{self.name} answers", lambda: self.request("/healthz"))


VCL = """vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{port}"; }}
"""


class Varnish(Cache):
    """With the VCL that is built into it, grace and all. Its log says of each request what became of it."""

    def __init__(self, t, origin_port):
        super().__init__(t, "varnish")
        vcl = self.folder / "default.vcl"
        vcl.write_text(VCL.format(port=origin_port), encoding="utf-8")
        run = self.folder / "run"
        self.log = self.folder / "requests"
        t.spawn("varnish", ["varnishd", "-F", "-j", "none", "-n", run, "-a", f"127.0.0.1:{self.port}", "-f", vcl, "-s", "malloc,64m", "-T", "none"])
        self.wait_answer()
        self.logger = t.spawn("varnishncsa", ["varnishncsa", "-n", run, "-w", self.log, "-F", "%{Varnish:handling}x %s %U"])
        t.wait("varnish's log", lambda: self.request("/healthz") and self.log.exists() and self.log.stat().st_size)

    @staticmethod
    def is_hit(headers):
        return len(headers.get("x-varnish", "").split()) == 2

    def handled(self):
        """[(hit, miss, pass …, status, path)] of each request so far."""
        with contextlib.suppress(ProcessLookupError):
            self.logger.terminate()
        self.logger.wait(10)
        lines = [line.split(" ", 2) for line in self.log.read_text(encoding="utf-8").splitlines()]
        check(lines, "varnish has logged nothing")
        return [(how, int(status), path) for how, status, path in lines]


NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
user root;
events {{ worker_connections 256; }}
http {{
  access_log off;
  proxy_cache_path {folder}/cache keys_zone=live:1m;
  proxy_temp_path {folder}/proxy;
  client_body_temp_path {folder}/body;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{origin};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_cache live;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


class NginxCache(Cache):
    """nginx with proxy_cache, which keeps what it may keep for as long as it is told."""

    def __init__(self, t, origin_port):
        super().__init__(t, "nginx-cache")
        conf = self.folder / "nginx.conf"
        conf.write_text(NGINX.format(folder=self.folder, port=self.port, origin=origin_port), encoding="utf-8")
        t.spawn("nginx-cache", ["nginx", "-p", self.folder, "-c", conf, "-e", "stderr"])
        self.wait_answer()

    @staticmethod
    def is_hit(headers):
        return headers.get("x-cache") == "HIT"
