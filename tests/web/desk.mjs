// SPDX-License-Identifier: GPL-3.0-or-later
// The console's page in a real browser, against a stand-in console that has a status and a WebSocket: node desk.mjs PAGES_DIR [OUT_DIR]. With a
// folder it leaves a picture of each view there.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { openPage, startBrowser } from './browser.mjs';
import { runTests, test, until } from './tap.mjs';

const dist = path.join(path.resolve(process.argv[2]), 'dist');
const out = process.argv[3];
const axe = await fs.readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { schemas } = JSON.parse(await fs.readFile(path.join(dist, 'console-openapi.json'), 'utf8')).components;
const [example] = schemas.Status.examples;
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const TALKS = [[1, 'Saluti', 'Maria Rossi', 'Prefettura di Massa'], [2, 'Gli sportelli informativi', 'Anna D’Avila', 'Comune'],
  [3, 'Esperienze a confronto: che cosa resta di un anno di ascolto nelle scuole della provincia', 'Luca Verdi, Chiara Neri', ''], [7, 'Domande', 'Tutti', '']]
  .map(([number, title, speaker, role]) => ({ number, title, speaker, role }));
const ALARM = {
  id: 'silence/desk', severity: 'critical', since: '2022-09-29T10:00:00+02:00', 'since-ms': 1800000, text: { it: 'Dal mixer non viene suono.', en: 'The desk is silent.' },
  remedy: { it: 'Guardi se il microfono è acceso e il cavo inserito.', en: 'See whether the microphone is on.' }, 'acknowledged-by': '', 'acknowledged-at': '',
};
const RELAYS = [
  { name: 'youtube', kind: 'rtmp', state: 'live', 'last-error': '', 'retry-in-ms': 0, attempts: 1, bytes: 1e8, bps: 2540000, dropped: 0, 'live-ms': 60000 },
  { name: 'provincia', kind: 'srt', state: 'retrying', 'last-error': 'connection refused', 'retry-in-ms': 4000, attempts: 3, bytes: 0, bps: 0, dropped: 0, 'live-ms': 0 },
];

/** A status that the page may get, with a change. */
function status (change = {}, desired = {}) {
  const wall = new Date().toISOString();
  return {
    ...example, state: 'on-air', wall, talks: TALKS, relays: RELAYS, 'show-time-ms': 5400000, 'aired-ms': 60000, alarms: [], 'alarms-ended': [], warnings: [],
    event: { ...example.event, end: new Date(Date.now() + 1800000).toISOString() },
    ...change, desired: { ...example.desired, talk: 1, 'talk-since-ms': 5000000, private: false, paused: false, ...desired },
  };
}

/** Serves the page, keeps what it orders, and tells its pages what it is asked to. */
class FakeConsole {
  status = status();
  orders = [];
  sockets = new Set();
  hung = false;
  server = http.createServer((request, response) => void this.answer(request, response)).on('upgrade', (request, socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.on('data', () => undefined).on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    this.sockets.add(socket);
  });

  async up () {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  down () {
    for (const socket of this.sockets) socket.destroy();
    this.server.closeAllConnections();
    this.server.close();
  }

  tell (event, data) {
    const text = Buffer.from(`id: 00000001-1-1\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    const head = text.length < 126 ? Buffer.from([0x81, text.length]) : Buffer.from([0x81, 126, text.length >> 8, text.length & 255]);
    for (const socket of this.sockets) socket.write(Buffer.concat([head, text]));
  }

  set (change, desired) {
    this.status = status(change, desired);
    this.tell('status', {});
  }

  async answer (request, response) {
    const { pathname } = new URL(request.url, 'http://console');
    const reply = (code, type, body) => response.writeHead(code, { 'Content-Type': type, 'Content-Security-Policy': 'default-src \'self\'' }).end(body);
    if (this.hung) return;
    if (pathname === '/api/v1/status') return reply(200, 'application/json', JSON.stringify({ ...this.status, wall: new Date().toISOString() }));
    if (pathname.startsWith('/api/v1/commands/')) {
      let body = '';
      for await (const piece of request) body += piece;
      this.orders.push([pathname.split('/').at(-1), JSON.parse(body)]);
      return reply(200, 'application/json', '{"version":2,"repeated":false,"kept":true}');
    }
    if (pathname.startsWith('/api/')) return reply(409, 'application/json', '{"error":"not here"}');
    const name = pathname.startsWith('/assets/') ? pathname : 'console.html';
    return reply(200, TYPES[path.extname(name)], await fs.readFile(path.join(dist, name)));
  }
}

const browser = await startBrowser();

function deskTest (name, body, view = '/', options = {}) {
  test(name, async () => {
    const desk = new FakeConsole();
    const page = await openPage(browser, await desk.up() + view, { timezoneId: 'Europe/Rome', ...options });
    try {
      await until('inside', async () => await page.evaluate(() => document.body.dataset.state) === 'inside' && desk.sockets.size > 0);
      await body(page, desk);
      assert.deepEqual(page.faults, []);
    } finally {
      await page.context().close();
      desk.down();
    }
  });
}

async function assertAccessible (page) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async (runOnly) => {
    const found = await window.axe.run(document, { runOnly });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`);
  }, ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
  assert.deepEqual(violations, []);
  assert.equal(await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth), 0, 'wider than the window');
}

