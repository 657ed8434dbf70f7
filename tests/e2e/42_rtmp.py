#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A laptop that sends by RTMP: let in by its key alone, whoever else stands at the door; it drops, the listener is killed, and both are back:
one session, one file, and the key nowhere."""

import socket

from harness import Camera, Regia, check, equal, free_port, main, marks

KEY = "grecale-e-maestrale"
CROWD = 200


def run(t):
    camera = Camera(t, "--sound", "--running", "--size", "320x180")
    port = free_port()
    regia = Regia(t, name="rtmp", renditions={"180p": {"size": "320x180", "bitrate": "400k", "preset": "ultrafast"}}, sources={
        "guest": {"pipeline": "rtmp-in", "key": KEY, "listen": f"127.0.0.1:{port}", "application": "hall"},
    }).start()
    url = f"rtmp://127.0.0.1:{port}/hall"
    with t.case("waits for a sender, and says at which address", needed=True):
        regia.wait_on_air()
        regia.wait_status("the address", lambda s: source(s)["state"] == "starting" and source(s)["note"] == f"waits for a sender at {url}", 20)
    with t.case("a wrong key is refused, and said; nothing of it reaches the engine"):
        stranger = send(t, camera, url, "libeccio-e-scirocco", name="stranger")
        equal(stranger.wait(60) != 0, True, "the stranger's ffmpeg failed")
        status = regia.wait_status("the wrong key", lambda s: "127.0.0.1 came with a wrong key" in source(s)["note"], 20)
        equal((source(status)["state"], source(status)["has-video"], source(status)["restarts"]), ("starting", False, 0), "state, picture, restarts")
    crowd = [half_way(port, i) for i in range(CROWD)]
    sender = send(t, camera, url, KEY)
    with t.case(f"the right one comes in past {CROWD} who say nothing, and is seen and heard", needed=True):
        wait_live(regia)
        equal(source(regia.status())["note"], "", "note")
    regia.wait_recorded(3000)
    with t.case("a second one with the key is refused while the first one sends"):
        rival = send(t, camera, url, KEY, name="rival")
        check(rival.wait(60) != 0, "the rival was let in")
        equal((source(regia.status())["state"], source(regia.status())["restarts"]), ("live", 0), "the first one's state and restarts")
    with t.case("those who say nothing were shown out"):
        t.wait("all of the crowd are gone", lambda: all(map(is_closed, crowd)), 60)
    with t.case("it drops: said so, and waited for"):
        sender.kill()
        regia.wait_status("waits again", lambda s: source(s)["state"] != "live" and source(s)["note"].startswith("waits for a sender at"), 30)
        check("sender has ended" in source(regia.status())["last-error"], source(regia.status())["last-error"])
        regia.wait_recorded(2000)
    with t.case("it is there again, without anybody's help", needed=True):
        sender = send(t, camera, url, KEY)
        wait_live(regia)
        regia.wait_recorded(3000)
    with t.case("the listener is killed: another one listens, and the sender is back", needed=True):
        regia.wait_restarted("listener", regia.kill("listener"), 30)
        check(sender.wait(60) != 0, "ffmpeg has not noticed")
        regia.wait_status("away", lambda s: source(s)["state"] != "live", 30)
        send(t, camera, url, KEY)
        wait_live(regia)
        regia.wait_recorded(3000)
    with t.case("the key is in no status, no log and no process's name"):
        equal([text for text in regia.told() if KEY in text or "libeccio" in text], [], "texts with a key")
    with t.case("one item, one file", needed=True):
        path = regia.end_in_one_file()
    found = marks(t, path)
    video, audio = found["video"], found["audio"]
    t.say(f"slates {video['slates']}, gaps {audio['gaps']}, steps {video['steps']}, holes {video['missing_ranges']}, {len(audio['beeps'])} beeps")
    with t.case("the programme never stopped, and the slate was shown before and whenever the sender was away"):
        equal((video["steps"], audio["gaps"]), ([], []), "steps and gaps")
        equal(len([s for s in video["slates"] if s["frames"] > 5]), 3, "times the slate was shown")
    with t.case("every picture of the sender is there but for those times"):
        seen = video["frames"] - sum(s["frames"] for s in video["slates"])
        check(seen > 9 * 25 - 10, f"{seen} pictures of the sender")
        lost = sorted(hole["to"] - hole["from"] + 1 for hole in video["missing_ranges"])
        check(len(lost) >= 2 and min(lost[-2:]) > 25 and sum(lost[:-2]) <= 8, f"missing, and when it was away: {lost}")
    for one in crowd:
        one.close()


def half_way(port, number):
    """Somebody who connects and says nothing, begins to shake hands, or shakes hands and says no more."""
    one = socket.create_connection(("127.0.0.1", port), 20)
    one.sendall([b"", b"\3" + bytes(700), b"\3" + bytes(1536 + 1536)][number % 3])
    one.setblocking(False)
    return one


def is_closed(one):
    """Reads what there is; whether the other end has closed."""
    try:
        while one.recv(8192):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def send(t, camera, url, key, name="sender"):
    """What OBS does: the camera's packets as they are, in FLV."""
    return t.spawn(name, ["ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", camera.url, "-c:v", "copy", "-c:a", "aac", "-f", "flv",
                          f"{url}/{key}"])


def wait_live(regia):
    regia.wait_status("picture and sound", lambda s: source(s)["state"] == "live" and source(s)["has-video"] and source(s)["has-audio"], 60)


def source(status):
    return next(s for s in status["engine"]["sources"] if s["name"] == "guest")


main(run)
