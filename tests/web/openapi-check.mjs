// SPDX-License-Identifier: GPL-3.0-or-later
// Holds a running Regia against its own description: node openapi-check.mjs BASE_URL.
// Every GET of the description is asked for, with names of recordings and segments taken from the answers before; status, headers, content
// type and body must be as described. What cannot be asked for (no finished recording, nothing on air) is skipped by name.
import { check, loadDescription } from './openapi.mjs';

const base = process.argv[2]?.replace(/\/$/, '');
if (!base) {
  console.error('usage: node tests/web/openapi-check.mjs BASE_URL');
  process.exit(64);
}

const SEGMENT = '/live/{show}/{kind}/{name}/{segment}';
const results = [];

function report (name, faults) {
  results.push(faults.length === 0);
  console.log(`${faults.length ? 'not ok' : 'ok'} ${results.length} - ${name}`);
  for (const fault of faults) console.log(`# ${fault}`);
}

function skip (name, why) {
  results.push(true);
  console.log(`ok ${results.length} - ${name} # SKIP ${why}`);
}

async function ask (method, path, headers = {}) {
  const response = await fetch(base + path, { method, headers, redirect: 'manual' });
  const reader = response.body?.getReader();
  const chunks = [];
  let size = 0;
  // Recordings are large: a first part will do.
  while (reader && size < 4_000_000) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  await reader?.cancel();
  return { status: response.status, headers: response.headers, body: Buffer.concat(chunks) };
}

/** The addresses in a playlist, as paths on this server. */
function playlistPaths (path, body) {
  const text = body.toString('utf8');
  const quoted = [...text.matchAll(/URI="([^"]+)"/g)].map(([, uri]) => uri);
  const listed = [];
  let gap = false;
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line.startsWith('#EXT-X-GAP')) gap = true;
    if (line === '' || line.startsWith('#')) continue;
    if (!gap) listed.push(line);
    gap = false;
  }
  return [...quoted, ...listed].map((uri) => new URL(uri, base + path).pathname);
}

/** The stream at the address that the status gives, and the same at the one that people type. */
async function checkLive (api, status) {
  const typed = '/live/index.m3u8';
  const hls = status.streams?.hls;
  if (!hls) return skip(`GET ${typed} and below`, 'nothing on air');
  const master = `/${hls}`;
  const answer = await ask('GET', master);
  if (answer.status === 404) return skip(`GET ${master} and below`, 'nothing to play');
  report(`GET ${master}`, check(api, '/live/{show}/index.m3u8', 'GET', answer, 200));
  const same = await ask('GET', typed);
  const faults = check(api, typed, 'GET', same, 200);
  const named = [answer, same].map(({ body }, index) => playlistPaths([master, typed][index], body).join(' '));
  if (named[0] !== named[1]) faults.push(`it names ${named[1]} instead of ${named[0]}`);
  report(`GET ${typed}`, faults);
  report('GET of another show', check(api, '/live/{show}/index.m3u8', 'GET', await ask('GET', '/live/another/index.m3u8'), 404));
  for (const path of playlistPaths(master, answer.body)) {
    const playlist = await ask('GET', path);
    report(`GET ${path}`, check(api, '/live/{show}/{kind}/{name}/index.m3u8', 'GET', playlist, 200));
    const media = playlistPaths(path, playlist.body);
    const init = media.find((name) => name.endsWith('.mp4'));
    const newest = media.filter((name) => name.endsWith('.m4s')).pop();
    if (!init || !newest) report(`${path} names an initialisation segment and media segments`, [`${init} ${newest}`]);
    for (const name of [init, newest].filter(Boolean)) report(`GET ${name}`, check(api, SEGMENT, 'GET', await ask('GET', name), 200));
  }
  report('GET a segment that is not there', check(api, SEGMENT, 'GET', await ask('GET', '/live/0a1b2c3d/video/none/1.m4s'), 404));
}

async function checkFile (api, path, file) {
  const template = '/recordings/{id}/{file}';
  const get = await ask('GET', path, { Range: 'bytes=0-99' });
  const faults = check(api, template, 'GET', get, 206);
  if (get.body.length !== Math.min(100, file['size-bytes'])) faults.push(`${get.body.length} bytes instead of 100`);
  report(`GET ${path} of its first 100 bytes`, faults);
  const head = await ask('HEAD', path);
  const headFaults = check(api, template, 'HEAD', head, 200);
  const length = Number(head.headers.get('content-length'));
  if (length !== file['size-bytes']) headFaults.push(`Content-Length ${length}, size-bytes ${file['size-bytes']}`);
  report(`HEAD ${path}`, headFaults);
  report(`GET ${path} whole`, check(api, template, 'GET', await ask('GET', path), 200));
  report(`GET ${path} unchanged`, check(api, template, 'GET', await ask('GET', path, { 'If-None-Match': head.headers.get('etag') ?? '""' }), 304));
  report(`GET ${path} beyond its end`, check(api, template, 'GET', await ask('GET', path, { Range: `bytes=${file['size-bytes']}-` }), 416));
}

async function checkRecordings (api) {
  const list = '/api/v1/recordings';
  const answer = await ask('GET', list);
  report(`GET ${list}`, check(api, list, 'GET', answer, 200));
  let recordings = [];
  try {
    ({ recordings } = JSON.parse(answer.body.toString('utf8')));
  } catch {
    return; // already reported
  }
  if (!recordings?.length) skip('GET /api/v1/recordings/{id}', 'no recording');
  for (const { id } of recordings?.slice(0, 3) ?? []) {
    report(`GET ${list}/${id}`, check(api, `${list}/{id}`, 'GET', await ask('GET', `${list}/${id}`), 200));
  }
  const file = recordings?.flatMap(({ files }) => files)[0];
  if (file) await checkFile(api, `/${file.url}`, file);
  else skip('GET /recordings/{id}/{file}', 'no finished recording');
  report(`GET ${list}/none`, check(api, `${list}/{id}`, 'GET', await ask('GET', `${list}/none`), 404));
  report('GET /recordings/none/none.mp4', check(api, '/recordings/{id}/{file}', 'GET', await ask('GET', '/recordings/none/none.mp4'), 404));
}

const description = await ask('GET', '/api/v1/openapi.json');
if (description.status !== 200) {
  console.error(`${base}/api/v1/openapi.json: answered ${description.status}; is this the address of a running Regia?`);
  process.exit(1);
}
const api = loadDescription(JSON.parse(description.body.toString('utf8')));
console.log('TAP version 13');
const status = await ask('GET', '/api/v1/status');
for (const [path, answer] of [['/api/v1/openapi.json', description], ['/api/v1/status', status], ['/healthz', await ask('GET', '/healthz')],
  ['/events.ics', await ask('GET', '/events.ics')]]) {
  report(`GET ${path}`, check(api, path, 'GET', answer, 200));
}
await checkRecordings(api);
await checkLive(api, JSON.parse(status.body.toString('utf8')));
const known = [
  '/api/v1/openapi.json', '/api/v1/status', '/healthz', '/events.ics', '/api/v1/recordings', '/api/v1/recordings/{id}', '/recordings/{id}/{file}',
  '/live/index.m3u8', '/live/{show}/index.m3u8', '/live/{show}/{kind}/{name}/index.m3u8', SEGMENT,
];
const unknown = Object.keys(api.document.paths).filter((path) => !known.includes(path));
report('every path of the description is asked for', unknown.map((path) => `${path} is not: teach openapi-check.mjs`));
console.log(`1..${results.length}`);
const failed = results.filter((passed) => !passed).length;
console.log(`# ${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