const text = (page, selector) => page.locator(selector).innerText();
const reads = (page, selector, words) => until(words, async () => (await text(page, selector)).replace(/\s+/g, ' ').includes(words), 10000);
const ordered = (desk, name) => until(name, () => desk.orders.find(([order]) => order === name)?.[1], 5000);

deskTest('the clocks: on air since, what is left, what is over time; on disk up to', async (page, desk) => {
  await reads(page, '#clock-elapsed', '1:29:0');
  await reads(page, '#clock-left', '29:5');
  desk.set({ event: { ...example.event, end: new Date(Date.now() - 61000).toISOString() }, recorder: { ...example.recorder, state: 'recording', 'last-fragment-age-ms': 400 } });
  await reads(page, '#banner', 'Oltre l’orario +1:0');
  await reads(page, '#clock-disk', 'su disco alle ');
  desk.set({ recorder: { ...example.recorder, state: 'recording', 'last-fragment-age-ms': 9000 } });
  await until('that it is late', async () => await page.getAttribute('#clock-disk', 'data-state') === 'wrong');
});

deskTest('talks: the present one is marked, the next is begun by its number, by button and by key', async (page, desk) => {
  assert.equal(await page.locator('.talk[aria-current=true] strong').innerText(), 'Saluti');
  await reads(page, '#talk-elapsed', '6:4');
  await page.click('#next-talk');
  assert.equal((await ordered(desk, 'talk')).number, 2);
  desk.set({}, { talk: 2, 'talk-since-ms': 5400000 });
  await reads(page, '#next-talk', 'Esperienze a confronto');
  desk.orders = [];
  await page.keyboard.press('n');
  assert.equal((await ordered(desk, 'talk')).number, 3);
  desk.set({}, { talk: 7 });
  await reads(page, '#next-talk', 'Era l’ultimo');
  assert.equal(await page.isDisabled('#next-talk'), true);
});

