// SPDX-License-Identifier: GPL-3.0-or-later
// Texts in the language of the viewer, and numbers, times and sizes as that language writes them. All texts are in messages.json;
// build.mjs puts the same ones into the HTML, so that a page says something before its script has run.
import messages from './messages.json';

export type Language = 'it' | 'en';
export type Key = keyof typeof messages.it;

const LANGUAGES: readonly Language[] = ['it', 'en'];

/** `?lang=` in the address, else what the browser asks for, else Italian. */
export function chooseLanguage (search: string, wanted: readonly string[]): Language {
  const asked = new URLSearchParams(search).get('lang');
  for (const tag of [asked ?? '', ...wanted]) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (found) return found;
  }
  return 'it';
}

let current: Language = 'it';
const listeners: (() => void)[] = [];

export function language (): Language {
  return current;
}

/** Calls `changed` after every change of language. */
export function onLanguage (changed: () => void): void {
  listeners.push(changed);
}

/** The text for a key, with `{name}` replaced by the values. */
export function t (key: Key, values: Record<string, string | number> = {}): string {
  return messages[current][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/**
 * Fills the texts of a page: `data-t="key"` its content, `data-t-label="key"` its accessible name, `data-t-title="key"` its tooltip.
 * `data-other-language` marks what stands in the page in the second language for readers without scripts.
 */
function fill (root: ParentNode): void {
  const all = (selector: string): NodeListOf<HTMLElement> => root.querySelectorAll<HTMLElement>(selector);
  for (const element of all('[data-t]')) element.textContent = t(element.dataset['t'] as Key);
  for (const element of all('[data-t-label]')) element.setAttribute('aria-label', t(element.dataset['tLabel'] as Key));
  for (const element of all('[data-t-title]')) element.title = t(element.dataset['tTitle'] as Key);
  for (const element of all('[data-other-language]')) element.hidden = true;
}

function setLanguage (chosen: Language): void {
  current = chosen;
  document.documentElement.lang = chosen;
  document.body.dataset['lang'] = chosen;
  fill(document);
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a[data-language]')) {
    if (link.dataset['language'] === chosen) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a[data-page]')) link.href = pageAddress(link.dataset['page']!);
  for (const changed of listeners) changed();
}

/** The address of another page, in the language that was asked for. */
export function pageAddress (path: string): string {
  return new URLSearchParams(location.search).has('lang') ? `${path}?lang=${current}` : path;
}

/** Chooses the language and makes the links of the language switch work without a reload: the video goes on. */
export function startLanguage (): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a[data-language]')) {
    link.addEventListener('click', (event) => {
      event.preventDefault();
      history.replaceState(null, '', `?lang=${link.dataset['language']}`);
      setLanguage(link.dataset['language'] as Language);
    });
  }
  setLanguage(chooseLanguage(location.search, navigator.languages));
}

/** For example `1,21 GB`, in decimal units, as file managers and providers count. */
export function formatSize (bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit < 2 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return new Intl.NumberFormat(current, {
    style: 'unit',
    unit: units[unit]!,
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: digits,
  }).format(value);
}

/** For example `3 h 32 min`, `48 min`, `14 s`. */
export function formatLength (ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return t('seconds', { n: seconds });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return t('minutes', { n: minutes });
  return t('hours', { h: Math.floor(minutes / 60), m: minutes % 60 });
}

const DAY: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' };

function locale (): string {
  return current === 'en' ? 'en-GB' : 'it-IT';
}

/** For example `giovedì 29 settembre 2022`, in the zone of the viewer. */
function day (time: Date): string {
  return new Intl.DateTimeFormat(locale(), DAY).format(time);
}

/** For example `9:30`. */
function hour (time: Date): string {
  return `${time.getHours()}:${String(time.getMinutes()).padStart(2, '0')}`;
}

/** For example `giovedì 29 settembre 2022, ore 9:30`; the day of `now` is called today. */
export function formatMoment (rfc3339: string, now?: number): string {
  const time = new Date(rfc3339);
  const clock = t('hall-hour', { time: hour(time) });
  const today = now !== undefined && new Date(now).toDateString() === time.toDateString();
  return today ? t('today', { time: clock }) : `${day(time)}, ${clock}`;
}

/** Day and hours of an event, either end of which may be unknown (""): `giovedì 29 settembre 2022, 9:30–13:00`. */
export function formatHours (start: string, end: string): string {
  if (!start) return '';
  const from = new Date(start);
  const to = new Date(end);
  let text = `${day(from)}, ${hour(from)}`;
  if (to > from) text += to.toDateString() === from.toDateString() ? `–${hour(to)}` : ` – ${day(to)}, ${hour(to)}`;
  const offset = /([+-])(\d\d):?(\d\d)$/.exec(start);
  const minutes = offset ? (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) : 0;
  const elsewhere = minutes !== -from.getTimezoneOffset();
  return elsewhere ? `${text} (${t('time-local')})` : text;
}

/** The name of a language in that language, as in a hall's own signs: Italiano, English. */
export function languageName (tag: string): string {
  try {
    const name = new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag;
    return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
  } catch {
    return tag;
  }
}

/** `10:31:05` */
export function formatClock (time: Date): string {
  return Number.isNaN(time.getTime()) ? '–' : time.toLocaleTimeString(language(), { hour12: false });
}
