// SPDX-License-Identifier: GPL-3.0-or-later
// What the console's pages beside the desk have in common: asking, saying what came of it, and buttons that are pressed twice.
import { t } from './i18n';

const TIMEOUT_MS = 20000;

/** What Regia answered that is not what was wished for. */
export class Refused extends Error {
  constructor (readonly status: number, words: string, readonly answer: unknown) {
    super(words);
  }
}

export function get<T extends HTMLElement> (id: string): T {
  return document.getElementById(id) as T;
}

/** An element with its text, if any. */
export function make<K extends keyof HTMLElementTagNameMap> (tag: K, text = '', className = ''): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

/** `version`: of what is replaced or removed. */
export async function ask<T> (method: string, path: string, body?: unknown, version = ''): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  const headers: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' };
  if (version) headers['If-Match'] = `"${version}"`;
  try {
    const answer = await fetch(`api/v1/${path}`, {
      method, headers, body: body === undefined ? null : JSON.stringify(body), cache: 'no-store', credentials: 'same-origin', signal: abort.signal,
    });
    const said = await answer.json() as T & { error?: string };
    if (!answer.ok) throw new Refused(answer.status, said.error ?? String(answer.status), said);
    return said;
  } finally {
    clearTimeout(timer);
  }
}

export function say (text: string): void {
  get('said').textContent = text;
}

/** Says why not; whoever is not logged in any more is shown the way in. */
export function sayFailure (error: unknown): void {
  if (error instanceof Refused && (error.status === 401 || error.status === 403)) {
    showOutside();
    return;
  }
  say(error instanceof Refused ? t('console-refused', { why: error.message }) : t('office-no-answer'));
}

export function showOutside (): void {
  document.body.dataset['state'] = 'outside';
  for (const child of get('main').children) (child as HTMLElement).hidden = !['said', 'outside'].includes(child.id);
}

export function makeButton (label: string, pressed: () => void, className = ''): HTMLButtonElement {
  const button = make('button', label, className);
  button.type = 'button';
  button.addEventListener('click', pressed);
  return button;
}

/** One that has to be pressed a second time, and says what for; elsewhere it forgets that it was pressed. */
export function makeTwice (label: string, again: string, pressed: () => void): HTMLButtonElement {
  const button = makeButton(label, () => {
    if (button.dataset['armed'] === undefined) {
      button.dataset['armed'] = '';
      button.textContent = again;
    } else {
      pressed();
    }
  }, 'danger');
  const forget = (): void => {
    delete button.dataset['armed'];
    button.textContent = label;
  };
  button.addEventListener('blur', forget);
  button.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') forget();
  });
  return button;
}
