#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renditions by one line of names, with sound alone as the last rung: what the multivariant playlist says of it, what ffmpeg makes of each rung, and that
the page of viewers plays on with picture and sound."""

import json
import re
import subprocess

from harness import Browser, Regia, check, equal, main


def run(t):
    regia = Regia(t, name="ladder", renditions={"low": {"size": "320x180", "bitrate": "200k", "preset": "ultrafast"}},
                  groups={"programme": {"ladder": "360p; low; audio"}, "audio it": {}, "audio en": {}}).start()
    with t.case("on air, with the rungs of the ladder", needed=True):
        regia.wait_on_air()
        status = regia.wait_status("both pictures", lambda s: len(s["engine"].get("renditions", [])) == 2 and s)
        equal([(r["name"], r["width"], r["height"], r["target-bps"]) for r in status["engine"]["renditions"]],
              [("360p", 640, 360, 600000), ("low", 320, 180, 200000)], "renditions")
    with t.case("the playlist offers sound alone below the smallest picture"):
        text = t.wait("both languages", lambda: (p := regia.get("/live/index.m3u8").decode()).count("TYPE=AUDIO") == 2 and p)
        variants = re.findall(r"#EXT-X-STREAM-INF:(.*)\n(.*)", text)
        equal([re.sub(r"^\w+/", "", address) for _, address in variants],
              ["video/360p/index.m3u8", "video/low/index.m3u8", "audio/it/index.m3u8"], "variants")
        equal([re.search('CODECS="([^"]*)"', said)[1].split(",")[-1] for said, _ in variants], ["mp4a.40.2"] * 3, "sound")
        check("RESOLUTION" not in variants[2][0] and 'AUDIO="audio"' in variants[2][0], variants[2][0])
        rates = [int(re.search("BANDWIDTH=([0-9]+)", said)[1]) for said, _ in variants]
        check(rates[2] < rates[1], f"rates {rates}")
    with t.case("ffmpeg: each rung plays, the last one without a picture"):
        regia.wait_segments(2)
        probed = json.loads(subprocess.run(["ffprobe", "-v", "error", "-show_programs", "-of", "json", f"{regia.base}/live/index.m3u8"],
                                           capture_output=True, text=True, timeout=60, check=True).stdout)
        kinds = [sorted({s["codec_type"] for s in p["streams"]}) for p in probed["programs"]]
        equal(kinds, [["audio", "video"], ["audio", "video"], ["audio"]], "programs")
        done = subprocess.run(["ffmpeg", "-v", "error", "-i", f"{regia.base}/live/index.m3u8", "-map", "0:p:2", "-t", "2", "-f", "framecrc", "-"],
                              capture_output=True, text=True, timeout=60, check=False)
        lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
        check(done.returncode == 0 and not done.stderr and len(lines) > 80, f"{done.returncode}: {len(lines)} frames; {done.stderr[-300:]}")
    browser = Browser(t, regia.base)
    with t.case("the page plays picture and sound, and makes no error of it"):
        seen = browser.wait_playing()
        if seen["muted"]:
            browser.ask("click #big")
        seen = browser.wait("sound", lambda p: (p["level"] or 0) > 0.001 and p["soundBytes"] > 0)
        equal(seen["errors"], [], "errors")
    with t.case("the event ends"):
        equal(regia.command("stop", "--state", regia.state, timeout=60).returncode, 0, "stop")


main(run)
