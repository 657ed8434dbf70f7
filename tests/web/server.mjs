// SPDX-License-Identifier: GPL-3.0-or-later
// A stand-in for the gateway: the built pages, a status that the test scripts, and real HLS whose window slides with the clock. It can go
// away and come back, and leave holes in the media, as the real one would at the worst moment.
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { SEGMENT_S } from './media.mjs';

const WINDOW = 6;
const HELD = 9;
/** How much has been encoded when the show goes on air: the page opens onto a full window. */
const LEAD_S = WINDOW * SEGMENT_S + 2;
const CSP = [
  "default-src 'self'", 'worker-src blob:', "media-src 'self' blob:", "connect-src 'self'", "img-src 'self' data:", "style-src 'self'",
  "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'",
].join('; ');
const HEADERS = { 'Content-Security-Policy': CSP, 'X-Content-Type-Options': 'nosniff' };
const TYPES = {
  html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml', json: 'application/json',
};
const PAGES = { '/': 'index.html', '/recordings': 'recordings.html' };
const PLAYLIST = 'application/vnd.apple.mpegurl';

export class FakeGateway {
  /** What /api/v1/status answers; null: 503. */
  status = null;
  recordings = [];
  readable = true;
  /** Media sequence number → pieces of the segment that are there (the rest is a hole), or 0 for EXT-X-GAP. */
  holes = new Map();
  /** X-Regia-Viewer of every request for media. */
  viewers = new Set();
  segmentsServed = 0;
  statusAsked = 0;
  playlistsRefused = 0;
  /** How many shows have been on the air before this one. Each has its own address, and the one that people type is not there: the page is told. */
  shows = 0;
  /** Files served as they are at their address: address → { path, type }. */
  downloads = new Map();

  constructor (pages, tracks, example) {
    this.pages = pages;
    this.tracks = tracks;
    this.example = example;
  }

