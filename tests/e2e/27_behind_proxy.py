#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""Behind the institution's web server, below a path of its own: the page plays, links lead on, and each viewer is somebody. And behind nginx
with TLS and HTTP/2, as config/regia.nginx has it: for viewers and for the console, with trusted_proxies and without."""

import json
import os
import socket
import subprocess
import urllib.error
import urllib.request

from harness import Authority, Browser, Proxy, Regia, Site, check, equal, main

SHARE = 6
HERS = "una sera in riva al mare"
ONE = {"360p": {"size": "640x360", "bitrate": "800k", "preset": "ultrafast"}}


def ask(url, viewer):
    request = urllib.request.Request(url, headers={"X-Forwarded-For": viewer})
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()
        return answer.status


def hold(t, proxy, path, viewer):
    """A viewer who asks for something large and reads nothing of it: the status line, once it is there."""
    connection = socket.create_connection(("127.0.0.1", proxy.port), 10)
    t.defer(connection.close)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: {viewer}\r\n\r\n".encode())
    return connection.recv(12).decode()


def run(t):
    regia = Regia(t, name="hall", groups={"web": {"trusted_proxies": "127.0.0.1", "max_connections_per_address": SHARE}}).start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
    proxy = Proxy(t, regia.base, "/live-hall")
    browser = Browser(t, f"{proxy.base}/?utm_source=news%20letter&utm_campaign=a+b:c,(d)")
    with t.case("the page plays with picture and sound, from a link with campaign parameters", needed=True):
        seen = browser.wait_playing()
        if seen["muted"]:
            browser.ask("click #big")
        browser.wait("sound", lambda p: (p["level"] or 0) > 0.001 and p["soundBytes"] > 0)
    with t.case("its links lead to the other page and back"):
        browser.ask("click a[data-page=recordings]")
        browser.wait("the recordings", lambda p: p["state"] in ("full", "empty"))
        browser.ask('click a[data-page="./"]')
        browser.wait("the live page", lambda p: p["state"] == "live", 40)
    with t.case("no fault on the page, nobody else asked"):
        seen = browser.probe()
        equal((seen["foreign"], seen["errors"]), ([], []), "other hosts, errors")
    with t.case("a page of what is not there leads back"):
        text = ""
        try:
            urllib.request.urlopen(f"{proxy.base}/recordings/none/none.mp4", timeout=10)
        except urllib.error.HTTPError as error:
            text = error.read().decode()
        check('href="./../../"' in text and 'href="./../../recordings"' in text, text)

    with t.case("many viewers through one proxy are many, and none has another's share"):
        segment = [address for _, address in regia.playlist()[0] if address][-1]
        for number in range(12):
            equal(ask(proxy.base + segment, f"192.0.2.{number}"), 200, "status")
        regia.wait_status("12 and the browser", lambda s: s["gateway"].get("viewers", 0) >= 13, 10)

    regia.command("stop", "--state", regia.state, timeout=60)
    with t.case("8 downloads at once, of different viewers, at a share of 6: all are served"):
        path = "/live-hall" + download(regia)
        swell(regia)
        for number in range(8):
            equal(hold(t, proxy, path, f"192.0.2.{number}"), "HTTP/1.1 200", "status")
    regia.stop()

    authority = Authority(t)
    by_https(t, authority)
    not_trusted(t, authority)


# -- with TLS and HTTP/2 --------------------------------------------------------------------------------------------------------------


def start(t, name, authority, **web):
    regia = Regia(t, name=name, renditions=ONE, groups={"web": {"hosts": "console.localhost", "max_connections_per_address": SHARE, **web}})
    regia.command("passwd", "--state", regia.state, "anna", "--role", "technician", input=HERS + "\n")
    regia.start()
    return regia, Site(t, regia.port, regia.console_port, authority.issue("site", days=60), f"{name}-site")


def curl(t, authority, address, *options, form="%{http_version} %{http_code}"):
    """(what -w FORM says, body, fields of the answer), by curl, which asks for HTTP/2 and trusts the authority alone."""
    head = t.dir / "head"
    done = subprocess.run(["curl", "-sS", "--http2", "-m", "30", "--cacert", str(authority.certificate), "--resolve",
                           f"console.localhost:{address.split(':')[2].split('/')[0]}:127.0.0.1", "-D", str(head), "-w", "\n" + form, *options, address],
                          capture_output=True, timeout=40, check=False, env=t.env)
    if done.returncode != 0:
        raise OSError(f"curl {address}: {done.returncode} {done.stderr.decode()}")
    body, _, said = done.stdout.rpartition(b"\n")
    return said.decode(), body, head.read_text(encoding="latin-1").lower()


def log_in(t, authority, address, *options):
    said = json.dumps({"name": "anna", "password": HERS})
    return curl(t, authority, f"{address}/api/v1/login", "-H", "Content-Type: application/json", "-d", said, *options)


def hold_by_tls(t, authority, site, path, viewer):
    """As hold(), by https; a narrow window, so that it is not all taken in by kernels in between."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(10)
    plain.connect(("127.0.0.1", site.port))
    connection = authority.context().wrap_socket(plain, server_hostname="localhost")
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{site.port}\r\nX-Forwarded-For: {viewer}\r\n\r\n".encode())
    return connection, connection.recv(12).decode()


