// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of every page in every state, to look at: node screenshots.mjs PAGES_DIR OUT_DIR. Not a test.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openPage, pageState, startBrowser } from './browser.mjs';
import { makeMedia } from './media.mjs';
import { FakeGateway } from './server.mjs';
import { until } from './tap.mjs';

const [pages, out] = process.argv.slice(2).map((each) => path.resolve(each));
const dist = path.join(pages, 'dist');
const { schemas } = JSON.parse(await fs.readFile(path.join(dist, 'openapi.json'), 'utf8')).components;
const [status] = schemas.Status.examples;
const [recording] = schemas.Recording.examples;
const work = await fs.mkdtemp(path.join(os.tmpdir(), 'regia-web-'));
const tracks = await makeMedia(work, 60);
const browser = await startBrowser();
await fs.mkdir(out, { recursive: true });

const touch = { isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const SCREENS = {
  'phone': { viewport: { width: 390, height: 844 }, ...touch },
  'phone-dark': { viewport: { width: 390, height: 844 }, ...touch, colorScheme: 'dark' },
  'phone-small': { viewport: { width: 320, height: 568 }, ...touch },
  'phone-landscape': { viewport: { width: 844, height: 390 }, ...touch },
  'desktop': { viewport: { width: 1440, height: 900 } },
  'desktop-dark': { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  'desktop-large': { viewport: { width: 1920, height: 1080 } },
};

const every = ['recording', 'finishing', 'finished', 'interrupted', 'damaged'].map((state) => ({
  ...recording, id: state, state, files: state === 'finished' ? recording.files : [], ...(state === 'damaged' ? { message: 'session.json: unexpected end' } : {}),
}));

async function takeAll (screen, options) {
  const gateway = new FakeGateway(dist, tracks, status);
  const soon = (minutes) => new Date(Date.now() + minutes * 60000).toISOString();
  const standby = (next) => gateway.setStatus('standby', { event: { ...status.event, name: '', start: '', end: '' }, next });
  standby({});
  await gateway.up();
  const take = (page, state) => page.screenshot({ path: path.join(out, `${state}-${screen}.png`), fullPage: state === 'recordings' });
  const reaches = (page, state) => until(state, async () => await pageState(page) === state, 60000);
  const page = await openPage(browser, `${gateway.address}/`, { timezoneId: 'Europe/Rome', ...options });
  await until('no event', async () => /in programma|planned/.test(await page.locator('#notice').innerText()));
  await take(page, 'standby-none');
  standby({ name: 'Seconda giornata: le voci della memoria', place: status.event.place, start: soon(60 * 26), end: soon(60 * 29) });
  await until('next', async () => (await page.locator('#notice-hint').innerText()) !== '');
  await take(page, 'standby-next');
  gateway.wait({ event: { ...status.event, start: soon(25), end: soon(205) } });
  await until('waiting', async () => (await page.locator('#notice-hint').innerText()) !== '');
  await take(page, 'waiting');
  gateway.goOnAir();
  await reaches(page, 'live');
  await until('the delay is known', () => page.locator('#delay').isVisible());
  await take(page, 'live');
  await gateway.down();
  await reaches(page, 'reconnecting');
  await take(page, 'reconnecting');
  await gateway.up();
  gateway.recordings = [{ ...recording, id: status.recording }];
  gateway.endShow();
  await page.locator('.action').nth(2).waitFor({ timeout: 60000 });
  await take(page, 'ended');
  gateway.recordings = [];
  await page.goto(`${gateway.address}/recordings`);
  await reaches(page, 'empty');
  await take(page, 'recordings-empty');
  gateway.recordings = every;
  await reaches(page, 'full');
  await take(page, 'recordings');
  await page.context().close();
  await gateway.down();
}

await Promise.all(Object.entries(SCREENS).map(([screen, options]) => takeAll(screen, options)));
await browser.close();
await fs.rm(work, { recursive: true, force: true });
