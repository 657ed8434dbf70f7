// SPDX-License-Identifier: GPL-3.0-or-later
// What of the pages can be tested without a browser: node unit.mjs PAGES_DIR, the folder that build.mjs filled.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadDescription } from './openapi.mjs';
import { runTests, test } from './tap.mjs';
import { typeCheck } from './typecheck.mjs';

const pages = path.resolve(process.argv[2]);
const source = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../src/web');
const read = (name) => fs.readFileSync(path.join(source, name), 'utf8');

/** Loads a TypeScript module of the pages, without its imports of npm packages. */
async function load (name) {
  const esbuild = createRequire(pathToFileURL(path.join(pages, 'package.json')))('esbuild');
  const outfile = path.join(pages, 'unit', `${name}.mjs`);
  const entryPoints = [`${name}.ts`];
  await esbuild.build({ absWorkingDir: source, entryPoints, outfile, bundle: true, format: 'esm', platform: 'neutral', logLevel: 'error' });
  return import(pathToFileURL(outfile));
}

test('the types hold', () => {
  assert.equal(typeCheck(pages), '');
});

test('every message exists in Italian and in English, with the same places to fill, and is used', () => {
  const messages = JSON.parse(read('messages.json'));
  assert.deepEqual(Object.keys(messages.it), Object.keys(messages.en));
  const text = ['index.html', 'recordings.html', 'console.html', 'events.html', 'people.html', ...fs.readdirSync(source).filter((name) => name.endsWith('.ts'))].map(read).join('\n');
  const places = (message) => (message.match(/\{\w+\}/g) ?? []).sort();
  for (const [key, message] of Object.entries(messages.it)) {
    assert.ok(message && messages.en[key], `${key} is empty`);
    assert.deepEqual(places(message), places(messages.en[key]), key);
    const assembled = /^(console-did|state|recording-state|recording-hint)-/.test(key);
    assert.ok(assembled || text.includes(`'${key}'`) || text.includes(`"${key}"`) || text.includes(`:${key}}}`), `${key} is used nowhere`);
  }
});

