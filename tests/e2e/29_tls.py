#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Viewers come by https: page, curl and openssl with a certificate authority of their own; the certificate is replaced in mid-stream without
anybody noticing, a faulty one leaves it in use, and thousands who never finish their handshake keep no newcomer waiting. The console has it too,
where it is not on this machine alone."""

import contextlib
import http.client
import json
import resource
import select
import socket
import subprocess
import threading
import time

from harness import Authority, Browser, Regia, check, equal, free_port, main
from harness.service import Service

SILENT = HALF_DONE = 2000
NEWCOMER_S = 1.0
HERS = "una sera in riva al mare"
CLEAR = "passwords go over the network in the clear"


def run(t):
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    authority = Authority(t)
    first = authority.issue("first", days=60)
    files = {"certificate": t.dir / "chain.pem", "key": t.dir / "key.pem"}
    put(files, first)
    redirect = free_port()
    regia = Regia(t, name="tls", authority=authority,
                  groups={"web": {**files, "redirect_listen": f"127.0.0.1:{redirect}", "max_connections": SILENT + HALF_DONE + 500,
                                  "max_connections_per_address": SILENT + HALF_DONE + 500}})
    with t.case("regia check: what is said of the files, with line and remedy", needed=True):
        check_faults(t, regia, authority, files, first)
    regia.start()
    with t.case("on air, by https", needed=True):
        regia.wait_on_air()
        status = regia.wait_status("its address", lambda s: s["gateway"].get("address"))
        equal(status["gateway"]["address"], f"https://127.0.0.1:{regia.port}", "address")
        equal([w for w in status["warnings"] if "ertificate" in w], [], "warnings")
    browser = Browser(t, regia.base, authority.spki(first), authority.spki(authority.issue("second", days=60)))
    with t.case("the page plays", needed=True):
        browser.wait_playing()
    with t.case("openssl: 1.2 and 1.3 with forward secrecy, nothing older, http/1.1, no second handshake"):
        versions(t, regia, authority)
    with t.case("curl: the chain is whole, a recording's list, a range of a segment, keep-alive, a big body"):
        curl(t, regia, authority)
    with t.case("http: sent on to https; told so at the address of https"):
        sent_on(t, regia, authority, redirect)

    with t.case("replaced in mid-stream: those who are in go on, who comes now gets the new one"):
        replaced(t, regia, authority, files, browser)
    with t.case("a faulty one: the one before stays in use, and it is said"):
        faulty(t, regia, authority, files)
    with t.case("one that ends soon is taken, and it is said"):
        soon = authority.issue("soon", days=10)
        put(files, soon)
        t.wait("the new one", lambda: authority.serial(regia.port) == soon["serial"], 15)
        regia.wait_status("a warning", lambda s: any("expires on" in w and str(files["certificate"]) in w for w in s["warnings"]), 10)
        put(files, first)
        t.wait("the first one again", lambda: authority.serial(regia.port) == first["serial"], 15)

    with t.case(f"{SILENT} silent and {HALF_DONE} half-done handshakes: a newcomer is served within {NEWCOMER_S:.0f} s", needed=True):
        crowd(t, regia, authority)
    with t.case("gateway, then director killed: https again, and the page goes on"):
        for name in ("gateway", "director"):
            regia.wait_restarted(name, regia.kill(name), 15)
            regia.wait_on_air(30)
        browser.wait_playing()
    with t.case("director killed while the files are gone: on air and recording; viewers wait, and it is said"):
        for path in files.values():
            path.unlink()
        regia.wait_restarted("director", regia.kill("director"), 15)
        regia.wait_status("on air without a certificate", lambda s: s["state"] == "on-air" and s["recorder"].get("state") == "recording"
                          and any("no certificate" in w for w in s["warnings"]), 30)
        put(files, first)
        t.wait("https again", lambda: authority.serial(regia.port) == first["serial"], 20)
        browser.wait_playing()
    with t.case("the key is in the gateway and in no other child, in no log, status, command line"):
        secret(t, regia, first)
    with t.case("the page asked nobody else, and met no error"):
        seen = browser.probe()
        equal((seen["foreign"], seen["errors"], seen["loads"]), ([], [], 1), "other hosts, errors, loads")
        check("ended" not in seen["states"], f"it was said to be over while it was on: {seen['states']}")
    with t.case("it ends, and is downloaded by https whole and in part"):
        regia.command("stop", "--state", regia.state, timeout=60)
        item = regia.wait_session("finished")
        whole = regia.session_file().read_bytes()
        address = "/" + next(f["url"] for f in item["files"] if f["name"] == "programme.mp4")
        status, _, body = regia.request(address, timeout=30)
        equal((status, body == whole), (200, True), "whole")
        status, _, body = regia.request(address, headers={"Range": "bytes=1000-99999"}, timeout=30)
        equal((status, body == whole[1000:100000]), (206, True), "in part")
    console_by_https(t, authority)
    console_in_the_clear(t)


def put(files, pair):
    """As certbot's hooks do: one after the other, each whole."""
    for name, path in files.items():
        new = path.with_suffix(".new")
        new.write_bytes(pair[name].read_bytes())
        new.chmod(0o600)
        new.rename(path)


