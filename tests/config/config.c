/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <locale.h>
#include <string.h>

#include "parse.h"
#include "regia/base/error.h"

typedef struct {
  const char *name;
  const char *text;   /* added to BASE, or a whole file when `whole` is set */
  const char *where;  /* "LINE: [group] key: " as the message must have it; "" LINE for what is not there */
  const char *remedy; /* a word of what follows the last `; ` or `: ` */
  gboolean whole;
  gsize length; /* of @text if it holds NULs */
} Bad;

#define WHOLE .whole = TRUE

static const Bad bad[] = {
    /* form of the file */
    {"stray-line", "name = x\n[event]\nname = Prova\n[source test]\npipeline = test\n",
     ":1: ", "begin with [event]", WHOLE},
    {"no-equals", "[web]\nlisten 127.0.0.1:80\n", ":6: [web]: ", "put a = between"},
    {"semicolon-comment", "[web]\n; a comment\n", ":6: [web]: ", "# before a comment"},
    {"open-group", "[web\n", ":5: ", "close it with ]"},
    {"tail-after-group", "[web] # here\n", ":5: ", "remove what follows"},
    {"empty-group", "[]\n", ":5: ", "[source camera]"},
    {"three-words", "[source a b]\n", ":5: ", "[kind name]"},
    {"nested-bracket", "[we[b]\n", ":5: ", "[kind name]"},
    {"localised-key", "[web]\nlisten[it] = x\n", ":6: [web]: ", "letters, digits"},
    {"empty-key", "[web]\n= x\n", ":6: [web]: ", "letters, digits"},
    {"double-group", "[web]\n[feed]\n[web]\nthreads = 1\n", ":7: [web]: ", "line 5"},
    {"double-named-group", "[source test]\npipeline = test\n", ":5: [source test]: ", "line 3"},
    {"double-group-blanks", "[source   test]\npipeline = test\n", ":5: [source test]: ", "line 3"},
    {"double-key", "[web]\nthreads = 1\n\nthreads = 2\n", ":8: [web] threads: ", "line 6"},
    {"double-key-same-value", "[web]\nthreads = 1\nthreads = 1\n", ":7: [web] threads: ", "remove one"},
    {"latin-1", "[web]\n# perch\xe9\n", ":6: ", "save the file as UTF-8"},
    {"utf-16", "\xff\xfe[\0e\0v\0", ":1: ", "UTF-8", WHOLE, 8},
    {"nul", "[event]\nname = a\0b\nname = Prova\n[source t]\npipeline = test\n", ":2: ", "remove it", WHOLE,
     59},
    {"control", "[web]\nthreads = 1\x07\n", ":6: ", "remove it"},
    {"lone-cr", "[web]\rthreads = 1\n", ":5: ", "remove it"},
    {"bad-escape", "[record]\nfolder = C:\\Users\n", ":6: [record] folder: ", "backslash is written twice"},
    {"unknown-group", "[relays youtube]\nurl = x\n", ":5: [relays youtube]: ", "\"relay\""},
    {"unknown-group-far", "[quux]\n", ":5: [quux]: ", "allowed: event, programme"},
    {"source-programme", "[source programme]\npipeline = test\n",
     ":5: [source programme]: ", "choose another name"},
    {"group-case", "[Web]\n", ":5: [Web]: ", "\"web\""},
    {"unknown-key", "[web]\nlisen = 127.0.0.1:80\n", ":6: [web] lisen: ", "\"listen\""},
    {"unknown-key-far", "[feed]\nquux = 1\n", ":6: [feed] quux: ", "allowed: memory, limit"},
    {"unknown-key-named", "[rendition a]\nsize = 640x360\nbitrate = 1M\nbit-rate = 1M\n",
     ":8: [rendition a] bit-rate: ", "\"bitrate\""},
    {"named-not-named", "[web main]\n", ":5: [web main]: ", "write [web]"},
    {"not-named-named", "[rendition]\nsize = 640x360\nbitrate = 1M\n",
     ":5: [rendition]: ", "[rendition NAME]"},
    {"source-name", "[source Camera]\npipeline = test\n", ":5: [source Camera]: ", "a-z 0-9"},
    {"source-name-dash", "[source -a]\npipeline = test\n", ":5: [source -a]: ", "not beginning with -"},
    {"source-name-path", "[source ../a]\npipeline = test\n", ":5: [source ../a]: ", "a-z 0-9"},
    {"source-name-long", "[source abcdefghijklmnopqrstuvwxyz0123456]\npipeline = test\n",
     ":5: [source abcdefghijklmnopqrstuvwxyz0123456]: ", "1 to 32"},
    {"audio-name", "[audio italiano]\n", ":5: [audio italiano]: ", "pt-BR"},
    {"audio-name-case", "[audio IT]\n", ":5: [audio IT]: ", "language tag"},
    {"audio-double", "[audio pt-BR]\n[audio pt-br]\n", ":6: [audio pt-br]: ", "choose another"},

    /* what must be there */
    {"empty-file", "", ": [source NAME]: ", "pipeline = test", WHOLE},
    {"no-name", "[event]\nplace = Massa\n[source test]\npipeline = test\n", ":1: [event] name: ", "add it",
     WHOLE},
    {"no-event", "[source test]\npipeline = test\n", ": [event] name: ", "add it", WHOLE},
    {"empty-name", "[event]\nname =\n[source test]\npipeline = test\n", ":2: [event] name: ", "1 to 200",
     WHOLE},
    {"no-source", "[event]\nname = Prova\n", ": [source NAME]: ", "add a group [source camera]", WHOLE},
    {"no-pipeline", "[source b]\ndelay = 1s\n", ":5: [source b] pipeline: ", "add it"},
    {"no-size", "[rendition a]\nbitrate = 1M\n", ":5: [rendition a] size: ", "add it"},
    {"no-url", "[relay a]\nrendition = 720p\n", ":5: [relay a] url: ", "add it"},
    {"empty-default", "[web]\nthreads =\n", ":6: [web] threads: ", "1 to 32"},
    /* scenes */
    {"scene-none", "[scene a]\nlayout = full\n", ":5: [scene a] sources: ", "add it"},
    {"scene-unknown", "[scene a]\nsources = camera\n",
     ":6: [scene a] sources: ", "there is no [source camera]"},
    {"scene-blind", "[source b]\npipeline = test\nvideo = no\n[scene a]\nsources = b\n",
     ":9: [scene a] sources: ", "video = no"},
    {"scene-layout", "[scene a]\nsources = test\nlayout = pip\n",
     ":7: [scene a] layout: ", "picture-in-picture"},
    {"scene-one-of-two", "[scene a]\nsources = test\nlayout = side-by-side\n",
     ":6: [scene a] sources: ", "shows 2 to 4"},
    {"scene-two-of-one", "[source b]\npipeline = test\n[scene a]\nsources = test; b\n",
     ":8: [scene a] sources: ", "shows 1; name those"},
    {"scene-corner", "[scene a]\nsources = test\ncorner = top-left\n",
     ":7: [scene a] corner: ", "only layout = picture-in-picture"},
    {"scene-areas-missing", "[scene a]\nlayout = free\nsources = test\n",
     ":5: [scene a] areas: ", "0 for 1 sources"},
    {"scene-areas-three", "[scene a]\nlayout = free\nsources = test\nareas = 1 2 3\n",
     ":8: [scene a] areas: ", "is no area"},
    {"scene-areas-words", "[scene a]\nlayout = free\nsources = test\nareas = 1 2 3 1e1\n",
     ":8: [scene a] areas: ", "is no area"},
    {"scene-areas-outside", "[scene a]\nlayout = free\nsources = test\nareas = 50 0 50.1 100\n",
     ":8: [scene a] areas: ", "at most 100"},
    {"scene-areas-small", "[scene a]\nlayout = free\nsources = test\nareas = 0 0 0.5 100\n",
     ":8: [scene a] areas: ", "too small"},
    {"scene-small",
     "[source b]\npipeline = test\n[scene a]\nlayout = picture-in-picture\nsources = test; b\nsmall = 60\n",
     ":10: [scene a] small: ", "10 to 50"},
    {"scene-backup", "[scene a]\nsources = test\nbackup = b\n",
     ":7: [scene a] backup: ", "there is no scene"},
    {"scene-backup-itself", "[scene a]\nsources = test\nbackup = a\n",
     ":7: [scene a] backup: ", "cannot stand in for itself"},
    {"scene-backup-bars", "[look]\nslates = bars\n[scene a]\nsources = test\nbackup = bars\n",
     ":9: [scene a] backup: ", "for rehearsals"},
    {"scene-backup-when", "[scene a]\nsources = test\nbackup = test\nbackup_when = lost; blue\n",
     ":8: [scene a] backup_when: ", "\"blue\""},
    {"scene-backup-short", "[scene a]\nsources = test\nbackup = test\nbackup_until = 100ms\n",
     ":8: [scene a] backup_until: ", "500ms to 10min"},
    {"scene-fade", "[scene a]\nsources = test\nfade = 6s\n", ":7: [scene a] fade: ", "0ms to 5s"},

    {"alarm-unit", "[alarms]\nsilence = -60\n", ":6: [alarms] silence: ", "-90dB to -20dB, or off"},
    {"alarm-range", "[alarms]\nsilence = -10dB\n", ":6: [alarms] silence: ", "out of range"},
    {"alarm-after", "[alarms]\nblack_after = 0s\n", ":6: [alarms] black_after: ", "1s to 10min"},
    {"alarm-hot", "[alarms]\nhot = 200\n", ":6: [alarms] hot: ", "40 to 120"},
    {"alarm-kind", "[source a]\npipeline = test\nno_alarms = silence; cold\n",
     ":7: [source a] no_alarms: ", "\"cold\""},
    {"gains-unit", "[audio it]\nsources = test\ngains = 3\n", ":7: [audio it] gains: ", "-60dB"},
    {"gains-high", "[audio it]\nsources = test\ngains = 20.1dB\n", ":7: [audio it] gains: ", "out of range"},
    {"gains-low", "[audio it]\nsources = test\ngains = -61dB\n", ":7: [audio it] gains: ", "out of range"},
    {"gains-fine", "[audio it]\nsources = test\ngains = 1.25dB\n", ":7: [audio it] gains: ", "one decimal"},
    {"gains-few", "[source b]\npipeline = test\n[audio it]\nsources = test; b\ngains = -3dB\n",
     ":9: [audio it] gains: ", "1 for 2 sources (test; b)"},

    {"backup-own", "[audio it]\nsources = test\nbackup = test\n",
     ":7: [audio it] backup: ", "in one of the two"},
    {"backup-nobody", "[audio it]\nsources = test\nbackup = hall\n", ":7: [audio it] backup: ", "hall"},
    {"backup-mute", "[source b]\npipeline = test\naudio = no\n[audio it]\nsources = test\nbackup = b\n",
     ":10: [audio it] backup: ", "audio = no"},
    {"backup-loud", "[audio it]\nsources = test\nbackup_below = 3dB\n",
     ":7: [audio it] backup_below: ", "-90dB"},
    {"backup-unit", "[audio it]\nsources = test\nbackup_after = 3\n", ":7: [audio it] backup_after: ", "60s"},
    {"level-quiet", "[audio it]\nsources = test\nlevel = -31\n", ":7: [audio it] level: ", "-30 to -10"},
    {"level-loud", "[audio it]\nsources = test\nlevel = 0\n", ":7: [audio it] level: ", "-30 to -10"},
    {"level-unit", "[audio it]\nsources = test\nlevel = -16dB\n", ":7: [audio it] level: ", "whole number"},
    {"limit-above", "[audio it]\nsources = test\nlimit = 1dB\n", ":7: [audio it] limit: ", "or off"},
    {"limit-no", "[audio it]\nsources = test\nlimit = no\n", ":7: [audio it] limit: ", "or off"},
    {"duck-nobody", "[audio it]\nsources = test\nduck = desk\n",
     ":7: [audio it] duck: ", "none of its sources (test)"},
    {"duck-all", "[audio it]\nsources = test\nduck = test\n", ":7: [audio it] duck: ", "all of its sources"},
    {"duck-louder", "[audio it]\nsources = test\nduck_by = 3dB\n",
     ":7: [audio it] duck_by: ", "-60dB to 0dB"},

    /* numbers and units */
    {"count-word", "[web]\nthreads = two\n", ":6: [web] threads: ", "1 to 32"},
    {"count-comment", "[web]\nthreads = 2 # cores\n", ":6: [web] threads: ", "line of its own"},
    {"count-fraction", "[web]\nthreads = 1.5\n", ":6: [web] threads: ", "whole number"},
    {"count-low", "[web]\nthreads = 0\n", ":6: [web] threads: ", "1 to 32"},
    {"count-high", "[web]\nthreads = 33\n", ":6: [web] threads: ", "1 to 32"},
    {"count-negative", "[web]\nthreads = -1\n", ":6: [web] threads: ", "1 to 32"},
    {"count-hex", "[web]\nthreads = 0x2\n", ":6: [web] threads: ", "1 to 32"},
    {"count-huge", "[web]\nthreads = 99999999999999999999\n", ":6: [web] threads: ", "1 to 32"},
    {"duration-no-unit", "[programme]\nlatency = 200\n", ":6: [programme] latency: ", "50ms to 2s"},
    {"duration-unit", "[programme]\nlatency = 200 frames\n", ":6: [programme] latency: ", "50ms to 2s"},
    {"duration-minute", "[record]\nwarn = 30m\n", ":6: [record] warn: ", "1min to 24h"},
    {"duration-low", "[programme]\nlatency = 49ms\n", ":6: [programme] latency: ", "50ms to 2s"},
    {"duration-high", "[programme]\nlatency = 2001ms\n", ":6: [programme] latency: ", "50ms to 2s"},
    {"duration-fine", "[programme]\nlatency = 100.5ms\n", ":6: [programme] latency: ", "whole number"},
    {"duration-coarse", "[feed]\nmemory = 20500ms\n", ":6: [feed] memory: ", "whole number"},
    {"duration-overflow", "[programme]\nlatency = 999999999999h\n",
     ":6: [programme] latency: ", "50ms to 2s"},
    {"delay-negative", "[source b]\npipeline = test\ndelay = -501ms\n", ":7: [source b] delay: ", "-500ms"},
    {"decimal-comma", "[rendition a]\nsize = 640x360\nbitrate = 2,5M\n",
     ":7: [rendition a] bitrate: ", "write a point"},
    {"bitrate-no-unit", "[rendition a]\nsize = 640x360\nbitrate = 2500\n",
     ":7: [rendition a] bitrate: ", "100k"},
    {"bitrate-high", "[rendition a]\nsize = 640x360\nbitrate = 51M\n", ":7: [rendition a] bitrate: ", "50M"},
    {"bitrate-low", "[audio it]\nbitrate = 31k\n", ":6: [audio it] bitrate: ", "32k"},
    {"bytes-no-unit", "[record]\nreserve = 500\n", ":6: [record] reserve: ", "10M"},
    {"bytes-low", "[record]\nreserve = 9999kB\n", ":6: [record] reserve: ", "10M"},
    {"decimals", "[record]\nreserve = 1.2345G\n", ":6: [record] reserve: ", "shorten"},
    {"size-words", "[programme]\nsize = 720p\n", ":6: [programme] size: ", "1280x720"},
    {"size-odd", "[programme]\nsize = 1281x720\n", ":6: [programme] size: ", "1280x720"},
    {"size-small", "[programme]\nsize = 32x32\n", ":6: [programme] size: ", "64x64"},
    {"size-large", "[programme]\nsize = 7680x4320\n", ":6: [programme] size: ", "3840x2160"},
    {"size-tail", "[programme]\nsize = 1280x720p\n", ":6: [programme] size: ", "1280x720"},
    {"rate-decimal", "[programme]\nrate = 29.97\n", ":6: [programme] rate: ", "30000/1001"},
    {"rate-zero", "[programme]\nrate = 25/0\n", ":6: [programme] rate: ", "fraction"},
    {"rate-high", "[programme]\nrate = 61\n", ":6: [programme] rate: ", "5 to 60"},

    /* words */
    {"bool", "[record]\nenabled = maybe\n", ":6: [record] enabled: ", "yes or no"},
    {"preset", "[rendition a]\nsize = 640x360\nbitrate = 1M\npreset = very-fast\n",
     ":8: [rendition a] preset: ", "\"veryfast\""},
    {"pipeline-path", "[source b]\npipeline = ../test\n", ":6: [source b] pipeline: ", "ending in .pipeline"},
    {"text-newline", "[event]\nname = a\\nb\n[source test]\npipeline = test\n",
     ":2: [event] name: ", "remove it", WHOLE},
    {"parameter-escape", "[source b]\npipeline = test\nlocation = \\x\n",
     ":7: [source b] location: ", "written twice"},
    {"slate-kind", "[programme]\nslate = slate.gif\n", ":6: [programme] slate: ", ".png"},
    {"home", "[record]\nfolder = ~/recordings\n", ":6: [record] folder: ", "beginning with /"},
    {"id", "[event]\nname = a\nid = Sirio/2022\n[source test]\npipeline = test\n",
     ":3: [event] id: ", "a-z 0-9", WHOLE},
    {"languages", "[event]\nname = a\nlanguages = it; english\n[source test]\npipeline = test\n",
     ":3: [event] languages: ", "language tags", WHOLE},
    {"languages-double", "[event]\nname = a\nlanguages = it;it\n[source test]\npipeline = test\n",
     ":3: [event] languages: ", "remove one", WHOLE},

    {"language-unknown", "[event]\nname = a\nlanguages = xq\n[source test]\npipeline = test\n",
     ":3: [event] languages: ", "language tags", WHOLE},
    {"audio-unknown", "[audio zz]\n", ":5: [audio zz]: ", "use a language tag"},
    {"audio-three-for-two", "[audio ita]\n", ":5: [audio ita]: ", "use a language tag"},
    {"name-blank", "[event]\nname = \\s\\s\n[source test]\npipeline = test\n",
     ":2: [event] name: ", "write something", WHOLE},
    {"name-unseen",
     "[event]\nname = \xc2\xa0\xe2\x80\x8b\xe2\x80\x8f\xe3\x80\x80\n[source test]\npipeline = test\n",
     ":2: [event] name: ", "write something", WHOLE},
    {"title-unseen", "[audio it]\ntitle = \xe2\xa0\x80\n", ":6: [audio it] title: ", "write something"},

    /* when */
    {"time-form", "[event]\nname = a\nstart = 29/9/2022 9:30\n[source test]\npipeline = test\n",
     ":3: [event] start: ", "2022-09-29 09:30", WHOLE},
    {"time-day", "[event]\nname = a\nstart = 2022-09-31 09:30\n[source test]\npipeline = test\n",
     ":3: [event] start: ", "year-month-day", WHOLE},
    {"time-hour", "[event]\nname = a\nstart = 2022-09-29 24:30\n[source test]\npipeline = test\n",
     ":3: [event] start: ", "hour:minute", WHOLE},
    {"time-left-out", "[event]\nname = a\nstart = 2022-03-27 02:30\n[source test]\npipeline = test\n",
     ":3: [event] start: ", "another hour", WHOLE},
    {"time-zone", "[event]\nname = a\ntimezone = Europa/Roma\n[source test]\npipeline = test\n",
     ":3: [event] timezone: ", "Europe/Rome", WHOLE},
    {"time-zone-path", "[event]\nname = a\ntimezone = ../../etc/passwd\n[source test]\npipeline = test\n",
     ":3: [event] timezone: ", "Europe/Rome", WHOLE},
    {"end-first",
     "[event]\nname = a\nstart = 2022-09-29 13:00\nend = 2022-09-29 09:30\n[source test]\npipeline = test\n",
     ":4: [event] end: ", "check the day", WHOLE},
    {"end-far",
     "[event]\nname = a\nstart = 2022-09-29 09:30\nend = 2023-09-29 13:00\n[source t]\npipeline = test\n",
     ":4: [event] end: ", "check the year", WHOLE},

    /* where */
    {"listen-no-address", "[web]\nlisten = :8080\n", ":6: [web] listen: ", "0.0.0.0"},
    {"listen-no-port", "[web]\nlisten = 127.0.0.1\n", ":6: [web] listen: ", "ADDRESS:PORT"},
    {"listen-port-0", "[web]\nlisten = 127.0.0.1:0\n", ":6: [web] listen: ", "1 to 65535"},
    {"listen-port-high", "[web]\nlisten = 127.0.0.1:65536\n", ":6: [web] listen: ", "1 to 65535"},
    {"listen-name", "[web]\nlisten = localhost:8080\n", ":6: [web] listen: ", "127.0.0.1"},
    {"listen-v6-bare", "[web]\nlisten = ::1:8080\n", ":6: [web] listen: ", "[::]"},
    {"certificate-alone", "[web]\ncertificate = a.pem\n", ":6: [web] certificate: ", "add key ="},
    {"key-alone", "[web]\nkey = a.pem\n", ":6: [web] key: ", "add certificate ="},
    {"redirect-alone", "[web]\nredirect_listen = 0.0.0.0:80\n", ":6: [web] redirect_listen: ", "no https"},
    {"redirect-same",
     "[web]\nlisten = 0.0.0.0:80\ncertificate = a.pem\nkey = b.pem\nredirect_listen = 127.0.0.1:80\n",
     ":9: [web] redirect_listen: ", "choose another port"},
    {"redirect-port-0", "[web]\ncertificate = a.pem\nkey = b.pem\nredirect_listen = 0.0.0.0:0\n",
     ":8: [web] redirect_listen: ", "1 to 65535"},
    {"console-name", "[console]\nlisten = localhost:8090\n", ":6: [console] listen: ", "127.0.0.1"},
    {"console-port", "[console]\nlisten = 127.0.0.1\n", ":6: [console] listen: ", "ADDRESS:PORT"},
    {"console-is-web", "[console]\nlisten = 127.0.0.1:8080\n",
     ":6: [console] listen: ", "where viewers connect"},
    {"console-is-redirect",
     "[web]\ncertificate = a.pem\nkey = b.pem\nredirect_listen = 0.0.0.0:8090\n[console]\nlisten = "
     "127.0.0.1:8090\n",
     ":10: [console] listen: ", "sent on to https"},
    {"console-in-web", "[web]\nlisten = [::]:81\n[console]\nlisten = 127.0.0.1:81\n",
     ":8: [console] listen: ", "[web] listen"},
    {"hosts-url", "[web]\nhosts = http://live.example.org/\n", ":6: [web] hosts: ", "leave out http://"},
    {"hosts-port", "[web]\nhosts = live.example.org:8080\n", ":6: [web] hosts: ", "port"},
    {"proxies-name", "[web]\ntrusted_proxies = proxy.example.org\n",
     ":6: [web] trusted_proxies: ", "192.0.2.0/24"},
    {"proxies-bits", "[web]\ntrusted_proxies = 192.0.2.7/24\n",
     ":6: [web] trusted_proxies: ", "behind the length"},
    {"proxies-all", "[web]\ntrusted_proxies = 127.0.0.1; 0.0.0.0/0\n",
     ":6: [web] trusted_proxies: ", "everybody"},
    {"hosts-chars", "[web]\nhosts = live_example\n", ":6: [web] hosts: ", "live.example.org"},
    {"url-scheme", "[relay a]\nurl = https://example.org/live\n",
     ":6: [relay a] url: ", "rtmp, rtmps or srt"},
    {"url-file", "[relay a]\nurl = file:///etc/passwd\n", ":6: [relay a] url: ", "rtmp, rtmps or srt"},
    {"url-case", "[relay a]\nurl = SRT://example.org:9000\n", ":6: [relay a] url: ", "rtmp, rtmps or srt"},
    {"url-none", "[relay a]\nurl = a.rtmp.youtube.com/live2\n",
     ":6: [relay a] url: ", "rtmp://HOST/APPLICATION"},
    {"url-userinfo", "[relay a]\nurl = rtmp://me:secret@example.org/live\n",
     ":6: [relay a] url: ", "key_file"},
    {"url-user", "[relay a]\nurl = rtmp://me@example.org/live\n", ":6: [relay a] url: ", "key_file"},
    {"url-host", "[relay a]\nurl = rtmp:///live\n", ":6: [relay a] url: ", "rtmp://HOST"},
    {"url-newline", "[relay a]\nurl = rtmp://example.org/live\\nx\n", ":6: [relay a] url: ", "remove blanks"},
    {"url-blank", "[relay a]\nurl = rtmp://example.org/live app\n", ":6: [relay a] url: ", "remove blanks"},
    {"url-port", "[relay a]\nurl = rtmp://example.org:0/live\n", ":6: [relay a] url: ", "1 to 65535"},
    {"url-port-high", "[relay a]\nurl = rtmp://example.org:65536/live\n",
     ":6: [relay a] url: ", "1 to 65535"},
    {"url-app", "[relay a]\nurl = rtmp://example.org/\n", ":6: [relay a] url: ", "rtmp://HOST/live2"},
    {"url-escaped-host", "[relay a]\nurl = rtmp://exa%6dple.org/live\n",
     ":6: [relay a] url: ", "live.example.org"},
    {"url-srt-port", "[relay a]\nurl = srt://example.org\n", ":6: [relay a] url: ", ":9000"},
    {"url-srt-query", "[relay a]\nurl = srt://example.org:9000?mode=listener\n",
     ":6: [relay a] url: ", "stream_id"},
    {"url-srt-path", "[relay a]\nurl = srt://example.org:9000/live\n", ":6: [relay a] url: ", "stream_id"},

    /* one thing against another */
    {"picture-unknown", "[programme]\npicture = camera\n", ":6: [programme] picture: ", "sources are: test"},
    {"picture-without", "[programme]\npicture = b\n[source b]\npipeline = test\nvideo = no\n",
     ":6: [programme] picture: ", "show another"},
    {"source-nothing", "[source b]\npipeline = test\nvideo = no\naudio = no\n",
     ":5: [source b]: ", "one `no`"},
    {"crop-few", "[source b]\npipeline = test\ncrop = 10; 10\n", ":7: [source b] crop: ", "a list of 2"},
    {"crop-many", "[source b]\npipeline = test\ncrop = 0; 0; 46; 0\n", ":7: [source b] crop: ", "\"46\""},
    {"crop-minus", "[source b]\npipeline = test\ncrop = 0; -1; 0; 0\n", ":7: [source b] crop: ", "\"-1\""},
    {"iso", "[source b]\npipeline = test\niso = maybe\n", ":7: [source b] iso: ", "yes or no"},
    {"fit", "[source b]\npipeline = test\nfit = cover\n", ":7: [source b] fit: ", "whole, fill"},
    {"channels-none", "[source b]\npipeline = test\nchannels = left\n", ":7: [source b] channels: ", "3; 4"},
    {"channels-zero", "[source b]\npipeline = test\nchannels = 0\n", ":7: [source b] channels: ", "1 to 64"},
    {"channels-three", "[source b]\npipeline = test\nchannels = 1; 2; 3\n",
     ":7: [source b] channels: ", "one or two"},
    {"channels-double", "[source b]\npipeline = test\nchannels = 5; 5\n",
     ":7: [source b] channels: ", "write it once"},
    {"audio-source-unknown", "[audio it]\nsources = test; desk\n",
     ":6: [audio it] sources: ", "sources are: test"},
    {"audio-source-without", "[source b]\npipeline = test\naudio = no\n[audio it]\nsources = b\n",
     ":9: [audio it] sources: ", "remove that"},
    {"audio-source-double", "[audio it]\nsources = test; test\n", ":6: [audio it] sources: ", "remove one"},
    {"rendition-large", "[rendition a]\nsize = 1920x1080\nbitrate = 4M\n",
     ":6: [rendition a] size: ", "smaller"},
    {"relay-rendition", "[relay a]\nurl = rtmp://example.org/live\nrendition = 1080p\n",
     ":7: [relay a] rendition: ", "720p, 360p"},
    {"relay-language", "[relay a]\nurl = rtmp://example.org/live\nlanguage = en\n",
     ":7: [relay a] language: ", "languages are: it"},
    {"relay-not-srt", "[relay a]\nurl = rtmp://example.org/live\nlatency = 200ms\n",
     ":7: [relay a] latency: ", "remove it"},
    {"connections", "[web]\nmax_connections = 100\n", ":5: [web] max_connections_per_address: ", "lower it"},
};