test('the pages name no other server, hold no script or style of their own and no cookie', () => {
  for (const name of ['index.html', 'recordings.html', 'console.html', 'events.html', 'people.html']) {
    const page = fs.readFileSync(path.join(pages, 'dist', name), 'utf8');
    assert.doesNotMatch(page, /https?:|<style|style=|<script(?![^>]* src=)|\son\w+=/);
    assert.doesNotMatch(page, /\{\{/);
  }
  for (const name of fs.readdirSync(source).filter((file) => file.endsWith('.ts'))) {
    assert.doesNotMatch(read(name), /document\.cookie|localStorage|sessionStorage|indexedDB|innerHTML|https?:\/\//, name);
  }
});

test('the lock files name no server and no package that Node 18 refuses', () => {
  for (const folder of [source, path.dirname(fileURLToPath(import.meta.url))]) {
    const lock = JSON.parse(fs.readFileSync(path.join(folder, 'package-lock.json'), 'utf8'));
    for (const [name, item] of Object.entries(lock.packages)) {
      assert.equal(item.resolved, undefined, name);
      assert.ok(name === '' || item.integrity, name);
      const least = /^>=\s*(\d+)/.exec(item.engines?.node ?? '>=0')?.[1];
      assert.ok(Number(least) <= 18, `${name} wants node ${item.engines?.node}`);
    }
  }
});

test('language: the address first, then the browser, then Italian', async () => {
  const { chooseLanguage } = await load('i18n');
  const cases = [
    ['?lang=en', ['it-IT'], 'en'], ['?lang=it', ['en'], 'it'], ['', ['en-GB', 'it'], 'en'], ['', ['fr-FR', 'it-CH'], 'it'],
    ['?lang=xx', ['en'], 'en'], ['', ['de'], 'it'], ['', [], 'it'], ['?lang=EN-us', [], 'en'],
  ];
  for (const [search, wanted, expected] of cases) assert.equal(chooseLanguage(search, wanted), expected, `${search} ${wanted}`);
});

test('sizes, lengths and times as people write them', async () => {
  const { formatHours, formatLength, formatMoment, formatSize } = await load('i18n');
  const sizes = { 0: '0 byte', 999: '999 byte', 1000: '1 kB', 999499: '999 kB', 12340000: '12,3 MB', 122334455: '122 MB', 4131204877: '4,13 GB' };
  for (const [bytes, words] of Object.entries(sizes)) assert.equal(formatSize(Number(bytes)).replace(/\s/g, ' '), words);
  const lengths = { 0: '0 s', 14000: '14 s', 89400: '89 s', 90000: '2 min', 2880000: '48 min', 3599999: '1 h 0 min', 12724000: '3 h 32 min' };
  for (const [ms, words] of Object.entries(lengths)) assert.equal(formatLength(Number(ms)), words);
  const zone = process.env['TZ'];
  process.env['TZ'] = 'Europe/Rome';
  assert.equal(formatHours('2022-09-29T09:30:00+02:00', '2022-09-29T13:00:00+02:00'), 'giovedì 29 settembre 2022, 9:30–13:00');
  assert.equal(formatHours('2022-09-29T09:30:00+02:00', ''), 'giovedì 29 settembre 2022, 9:30');
  const night = 'giovedì 29 settembre 2022, 22:00 – venerdì 30 settembre 2022, 0:30';
  assert.equal(formatHours('2022-09-29T22:00:00+02:00', '2022-09-30T00:30:00+02:00'), night);
  assert.equal(formatHours('2022-09-29T07:30:00Z', ''), 'giovedì 29 settembre 2022, 9:30 (ora del suo dispositivo)');
  assert.equal(formatHours('', ''), '');
  assert.equal(formatMoment('2022-09-29T09:30:00+02:00', Date.parse('2022-09-29T06:00:00Z')), 'oggi, ore 9:30');
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

test('the desk: spans of time, the end that is moved, the talk that comes next', async () => {
  const { formatSpan, laterEnd, untilEnd } = await load('clock');
  const { nextTalk } = await load('talks');
  const spans = { 0: '0:00', 999: '0:00', 61000: '1:01', 3599999: '59:59', 3600000: '1:00:00', 45296000: '12:34:56' };
  for (const [ms, words] of Object.entries(spans)) assert.equal(formatSpan(Number(ms)), words);
  assert.equal(formatSpan(-5), '0:00');
  const end = '2022-09-29T13:00:00+02:00';
  const at = Date.parse(end);
  assert.deepEqual(untilEnd(end, at - 90000), { ms: 90000, over: false });
  assert.deepEqual(untilEnd(end, at + 90000), { ms: 90000, over: true });
  assert.equal(untilEnd('', at), null);
  assert.equal(laterEnd(end, at - 60000, 5), at / 1000 + 300, 'of what is planned');
  assert.equal(laterEnd(end, at + 60000, 5), at / 1000 + 360, 'over time: from now on');
  assert.equal(laterEnd('', at, 15), at / 1000 + 900);
  const talks = [1, 12, 3].map((number) => ({ number, title: '', speaker: '', role: '' }));
  assert.deepEqual([0, 1, 12, 3].map((present) => nextTalk(talks, present)?.number), [1, 12, 3, undefined]);
  assert.equal(nextTalk([], 0), undefined);
});

test('the desk: who did what, and how a relay is, in words', async () => {
  const { describeChange, whoInWords } = await load('audit');
  const { relayInWords } = await load('relays');
  const changes = [
    [{ private: true }, 'sala riservata'], [{ private: false }, 'riaperta al pubblico'], [{ paused: true }, 'registrazione sospesa'],
    [{ scene: ['both', -1] }, 'inquadratura: both'], [{ mark: [61000, 'Saluti'] }, 'segno: Saluti'], [{ talk: [3, 61000] }, 'intervento: 3'],
    [{ caption: ['Maria Rossi', 'Prefettura'] }, 'sovrimpressione: Maria Rossi'], [{ relay: ['tube', false] }, 'destinazione: tube'],
    [{ 'caption-off': true }, 'sovrimpressione tolta'], [{ end: 1664449200 }, 'fine spostata'], [{ unheard: 1 }, 'unheard'], [{}, ''],
  ];
  for (const [change, words] of changes) assert.equal(describeChange(change), words);
  assert.equal(whoInWords('anna, console'), 'Anna');
  const relay = { name: 'tube', bps: 2540000, 'retry-in-ms': 2100, 'last-error': '' };
  const states = { live: 'Trasmette, 2,5 Mbit/s.', retrying: 'Non collegata; riprova tra 3 s.', connecting: 'Si collega…', idle: 'In attesa.' };
  for (const [state, words] of Object.entries(states)) assert.equal(relayInWords({ ...relay, state }, false), words);
  assert.equal(relayInWords({ ...relay, state: 'live' }, true), 'Ferma, perché qualcuno l’ha fermata.');
});

test('page state: from what is known', async () => {
  const { choosePageState, seemsOver } = await load('policy');
  const known = (state, played, stalled, over = false, gone = false, paused = false) =>
    choosePageState({ status: state && { state }, played, stalled, paused, over, seemsOver: gone });
  const cases = [
    [null, false, false, 'waiting'], ['starting', false, false, 'waiting'], ['on-air', false, true, 'waiting'], ['standby', false, false, 'waiting'],
    ['on-air', true, false, 'live'], ['ended', true, false, 'live'],
    ['on-air', true, true, 'reconnecting'], [null, true, true, 'reconnecting'], ['starting', true, true, 'reconnecting'],
    ['ended', true, true, 'ended'], ['ending', true, true, 'ended'], ['ended', false, false, 'ended'], ['ending', false, false, 'ended'],
    ['standby', true, true, 'waiting'], ['standby', true, false, 'waiting'],
  ];
  for (const [state, played, stalled, expected] of cases) assert.equal(known(state, played, stalled), expected, `${state} ${played} ${stalled}`);
  assert.equal(known('on-air', true, false, true), 'ended');
  assert.equal(known('standby', true, false, true), 'waiting', 'put away, whatever was on before');
  assert.equal(known('on-air', true, true, false, true), 'ended', 'packed up without a word');
  assert.equal(known('on-air', true, false, false, true), 'live');
  assert.equal(known('on-air', true, false, false, false, true), 'live', 'paused');
  assert.equal(known('ending', true, false, false, false, true), 'live', 'paused, and the end may still be seen');
  assert.equal(known('on-air', true, false, false, true, true), 'ended', 'paused, and they have packed up');
  assert.equal(known('ended', true, false, false, false, true), 'ended', 'paused, and the event has ended meanwhile');
  const end = '2022-09-29T13:00:00+02:00';
  assert.equal(seemsOver(end, Date.parse(end) + 1, 60000), true);
  assert.equal(seemsOver(end, Date.parse(end) + 1, 59999), false);
  assert.equal(seemsOver(end, Date.parse(end) - 1, 600000), false);
  assert.equal(seemsOver('', Date.parse(end), 600000), false);
});

test('help: for ever, ever slower, and nothing while the picture moves', async () => {
  const { backoffMs, chooseHelp, isStalled } = await load('policy');
  const health = (change) => ({ nowMs: 100000, movedAtMs: 100000, playlistAtMs: 99000, servedSinceMs: 0, helpedAtMs: 0, attempts: 0, gaveUp: false, ...change });
  assert.equal(chooseHelp(health({})), 'none');
  assert.equal(isStalled(health({})), false);
  assert.equal(isStalled(health({ movedAtMs: 97000 })), true);
  assert.equal(chooseHelp(health({ movedAtMs: 95000 })), 'none', 'the library helps itself first');
  assert.equal(chooseHelp(health({ movedAtMs: 93000 })), 'jump', 'playlists come, the picture stands: a hole');
  assert.equal(chooseHelp(health({ movedAtMs: 85000, servedSinceMs: 99000 })), 'none', 'playlists are back: nothing is skipped, it plays on');
  assert.equal(chooseHelp(health({ movedAtMs: 80000, helpedAtMs: 93000, attempts: 1 })), 'rebuild');
  assert.equal(chooseHelp(health({ movedAtMs: 90000, playlistAtMs: 90000 })), 'none', 'no playlists: the library asks for them');
  assert.equal(chooseHelp(health({ movedAtMs: 75000, playlistAtMs: 75000 })), 'rebuild');
  assert.equal(chooseHelp(health({ movedAtMs: 99500, gaveUp: true })), 'none');
  assert.equal(chooseHelp(health({ movedAtMs: 98900, gaveUp: true })), 'reload');
  assert.equal(chooseHelp(health({ movedAtMs: 50000, helpedAtMs: 92000, attempts: 1000001, gaveUp: true })) !== 'none', true);
  let last = 0;
  for (let attempts = 0; attempts < 2000; attempts++) {
    const delay = backoffMs(attempts);
    assert.ok(delay >= last && delay <= 5000);
    last = delay;
  }
});

test('catching up: a little faster, a jump when far behind, life speed at the edge or with little buffered', async () => {
  const { catchUp } = await load('policy');
  assert.deepEqual(catchUp(0, 5, 1), { jump: false, rate: 1 });
  assert.deepEqual(catchUp(5, 5, 1), { jump: false, rate: 1.06 });
  assert.deepEqual(catchUp(1, 5, 1.06), { jump: false, rate: 1.06 });
  assert.deepEqual(catchUp(1, 5, 1), { jump: false, rate: 1 });
  assert.deepEqual(catchUp(0.2, 5, 1.06), { jump: false, rate: 1 });
  assert.deepEqual(catchUp(5, 1, 1.06), { jump: false, rate: 1 });
  assert.deepEqual(catchUp(13, 5, 1), { jump: true });
});

/** A director that answers each command when it is told to. */
function makeDirector () {
  const asked = [];
  return {
    asked,
    send: (value) => new Promise((resolve, reject) => asked.push({ value, done: resolve, refuse: () => reject(new Error('refused')) })),
    async next (count) {
      for (let tries = 0; asked.length < count && tries < 1000; tries++) await new Promise((resolve) => setTimeout(resolve, 1));
      assert.equal(asked.length, count);
      return asked[count - 1];
    },
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test('a fader: shown as it is moved, one command on its way, the newest wins, and then the truth', async () => {
  const { Wish } = await load('wish');
  const director = makeDirector();
  const wish = new Wish(0, director.send, () => undefined, 1);
  for (const db of [-1, -2, -3]) wish.set(db);
  const first = await director.next(1);
  assert.equal(first.value, -1);
  assert.equal(wish.value, -3);
  wish.hear(0, 7);
  assert.equal(wish.value, -3, 'what the status says of before is passed over');
  first.done(8);
  const second = await director.next(2);
  assert.equal(second.value, -3, 'the one in between is not said');
  wish.hear(-1, 8);
  assert.equal(wish.value, -3, 'nor what was said on the way');
  second.done(9);
  await settled();
  wish.hear(-1, 8);
  assert.equal(wish.value, -3, 'answered, but this status is older');
  wish.hear(-3, 9);
  wish.hear(-6, 10);
  assert.equal(wish.value, -6, 'somebody else has moved it');
  wish.set(-9);
  await director.next(3);
  wish.hear(-9, 11);
  director.asked[2].done(11);
  await settled();
  wish.hear(-5, 12);
  assert.equal(wish.value, -5, 'also where the status came before the answer');
});

test('a fader that is refused: back to the truth; and one is refused while another is on its way: the other stands', async () => {
  const { Wish } = await load('wish');
  const director = makeDirector();
  let shown = 0;
  const wish = new Wish(false, director.send, () => shown++, 1);
  wish.set(true);
  (await director.next(1)).refuse();
  await settled();
  assert.equal(wish.value, false);
  assert.ok(shown >= 2);
  wish.set(true);
  const third = await director.next(2);
  wish.set(false);
  third.refuse();
  const fourth = await director.next(3);
  assert.deepEqual([fourth.value, wish.value], [false, false]);
  fourth.done(3);
});

test('levels: bands at −18 and −9, places on a scale, decibels as people write them', async () => {
  const { bandOf, place } = await load('levels');
  assert.deepEqual([-120, -18, -17.9, -9, -8.9, 0].map(bandOf), ['low', 'low', 'good', 'good', 'loud', 'loud']);
  assert.deepEqual([-120, -60, -30, 0, 3].map((db) => place(db)), [0, 0, 0.5, 1, 1]);
  assert.equal(place(-25, -60, 10), 0.5);
  const { inDb } = await load('faders');
  assert.deepEqual([-4.5, 0, 0.04, -0.04, 3].map((db) => inDb(db, 'it')), ['−4,5 dB', '0,0 dB', '0,0 dB', '0,0 dB', '3,0 dB']);
  assert.equal(inDb(-18.26, 'en', 'LUFS'), '−18.3 LUFS');
});

test('where viewers are served: first by the name by which the console was reached', async () => {
  const { orderAddresses } = await load('listen');
  const addresses = ['https://event.example', 'http://192.168.1.5:8080', 'http://localhost:8080'];
  assert.deepEqual(orderAddresses(addresses, '192.168.1.5'), [addresses[1], addresses[0], addresses[2]]);
  assert.deepEqual(orderAddresses(addresses, 'elsewhere'), addresses);
  assert.deepEqual(orderAddresses([], 'localhost'), []);
});

/** The description, after its examples were held against its schemas; those of the status come with it. */
function examined (file, least) {
  const { document, validator } = loadDescription(JSON.parse(read(file)));
  let examples = 0;
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    for (const example of schema.examples ?? []) {
      assert.deepEqual(validator(`#/components/schemas/${name}`)(example), [], name);
      examples++;
    }
  }
  assert.ok(examples >= least, `${file}: ${examples} examples`);
  const [status] = document.components.schemas.Status.examples;
  return { document, validator, status, refuses: (wrong) => {
    assert.notDeepEqual(validator('#/components/schemas/Status')({ ...status, ...wrong }), [], JSON.stringify(wrong));
  } };
}

test('the console’s description: its examples fit its schemas, and what does not fit is refused', () => {
  const { status, validator, refuses } = examined('console-openapi.json', 1);
  for (const wrong of [{ more: 1 }, { state: 'off' }, { wall: 'now' }, { engine: { ready: true } }, { 'show-time-ms': -1 }]) refuses(wrong);
  assert.deepEqual(validator('#/components/schemas/Status')({ ...status, engine: {}, recorder: {}, gateway: {} }), []);
});

test('the description for those outside: the same, and of what the console has it knows nothing', () => {
  const { document, status, validator, refuses } = examined('openapi.json', 3);
  const wrongs = [{ more: 1 }, { state: 'off' }, { state: 'rehearsal' }, { wall: 'now' }, { streams: { hls: 'live/index.m3u8' } }, { next: { name: 'One' } },
    { event: { ...status.event, 'title-slug': 'one' } }];
  for (const wrong of wrongs) refuses(wrong);
  const whole = examined('console-openapi.json', 1);
  const theirs = Object.keys(whole.status).filter((key) => !(key in status));
  assert.ok(theirs.length >= 12, theirs.join());
  for (const key of theirs) refuses({ [key]: whole.status[key] });
  const shared = Object.keys(whole.document.components.schemas).filter((name) => name in document.components.schemas);
  assert.deepEqual(shared.sort(), ['Event', 'Next', 'Nothing', 'Status'], 'schemas of the same name, which hold less outside');
  const next = { name: 'Seconda giornata', place: '', start: '', end: '' };
  assert.deepEqual(validator('#/components/schemas/Status')({ ...status, state: 'standby', show: '', streams: {}, recording: '', next }), []);
});

test('an event file: read and changed key by key, and nothing else of it', async () => {
  const { EventFile, encode, decode } = await load('eventfile');
  const text = '# Prima\n[event]\nname = Una sera\n\n# la sala\n[source  camera]\npipeline=test\n';
  const file = new EventFile(text);
  assert.equal(file.toString(), text);
  assert.equal(file.get('event', 'name'), 'Una sera');
  assert.equal(file.get('source camera', 'pipeline'), 'test');
  assert.equal(file.get('event', 'pipeline'), '');
  file.set('event', 'name', 'Una sera');
  assert.equal(file.toString(), text);
  file.set('event', 'place', 'Aula');
  file.set('web', 'listen', ':1');
  assert.equal(file.toString(), `${text.replace('sera\n', 'sera\nplace = Aula\n').trimEnd()}\n\n[web]\nlisten = :1\n`);
  assert.deepEqual([file.lineOf('event', 'place'), file.lineOf('event', 'start'), file.lineOf('audio', 'x')], [4, 2, 0]);
  file.set('event', 'place', '');
  file.remove('web');
  assert.equal(file.toString().trimEnd(), text.trimEnd());
  for (const value of [' a', 'a ', 'a\\b', 'a\nb', 'a\tb', '\\s', '']) assert.equal(decode(encode(value)), value);
  assert.equal(new EventFile(`[a]\nb = ${encode(' x ')}`).get('a', 'b'), ' x ');
});

test('talks: from a table, from CSV, into the file and out of it', async () => {
  const { EventFile, parseTalks, readTalks, writeTalks } = await load('eventfile');
  const talk = (title, speaker, role = '') => ({ title, speaker, role });
  assert.deepEqual(parseTalks('Uno\tRossi\tProvincia\r\nDue\tBianchi\n\n'), [talk('Uno', 'Rossi', 'Provincia'), talk('Due', 'Bianchi')]);
  assert.deepEqual(parseTalks('\uFEFFRelatore;Titolo\nRossi;"Uno; ""due"""\nBianchi;"tre\nquattro"'), [talk('Uno; "due"', 'Rossi'), talk('tre quattro', 'Bianchi')]);
  assert.deepEqual(parseTalks('"Uno, due",Rossi'), [talk('Uno, due', 'Rossi')]);
  assert.deepEqual(parseTalks(''), []);
  assert.deepEqual(parseTalks('Uno'), [talk('Uno', '')]);
  const file = new EventFile('[event]\nname = A\n\n[talk 7]\ntitle = Old\nspeaker = X\n\n[web]\nlisten = :1\n');
  assert.deepEqual(readTalks(file), [{ number: '7', ...talk('Old', 'X') }]);
  writeTalks(file, [talk('Uno', 'Rossi', 'P'), talk('Due', 'Bianchi')]);
  assert.equal(file.toString(), '[event]\nname = A\n\n[web]\nlisten = :1\n\n[talk 1]\ntitle = Uno\nspeaker = Rossi\nrole = P\n\n[talk 2]\ntitle = Due\nspeaker = Bianchi\n');
});

test('a talk that is begun is a group without keys, which Regia finds faulty', async () => {
  const { EventFile, readTalks, writeTalks } = await load('eventfile');
  const file = new EventFile('[event]\n');
  writeTalks(file, [{ title: '', speaker: '', role: '' }]);
  assert.equal(file.toString(), '[event]\n\n[talk 1]\n');
  file.set('talk 1', 'title', 'Uno');
  assert.deepEqual(readTalks(file), [{ number: '1', title: 'Uno', speaker: '', role: '' }]);
});

test('a name for a new file', async () => {
  const { fileName } = await load('eventfile');
  assert.equal(fileName('2022-09-29 09:30', 'Sirio migranti: perché?'), '2022-09-29-sirio-migranti-perche.conf');
  assert.equal(fileName('', '…'), 'evento.conf');
  assert.ok(fileName('2022-09-29 09:30', 'a'.repeat(200)).length < 100);
});

await runTests();
