#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run: beside others
"""Behind the institution's web server, below a path of its own: the page plays, links lead on, and each viewer is somebody."""

import socket
import urllib.error
import urllib.request

from harness import Browser, Proxy, Regia, check, equal, main

SHARE = 6


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
        item = regia.wait_session("finished")
        path = f"/live-hall/recordings/{item['id']}/programme.mp4"
        for number in range(8):
            equal(hold(t, proxy, path, f"192.0.2.{number}"), "HTTP/1.1 200", "status")


main(run)
