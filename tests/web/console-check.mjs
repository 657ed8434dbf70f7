// SPDX-License-Identifier: GPL-3.0-or-later
// Holds a running console against its own description, answers and refusals: node console-check.mjs BASE_URL NAME PASSWORD STAFF_TOKEN.
// Everything that is described is asked for by nobody, by one of the staff and by a technician, rightly and wrongly; whatever is answered
// must be described. The event goes on: what would end it is only asked for by those who may not.
import { check, loadDescription } from './openapi.mjs';

const [base, name, password, staff] = process.argv.slice(2);
const results = [];

function report (title, faults) {
  results.push(faults.length === 0);
  console.log(`${faults.length ? 'not ok' : 'ok'} ${results.length} - ${title}`);
  for (const fault of faults) console.log(`# ${fault}`);
}

async function ask (method, path, headers, body) {
  for (;;) {
    const response = await fetch(base + path, { method, headers, body, redirect: 'manual' });
    const answer = { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
    if (answer.status !== 429 && !(answer.status === 503 && path.startsWith('/house/'))) return answer; // it is read from the feed from then on
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(response.headers.get('retry-after'))));
  }
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const good = {
  '/api/v1/login': { name, password },
  '/api/v1/commands/private': { on: false },
  '/api/v1/commands/mark': { title: 'Checked', 'at-ms': 1 },
  '/api/v1/commands/extend': { end: Math.floor(Date.now() / 1000) + 3600 },
  '/api/v1/commands/relay': { name: 'none', on: true },
  '/api/v1/commands/scene': { name: 'camera', 'fade-ms': 200 },
  '/api/v1/commands/caption': { name: 'Maria Rossi', line: 'Gli sportelli informativi' },
  '/api/v1/commands/relay-add': { name: 'later', url: 'rtmp://127.0.0.1:9/live', key: 'stream-key' },
  '/api/v1/commands/relay-remove': { name: 'later' },
  '/api/v1/commands/talk': { number: 2, 'at-ms': 1 },
  '/api/v1/commands/notice': { text: 'Si ricomincia alle 11:30' },
  '/api/v1/commands/source-add': { name: 'guest', keys: { pipeline: 'test', video: 'yes' } },
  '/api/v1/commands/source-set': { name: 'guest', keys: { delay: '40ms' } },
  '/api/v1/commands/source-remove': { name: 'guest' },
  '/api/v1/commands/tone': { on: false },
  '/api/v1/commands/gain': { source: 'camera', db: -3.5 },
  '/api/v1/commands/mute': { source: 'camera', on: false, language: 'it' },
  '/api/v1/commands/acknowledge': { alarm: 'disk' },
  '/api/v1/commands/start': { name: 'none' },
  '/api/v1/commands/rehearse': { name: 'none' },
};
good['/api/v1/people/set'] = { name: 'dora', role: 'staff', password: 'a long enough one' };
good['/api/v1/people/invite'] = { name: 'dora', role: 'staff' };
good['/api/v1/people/end-session'] = { session: 'none' };
good['/api/v1/people/remove'] = { name: 'nobody' };
good['/api/v1/invitation'] = { invitation: 'N'.repeat(43), password: 'a long enough one' };
const FILE = { text: '[event]\nname = None\n' };
good['/api/v1/events-folder/{name}'] = FILE;
good['/api/v1/hall'] = FILE;
/** Which one of several is asked for. */
const NAMES = { '{name}': 'none.conf' };
/** What is not answered by 200 here: no alarm is raised, there is no such relay, nor a talk, and one event alone has no folder. */
const otherwise = { '/api/v1/commands/acknowledge': 400, '/api/v1/commands/relay': 400, '/api/v1/commands/talk': 400, '/api/v1/commands/start': 409, '/api/v1/commands/rehearse': 409, '/api/v1/planned': 409, '/api/v1/live': 426, '/api/v1/events-folder/{name}': 409, '/api/v1/hall': 409, '/api/v1/people/end-session': 400,
  '/api/v1/people/remove': 400, '/api/v1/invitation': 403 };