static void
test_bad (gconstpointer data)
{
  const Bad *row = data;
  g_autofree char *text = row->whole ? NULL : g_strconcat (BASE, row->text, NULL);
  g_autofree char *expected = g_strconcat ("event.conf", row->where, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config =
      parse (row->whole ? row->text : text, row->length > 0 ? (gssize)row->length : -1, &error);
  g_auto (GStrv) lines = NULL;
  const char *found = NULL;

  g_assert_null (config);
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  g_assert_cmpint (regia_error_exit_status (error), ==, 78);
  g_test_message ("%s", error->message);
  lines = g_strsplit (error->message, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], expected))
      found = lines[i];
  if (found == NULL)
    g_error ("no line begins with \"%s\" in: %s", expected, error->message);
  if (strstr (found + strlen (expected), row->remedy) == NULL)
    g_error ("no \"%s\" in: %s", row->remedy, found);
  /* one mistake is one line; what a missing [event] or UTF-16 entails comes on top */
  if (lines[1] != NULL && !row->whole)
    g_error ("more than one line: %s", error->message);
}

/* As many sources and languages as there may be: too many for all of them to be in the feed by themselves. */
static void
test_too_many_tracks (void)
{
  static const char *const languages[] = {"it", "en", "fr", "de", "es", "pt", "ro", "sq"};
  g_autoptr (GString) text = g_string_new (BASE);
  g_autoptr (RegiaConfig) config = NULL, fewer = NULL;
  g_autoptr (GError) error = NULL, none = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (languages); i++)
    g_string_append_printf (text, "[audio %s]\n", languages[i]);
  for (guint i = 1; i < 16; i++)
    g_string_append_printf (text, "[source s%u]\npipeline = test\niso = yes\n", i);
  config = parse (text->str, -1, &error);
  g_assert_null (config);
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  g_test_message ("%s", error->message);
  g_assert_nonnull (
      strstr (error->message, "[source s15] iso: the feed has room for 64 tracks, and these would be 66"));
  g_string_append (text, "audio = no\n");
  g_string_replace (text, "[source s3]\n", "[source s3]\naudio = no\n", 1);
  fewer = parse (text->str, -1, &none);
  g_assert_no_error (none);
}