  /** Listens, on the port of before if there was one. */
  async up () {
    this.server = http.createServer((request, response) => void this.answer(request, response).catch(() => response.destroy()));
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(this.port ?? 0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.address = `http://127.0.0.1:${this.port}`;
  }

  /** Gone, as after kill -9: connections are reset, new ones refused. */
  async down () {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  wait (change = {}) {
    this.onAirAt = this.endedAt = null;
    this.holes.clear();
    this.setStatus('starting', change);
  }

  goOnAir () {
    if (this.onAirAt) this.shows++;
    this.onAirAt = Date.now() - LEAD_S * 1000;
    this.endedAt = null;
    this.setStatus('on-air');
  }

  /** The last segment has been made; playlists say so, unless the gateway itself does not know yet. */
  endShow (state = 'ended') {
    this.endedAt = Date.now();
    this.setStatus(state);
  }

  /** The number of the newest complete segment. */
  get newest () {
    return Math.floor(((this.endedAt ?? Date.now()) - this.onAirAt) / 1000 / SEGMENT_S) - 1;
  }

  get show () {
    return `show-${this.shows}`;
  }

  setStatus (state, change = {}) {
    const { show } = this;
    const on = state === 'standby' ? { show: '', streams: {}, recording: '' } : { show, streams: { hls: `live/${show}/index.m3u8` } };
    this.status = { ...structuredClone(this.example), state, ...on, ...change };
  }

  async answer (request, response) {
    const { pathname } = new URL(request.url, 'http://x');
    const send = (code, type, body, headers = {}) =>
      response.writeHead(code, { ...HEADERS, 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...headers }).end(body);
    const missing = () => send(404, 'text/plain', 'There is no such thing.\n');
    if (pathname === '/api/v1/status') {
      this.statusAsked++;
      if (!this.status) return send(503, 'text/plain', 'The director does not answer.\n');
      return send(200, TYPES.json, JSON.stringify({ ...this.status, wall: new Date().toISOString() }), { 'Cache-Control': 'no-store' });
    }
    if (pathname === '/api/v1/recordings') {
      return send(200, TYPES.json, JSON.stringify({ recordings: this.recordings, readable: this.readable }), { 'Cache-Control': 'no-store' });
    }
    if (pathname.startsWith('/live/')) {
      if (request.headers['x-regia-viewer']) this.viewers.add(request.headers['x-regia-viewer']);
      const own = `/live/${this.show}/`;
      return pathname.startsWith(own) ? this.answerLive(pathname.slice(own.length), send, missing) : missing();
    }
    const file = this.downloads.get(pathname);
    if (file) return this.answerFile(file, request, response);
    const page = PAGES[pathname] ?? (/^\/assets\/[\w.-]+$/.test(pathname) ? pathname.slice(1) : null);
    const body = page && await fs.readFile(path.join(this.pages, page)).catch(() => null);
    return body ? send(200, TYPES[page.split('.').pop()], body) : missing();
  }

  async answerFile ({ path: name, type }, request, response) {
    const body = await fs.readFile(name);
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const from = range ? Number(range[1]) : 0;
    const to = range && range[2] ? Math.min(Number(range[2]), body.length - 1) : body.length - 1;
    const headers = { 'Content-Type': type, 'Accept-Ranges': 'bytes', 'Content-Length': to - from + 1, 'Content-Disposition': 'attachment; filename="x.mp4"' };
    if (range) headers['Content-Range'] = `bytes ${from}-${to}/${body.length}`;
    response.writeHead(range ? 206 : 200, headers);
    response.end(body.subarray(from, to + 1));
  }

  answerLive (name, send, missing) {
    if (this.onAirAt === null || this.onAirAt === undefined) {
      this.playlistsRefused++;
      return missing();
    }
    const live = { 'Access-Control-Allow-Origin': '*' };
    if (name === 'index.m3u8') return send(200, PLAYLIST, this.multivariant(), live);
    const [, kind, rendition, resource] = /^(video|audio)\/(\w+)\/([\w.]+)$/.exec(name) ?? [];
    const track = this.tracks[`${kind}/${rendition}`];
    if (!track) return missing();
    if (resource === 'index.m3u8') return send(200, PLAYLIST, this.playlist(track), live);
    if (resource === 'init.mp4') return send(200, `${kind}/mp4`, track.init, live);
    const number = Number(/^(\d+)\.m4s$/.exec(resource)?.[1] ?? -1);
    const segment = track.segments[number];
    if (!segment || number > this.newest || number <= this.newest - HELD || this.holes.get(number) === 0) return missing();
    this.segmentsServed++;
    return send(200, `${kind}/mp4`, Buffer.concat(segment.pieces.slice(0, this.holes.get(number))), live);
  }

  multivariant () {
    const lines = ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-INDEPENDENT-SEGMENTS'];
    for (const [index, language] of ['it', 'en'].entries()) {
      const chosen = `DEFAULT=${index ? 'NO' : 'YES'},AUTOSELECT=YES`;
      lines.push(`#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="${language}",LANGUAGE="${language}",${chosen},CHANNELS="2",URI="audio/${language}/index.m3u8"`);
    }
    for (const [name, size, bandwidth] of [['360p', '640x360', 800000], ['180p', '320x180', 300000]]) {
      lines.push(`#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth},RESOLUTION=${size},FRAME-RATE=25.000,CODECS="avc1.42c01e,mp4a.40.2",AUDIO="audio"`);
      lines.push(`video/${name}/index.m3u8`);
    }
    return `${lines.join('\n')}\n`;
  }

  playlist (track) {
    const newest = this.newest;
    const first = Math.max(0, newest - WINDOW + 1);
    const lines = ['#EXTM3U', '#EXT-X-VERSION:7', `#EXT-X-TARGETDURATION:${SEGMENT_S}`, `#EXT-X-MEDIA-SEQUENCE:${first}`, '#EXT-X-MAP:URI="init.mp4"'];
    for (let number = first; number <= newest; number++) {
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(this.onAirAt + number * SEGMENT_S * 1000).toISOString()}`);
      if (this.holes.get(number) === 0) lines.push('#EXT-X-GAP');
      lines.push(`#EXTINF:${track.segments[number].durationS.toFixed(5)},`, `${number}.m4s`);
    }
    if (this.endedAt) lines.push('#EXT-X-ENDLIST');
    return `${lines.join('\n')}\n`;
  }
}