def by_https(t, authority):
    regia, site = start(t, "h2", authority, trusted_proxies="127.0.0.1")
    with t.case("behind nginx with TLS and HTTP/2: on air", needed=True):
        regia.wait_on_air()
    with t.case("curl --http2: playlists and a segment, as Regia has them"):
        for path in ("/live/index.m3u8", regia.media()):
            said, body, _ = curl(t, authority, site.base + path)
            check(said == "2 200" and b"#EXTM3U" in body, f"{path}: {said} {body[:80]}")
        segment = [address for _, address in regia.playlist()[0] if address][-1]
        said, body, _ = curl(t, authority, site.base + segment)
        equal((said, body == regia.get(segment), len(body) > 20000), ("2 200", True, True), "segment")
    with t.case("the page plays in Chromium, all of it over h2", needed=True):
        browser = Browser(t, f"{site.base}/", authority.spki(authority.issue("site", days=60)))
        browser.wait_playing()
        seen = browser.probe()
        equal((seen["protocols"], seen["foreign"], seen["errors"]), (["h2"], [], []), "protocols, other hosts, errors")
    with t.case("many viewers through it are many"):
        for number in range(12):
            equal(curl(t, authority, site.base + segment_now(regia), "-H", f"X-Forwarded-For: 192.0.2.{number}")[0], "2 200", "answer")
        regia.wait_status("12 and the browser", lambda s: s["gateway"].get("viewers", 0) >= 13, 10)
    browser.end()
    console(t, regia, site, authority)
    regia.command("stop", "--state", regia.state, timeout=60)
    with t.case("a download over h2, whole and from the middle on"):
        path = download(regia)
        whole = regia.session_file().read_bytes()
        said, body, head = curl(t, authority, site.base + path)
        equal((said, body == whole, "accept-ranges: bytes" in head), ("2 200", True, True), "whole")
        said, body, head = curl(t, authority, site.base + path, "-r", "1000-99999")
        equal((said, body == whole[1000:100000], f"content-range: bytes 1000-99999/{len(whole)}" in head), ("2 206", True, True), "in part")
    with t.case(f"one viewer has a share of {SHARE}, and takes nobody else's"):
        swell(regia)
        held = [hold_by_tls(t, authority, site, path, "192.0.2.1") for _ in range(SHARE)]
        equal({status for _, status in held}, {"HTTP/1.1 200"}, "the first")
        equal(curl(t, authority, site.base + path, "-r", "0-9", "-H", "X-Forwarded-For: 192.0.2.1")[0], "2 503", "one more")
        equal(curl(t, authority, site.base + path, "-r", "0-9", "-H", "X-Forwarded-For: 192.0.2.2")[0], "2 206", "somebody else")
        for connection, _ in held:
            connection.close()
        t.wait("served again", lambda: curl(t, authority, site.base + path, "-r", "0-9", "-H", "X-Forwarded-For: 192.0.2.1")[0] == "2 206")
    regia.stop()


def segment_now(regia):
    return [address for _, address in regia.playlist()[0] if address][-1]


def download(regia):
    item = regia.wait_session("finished")
    return f"/recordings/{item['id']}/programme.mp4"


def swell(regia):
    """Makes the recording larger than what kernels take in for one who reads nothing, which is some MB on the way from Regia to nginx alone."""
    path = regia.session_file()
    os.truncate(path, path.stat().st_size + (32 << 20))