static void
test_secrets_stay_hidden (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config =
      parse (BASE "[source b]\npipeline = rtsp\npassword = geheim\\q\n[relay a]\n"
                  "url = rtmp://me:geheim@example.org/live\n",
             -1, &error);

  g_assert_null (config);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, ":7: [source b] password: "));
  g_assert_null (strstr (error->message, "geheim"));
}

static void
test_all_faults_in_order (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = parse (
      "[web]\nthreads = x\n[event]\nnam = y\nrate\n[programme]\nrate = 1\n[feed]\nmemory = 1\n", -1, &error);
  g_auto (GStrv) lines = NULL;

  g_assert_null (config);
  g_assert_nonnull (error);
  lines = g_strsplit (error->message, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 7);
  g_assert_true (g_str_has_prefix (lines[0], "event.conf:2: [web] threads: "));
  g_assert_true (g_str_has_prefix (lines[1], "event.conf:3: [event] name: missing"));
  g_assert_true (g_str_has_prefix (lines[2], "event.conf:4: [event] nam: "));
  g_assert_true (g_str_has_prefix (lines[3], "event.conf:5: [event]: "));
  g_assert_true (g_str_has_prefix (lines[4], "event.conf:7: [programme] rate: "));
  g_assert_true (g_str_has_prefix (lines[5], "event.conf:9: [feed] memory: "));
  g_assert_true (g_str_has_prefix (lines[6], "event.conf: [source NAME]: "));
}

