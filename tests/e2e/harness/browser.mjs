// SPDX-License-Identifier: GPL-3.0-or-later
// A viewer in headless Chromium. Opens the address given, then answers each line on standard input with a line of JSON:
//   probe       what is on the page now (see below)
//   served      what the page has got of /live/ since this was asked last: path, time, status, SHA-256, playlists as text
//   click SEL   presses what the CSS selector finds
//   open URL    goes to another address
//   fill SEL TEXT  writes into a field
//   key NAME    presses a key
//   type TEXT   presses the keys of a text
//   choose SEL VALUE  of a select
//   focus SEL   puts the focus there
//   drag SEL FROM TO  the pointer goes from one part of its width to another, in many steps
//   size WIDTH HEIGHT  of the window
//   axe         what axe-core finds wrong on the page, and whether it is wider than the window
//   shot FILE   the whole page as a picture
//   value SEL   what a field holds
//   hold NAME MS   holds a key for so long; hold SEL MS, where SEL begins with #, the pointer on it
//   watch SEL TEXT  looks out for that text in what the selector finds and is not hidden; and then
//   seen        at what time (Date.now()) it was there
//   acted       at what time the page was last clicked or a key was pressed
// Ends with its standard input.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const [address, picture, certificates] = process.argv.slice(2);

const folder = mkdtempSync(join(tmpdir(), 're-browser-'));
const context = await chromium.launchPersistentContext(folder, {
  executablePath: '/usr/bin/chromium',
  headless: true,
  viewport: { width: 900, height: 700 },
  locale: 'it-IT',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required',
    ...(certificates ? [`--ignore-certificate-errors-spki-list=${certificates}`] : [])],
});
const page = context.pages()[0] ?? await context.newPage();
const foreign = new Set();
const errors = [];
let loads = 0;
page.on('request', (request) => {
  const url = new URL(request.url());
  if (url.protocol.startsWith('http') && url.origin !== new URL(address).origin) foreign.add(url.origin);
});
const served = [];
page.on('response', (response) => {
  const path = new URL(response.url()).pathname;
  if (!path.startsWith('/live/')) return;
  const answer = { path, at: Date.now(), status: response.status() };
  served.push(response.body().then((body) => ({
    ...answer,
    sha256: createHash('sha256').update(body).digest('hex'),
    text: path.endsWith('.m3u8') ? body.toString() : null,
  }), () => ({ ...answer, sha256: null, text: null }))); // given up by the player before it was all there
});
// A diary of the page: which states it has shown, and what became of the picture. It is in the log, the states are in each probe.
const states = [];
await page.exposeFunction('regiaState', (state) => states.push(state));
await page.addInitScript(() => {
  for (const name of ['click', 'keydown']) addEventListener(name, () => { window.regiaActed = Date.now(); }, true);
  const write = (...words) => console.info(`diary ${new Date().toISOString().slice(11, 23)}`, ...words);
  addEventListener('DOMContentLoaded', () => {
    let before;
    const note = () => {
      const state = document.body.dataset.state ?? '';
      if (state === before) return;
      before = state;
      write('state', state);
      window.regiaState(state);
    };
    new MutationObserver(note).observe(document.body, { attributeFilter: ['data-state'] });
    const video = document.querySelector('video');
    for (const name of ['emptied', 'playing', 'waiting', 'pause', 'ended', 'error']) {
      video?.addEventListener(name, () => write(name, video.currentTime.toFixed(2)));
    }
  });
});
page.on('pageerror', (error) => errors.push(String(error)));
page.on('console', (message) => console.error(`${message.type()}: ${message.text()}`));
page.on('load', () => loads++);

