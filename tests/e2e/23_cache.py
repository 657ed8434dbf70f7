#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two events one after the other, with a cache in front and one page open all the time. Both count their segments from 0, and the caches keep
those of the first for a year: not a byte of the first comes out in the second, and the page moves on by itself."""

import contextlib
import hashlib
import re
import threading
import time
import urllib.parse

from harness import Browser, Camera, NginxCache, Service, Varnish, check, equal, frames, main

VIDEO, AUDIO = "video/360p", "audio/it"
TRACKS = VIDEO, "video/180p", AUDIO
FOREVER = "public, max-age=31536000, immutable"
TYPED = "/live/index.m3u8"


def run(t):
    camera = Camera(t)
    regia = Service(t, "hall")
    # From the hall's source, and from another one.
    regia.put("first", name="Prima giornata", id="first")
    regia.put("second", ("source camera", {"pipeline": "rtsp", "location": camera.url}), name="Seconda giornata", id="second")
    regia.start()
    regia.wait_standby()
    caches = [Varnish(t, regia.port), NginxCache(t, regia.port)]
    browser = Browser(t, caches[0].base)
    first = first_event(t, regia, caches, browser)
    second = between(t, regia, caches, first)
    viewers = [Viewer(cache) for cache in caches]
    second_event(t, regia, caches, browser, first, second)
    for viewer in viewers:
        viewer.end()
    for viewer in viewers:
        with t.case(f"{viewer.cache.name}: what another viewer got of the second is of the second, and was fresh"):
            check(len(viewer.got) > 20, f"{len(viewer.got)} answers")
            of_the_second(second, [g.as_answer() for g in viewer.got])
    nothing_is_kept_that_must_not_be(t, regia, caches)
    with t.case("the page has got nothing else: every answer that it was given in the second, by its hash", needed=True):
        served = browser.served()
        got = [(a["path"], a["status"], a["sha256"], a["text"]) for a in served if a["sha256"] and a["at"] > 1000 * second.began]
        # Until it has learnt of the second it may still play the end of the first: that is the first's, at the first's address.
        learnt = next(i for i, a in enumerate(got) if a[0].startswith(f"/live/{second.show}/"))
        left = {a: hashlib.sha256(body).hexdigest() for a, body in {**first.segments, **first.left}.items()}
        wrong = [a[0] for a in got[:learnt] if a[1] == 200 and a[3] is None and left.get(a[0]) != a[2] or second.show in (a[3] or "")]
        equal(wrong, [], "before it has learnt of the second")
        segments = of_the_second(second, got[learnt:], typed=False)
        t.figure(f"the page was given {len(got)} answers of the second, {segments} of them segments")
        check(segments >= 6, f"{segments} segments")
    with t.case("the page has learnt the show from the status: the address that people type it has never asked for", needed=True):
        asked = [a["path"] for a in served if a["path"].endswith(".m3u8")]
        check(f"/live/{second.show}/index.m3u8" in asked and TYPED not in asked, f"{sorted(set(asked))}")
    second.end()
    regia.good("stop")
    with t.case("the page says that it is over, was loaded once, made no error"):
        seen = browser.wait("the end", lambda p: p["state"] == "ended")
        equal((seen["loads"], seen["errors"]), (1, []), "loads, errors")
    with t.case("what came through the cache is in the recording of the second, picture by picture"):
        kept = {(f.number, f.wall) for f in pictures(t, regia.state / "recordings/second/programme.mp4")}
        strange = [(f.number, f.wall) for f in second.frames if (f.number, f.wall) not in kept]
        equal(strange[:5], [], "pictures that are not")
    hits(t, caches[0])


class Viewer(threading.Thread):
    """Another one, for as long as it lasts: joins again and again, and gets all that it is told of."""

    def __init__(self, cache):
        super().__init__(daemon=True)
        self.cache, self.got, self.known = cache, [], {}
        self.stop = threading.Event()
        self.start()

    def run(self):
        while not self.stop.wait(0.4):
            with contextlib.suppress(OSError):
                self.join_stream()

    def join_stream(self):
        for media in sorted({a for a in self.get(TYPED).addresses() if a.endswith(f"{VIDEO}/index.m3u8") or a.endswith(f"{AUDIO}/index.m3u8")}):
            for address in self.get(media).addresses():
                if address not in self.known:
                    self.known[address] = self.get(address)

    def get(self, path):
        got = Got(path, time.time(), *self.cache.request(path))
        self.got.append(got)
        if got.status != 200:
            raise OSError(f"{path}: {got.status}")
        return got

    def end(self):
        self.stop.set()
        self.join(20)


class Got:
    def __init__(self, path, asked, status, headers, body):
        self.path, self.asked, self.status, self.headers, self.body = path, asked, status, headers, body

    def as_answer(self):
        return self.path, self.status, hashlib.sha256(self.body).hexdigest(), self.text()

    def text(self):
        return self.body.decode() if self.path.endswith(".m3u8") else None

    def addresses(self):
        return addresses(self.path, self.text())


def addresses(path, text):
    """All that a playlist names."""
    named = re.findall(r'URI="([^"]+)"', text) + [line for line in text.splitlines() if line and not line.startswith("#")]
    return [urllib.parse.urljoin(path, name) for name in named]


class Show(threading.Thread):
    """One of the two: its id, when it was asked for and when it was on the air, and everything that can be fetched of it from Regia itself,
    for as long as it is followed: a playlist soon names the first segments no more."""

    def __init__(self, regia, starting, began):
        super().__init__(daemon=True)
        self.regia = regia
        # As soon as there is something to play.
        self.show = regia.t.wait("a playlist", lambda: re.match(r"/live/(\w+)/", regia.media(VIDEO))[1], 20)
        self.starting, self.began = starting, began
        self.segments, self.left, self.frames = {}, {}, []
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.5):
            with contextlib.suppress(OSError, TypeError):
                self.collect()

    def collect(self):
        for track in TRACKS:
            playlist = self.regia.media(track)
            for address in addresses(playlist, self.regia.get(playlist).decode()):
                if address not in self.segments:
                    self.segments = {**self.segments, address: self.regia.get(address)}

    def wait_number(self, number):
        self.regia.t.wait(f"segment {number}", lambda: number in self.numbers(), 40)

    def end(self):
        self.over.set()
        self.join(20)

    def numbers(self):
        return {int(n) for n in re.findall(rf"/{VIDEO}/(\d+)\.m4s", " ".join(self.segments))}


def pictures(t, path):
    return [f for f in frames(t, path) if f.number >= 0]


def frames_of(t, segments, name):
    """The pictures of a rendition's segments: {address: bytes}."""
    path = t.dir / f"{name}.mp4"
    own = [a for a in segments if f"/{VIDEO}/" in a]
    begin = [a for a in own if not re.search(r"/\d+\.m4s$", a)]
    equal(len(begin), 1, f"beginnings of {VIDEO}")
    rest = sorted(set(own) - set(begin), key=lambda a: int(re.search(r"(\d+)\.m4s$", a)[1]))
    path.write_bytes(b"".join(segments[a] for a in begin + rest))
    return pictures(t, path)