/** One ends the event, one the session, and one has no end. */
const NOT_NOW = ['/api/v1/commands/stop', '/api/v1/logout', '/api/v1/events'];

const api = loadDescription(JSON.parse((await ask('GET', '/api/v1/openapi.json', {})).body.toString()));
const login = await ask('POST', '/api/v1/login', JSON_TYPE, JSON.stringify(good['/api/v1/login']));
const { token } = JSON.parse(login.body.toString());
const bearer = (value) => ({ Authorization: `Bearer ${value}` });

async function hold (title, path, method, headers, body, expected) {
  const address = path.replace(/\{\w+\}/g, (place) => NAMES[place]);
  const answer = await ask(method, address, headers, body);
  report(`${method} ${path} ${title}: ${expected}`, check(api, path, method, answer, expected));
}

/** Each line of the audit that comes until one has that id. */
async function audited (stream, id) {
  const entries = [];
  let text = '';
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    text += piece;
    for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
      const fields = new Map(text.slice(0, end).split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]));
      if (fields.get('event') === 'audit') entries.push(JSON.parse(fields.get('data')));
      if (entries.at(-1)?.id === id) return entries;
    }
  }
  return entries;
}

const events = await fetch(`${base}/api/v1/events`, { headers: bearer(token), signal: AbortSignal.timeout(60000) });
const entries = audited(events.body, 'the-last');

for (const [path, methods] of Object.entries(api.document.paths)) {
  for (const method of Object.keys(methods).map((key) => key.toUpperCase())) {
    const open = methods[method.toLowerCase()].security?.length === 0;
    const small = path === '/api/v1/session' || path === '/api/v1/logout';
    const writes = method === 'POST' || method === 'PUT';
    const body = writes ? JSON.stringify(good[path] ?? {}) : undefined;
    const type = writes ? JSON_TYPE : {};
    if (!open) {
      await hold('by nobody', path, method, type, body, 401);
      await hold('with a token of nobody', path, method, { ...type, ...bearer('N'.repeat(43)) }, body, 401);
      if (!small) await hold('by one of the staff', path, method, { ...type, ...bearer(staff) }, body, 403);
    }
    const mine = open ? {} : bearer(token);
    if (writes) {
      await hold('from another site', path, method, { ...type, ...mine, Origin: 'http://evil.example' }, body, 403);
      await hold('as text', path, method, { ...mine, 'Content-Type': 'text/plain' }, body, 415);
      await hold('too long', path, method, { ...type, ...mine }, JSON.stringify({ name: 'a'.repeat(method === 'PUT' ? 140000 : 5000) }), 413);
      if (path !== '/api/v1/logout') {
        await hold('no JSON', path, method, { ...type, ...mine }, '{"on":', 400);
        await hold('with a key that there is not', path, method, { ...type, ...mine }, '{"one":1}', 400);
      }
    }
    if (!NOT_NOW.includes(path)) await hold('as it should be', path, method, { ...type, ...mine }, body, otherwise[path] ?? 200);
  }
}
await hold('with a wrong password', '/api/v1/login', 'POST', JSON_TYPE, JSON.stringify({ name, password: 'wrong' }), 403);
await ask('POST', '/api/v1/commands/private', { ...JSON_TYPE, ...bearer(token) }, JSON.stringify({ on: false, id: 'the-last' }));
const kinds = new Set();
for (const entry of await entries) {
  kinds.add(entry.change.people ? 'people' : entry.outcome.split(':')[0]);
  report(`an audit entry: ${JSON.stringify(entry.change)}`, api.validator('#/components/schemas/AuditEntry')(entry));
}
report('entries of people, of what was done and of what was refused', ['people', 'done', 'refused'].filter((kind) => !kinds.has(kind)));
await hold('as it should be', '/api/v1/logout', 'POST', { ...JSON_TYPE, ...bearer(token) }, '{}', 200);
console.log(`1..${results.length}`);
process.exitCode = results.every(Boolean) && results.length > 100 ? 0 : 1;