/* However much is wrong, the message stays something that a person can read. */
static void
test_flood (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = NULL;
  g_auto (GStrv) lines = NULL;

  for (guint i = 0; i < 5000; i++)
    g_string_append_printf (text, "[quux%u]\nx\n", i);
  config = parse (text->str, text->len, &error);
  g_assert_null (config);
  g_assert_nonnull (error);
  lines = g_strsplit (error->message, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 61);
  g_assert_nonnull (strstr (lines[60], "more"));
}

static void
test_long_line (void)
{
  g_autofree char *filler = g_strnfill (4090, 'x');
  g_autofree char *fits = g_strconcat (BASE "# ", filler, "\n", NULL);
  g_autofree char *over = g_strconcat (BASE "# ", filler, "xxxxx\n", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = parse_good (fits);
  g_autoptr (RegiaConfig) none = parse (over, -1, &error);

  g_assert_nonnull (config);
  g_assert_null (none);
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "event.conf:5: the line is 4097 bytes long"));
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *path = g_strconcat ("/config/bad/", bad[i].name, NULL);

    g_test_add_data_func (path, &bad[i], test_bad);
  }
  g_test_add_func ("/config/too-many-tracks", test_too_many_tracks);
  g_test_add_func ("/config/secrets", test_secrets_stay_hidden);
  g_test_add_func ("/config/order", test_all_faults_in_order);
  g_test_add_func ("/config/flood", test_flood);
  g_test_add_func ("/config/long-line", test_long_line);
  return g_test_run ();
}