def first_event(t, regia, caches, browser):
    with t.case("the first is on the air, the page plays it through the cache", needed=True):
        began = time.time()
        regia.good("start", "first")
        regia.wait_on_air()
        first = Show(regia, began, time.time())
        first.wait_number(6)
        browser.wait_playing()
        first.end()
    with t.case("the caches have it, and are right to keep it"):
        for cache in caches:
            for address, body in first.segments.items():
                status, headers, again = cache.request(address)
                equal((status, again == body, headers["cache-control"]), (200, True, FOREVER), f"{address} through {cache.name}")
            equal([a for a in first.segments if not cache.is_hit(cache.request(a)[1])], [], f"not kept by {cache.name}")
    return first


def between(t, regia, caches, first):
    with t.case("the next event at once: who comes first is given its playlist, not the one that was asked for a moment ago", needed=True):
        regia.good("stop")
        first.left = {a: regia.get(a) for playlist in map(regia.media, TRACKS) for a in addresses(playlist, regia.get(playlist).decode())}
        for cache in caches:
            status, _, body = cache.request(TYPED)
            check(status == 200 and first.show in body.decode(), f"{cache.name} has not got the first's: {status} {body}")
        starting = time.time()
        regia.good("start", "second")
        regia.wait_status("on the air", lambda s: s["state"] == "on-air")
        second = Show(regia, starting, time.time())
        check(second.show != first.show, f"both are {first.show}")
        for cache in caches:
            answer = Got(TYPED, 0, *cache.request(TYPED)).as_answer()
            equal(answer[1], 200, f"status through {cache.name}")
            of_the_second(second, [answer])
    return second


def second_event(t, regia, caches, browser, first, second):
    with t.case("the page moves on by itself", needed=True):
        seen = browser.wait("a picture of the second", lambda p: p["frame"] is not None and p["wall"] > 1000 * second.starting, 60)
        t.figure(f"the page shows the second {time.time() - second.began:.1f} s after it is on the air")
        browser.wait_playing()
        equal(seen["loads"], 1, "times the page was loaded")
    with t.case("both count from 0: the same numbers again", needed=True):
        second.wait_number(6)
        same = first.numbers() & second.numbers()
        check(len(same) >= 4, f"numbers of both: {same}")
    with t.case("every segment and beginning, through each cache and again: what Regia has, and only that"):
        for cache in caches:
            for _ in range(2):
                wrong = [a for a, body in second.segments.items() if cache.request(a)[2] != body]
                equal(wrong, [], f"other bytes through {cache.name}")
    with t.case("… though the caches still have the first's at the same numbers"):
        for number in sorted(same):
            old, new = (f"/live/{show.show}/{VIDEO}/{number}.m4s" for show in (first, second))
            equal(regia.request(old)[0], 404, f"status of {old}")
            status, headers, body = caches[0].request(old)
            check(status == 200 and caches[0].is_hit(headers) and body == first.segments[old] and body != second.segments[new], old)
    with t.case("the pictures in them were taken in the second, all of them"):
        second.frames = frames_of(t, second.segments, "second")
        before = frames_of(t, first.segments, "first")
        check(len(before) > 100 and len(second.frames) > 100, f"{len(before)} and {len(second.frames)} pictures")
        check(max(f.wall for f in before) < 1000 * second.starting, "the first's are not known from the second's")
        equal([(f.number, f.wall) for f in second.frames if f.wall < 1000 * second.starting], [], "pictures of the first")