deskTest('the end: held for two seconds, by pointer and by key; let go before, nothing', async (page, desk) => {
  await page.hover('#stop');
  await page.mouse.down();
  await reads(page, '#said', 'Tenga premuto');
  await page.mouse.up();
  await reads(page, '#said', 'l’evento continua');
  await page.focus('#stop');
  await page.keyboard.press('Enter');
  await page.keyboard.down('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.up('Space');
  await new Promise((resolve) => setTimeout(resolve, 2300));
  assert.deepEqual(desk.orders, [], 'let go');
  for (const how of [page.mouse, page.keyboard]) {
    await (how === page.mouse ? page.hover('#stop') : page.focus('#stop'));
    await how.down('Enter'.slice(0, how === page.mouse ? 0 : 5) || undefined);
    const began = Date.now();
    await ordered(desk, 'stop');
    assert.ok(Date.now() - began > 1800, `after ${Date.now() - began} ms`);
    await how.up('Enter'.slice(0, how === page.mouse ? 0 : 5) || undefined);
    desk.orders = [];
  }
});

deskTest('relays: in words, stopped before they are removed, added by a preset; the key does not stay', async (page, desk) => {
  await reads(page, '#relays', 'youtube Trasmette, 2,5 Mbit/s. Ferma youtube provincia Non collegata; riprova tra 4 s. connection refused');
  assert.equal(await page.locator('#relay-remove-youtube').count(), 0);
  desk.set({}, { 'relays-off': ['youtube'] });
  await page.click('#relay-remove-youtube');
  assert.equal((await ordered(desk, 'relay-remove')).name, 'youtube');
  await page.click('#relay-add summary');
  await page.selectOption('#relay-kind', 'vimeo');
  await page.fill('#relay-key', ' geheim ');
  await page.press('#relay-key', 'Enter');
  const { id, ...relay } = await ordered(desk, 'relay-add');
  assert.deepEqual(relay, { name: 'vimeo', url: 'rtmps://rtmp-global.cloud.vimeo.com:443/live', key: 'geheim' });
  await until('the key has gone', async () => await page.inputValue('#relay-key') === '');
});

deskTest('what others do is told, what one does oneself is not; who made the hall private', async (page, desk) => {
  await page.click('#private-on');
  const { id } = await ordered(desk, 'private');
  desk.tell('audit', { at: new Date(Date.now() + 1000).toISOString(), who: 'anna, console', id, change: { private: true }, outcome: 'done' });
  desk.set({}, { private: true });
  await reads(page, '#private-who', 'Anna, alle ');
  assert.equal(await text(page, '#toast'), '');
  desk.tell('audit', { at: new Date(Date.now() + 2000).toISOString(), who: 'bruno, console', id: 'x', change: { scene: ['both', -1] }, outcome: 'done' });
  await reads(page, '#toast', 'Bruno: inquadratura: both');
  desk.tell('audit', { at: '2022-09-29T09:00:00Z', who: 'carla, console', id: 'y', change: { talk: [1, 7] }, outcome: 'done' });
  await page.click('#log summary');
  await reads(page, '#log-entries', 'Carla: intervento: 1');
  assert.match(await text(page, '#toast'), /Bruno/, 'what was before the page began is told to nobody');
});

deskTest('locked, nothing is ordered, by pointer or by key', async (page, desk) => {
  await page.click('#lock');
  await page.keyboard.press('p');
  await reads(page, '#said', 'bloccati');
  await page.click('#private-on', { force: true, noWaitAfter: true });
  await page.keyboard.press('n');
  await page.keyboard.press('l');
  await page.keyboard.press('m');
  await ordered(desk, 'mark');
  assert.deepEqual(desk.orders.map(([name]) => name), ['mark']);
});

deskTest('keys act not while somebody writes, and not when they are switched off', async (page, desk) => {
  await page.fill('#mark-title', 'pino');
  await page.press('#mark-title', 'p');
  await page.press('#mark-title', 'Tab');
  await page.keyboard.press('?');
  await page.uncheck('#keys-on');
  await page.click('#help-close');
  await page.keyboard.press('p');
  assert.equal(await page.inputValue('#mark-title'), 'pinop');
  assert.deepEqual(desk.orders, []);
});

deskTest('a console that hangs is seen within two seconds, and what it says then is shown', async (page, desk) => {
  await reads(page, '#banner', 'In onda');
  assert.equal(await page.isVisible('#stale'), false);
  desk.hung = true;
  const began = Date.now();
  await page.waitForSelector('#stale:not([hidden])');
  assert.ok(Date.now() - began < 2000, `after ${Date.now() - began} ms`);
  desk.hung = false;
  desk.status = status({}, { private: true });
  for (const socket of desk.sockets) socket.destroy();
  await reads(page, '#clock-state', 'Sala riservata');
  await until('it is not stale', async () => !await page.isVisible('#stale'));
});

deskTest('the sound of alarms: off at first, wished by a button, kept in the address', async (page, desk) => {
  assert.equal(await page.getAttribute('#alarm-sound', 'aria-pressed'), 'false');
  await page.click('#alarm-sound');
  assert.match(page.url(), /#alarm-sound$/);
  await page.reload();
  await until('it is wished', async () => await page.getAttribute('#alarm-sound', 'aria-pressed') === 'true');
  desk.set({ alarms: [ALARM] });
  await reads(page, '#alarms', 'Dal mixer non viene suono. Guardi se');
  await page.click('#alarms button');
  assert.equal((await ordered(desk, 'acknowledge')).alarm, 'silence/desk');
});

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
for (const [view, options] of [['/', PHONE], ['/', {}], ['/multiview', { viewport: { width: 1920, height: 1080 } }], ['/phone', PHONE]]) {
  const width = options.viewport?.width ?? 1280;
  deskTest(`${view} at ${width} px: axe finds nothing, nothing is wider than the window`, async (page, desk) => {
    desk.set({ alarms: [ALARM], recorder: { ...example.recorder, state: 'recording', 'last-fragment-age-ms': 400 } });
    await reads(page, '#alarms', 'Dal mixer');
    if (out) await page.screenshot({ path: path.join(out, `desk${view.replace('/', '-')}-${width}.png`), fullPage: true });
    await assertAccessible(page);
    const buttons = await page.locator('button:visible').evaluateAll((found) => found.map(({ id }) => id));
    if (view === '/multiview') assert.deepEqual(buttons, [], 'nothing can be done');
    if (view === '/phone') assert.deepEqual(buttons, ['alarm-sound', 'acknowledge-silence/desk', 'next-talk', 'private-on', 'private-off', 'logout']);
  }, view, options);
}

try {
  await runTests();
} finally {
  await browser.close();
}
