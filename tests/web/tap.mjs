// SPDX-License-Identifier: GPL-3.0-or-later
// A test harness of a few lines, in TAP, one test after the other. A failing test says why and the rest go on.
import assert from 'node:assert/strict';

const tests = [];

export function test (name, body) {
  tests.push({ name, body });
}

/** Waits until `probe` answers something true, and returns it; asks every 100 ms. */
export async function until (what, probe, timeoutMs = 30000) {
  const end = Date.now() + timeoutMs;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    const seen = last instanceof Error ? last.message : JSON.stringify(last);
    if (Date.now() > end) assert.fail(`${what}: not within ${timeoutMs / 1000} s (last: ${seen})`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Runs what was registered, `atOnce` at a time; the exit status says whether all passed. */
export async function runTests (atOnce = 1) {
  console.log('TAP version 13');
  console.log(`1..${tests.length}`);
  let failed = 0;
  let next = 0;
  const worker = async () => {
    while (next < tests.length) {
      const number = ++next;
      const { name, body } = tests[number - 1];
      const begin = Date.now();
      try {
        await body();
        console.log(`ok ${number} - ${name} # ${((Date.now() - begin) / 1000).toFixed(1)} s`);
      } catch (error) {
        failed++;
        console.log([`not ok ${number} - ${name}`, ...String(error?.stack ?? error).split('\n').map((line) => `# ${line}`)].join('\n'));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  console.log(`# ${tests.length - failed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}