def check_faults(t, regia, authority, files, good):
    other = authority.issue("other", days=60)
    line = {name: next(n for n, text in enumerate(regia.event.read_text().splitlines(), 1) if text.startswith(f"{name} = ")) for name in files}

    def said(status):
        done = regia.command("check", "--file", regia.event)
        equal(done.returncode, status, f"status of regia check: {done.stderr}")
        check("PRIVATE" not in done.stderr + done.stdout, "a key is shown")
        return done.stderr, done.stdout

    for key, content, words in (("certificate", None, "cannot be read"), ("certificate", b"hello\n", "no certificate in PEM form"),
                                ("key", None, "cannot be read"), ("key", b"hello\n", "no private key in PEM form"),
                                ("key", other["key"].read_bytes(), "does not belong to the certificate")):
        put(files, good)
        files[key].unlink()
        if content is not None:
            files[key].write_bytes(content)
            files[key].chmod(0o600)
        stderr, _ = said(78)
        check(stderr.startswith(f"{regia.event}:{line[key]}: [web] {key}: {files[key]} ") and words in stderr, stderr)
        t.say(stderr.strip())
    for pair, words in ((authority.issue("over", days=-1), "expired on"), (authority.issue("ending", days=13), "; renew it")):
        put(files, pair)
        stderr, stdout = said(0)
        check(f"warning: {regia.event}:{line['certificate']}: [web] certificate: {files['certificate']} " in stderr and words in stderr, stderr)
        check(f"https://127.0.0.1:{regia.port}/" in stdout, stdout)
    put(files, good)
    stderr, _ = said(0)
    check("certificate" not in stderr, stderr)


def s_client(t, regia, authority, *options, says=b""):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{regia.port}", "-servername", "localhost", "-CAfile",
                           str(authority.certificate), "-verify_return_error", *options], input=says, capture_output=True, timeout=20,
                          check=False, env=t.env)
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def versions(t, regia, authority):
    for option, version, cipher in (("-tls1_2", "TLSv1.2", "ECDHE-ECDSA-AES"), ("-tls1_3", "TLSv1.3", "TLS_AES")):
        status, text = s_client(t, regia, authority, option, "-alpn", "h2,http/1.1")
        check(status == 0 and f"New, TLSv1.{option[-1]}, Cipher is {cipher}" in text.replace("New, SSLv3", "New, TLSv1.2"), text[-1500:])
        check("Verify return code: 0 (ok)" in text and "ALPN protocol: http/1.1" in text and "Compression: NONE" in text, text[-1500:])
        check(version in text, text[-1500:])
    for option in ("-tls1", "-tls1_1"):
        status, text = s_client(t, regia, authority, option, "-cipher", "ALL:@SECLEVEL=0")
        check(status != 0 and ("alert protocol version" in text), f"{option}: {text[-800:]}")
    status, text = s_client(t, regia, authority, "-alpn", "h2")
    check(status != 0 and "alert no application protocol" in text, text[-800:])
    status, text = s_client(t, regia, authority, "-tls1_2", "-cipher", "AES128-GCM-SHA256:AES256-SHA:ECDHE-ECDSA-AES128-SHA")
    check(status != 0 and "handshake failure" in text, text[-800:])
    _, text = s_client(t, regia, authority, "-tls1_2", says=b"R\n")
    check("no renegotiation" in text, text[-800:])
    # Sessions are resumed, by both.
    for option in ("-tls1_2", "-tls1_3"):
        kept = t.dir / "session"
        request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        _, text = s_client(t, regia, authority, option, "-sess_out", str(kept), "-ign_eof", says=request)
        check("HTTP/1.1 200" in text, text[-800:])
        _, text = s_client(t, regia, authority, option, "-sess_in", str(kept), "-ign_eof", says=request)
        check("Reused, TLS" in text and "HTTP/1.1 200" in text, text[:1500])