def console(t, regia, site, authority):
    known = None
    with t.case("the console through it: login from its page, and not from another's; the cookie is Secure"):
        said, body, head = log_in(t, authority, site.console, "-H", f"Origin: {site.console}", "-H", "Sec-Fetch-Site: same-origin")
        check(said == "2 200" and "; httponly; samesite=strict; secure" in head, f"{said} {head}")
        known = ["-H", f"Authorization: Bearer {json.loads(body)['token']}"]
        for origin in (site.base, "https://evil.example", f"http://console.localhost:{site.port}", "https://console.localhost"):
            equal(log_in(t, authority, site.console, "-H", f"Origin: {origin}")[0], "2 403", origin)
        # Who writes it himself is not heard: nginx says what is so.
        _, _, head = log_in(t, authority, site.console, "-H", "X-Forwarded-Proto: http", "-H", "X-Forwarded-Host: evil.example")
        check("; secure" in head, head)
    with t.case("whom it speaks for is who came in"):
        log_in(t, authority, site.console, "-H", "X-Forwarded-For: 192.0.2.77")
        t.wait("that in the audit", lambda: "192.0.2.77" in (regia.state / "audit.jsonl").read_text(encoding="utf-8"))
    with t.case("its events come at once, over h2"):
        told = t.dir / "heard"
        t.spawn("heard", ["curl", "-s", "-N", "--http2", "-m", "60", "--cacert", authority.certificate, "--resolve",
                          f"console.localhost:{site.port}:127.0.0.1", "-o", told, *known, f"{site.console}/api/v1/events"])
        t.wait("how it is", lambda: '"paused":false' in told.read_text(encoding="utf-8"))
        regia.command("pause", "--state", regia.state)
        t.wait("that", lambda: '"paused":true' in told.read_text(encoding="utf-8"), 5)
    with t.case("the page in Chromium: in by name and password, and a button works"):
        browser = Browser(t, f"{site.console}/", authority.spki(authority.issue("site", days=60)))
        browser.wait("the form", lambda p: p["state"] == "outside")
        browser.ask("fill #name anna")
        browser.ask(f"fill #password {HERS}")
        browser.ask("key Enter")
        browser.wait("the status", lambda p: p["state"] == "inside")
        browser.wait("what comes over the WebSocket", lambda p: len(p["tiles"]) == 2 and all(tile["frame"] is not None for tile in p["tiles"].values()))
        browser.ask("click #resume")
        regia.wait_status("recording again", lambda s: not s["desired"]["paused"], 10)
        seen = browser.probe()
        equal((seen["protocols"], seen["foreign"], seen["errors"]), (["h2"], [], []), "protocols, other hosts, errors")
        browser.end()


def not_trusted(t, authority):
    """The same nginx, which is not in trusted_proxies."""
    regia, site = start(t, "untrusted", authority)
    with t.case("without trusted_proxies: it works, and all viewers are one", needed=True):
        regia.wait_on_air()
        for number in range(12):
            equal(curl(t, authority, site.base + segment_now(regia), "-H", f"X-Forwarded-For: 192.0.2.{number}")[0], "2 200", "answer")
        regia.wait_status("one viewer", lambda s: s["gateway"].get("viewers", 0) == 1, 10)
    with t.case("what it says of the console's visitors is not believed: by itself or of a stranger"):
        said, _, head = log_in(t, authority, site.console, "-H", f"Origin: {site.console}")
        check(said == "2 200" and "set-cookie: " in head and "; secure" not in head, f"{said} {head}")
        plain = f"http://127.0.0.1:{regia.console_port}"
        said, _, head = log_in(t, authority, plain, "-H", "X-Forwarded-Proto: https", "-H", "X-Forwarded-For: 192.0.2.78")
        check(said == "1.1 200" and "set-cookie: " in head and "; secure" not in head, f"{said} {head}")
        for more in (["-H", "X-Forwarded-Host: console.localhost"], ["-H", "X-Forwarded-Host: console.localhost", "-H", "X-Forwarded-Proto: https"]):
            equal(log_in(t, authority, plain, "-H", "Origin: https://console.localhost", *more)[0], "1.1 403", "another's page")
        audit = (regia.state / "audit.jsonl").read_text(encoding="utf-8")
        check("192.0.2.7" not in audit and "127.0.0.1" in audit, audit)
    regia.command("stop", "--state", regia.state, timeout=60)
    with t.case(f"they have one share of {SHARE} together"):
        path, held = download(regia), []
        swell(regia)
        for number in range(SHARE + 2):
            connection, status = hold_by_tls(t, authority, site, path, f"192.0.2.{number}")
            held.append(status)
            t.defer(connection.close)
        check(0 < held.count("HTTP/1.1 200") <= SHARE, held)
        equal(set(held) - {"HTTP/1.1 200"} <= {"HTTP/1.1 503", "HTTP/1.1 502"}, True, f"the others: {held}")
    regia.stop()



main(run)