def of_the_second(second, answers, typed=True):
    """Judges (path, status, hash, text of a playlist) of what was given out. typed: to somebody who does not know the show.
    Returns: how many segments there were."""
    mine = f"/live/{second.show}/"
    def unknown():
        return [a[0] for a in answers if a[1] == 200 and a[3] is None and a[0] not in second.segments]
    try:
        second.regia.t.wait("all of it is known", lambda: not unknown(), 20)
    except TimeoutError:
        equal(unknown(), [], f"not known of {second.show}")
    known = {a: hashlib.sha256(body).hexdigest() for a, body in second.segments.items()}
    segments = 0
    for path, status, digest, text in answers:
        if status != 200:
            continue
        check(path.startswith(mine) or typed and path == TYPED, f"{path} is not of {second.show}")
        if text is not None:
            strangers = [a for a in addresses(path, text) if not a.startswith(mine)]
            equal(strangers, [], f"what {path} names")
            dates = re.findall(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)", text)
            check("#EXT-X-ENDLIST" not in text and (dates or "STREAM-INF" in text), f"{path}: {text}")
        else:
            equal(digest, known[path], f"bytes of {path}")
            segments += 1
    return segments


def nothing_is_kept_that_must_not_be(t, regia, caches):
    with t.case("status, health and refusals are never kept, pages are asked for again"):
        for path, control in (("/api/v1/status", "no-store"), ("/healthz", "no-store"), ("/", "no-cache"), ("/api/v1/recordings", "no-cache"),
                              ("/live/nothing", "no-store"), ("/live/0/video/360p/0.m4s", "no-store")):
            for cache in caches:
                for _ in range(2):
                    _, headers, _ = cache.request(path)
                    equal((headers["cache-control"], cache.is_hit(headers), headers.get("age", "0")), (control, False, "0"), f"{path} {cache.name}")
    with t.case("a segment that was asked for too early is there when it is made"):
        for cache in caches:
            number = regia.newest_segment() + 2
            address = f"{urllib.parse.urljoin(regia.media(VIDEO), str(number))}.m4s"
            equal(cache.request(address)[0], 404, f"status of {address} before")
            t.wait("it is made", lambda wanted=number: regia.newest_segment() >= wanted, 20)
            equal(cache.request(address)[0], 200, f"status of {address} through {cache.name}")
    with t.case("playlists are kept for half a segment at most, and never given out older"):
        media = regia.media(VIDEO)
        for cache in caches:
            for path in (TYPED, media):
                equal(cache.request(path)[0], 200, f"status of {path} through {cache.name}")
        # What they have of them is old by then, and nobody has asked since.
        goal = regia.newest_segment() + 3
        t.wait("three more segments", lambda: regia.newest_segment() >= goal, 30)
        for cache in caches:
            for path in (TYPED, media):
                _, headers, body = cache.request(path)
                check(headers["cache-control"].startswith("public, max-age=1,"), headers["cache-control"])
                check(int(headers.get("age", "0")) <= 1, f"{path} through {cache.name} is {headers.get('age')} s old")
                if path == media:
                    newest = max(int(n) for n in re.findall(r"^(\d+)\.m4s", body.decode(), re.M))
                    # The page may have asked half a segment ago.
                    check(newest >= goal - 1, f"{cache.name} has {newest}, {goal} was there")


def hits(t, varnish):
    with t.case("the cache was worth having: hits, and none of what must not be kept"):
        handled = varnish.handled()
        kinds = {"segments": r"\.m4s$|\.mp4$", "playlists": r"\.m3u8$", "status": r"^/api/v1/status$"}
        count = {name: {how: sum(1 for h, s, p in handled if h == how and s == 200 and re.search(pattern, p)) for how in ("hit", "miss", "pass")}
                 for name, pattern in kinds.items()}
        t.figure(f"Varnish: {count}")
        check(count["segments"]["hit"] > count["segments"]["miss"] > 10, f"{count}")
        check(count["segments"]["pass"] == 0 and count["playlists"]["hit"] > 0, f"{count}")
        check(count["status"]["hit"] == 0 and count["status"]["miss"] + count["status"]["pass"] > 5, f"{count}")


main(run)