def curl(t, regia, authority):
    def ask(*options):
        done = subprocess.run(["curl", "-sS", "--cacert", str(authority.certificate), *options], capture_output=True, timeout=30, check=False,
                              env=t.env)
        check(done.returncode == 0, f"curl {options}: {done.stderr.decode()}")
        return done.stdout

    media = regia.base + regia.media()
    segment = regia.base + [address for _, address in regia.playlist()[0] if address][-1]
    written = ask("-o", "/dev/null", "-w", "%{http_version} %{ssl_verify_result} %{http_code} %{num_connects}\n", media,
                  "-o", "/dev/null", segment, "-o", "/dev/null", f"{regia.base}/api/v1/recordings").decode().split("\n")
    equal([line for line in written if line], ["1.1 0 200 1", "1.1 0 200 0", "1.1 0 200 0"], "version, verified, status, connections")
    whole = ask(segment)
    check(len(whole) > 20000, f"a segment of {len(whole)} bytes")
    equal(ask("--limit-rate", "200k", segment) == whole, True, "the same, slowly")
    check(b"#EXTM3U" in ask("--tlsv1.2", "--tls-max", "1.2", media), "playlist under 1.2")


def sent_on(t, regia, authority, redirect):
    done = subprocess.run(["curl", "-sS", "-L", "--cacert", str(authority.certificate), "-w", "\n%{num_redirects} %{url_effective} %{http_code}",
                           f"http://127.0.0.1:{redirect}/live/index.m3u8?a=b"], capture_output=True, text=True, timeout=20, check=False, env=t.env)
    check("#EXTM3U" in done.stdout and done.stdout.endswith(f"\n1 {regia.base}/live/index.m3u8?a=b 200"), done.stdout + done.stderr)
    plain = http.client.HTTPConnection("127.0.0.1", redirect, timeout=5)
    plain.request("GET", "/", headers={"Host": "evil.example"})
    equal(plain.getresponse().status, 421, "status for a strange host")
    plain.close()
    plain = http.client.HTTPConnection("127.0.0.1", regia.port, timeout=5)
    plain.request("GET", "/")
    answer = plain.getresponse()
    text = answer.read().decode()
    check(answer.status == 400 and "https://" in text, f"{answer.status} {text}")
    plain.close()


class Watcher(threading.Thread):
    """One connection, kept, that asks for the playlist and each new segment until it is told to stop; a failure is an end."""

    def __init__(self, regia, authority):
        super().__init__(daemon=True)
        self.regia, self.stop, self.error = regia, threading.Event(), None
        self.requests = self.segments = 0
        self.connection = http.client.HTTPSConnection("127.0.0.1", regia.port, timeout=10, context=authority.context())
        self.connection.connect()
        self.socket = self.connection.sock
        self.media = regia.media()
        self.start()

    def get(self, path):
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read()
        check(answer.status == 200 and self.connection.sock is self.socket, f"{path}: {answer.status}, or another connection")
        self.requests += 1
        return body

    def run(self):
        seen = set()
        try:
            while not self.stop.is_set():
                lines = self.get(self.media).decode().splitlines()
                for name in lines:
                    if name and not name.startswith("#") and name not in seen:
                        seen.add(name)
                        self.segments += len(self.get(self.media.rsplit("/", 1)[0] + "/" + name)) > 1000
                self.stop.wait(0.2)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def end(self):
        self.stop.set()
        self.join(15)
        self.connection.close()
        check(self.error is None, f"a viewer was cut off after {self.requests} requests: {self.error!r}")