// Runs in the page. The marks are those of regia/engine/mark.h.
function look () {
  /** {frame, wall} of a picture whose marks can be read, else nothing. */
  const marks = (image, width, height) => {
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(image, 0, 0);
    const edge = (block) => Math.floor(block * width / 48);
    const pixels = context.getImageData(0, 0, width, edge(2)).data;
    const at = (column, row) => pixels[4 * (Math.floor((edge(row) + edge(row + 1)) / 2) * width + Math.floor((edge(column) + edge(column + 1)) / 2)) + 1];
    const bits = [];
    for (let row = 0; row < 2; row++) {
      const white = at(0, row);
      const black = at(1, row);
      if (white - black < 80) return {};
      for (let column = 2; column < 48; column++) bits.push(at(column, row) * 2 >= white + black ? 1 : 0);
    }
    const number = (from, count) => bits.slice(from, from + count).reduce((value, bit) => value * 2 + bit, 0);
    const frame = number(0, 32);
    const wall = number(32, 42);
    let crc = 0xffff;
    const bytes = [];
    for (let i = 3; i >= 0; i--) bytes.push(Math.floor(frame / 256 ** i) % 256);
    for (let i = 5; i >= 0; i--) bytes.push(Math.floor(wall / 256 ** i) % 256);
    for (const byte of bytes) {
      crc ^= byte << 8;
      for (let i = 0; i < 8; i++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
    }
    return crc === number(74, 16) ? { frame, wall } : {};
  };
  const video = document.querySelector('video');
  const answer = {
    state: document.body.dataset.state ?? '',
    text: document.body.innerText,
    language: document.documentElement.lang,
    time: video?.currentTime ?? 0,
    muted: video?.muted ?? null,
    paused: video?.paused ?? null,
    decoded: video?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
    soundBytes: video?.webkitAudioDecodedByteCount ?? 0,
    level: null,
    frame: null,
    wall: 0,
    now: Date.now(),
    // The console's: of each preview its frame number, and what its meter says.
    tiles: Object.fromEntries([...document.querySelectorAll('.tile')].map((tile) => {
      const canvas = tile.querySelector('canvas');
      return [canvas.dataset.name, { frame: marks(canvas, canvas.width, canvas.height).frame ?? null, level: tile.querySelector('.meter').innerText }];
    })),
    // What plays on the page, each by its id.
    screens: Object.fromEntries([...document.querySelectorAll('video[id]')].map((screen) => [screen.id, {
      time: screen.currentTime, ...screen.videoWidth && screen.checkVisibility() ? marks(screen, screen.videoWidth, screen.videoHeight) : {},
    }])),
    loaded: performance.getEntriesByType('resource').map((entry) => entry.name),
    protocols: [...new Set(performance.getEntries().map((entry) => entry.nextHopProtocol).filter(Boolean))],
  };
  if (!video || !video.readyState) return answer;
  if (!video.muted) {
    if (!window.regiaTest) {
      const audio = new AudioContext();
      const analyser = new AnalyserNode(audio, { fftSize: 32768 });
      new MediaElementAudioSourceNode(audio, { mediaElement: video }).connect(analyser).connect(audio.destination);
      window.regiaTest = { audio, analyser };
    }
    const samples = new Float32Array(window.regiaTest.analyser.fftSize);
    window.regiaTest.analyser.getFloatTimeDomainData(samples);
    answer.level = Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
  }
  if (video.videoWidth) Object.assign(answer, marks(video, video.videoWidth, video.videoHeight));
  return answer;
}

const commands = {
  async probe () {
    return { ...await page.evaluate(look), states, loads, foreign: [...foreign], errors };
  },
  async served () {
    return { served: await Promise.all(served.splice(0)) };
  },
  async click (selector) {
    await page.click(selector, { timeout: 10000 });
    return {};
  },
  async fill (words) {
    const [selector, ...text] = words.split(' ');
    await page.fill(selector, text.join(' '), { timeout: 10000 });
    return {};
  },
  async key (name) {
    await page.keyboard.press(name);
    return { focus: await page.evaluate(() => document.activeElement?.id ?? '') };
  },
  async type (text) {
    await page.keyboard.type(text);
    return {};
  },
  async value (selector) {
    return { value: await page.inputValue(selector, { timeout: 10000 }) };
  },
  async choose (words) {
    const selector = words.slice(0, words.lastIndexOf(' '));
    const value = words.slice(selector.length + 1);
    await page.selectOption(selector, value, { timeout: 10000 });
    return {};
  },
  async focus (selector) {
    await page.focus(selector, { timeout: 10000 });
    return {};
  },
  async drag (words) {
    const [selector, ...parts] = words.split(' ');
    const element = page.locator(selector);
    await element.scrollIntoViewIfNeeded({ timeout: 10000 });
    const { x, y, width, height } = await element.boundingBox();
    const [from, to] = parts.map((part) => x + width * Number(part));
    await page.mouse.move(from, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(to, y + height / 2, { steps: 20 });
    await page.mouse.up();
    return {};
  },
  async size (words) {
    const [width, height] = words.split(' ').map(Number);
    await page.setViewportSize({ width, height });
    return {};
  },
  async axe () {
    await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
    return page.evaluate(async () => {
      const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
      const { violations } = await window.axe.run(document, { runOnly });
      const wrong = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`);
      return { wrong, wider: document.scrollingElement.scrollWidth - innerWidth };
    });
  },
  async shot (path) {
    await page.screenshot({ path, fullPage: true });
    return {};
  },
  async hold (words) {
    const [what, ms] = words.split(' ');
    const pointed = what.startsWith('#');
    if (pointed) await page.hover(what);
    await (pointed ? page.mouse.down() : page.keyboard.down(what));
    await new Promise((resolve) => setTimeout(resolve, Number(ms)));
    await (pointed ? page.mouse.up() : page.keyboard.up(what));
    return {};
  },
  async watch (words) {
    const [selector, ...text] = words.split(' ');
    await page.evaluate(([selector, text]) => {
      window.regiaSeen = new Promise((resolve) => {
        const look = () => {
          const found = document.querySelector(selector);
          if (!found || found.hidden || !found.textContent.includes(text)) return false;
          resolve(Date.now());
          return true;
        };
        const observer = new MutationObserver(() => {
          if (look()) observer.disconnect();
        });
        observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
        if (look()) observer.disconnect();
      });
    }, [selector, text.join(' ')]);
    return { at: await page.evaluate(() => Date.now()) };
  },
  async acted () {
    return { at: await page.evaluate(() => window.regiaActed ?? 0) };
  },
  async seen () {
    const late = new Promise((resolve, reject) => { setTimeout(() => reject(new Error('not seen within 15 s')), 15000); });
    return { at: await Promise.race([page.evaluate(() => window.regiaSeen), late]) };
  },
  async open (url) {
    await page.goto(url, { timeout: 20000 });
    return {};
  },
};

console.log(JSON.stringify(await commands.open(address).then(() => ({ ready: true }), (error) => ({ error: String(error) }))));
for await (const line of createInterface({ input: process.stdin })) {
  const [word, ...rest] = line.split(' ');
  console.log(JSON.stringify(await commands[word](rest.join(' ')).catch((error) => ({ error: String(error) }))));
}
if (picture) await page.screenshot({ path: picture }).catch(() => undefined);
await context.close();
rmSync(folder, { recursive: true, force: true });
