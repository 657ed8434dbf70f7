// SPDX-License-Identifier: GPL-3.0-or-later
// The recordings page: one card for each event recorded, refreshed by itself. A card is made anew only when what it shows has changed, so
// that the focus and an open list of checksums stay where they are.
import { getRecordings, poll, type Recording, type RecordingFile } from './api';
import { formatLength, formatMoment, formatSize, onLanguage, startLanguage, t, type Key } from './i18n';

const REFRESH_MS = 5000;

function make<K extends keyof HTMLElementTagNameMap> (tag: K, className: string, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function figure (name: string, value: string): HTMLElement {
  return make('div', '', make('dt', '', name), make('dd', '', value));
}

function gapsInWords (item: Recording): string {
  if (item.gaps === 0) return t('recording-gap-none');
  const length = formatLength(item['gap-ms']);
  return item.gaps === 1 ? t('recording-gap-one', { length }) : t('recording-gap-many', { n: item.gaps, length });
}

/** The kind of a file when it is the only one of its kind, else its name. */
function downloadName (file: RecordingFile, all: RecordingFile[]): string {
  const kind = file['content-type'].split('/')[0];
  const alone = all.filter((other) => other['content-type'].startsWith(`${kind}/`)).length === 1;
  if (alone && kind === 'video') return t('download-video');
  if (alone && kind === 'audio') return t('download-audio');
  return t('download-other', { name: file.name });
}

function download (file: RecordingFile, all: RecordingFile[]): HTMLElement {
  const size = make('span', 'size', `(${formatSize(file['size-bytes'])})`);
  const link = make('a', 'download', make('span', '', downloadName(file, all)), size);
  link.href = file.url;
  link.download = file.title;
  return make('li', '', link);
}

function checksums (files: RecordingFile[]): HTMLElement {
  const list = make('dl', '');
  for (const file of files) {
    const sum = file.sha256 ? make('code', '', file.sha256) : t('checksum-pending');
    list.append(make('dt', '', file.title), make('dd', '', sum));
  }
  return make('details', 'checksums', make('summary', '', t('checksums')), list);
}

/** What the state means for somebody who wants the file, then the recorder's own words, which are for the technician. */
function hints (item: Recording): HTMLElement[] {
  const lines: HTMLElement[] = [];
  if (item.state !== 'finished') lines.push(make('p', 'hint', t(`recording-hint-${item.state}` as Key)));
  if (item.message) {
    const words = make('p', 'words', item.message);
    words.lang = 'en';
    lines.push(words);
  }
  return lines;
}

function card (item: Recording): HTMLElement {
  const badge = make('p', 'badge', t(`recording-state-${item.state}` as Key));
  badge.dataset['state'] = item.state;
  const facts = make('p', 'facts', make('span', '', item.started ? formatMoment(item.started) : ''), make('span', '', item.place));
  const title = make('h2', '', item.title || item.id);
  title.id = `title-${item.id}`;
  const element = make('li', 'item', make('div', 'item-head', make('div', '', title, facts), badge));
  element.dataset['id'] = item.id;
  element.setAttribute('aria-labelledby', title.id);
  const figures = make('dl', 'figures');
  if (item['duration-ms'] > 0) figures.append(figure(t('recording-length'), formatLength(item['duration-ms'])));
  if (item['size-bytes'] > 0) figures.append(figure(t('recording-size'), formatSize(item['size-bytes'])));
  if (item.gaps > 0 || item.state === 'finished') figures.append(figure(t('recording-gaps'), gapsInWords(item)));
  if (figures.childElementCount > 0) element.append(figures);
  element.append(...hints(item));
  if (item.files.length > 0) {
    element.append(make('ul', 'files', ...item.files.map((file) => download(file, item.files))), checksums(item.files));
  }
  return element;
}

class Page {
  private readonly items = document.getElementById('items')!;
  private recordings: Recording[] | null = null;
  private readable = true;
  /** What each card shows, by id. */
  private readonly shown = new Map<string, string>();

  constructor () {
    startLanguage();
    onLanguage(() => {
      this.shown.clear();
      this.update();
    });
    this.update();
    poll(() => REFRESH_MS, () => this.ask());
  }

  private async ask (): Promise<void> {
    try {
      ({ recordings: this.recordings, readable: this.readable } = await getRecordings());
      document.getElementById('alert')!.hidden = true;
    } catch {
      document.getElementById('alert')!.hidden = false;
    }
    this.update();
  }

  private update (): void {
    document.title = `${t('recordings-title')} · Regia`;
    if (!this.recordings) return;
    document.body.dataset['state'] = !this.readable ? 'unreadable' : this.recordings.length ? 'full' : 'empty';
    document.getElementById('empty')!.hidden = this.recordings.length > 0 || !this.readable;
    document.getElementById('unreadable')!.hidden = this.readable;
    const old = new Map([...this.items.children].map((element) => [(element as HTMLElement).dataset['id']!, element as HTMLElement]));
    const cards = this.recordings.map((item) => this.cardFor(item, old.get(item.id)));
    if (cards.length !== this.items.childElementCount || cards.some((element, index) => element !== this.items.children[index])) {
      const focused = document.activeElement?.closest<HTMLElement>('[data-id]');
      const inside = focused ? focusables(focused).indexOf(document.activeElement as HTMLElement) : -1;
      this.items.replaceChildren(...cards);
      const again = cards.find((element) => element.dataset['id'] === focused?.dataset['id']);
      if (again && inside >= 0) focusables(again)[inside]?.focus();
    }
  }

  private cardFor (item: Recording, old: HTMLElement | undefined): HTMLElement {
    const text = JSON.stringify(item);
    if (old && this.shown.get(item.id) === text) return old;
    this.shown.set(item.id, text);
    const fresh = card(item);
    const details = fresh.querySelector('details');
    if (details) details.open = old?.querySelector('details')?.open ?? false;
    return fresh;
  }
}

function focusables (root: HTMLElement): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>('a, summary')];
}

new Page();