def replaced(t, regia, authority, files, browser):
    watcher = Watcher(regia, authority)
    before = authority.serial(regia.port)
    frame = browser.wait_playing()
    second = authority.issue("second", days=60)
    began = time.monotonic()
    put(files, second)
    t.wait("the second certificate", lambda: authority.serial(regia.port) == second["serial"], 15)
    t.figure(f"a renewed certificate was in use after {time.monotonic() - began:.1f} s")
    check(before != second["serial"], "it was in use before")
    asked = watcher.segments
    t.wait("segments by the old connection", lambda: watcher.error or watcher.segments >= asked + 2, 20)
    watcher.end()
    seen = browser.wait("a picture made after that", lambda p: p["frame"] is not None and p["wall"] > frame["now"] + 3000, 30)
    equal(seen["loads"], 1, "times the page was loaded")
    equal([p["restarts"] for p in regia.status()["processes"] if p["name"] == "gateway"], [0], "restarts of the gateway")


def faulty(t, regia, authority, files):
    serial = authority.serial(regia.port)
    watcher = Watcher(regia, authority)
    other, over = authority.issue("other", days=60), authority.issue("over", days=-1)
    for name, content, words in (("key", other["key"].read_bytes(), "does not belong"), ("certificate", b"hello\n", "no certificate in PEM"),
                                 ("certificate", over, "expired on")):
        if isinstance(content, dict):
            put(files, content)
        else:
            files[name].write_bytes(content)
        status = regia.wait_status(words, lambda s, w=words: any("The certificate before stays in use: " in x and w in x for x in s["warnings"]), 15)
        t.say(next(w for w in status["warnings"] if words in w))
        equal(authority.serial(regia.port), serial, "certificate in use")
    watcher.end()


class Crowd(threading.Thread):
    """So many connections that say nothing, and so many that begin a handshake and leave it there. Who is shut comes again at once."""

    def __init__(self, regia, hello):
        super().__init__(daemon=True)
        self.regia, self.hello, self.stop, self.error = regia, hello, threading.Event(), None
        self.full = threading.Event()
        self.poll, self.ones = select.epoll(), {}
        self.made = 0
        self.start()

    def come(self):
        one = socket.socket()
        one.connect(("127.0.0.1", self.regia.port))
        if self.made % 2:
            one.sendall(self.hello)
        one.setblocking(False)
        self.ones[one.fileno()] = one
        self.poll.register(one, select.EPOLLIN | select.EPOLLRDHUP)
        self.made += 1

    def run(self):
        try:
            while not self.stop.is_set():
                while len(self.ones) < SILENT + HALF_DONE and not self.stop.is_set():
                    for _ in range(50):
                        self.come()
                    self.look(0)
                self.full.set()
                self.look(0.05)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error
            self.full.set()

    def look(self, timeout):
        for number, _ in self.poll.poll(timeout):
            one = self.ones[number]
            with contextlib.suppress(BlockingIOError):
                try:
                    while one.recv(65536):  # half a handshake
                        pass
                except ConnectionError:
                    pass
                self.poll.unregister(one)
                del self.ones[number]
                one.close()

    def end(self):
        self.stop.set()
        self.join(10)
        for one in self.ones.values():
            one.close()
        check(self.error is None, f"the crowd was not there: {self.error!r}")


def crowd(t, regia, authority):
    refused = regia.status()["gateway"]["refused"]
    began = time.monotonic()
    people = Crowd(regia, authority.hello())
    check(people.full.wait(60), f"{people.made} connections made in a minute")
    full = time.monotonic()
    times, crowded = [], 0
    # Longer than their deadline, so that they are shut and come again meanwhile; and often enough while they are all there.
    while (time.monotonic() - full < 8 or crowded < 20) and time.monotonic() - full < 60 and people.error is None:
        before = len(people.ones)
        start = time.monotonic()
        status, _, body = regia.request("/live/index.m3u8")
        times.append(time.monotonic() - start)
        crowded += min(before, len(people.ones)) > 0.9 * (SILENT + HALF_DONE)
        check(status == 200 and body.startswith(b"#EXTM3U"), f"{status} {body[:80]}")
        people.stop.wait(0.1)
    people.end()
    times.sort()
    t.figure(f"{SILENT} silent and {HALF_DONE} half-done handshakes (all there after {full - began:.1f} s, {people.made} came in all): "
             f"{len(times)} newcomers, {crowded} of them with more than nine tenths there, half of them served in "
             f"{times[len(times) // 2] * 1000:.0f} ms, the slowest in {times[-1] * 1000:.0f} ms")
    check(crowded >= 20, f"they were all there for {crowded} newcomers only")
    if not any(name.endswith("SAN_OPTIONS") for name in t.env):
        check(times[-1] < NEWCOMER_S, f"a newcomer waited for {times[-1]:.2f} s")
    status = regia.wait_status("nobody of them counted", lambda s: s["gateway"]["connections"] < 50, 10)
    check(status["gateway"]["refused"] - refused >= SILENT + HALF_DONE, f"refused {status['gateway']['refused']}, {refused} before")


