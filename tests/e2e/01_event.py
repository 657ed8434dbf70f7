#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole event: an IP camera and a mixing desk, a viewer, two platforms, and the recording that is fetched at the end."""

import hashlib
import subprocess

from harness import Browser, Camera, Desk, Regia, Rtmp, Srt, check, decodes_cleanly, equal, main, marks, top_boxes
from harness.regia import left_over
from harness.scenario import ROOT

KEY = "geheimer-schluessel-4711"
PASSPHRASE = "una-frase-segreta-0815"


def run(t):
    camera, desk, rtmp, srt = Camera(t), Desk(t), Rtmp(t), Srt(t, passphrase=PASSPHRASE)
    for name, secret in (("rtmp.key", KEY), ("srt.key", PASSPHRASE)):
        (t.dir / name).write_text(secret + "\n")
        (t.dir / name).chmod(0o600)
    regia = Regia(t, name="event",
                  sources={"camera": {"pipeline": "rtsp", "location": camera.url},
                           "desk": {"pipeline": "pulse", "server": desk.server, "device": desk.device}},
                  relays={"platform": {"url": rtmp.url, "key_file": t.dir / "rtmp.key"},
                          "archive": {"url": srt.url, "key_file": t.dir / "srt.key"}})
    with t.case("`regia check` finds nothing wrong"):
        done = regia.command("check", "--file", regia.event)
        equal(done.returncode, 0, f"exit status; it says {done.stdout}{done.stderr}")
    regia.start()
    with t.case("camera and desk are live, recorded and on air", needed=True):
        regia.wait_on_air()
        regia.wait_status("both sources live", lambda s: all(x["state"] == "live" for x in s["engine"]["sources"]))
    with t.case("systemd was told READY once frames flowed"):
        check(regia.supervisor.ready.wait(10), "no READY=1")
    began = regia.wait_recorded(0)["show-time-ms"]

    browser = Browser(t, regia.base)
    with t.case("the page plays: the picture moves"):
        seen = browser.wait_playing()
        t.say(f"the picture is {seen['now'] - seen['wall']} ms old")
    with t.case("the page plays: there is sound"):
        if browser.probe()["muted"]:
            browser.ask("click #big")
        browser.wait("sound", lambda p: (p["level"] or 0) > 0.001 and p["soundBytes"] > 0)
    with t.case("the page has asked nobody else for anything, and made no error"):
        seen = browser.probe()
        equal(seen["foreign"], [], "other hosts asked")
        equal(seen["errors"], [], "errors on the page")

    with t.case("both platforms get the stream"):
        regia.wait_status("both relays live", lambda s: [r["state"] for r in s["relays"]] == ["live", "live"])
    with t.case("the answers are as openapi.json describes them"):
        check_openapi(t, regia)
    with t.case("keys are nowhere to be seen"):
        check_secrets(t, regia)

    regia.wait_status("30 s recorded", lambda s: s["recorder"]["last-fragment-ms"] > began + 30000, 45)
    status = regia.status()
    with t.case("`regia stop` ends the event; recordings stay served"):
        done = regia.command("stop", "--state", regia.state, timeout=60)
        equal(done.returncode, 0, f"exit status; it says {done.stderr}")
        item = regia.wait_session("finished")
    with t.case("the page says that it is over"):
        browser.wait("the end on the page", lambda p: p["state"] == "ended")
    browser.end()
    with t.case("after the event the answers still are as described"):
        check_openapi(t, regia)

    with t.case("one item in the library, downloaded as it was recorded"):
        equal(len(regia.recordings()), 1, "items")
        file = next(f for f in item["files"] if f["name"] == "programme.mp4")
        status_code, headers, body = regia.request("/" + file["url"], timeout=30)
        equal(status_code, 200, "status")
        check(headers["content-disposition"].startswith("attachment"), f"Content-Disposition: {headers['content-disposition']}")
        equal(len(body), file["size-bytes"], "bytes")
        equal(hashlib.sha256(body).hexdigest(), file["sha256"], "SHA-256")
        download = t.dir / "download.mp4"
        download.write_bytes(body)
    with t.case("an interrupted download goes on where it was: curl -C -"):
        part = t.dir / "part.mp4"
        part.write_bytes(body[:len(body) // 3])
        done = subprocess.run(["curl", "-sS", "--fail", "-C", "-", "-o", str(part), f"{regia.base}/{file['url']}"], capture_output=True,
                              text=True, timeout=30, check=False)
        equal(done.returncode, 0, f"curl; it says {done.stderr}")
        check(part.read_bytes() == body, "the file put together differs from the whole one")
    with t.case("the index is first"):
        boxes = top_boxes(download)
        check(boxes.index("moov") < boxes.index("mdat") and "moof" not in boxes, f"boxes: {boxes}")
    with t.case("it decodes without an error"):
        decodes_cleanly(download)
    found = marks(t, download)
    t.say({k: v for k, v in found["video"].items() if not isinstance(v, list)})
    t.say(f"offsets {found['av_offset']}, audio {found['audio']['samples']} samples, {len(found['audio']['beeps'])} beeps")
    with t.case("the recording has every frame of the camera"):
        check_every_frame(found)
    with t.case("sound has no gap"):
        equal(found["audio"]["gaps"], [], "gaps")
        check(found["audio"]["silence_max_ms"] < 1500 or found["audio"]["beeps"], "no sound")
    with t.case("sound and picture are within 40 ms"):
        check(found["av_offset"]["pairs"] >= 10, f"{found['av_offset']['pairs']} pairs of flash and beep")
        check(abs(found["av_offset"]["mean_ms"]) <= 40, f"sound is {found['av_offset']['mean_ms']} ms late")
    with t.case("the duration is that of the event"):
        wanted = status["recorder"]["recorded-ms"]
        check(wanted - 1000 < found["duration_ms"] < wanted + 4000, f"{found['duration_ms']} ms, recorded were {wanted}")
        check(abs(item["duration-ms"] - found["duration_ms"]) < 100, f"the library says {item['duration-ms']}, the file {found['duration_ms']}")
    with t.case("the RTMP platform has every frame it was sent"):
        flv = rtmp.files()
        equal(len(flv), 1, "files at the platform")
        check_every_frame(marks(t, flv[0]))
    with t.case("the SRT platform has every frame it was sent"):
        check_every_frame(marks(t, srt.end()))
    with t.case("the director ends in order and leaves nothing running"):
        equal(regia.stop(), 0, "exit status")
        left_over(regia)


def check_every_frame(found):
    """From the first frame shown on, the camera's numbers follow each other."""
    video = found["video"]
    check(video["marked"] > 25 * 25, f"only {video['marked']} frames with marks")
    equal(video["missing_ranges"], [], "missing frames")
    equal(video["doubled"], [], "frames shown twice, in ms")
    equal(video["backwards"], 0, "frames out of order")
    equal(video["steps"], [], "steps in the picture")
    equal(found["decode_errors"], 0, f"{found['stderr'][-300:]}: decode errors")


def check_openapi(t, regia):
    done = subprocess.run(["node", "tests/web/openapi-check.mjs", regia.base], capture_output=True, text=True, timeout=60, check=False,
                          cwd=ROOT)
    equal(done.returncode, 0, f"openapi-check; it says {done.stdout[-1200:]}{done.stderr[-600:]}")


def check_secrets(t, regia):
    """No argument of any process, no environment, no log, no answer, no page holds a key."""
    places = {"status": regia.get("/api/v1/status"), "cli": regia.command("status", "--state", regia.state, "--json").stdout.encode()}
    for pid in regia.pids():
        for kind in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{kind}", "rb") as file:
                places[f"{kind} of {pid}"] = file.read()
    check(len(places) >= 2 + 2 * 6, f"only {len(places)} places searched")
    for path in t.out.glob("event*.log"):
        places[path.name] = path.read_bytes()
    for path in regia.state.rglob("*"):
        if path.is_file() and path.suffix in (".json", ".conf", ".log"):
            places[str(path.relative_to(regia.state))] = path.read_bytes()
    for place, text in places.items():
        for secret in (KEY, PASSPHRASE):
            check(secret.encode() not in text, f"{secret} is in {place}")


main(run)
