// SPDX-License-Identifier: GPL-3.0-or-later
// A headless Chromium, and what one asks of a page that plays: does the picture move, is there sound.
import { chromium } from 'playwright-core';

const QUIET = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** `autoplay`: the browser lets pages begin with sound, as after a visit or two; otherwise as on a first visit. */
export function startBrowser ({ autoplay = true } = {}) {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [...QUIET, `--autoplay-policy=${autoplay ? 'no-user-gesture-required' : 'document-user-activation-required'}`],
    ignoreDefaultArgs: ['--mute-audio'],
  });
}

/** A page that notes what must not happen: requests elsewhere, refusals by the security policy, script errors. */
export async function openPage (browser, address, options = {}) {
  const context = await browser.newContext({ locale: 'it-IT', viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) page.faults.push(message.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'blob:' && protocol !== 'data:' && origin !== new URL(address).origin) page.faults.push(`request to ${request.url()}`);
  });
  await page.goto(address);
  return page;
}

export function pageState (page) {
  return page.evaluate(() => document.body.dataset.state);
}

export function currentTime (page) {
  return page.evaluate(() => document.querySelector('video').currentTime);
}

/** The part of the picture's points that differ between two moments 400 ms apart, 0 to 1. */
export function pictureChange (page) {
  return page.evaluate(async () => {
    const video = document.querySelector('video');
    const grab = () => {
      const canvas = document.createElement('canvas');
      canvas.width = 160;
      canvas.height = 90;
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context.drawImage(video, 0, 0, 160, 90);
      return context.getImageData(0, 0, 160, 90).data;
    };
    const before = grab();
    await new Promise((resolve) => setTimeout(resolve, 400));
    const after = grab();
    let changed = 0;
    for (let i = 0; i < before.length; i += 4) {
      if (Math.abs(before[i] - after[i]) + Math.abs(before[i + 1] - after[i + 1]) + Math.abs(before[i + 2] - after[i + 2]) > 48) changed++;
    }
    return changed / (before.length / 4);
  });
}

/** Loudness (RMS, 0 to 1) and strongest frequency in Hz of what the video element plays, over 300 ms. */
export function listen (page) {
  return page.evaluate(async () => {
    const audio = new AudioContext();
    const source = audio.createMediaStreamSource(document.querySelector('video').captureStream());
    const analyser = audio.createAnalyser();
    analyser.fftSize = 8192;
    source.connect(analyser);
    await audio.resume();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    const spectrum = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(spectrum);
    const strongest = spectrum.indexOf(Math.max(...spectrum));
    const hz = strongest * audio.sampleRate / analyser.fftSize;
    source.disconnect();
    await audio.close();
    return { rms: Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length), hz };
  });
}