def secret(t, regia, pair, holders=("gateway",)):
    line = pair["key"].read_text().splitlines()[1]
    held = {p["name"]: holds(p["pid"], line.encode()) for p in regia.status()["processes"] if p["pid"] and p["name"] != "director"}
    t.say(str(held))
    equal(sorted(name for name, has in held.items() if has), list(holders), "who holds it")
    logs = "".join(path.read_text(errors="replace") for path in t.out.glob("*.log"))
    shown = "".join(open(f"/proc/{pid}/{name}", errors="replace").read() for pid in regia.pids() for name in ("cmdline", "environ"))
    kept = "".join(path.read_text(errors="replace") for path in regia.state.rglob("*")
                   if path.is_file() and path.suffix in (".json", ".jsonl", ".conf"))
    for where, text in (("logs", logs), ("command lines", shown), ("status", regia.get("/api/v1/status").decode()), ("state folder", kept)):
        check(line not in text, f"{where} show it")


def far_console(t, name, web, authority=None):
    """A hall whose console can be reached from other machines, in standby."""
    regia = Service(t, name)
    text = regia.hall.read_text(encoding="utf-8").replace(f"[console]\nlisten = 127.0.0.1:{regia.console_port}", f"[console]\nlisten = 0.0.0.0:{regia.console_port}")
    regia.hall.write_text(text.replace("[web]\n", "[web]\n" + "".join(f"{key} = {value}\n" for key, value in web.items())), encoding="utf-8")
    scheme = "https" if authority else "http"
    regia.authority, regia.base, regia.console = authority, f"{scheme}://127.0.0.1:{regia.port}", f"{scheme}://127.0.0.1:{regia.console_port}"
    regia.command("passwd", "--state", regia.state, "anna", "--role", "technician", input=HERS + "\n")
    checked = regia.command("check", "--file", "--hall", regia.hall)
    equal(checked.returncode, 0, f"regia check: {checked.stderr}")
    check(f"Console      {scheme}://0.0.0.0:{regia.console_port}/" in checked.stdout, checked.stdout)
    regia.start()
    return regia, checked.stderr


def ask_console(t, regia, path, *options):
    """(head, body), by curl, which trusts the authority alone."""
    trust = ["--cacert", str(regia.authority.certificate)] if regia.authority else []
    address = path if "://" in path else regia.console + path
    done = subprocess.run(["curl", "-sS", "-i", "-m", "20", *trust, *options, address], capture_output=True, text=True, timeout=30, check=False, env=t.env)
    if done.returncode != 0:
        raise OSError(f"curl {path}: {done.returncode} {done.stderr}")
    head, _, body = done.stdout.partition("\n\n")
    return head, body


def log_in(t, regia):
    said = json.dumps({"name": "anna", "password": HERS})
    head, body = ask_console(t, regia, "/api/v1/login", "-H", "Content-Type: application/json", "-d", said)
    check(" 200 " in head.splitlines()[0], f"{head} {body}")
    return head, json.loads(body)["token"]


