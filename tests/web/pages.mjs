// SPDX-License-Identifier: GPL-3.0-or-later
// The pages in a real browser, against a stand-in gateway with real media: node pages.mjs PAGES_DIR.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { currentTime, listen, openPage, pageState, pictureChange, startBrowser } from './browser.mjs';
import { makeMedia } from './media.mjs';
import { FakeGateway } from './server.mjs';
import { runTests, test, until } from './tap.mjs';

const dist = path.join(path.resolve(process.argv[2]), 'dist');
const axe = await fs.readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { schemas } = JSON.parse(await fs.readFile(path.join(dist, 'openapi.json'), 'utf8')).components;
const [exampleStatus] = schemas.Status.examples;
const [exampleRecording] = schemas.Recording.examples;
const work = await fs.mkdtemp(path.join(os.tmpdir(), 'regia-web-'));
const tracks = await makeMedia(work, 90);
const browser = await startBrowser();
const PHONE = { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** One test on a page of its own, with a gateway of its own; what must never happen on any page is checked at its end. */
function pageTest (name, body, options = {}, with_ = () => browser) {
  test(name, async () => {
    const gateway = new FakeGateway(dist, tracks, exampleStatus);
    gateway.wait();
    await gateway.up();
    let page;
    const open = async (address = '/', change = {}) => {
      page = await openPage(with_(), gateway.address + address, { ...options, ...change });
      return page;
    };
    try {
      await body(gateway, open);
      assert.deepEqual(page.faults, []);
    } finally {
      await page?.context().close();
      if (gateway.server.listening) await gateway.down();
    }
  });
}

const reaches = (page, state, timeoutMs = 40000) => until(`state ${state}`, async () => await pageState(page) === state, timeoutMs);

/** The picture goes on: time passes as it should, and points of the picture change. */
async function assertMoves (page) {
  const before = await currentTime(page);
  await until('the picture moves on', async () => await currentTime(page) > before + 1.5);
  assert.ok(await pictureChange(page) > 0.01, 'the picture stands still');
}

async function assertSounds (page, hz) {
  await until(`sound at ${hz} Hz`, async () => {
    const heard = await listen(page);
    return heard.rms > 0.01 && Math.abs(heard.hz - hz) < 20;
  });
}

/** No fault that axe-core knows of, up to WCAG 2.2 AA, and nothing wider than the window. */
async function assertAccessible (page) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async (runOnly) => {
    const found = await window.axe.run(document, { runOnly });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`);
  }, ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
  assert.deepEqual(violations, []);
  assert.equal(await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth), 0, 'wider than the window');
}

async function mark (page) {
  await page.evaluate(() => { window.notReloaded = true; });
}

async function assertNotReloaded (page) {
  assert.equal(await page.evaluate(() => window.notReloaded), true, 'the page was reloaded');
}

const notice = (page) => page.locator('#notice').innerText();

pageTest('before the script has run, the page says in both languages what it is and how to get help', async (gateway, open) => {
  const page = await open('/', { javaScriptEnabled: false });
  const text = await page.locator('body').innerText();
  const said = ['trasmette un evento in diretta', 'shows an event live', 'deve essere attivo JavaScript', 'JavaScript must be switched on', 'Serve aiuto?'];
  for (const words of said) assert.ok(text.includes(words), words);
  await page.goto(`${gateway.address}/recordings`);
  assert.match(await page.locator('body').innerText(), /Gli eventi registrati[^]*Recorded events/);
});

pageTest('waiting: says when, starts by itself with moving picture and sound, counts as one viewer', async (gateway, open) => {
  const { event } = exampleStatus;
  gateway.wait({ event: { ...event, start: new Date(Date.now() + 25 * 60000).toISOString(), end: '' } });
  const page = await open();
  await until('waiting notice', async () => /non è ancora iniziato[^]*tra 25 minuti[^]*parte da sola/.test(await notice(page)));
  assert.equal(await page.title(), `In attesa · ${event.name}`);
  assert.match(await page.locator('.headline').innerText(), /Sala della Resistenza/);
  await assertAccessible(page);
  gateway.goOnAir();
  await reaches(page, 'live');
  await assertMoves(page);
  await assertSounds(page, 440);
  assert.ok(await page.evaluate(() => document.querySelector('video').webkitAudioDecodedByteCount) > 0);
  assert.match(await page.locator('#delay').innerText(), /^in ritardo di \d+ s$/);
  const delay = Number(/\d+/.exec(await page.locator('#delay').innerText())[0]);
  assert.ok(delay >= 3 && delay <= 10, `delay ${delay} s`);
  assert.equal(gateway.viewers.size, 1);
  assert.match([...gateway.viewers][0], /^[0-9a-f]{16}$/);
  await assertAccessible(page);
});

pageTest('standby: announces the next event, or says that there is none; after an event too, and the next one starts by itself', async (gateway, open) => {
  const { event } = exampleStatus;
  const hall = { event: { ...event, name: '', place: 'Palazzo Ducale, Massa', start: '', end: '' } };
  const inMinutes = (minutes) => new Date(Date.now() + minutes * 60000).toISOString();
  const next = { name: 'Seconda giornata', place: 'Teatro Guglielmi', start: inMinutes(25), end: inMinutes(85) };
  gateway.setStatus('standby', { ...hall, next: {} });
  const page = await open();
  await until('the notice', async () => /Nessun evento in programma/.test(await notice(page)));
  assert.match(await page.locator('.headline').innerText(), /Diretta dell’evento[^]*Palazzo Ducale/);
  await assertAccessible(page);
  gateway.setStatus('standby', { ...hall, next });
  await until('the next event', async () => /non è ancora iniziato[^]*tra 25 minuti[^]*parte da sola/.test(await notice(page)));
  assert.match(await page.locator('.headline').innerText(), /Seconda giornata[^]*Teatro Guglielmi/);
  assert.equal(await pageState(page), 'waiting');
  await assertAccessible(page);
  gateway.goOnAir();
  await reaches(page, 'live');
  gateway.endShow();
  await reaches(page, 'ended');
  gateway.setStatus('standby', { ...hall, next });
  await until('the next event again', async () => /non è ancora iniziato/.test(await notice(page)));
  assert.match(await page.locator('.headline').innerText(), /Seconda giornata/);
  gateway.goOnAir();
  await reaches(page, 'live');
  await assertMoves(page);
});

pageTest('on air but nothing encoded yet: keeps asking and starts by itself', async (gateway, open) => {
  gateway.setStatus('on-air');
  const page = await open();
  await until('connecting notice', async () => /sta per apparire/.test(await notice(page)));
  assert.equal(await pageState(page), 'waiting');
  await until('the player met some 404s', () => gateway.playlistsRefused >= 2);
  gateway.goOnAir();
  await reaches(page, 'live');
  await assertMoves(page);
});

pageTest('a first visit, where the browser refuses sound: starts muted, the big button turns it on', async (gateway, open) => {
  gateway.goOnAir();
  const page = await open();
  // The page is not touched before it plays: the driver's own look at it counts as a touch for the browser.
  await until('segments fetched', () => gateway.segmentsServed >= 8);
  const big = page.locator('#big');
  await big.waitFor();
  assert.equal(await page.evaluate(() => document.querySelector('video').muted), true);
  assert.equal(await big.innerText(), 'Attiva l’audio');
  await reaches(page, 'live');
  await assertAccessible(page);
  await big.click();
  assert.equal(await page.evaluate(() => document.querySelector('video').muted), false);
  assert.equal(await big.isVisible(), false);
  await assertSounds(page, 440);
}, {}, () => firstVisit);

pageTest('language of the sound and quality can be chosen', async (gateway, open) => {
  gateway.goOnAir();
  const page = await open();
  await reaches(page, 'live');
  assert.deepEqual(await page.locator('#audio-language option').allInnerTexts(), ['Italiano', 'English']);
  await page.selectOption('#audio-language', 'en');
  await assertSounds(page, 880);
  await page.selectOption('#quality', '180');
  await until('the small picture', () => page.evaluate(() => document.querySelector('video').videoHeight === 180));
  await page.selectOption('#quality', '360');
  await until('the large picture', () => page.evaluate(() => document.querySelector('video').videoHeight === 360));
  await assertMoves(page);
});

pageTest('an English reader hears English and reads English; the page changes language while it plays on', async (gateway, open) => {
  gateway.goOnAir();
  const page = await open('/?lang=en');
  await reaches(page, 'live');
  await assertSounds(page, 880);
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  await mark(page);
  const before = await currentTime(page);
  await page.click('a[data-language="it"]');
  assert.equal(await page.locator('#state-word').innerText(), 'In diretta');
  assert.equal(await page.evaluate(() => document.body.dataset.lang), 'it');
  assert.equal(new URL(page.url()).search, '?lang=it');
  assert.ok(await currentTime(page) >= before);
  await assertNotReloaded(page);
  await assertMoves(page);
});

pageTest('the gateway is killed and comes back: the page says so, plays on without a reload and returns to the edge', async (gateway, open) => {
  gateway.goOnAir();
  const page = await open();
  await reaches(page, 'live');
  await mark(page);
  await gateway.down();
  await reaches(page, 'reconnecting');
  assert.match(await notice(page), /Collegamento interrotto, riprovo…/);
  await assertAccessible(page);
  await gateway.up();
  await reaches(page, 'live');
  await assertMoves(page);
  await assertNotReloaded(page);
  await until('catching up', () => page.evaluate(() => document.querySelector('video').playbackRate > 1));
  await assertSounds(page, 440);
});

pageTest('the gateway is away for half a minute: the page comes back at the live edge', async (gateway, open) => {
  gateway.goOnAir();
  const page = await open();
  await reaches(page, 'live');
  await mark(page);
  await gateway.down();
  await reaches(page, 'reconnecting');
  const left = gateway.newest;
  await until('the window has gone by twice', () => gateway.newest > left + 12, 40000);
  await gateway.up();
  await reaches(page, 'live');
  await assertMoves(page);
  await assertNotReloaded(page);
  await until('near the edge', async () => Number(/\d+/.exec(await page.locator('#delay').innerText())[0]) <= 12);
});

pageTest('a short outage of 5 s is bridged', async (gateway, open) => {
  gateway.goOnAir();
  const page = await open();
  await reaches(page, 'live');
  await mark(page);
  await gateway.down();
  await new Promise((resolve) => setTimeout(resolve, 5000));
  await gateway.up();
  const before = await currentTime(page);
  await until('plays on', async () => await currentTime(page) > before + 6);
  await reaches(page, 'live');
  await assertMoves(page);
  await assertNotReloaded(page);
});

pageTest('a hole of 1.5 s in the media, and a segment that was never made: plays on over both', async (gateway, open) => {
  gateway.goOnAir();
  const page = await open();
  await reaches(page, 'live');
  await mark(page);
  const hole = gateway.newest + 2;
  gateway.holes.set(hole, 1);
  gateway.holes.set(hole + 3, 0);
  await until('past the hole and the gap', async () => await currentTime(page) > (hole + 4) * 2 + 1, 40000);
  await assertMoves(page);
  await assertNotReloaded(page);
  await assertSounds(page, 440);
  assert.equal(await pageState(page), 'live');
});

pageTest('by keyboard: pause, mute, and back to the live edge', async (gateway, open) => {
  gateway.goOnAir();
  const page = await open();
  await reaches(page, 'live');
  await page.focus('#video');
  await page.keyboard.press('m');
  assert.equal(await page.evaluate(() => document.querySelector('video').muted), true);
  await page.keyboard.press('m');
  await page.keyboard.press('k');
  await until('paused', () => page.evaluate(() => document.querySelector('video').paused));
  await until('the button says so', async () => await page.locator('#play').getAttribute('aria-label') === 'Riproduci');
  await page.locator('#back-to-live').waitFor({ timeout: 30000 });
  assert.equal(await pageState(page), 'live', 'a pause is no fault');
  await assertAccessible(page);
  await page.keyboard.press('k');
  await until('plays', () => page.evaluate(() => !document.querySelector('video').paused));
  assert.ok(await page.locator('#back-to-live').isVisible());
  await page.focus('#back-to-live');
  await page.keyboard.press('Enter');
  await page.locator('#back-to-live').waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.id), 'play', 'the focus is not lost');
  await assertMoves(page);
  const reached = [];
  await page.focus('#video');
  for (let i = 0; i < 7; i++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement.id));
  }
  assert.deepEqual(reached, ['play', 'mute', 'volume', 'audio-language', 'quality', 'pip', 'fullscreen']);
});

pageTest('the end: says so, offers the recording once it is ready, and plays it; the next event starts by itself', async (gateway, open) => {
  gateway.goOnAir();
  const page = await open();
  await reaches(page, 'live');
  gateway.recordings = [{ ...exampleRecording, id: exampleStatus.recording, state: 'finishing', files: [] }];
  gateway.endShow();
  await reaches(page, 'ended');
  await until('being prepared', async () => /è terminato[^]*in preparazione[^]*Tutte le registrazioni/.test(await notice(page)));
  await assertAccessible(page);
  const [file] = exampleRecording.files;
  gateway.downloads.set(`/${file.url}`, { path: path.join(work, 'video-360p.mp4'), type: 'video/mp4' });
  gateway.recordings = [{ ...exampleRecording, id: exampleStatus.recording }];
  await until('ready', async () => /è pronta/.test(await notice(page)));
  assert.match(await notice(page), /Scarica \(4,13 GB\)/);
  assert.equal(await page.locator('.action', { hasText: 'Scarica' }).getAttribute('href'), file.url);
  await assertAccessible(page);
  await page.locator('.action', { hasText: 'Guarda' }).click();
  await assertMoves(page);
  await assertAccessible(page);
  gateway.goOnAir();
  await reaches(page, 'live');
  await assertMoves(page);
});

pageTest('who has paused is told of the end, and given the recording', async (gateway, open) => {
  gateway.goOnAir();
  const page = await open();
  await reaches(page, 'live');
  await page.focus('#video');
  await page.keyboard.press('k');
  await until('paused', () => page.evaluate(() => document.querySelector('video').paused));
  gateway.recordings = [{ ...exampleRecording, id: exampleStatus.recording }];
  gateway.endShow();
  await reaches(page, 'ended');
  await until('ready', async () => /è pronta/.test(await notice(page)));
  await assertAccessible(page);
  gateway.goOnAir();
  await reaches(page, 'live');
  await assertMoves(page);
});

pageTest('everything goes away at the end: the page says that it is over', async (gateway, open) => {
  gateway.goOnAir();
  const page = await open();
  await reaches(page, 'live');
  gateway.setStatus('ending');
  const asked = gateway.statusAsked;
  await until('the page has seen it', () => gateway.statusAsked >= asked + 2);
  await gateway.down();
  await reaches(page, 'ended');
  assert.match(await notice(page), /è terminato/);
});

pageTest('who comes after the end sees that it is over', async (gateway, open) => {
  gateway.goOnAir();
  gateway.endShow();
  const page = await open();
  await reaches(page, 'ended');
  assert.match(await notice(page), /è terminato/);
});

pageTest('no server at first: the page waits for it', async (gateway, open) => {
  gateway.status = null;
  const page = await open();
  await until('unreachable', async () => /Collegamento in corso/.test(await notice(page)));
  await assertAccessible(page);
  gateway.goOnAir();
  await reaches(page, 'live');
});

const screens = {
  'a small phone, dark': { ...PHONE, colorScheme: 'dark' },
  'a small phone, light': PHONE,
  'a large screen, dark': { viewport: { width: 1920, height: 1080 }, colorScheme: 'dark' },
};
for (const [name, options] of Object.entries(screens)) {
  pageTest(`every state on ${name}: fits and is accessible`, async (gateway, open) => {
    const page = await open('/?lang=en');
    await until('waiting', async () => /has not started/.test(await notice(page)));
    await assertAccessible(page);
    gateway.goOnAir();
    await reaches(page, 'live');
    await assertAccessible(page);
    const { x, width } = await page.locator('#video').boundingBox();
    assert.ok(width >= (options.viewport.width === 320 ? 320 : 1400), `the picture is ${width} wide at ${x}`);
    await gateway.down();
    await reaches(page, 'reconnecting');
    await assertAccessible(page);
    await gateway.up();
    gateway.endShow();
    await reaches(page, 'ended');
    await assertAccessible(page);
  }, options);
}

pageTest('recordings: empty, then one in each state, with downloads; refreshed without losing the place', async (gateway, open) => {
  const page = await open('/recordings');
  await reaches(page, 'empty');
  assert.match(await page.locator('main').innerText(), /Non c’è ancora nessuna registrazione/);
  await assertAccessible(page);
  const other = (state, change) => ({ ...exampleRecording, id: state, state, files: [], gaps: 0, 'gap-ms': 0, ...change });
  const interrupted = other('interrupted', { gaps: 2, 'gap-ms': 14000 });
  const damaged = other('damaged', { message: 'session.json: unexpected end', title: '' });
  gateway.recordings = [other('recording'), other('finishing'), exampleRecording, interrupted, damaged];
  await reaches(page, 'full');
  const cards = page.locator('.item');
  assert.equal(await cards.count(), 5);
  const texts = await cards.allInnerTexts();
  for (const [index, words] of ['In registrazione', 'In finalizzazione', 'Pronta', 'Interrotta', 'Danneggiata'].entries()) {
    assert.ok(texts[index].includes(words), words);
  }
  assert.match(texts[2], /Sirio migranti: esperienze a confronto[^]*3 h 32 min[^]*4,13 GB[^]*una, di 1 s[^]*Scarica il video/);
  assert.match(texts[3], /2, in tutto 14 s/);
  assert.match(texts[4], /session\.json: unexpected end/);
  const download = page.locator('.download');
  assert.equal(await download.count(), 1);
  assert.equal(await download.getAttribute('href'), exampleRecording.files[0].url);
  assert.equal(await download.getAttribute('download'), exampleRecording.files[0].title);
  await page.locator('.checksums summary').click();
  assert.ok((await page.locator('.checksums').innerText()).includes(exampleRecording.files[0].sha256));
  await assertAccessible(page);
  gateway.recordings = [other('recording', { 'size-bytes': 5e9 }), other('finishing'), { ...exampleRecording, gaps: 3 }, interrupted, damaged];
  await until('refreshed', async () => /5 GB/.test(await cards.first().innerText()));
  assert.equal(await page.locator('.checksums').getAttribute('open'), '');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'SUMMARY');
  await page.click('a[data-language="en"]');
  assert.match(await cards.nth(2).innerText(), /Ready[^]*Download the video/);
  await gateway.down();
  await page.locator('#alert').waitFor({ timeout: 30000 });
  assert.equal(await cards.count(), 5);
  await assertAccessible(page);
});

pageTest('recordings that cannot be read: said in words, not shown as none, and back by themselves', async (gateway, open) => {
  gateway.readable = false;
  const page = await open('/recordings');
  await reaches(page, 'unreadable');
  assert.match(await page.locator('#unreadable').innerText(), /non si possono leggere[^]*La diretta continua/);
  assert.equal(await page.locator('#empty').isVisible(), false);
  await assertAccessible(page);
  await page.click('a[data-language="en"]');
  assert.match(await page.locator('#unreadable').innerText(), /cannot be read/);
  gateway.readable = true;
  gateway.recordings = [exampleRecording];
  await reaches(page, 'full');
  assert.equal(await page.locator('#unreadable').isVisible(), false);
});

pageTest('recordings on a small phone, dark: fits and is accessible', async (gateway, open) => {
  const long = 'Unaparolalunghissimachenonvaacapomaiepoimai';
  gateway.recordings = [exampleRecording, { ...exampleRecording, id: 'other', title: long, state: 'finishing', files: [] }];
  const page = await open('/recordings');
  await reaches(page, 'full');
  await assertAccessible(page);
}, { ...PHONE, colorScheme: 'dark' });

const firstVisit = await startBrowser({ autoplay: false });
try {
  await runTests(3);
} finally {
  await browser.close();
  await firstVisit.close();
  await fs.rm(work, { recursive: true, force: true });
}
