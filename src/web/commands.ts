// SPDX-License-Identifier: GPL-3.0-or-later
// What the console's pages ask of it, and how: a command has an id of its own, under which it is sent again when no answer came, so that it has
// no second effect.
const TIMEOUT_MS = 15000;
const TRIES = 8;
const AGAIN_MS = 700;

/** It was answered: no. */
export class Refused extends Error {
  constructor (readonly status: number, words: string) {
    super(words);
  }
}

export function makeId (): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function ask<T> (path: string, body?: unknown): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const answer = await fetch(`api/v1/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      cache: 'no-store', credentials: 'same-origin', signal: abort.signal,
    });
    const said = await answer.json() as T & { error?: string };
    if (!answer.ok) throw new Refused(answer.status, said.error ?? String(answer.status));
    return said;
  } finally {
    clearTimeout(timer);
  }
}

/** Not answered is not refused: the same is said again, under the same id. */
export async function insist (name: string, body: object): Promise<{ version?: number }> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask<{ version?: number }>(`commands/${name}`, body);
    } catch (error) {
      const open = !(error instanceof Refused) || error.status === 504 || error.status === 429;
      if (!open || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