def console_by_https(t, authority):
    files = {"certificate": t.dir / "far.pem", "key": t.dir / "far.key"}
    first, second, ending = authority.issue("far", days=60), authority.issue("later", days=60), authority.issue("at-last", days=10)
    put(files, first)
    with t.case("a console that is not on loopback alone, with a certificate: https, and no warning", needed=True):
        regia, said = far_console(t, "far", files, authority)
        check(CLEAR not in said, said)
        t.wait("the console", lambda: ask_console(t, regia, "/healthz"), 30)
        status = regia.wait_status("its address", lambda s: s["gateway"].get("address"))
        equal([w for w in status["warnings"] if CLEAR in w], [], "warnings")
    with t.case("login by https: the cookie is Secure; http is told so, and gets nothing"):
        head, token = log_in(t, regia)
        check("; HttpOnly; SameSite=Strict; Secure\n" in head + "\n", head)
        known = ["-H", f"Authorization: Bearer {token}"]
        _, body = ask_console(t, regia, "/api/v1/status", *known)
        equal(json.loads(body)["state"], "standby", "state")
        plain = http.client.HTTPConnection("127.0.0.1", regia.console_port, timeout=5)
        plain.request("GET", "/")
        answer = plain.getresponse()
        text = answer.read().decode()
        check(answer.status == 400 and "https://" in text, f"{answer.status} {text}")
        plain.close()
    with t.case("the link of `regia console` is https and lets in, once"):
        link = regia.command("console", "--state", regia.state, "--print").stdout.strip()
        check(link.startswith(regia.console + "/?once="), link)
        jar = str(t.dir / "jar")
        head, body = ask_console(t, regia, link, "-c", jar, "-b", jar, "-L")
        check(" 303 " in head.splitlines()[0] and "; Secure" in head and "<html" in body, f"{head} {body[:200]}")
        _, body = ask_console(t, regia, "/api/v1/session", "-b", jar)
        check('"technician"' in body, body)
        head, _ = ask_console(t, regia, link)
        check(" 403 " in head.splitlines()[0], head)
    with t.case("renewed while somebody follows the events: he goes on, who comes now gets the new one"):
        told = t.dir / "heard"
        t.spawn("heard", ["curl", "-s", "-N", "-m", "60", "--cacert", authority.certificate, "-o", told, *known, f"{regia.console}/api/v1/events"])
        t.wait("how it is", lambda: "event: status" in told.read_text(encoding="utf-8"))
        equal(authority.serial(regia.console_port), first["serial"], "in use before")
        put(files, second)
        for port in (regia.console_port, regia.port):
            t.wait("the second certificate", lambda p=port: authority.serial(p) == second["serial"], 15)
        equal([p["restarts"] for p in regia.status()["processes"] if p["name"] == "console"], [0], "restarts of the console")
        put(files, ending)
        t.wait("news of the next one, by the old connection", lambda: f"{files['certificate']} expires on" in told.read_text(encoding="utf-8"), 20)
        t.wait("that one", lambda: authority.serial(regia.console_port) == ending["serial"], 15)
    with t.case("its key is in gateway and console and in no other child, in no log, status, command line"):
        secret(t, regia, ending, ["console", "gateway"])
    with t.case("killed, it is back by https"):
        regia.wait_restarted("console", regia.kill("console"), 15)
        t.wait("the console", lambda: log_in(t, regia), 20)
    regia.stop()


def console_in_the_clear(t):
    with t.case("without a certificate it works, and check, start and status say what that means", needed=True):
        regia, said = far_console(t, "clear", {})
        check(f"[console] listen: the console can be reached from other machines and there is no certificate: {CLEAR}" in said, said)
        status = regia.wait_status("a warning", lambda s: any(CLEAR in w and "add certificate =" in w for w in s["warnings"]))
        t.say(next(w for w in status["warnings"] if CLEAR in w))
        check(CLEAR in regia.log.read_text(errors="replace"), "the start does not say it")
        t.wait("viewers' side", lambda: regia.get("/api/v1/status"))
        check(CLEAR not in regia.get("/api/v1/status").decode(), "it is told to everybody")
        t.wait("the console", lambda: ask_console(t, regia, "/healthz"))
        head, _ = log_in(t, regia)
        check("Set-Cookie: " in head and "Secure" not in head, head)
        link = regia.command("console", "--state", regia.state, "--print").stdout.strip()
        check(link.startswith(regia.console + "/?once="), link)
    regia.stop()


def holds(pid, needle):
    """Whether the process has it anywhere in what it may read and write."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            begin, end = (int(part, 16) for part in span.split("-"))
            if not rights.startswith("rw") or end - begin > 1 << 30:
                continue
            with contextlib.suppress(OSError, OverflowError, ValueError):
                memory.seek(begin)
                if needle in memory.read(end - begin):
                    return True
    return False


main(run)
