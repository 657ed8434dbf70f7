#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The viewer's page: waits for the event, plays it, survives the death of gateway and engine without a reload, says when it is over."""

from harness import Browser, Regia, check, equal, main


def run(t):
    regia = Regia(t, name="viewer").start()
    with t.case("on air", needed=True):
        regia.wait_on_air()
    browser = Browser(t, regia.base)
    with t.case("the page plays with picture and sound", needed=True):
        seen = browser.wait_playing()
        if seen["muted"]:
            browser.ask("click #big")
        browser.wait("sound", lambda p: (p["level"] or 0) > 0.001 and p["soundBytes"] > 0)
    with t.case("the viewer is counted"):
        regia.wait_status("a viewer", lambda s: s["gateway"].get("viewers", 0) >= 1, 20)

    for name in ("gateway", "engine"):
        with t.case(f"{name} killed: the page goes on by itself, without a reload"):
            old = regia.kill(name)
            regia.wait_restarted(name, old)
            restarted = browser.probe()["now"]
            seen = browser.wait("a picture made after the restart", lambda p, r=restarted: p["frame"] is not None and p["wall"] > r, 40)
            equal(seen["loads"], 1, "times the page was loaded")
            browser.wait_playing()
            browser.wait("sound", lambda p: (p["level"] or 0) > 0.001)

    with t.case("English when asked for"):
        browser.ask("click a[data-language=en]")
        browser.wait("English", lambda p: p["language"] == "en" and p["state"] == "live")
    with t.case("the page says when it is over, and where the recording is"):
        regia.command("stop", "--state", regia.state, timeout=60)
        seen = browser.wait("the end", lambda p: p["state"] == "ended")
        check("record" in seen["text"].lower(), f"text: {seen['text']}")
    with t.case("nobody else was asked for anything, and no error was made"):
        seen = browser.probe()
        equal((seen["foreign"], seen["errors"]), ([], []), "other hosts, errors")
    with t.case("the recordings page lists it"):
        item = regia.wait_session("finished")
        browser.ask(f"open {regia.base}/recordings")
        browser.wait("the title", lambda p: item["title"] in p["text"])


main(run)
