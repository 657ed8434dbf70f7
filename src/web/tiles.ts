// SPDX-License-Identifier: GPL-3.0-or-later
// What there is to see and hear, as tiles: the programme first, then each source, with a picture that moves, a meter, and its state in a word. One
// that is a scene is a button.
import { element } from './dom';
import { t, type Key } from './i18n';
import { bandOf, FLOOR_DB, place } from './levels';
import type { Level, Meters } from './live';

const PROGRAMME = 'programme';

export interface Source {
  name: string;
  state: 'starting' | 'live' | 'stalled' | 'retrying' | 'failed';
  note: string;
  'last-error': string;
  'has-audio': boolean;
}

const STATES: Record<Source['state'], Key> = {
  starting: 'console-source-starting', live: 'console-source-live', stalled: 'console-source-stalled',
  retrying: 'console-source-retrying', failed: 'console-source-failed',
};

interface Tile {
  picture: HTMLCanvasElement;
  meter: HTMLElement;
  level: HTMLElement;
}

export class Tiles {
  private made = '';
  private readonly tiles = new Map<string, Tile>();
  private said = 0;

  constructor (private readonly list: HTMLElement, private readonly choose: (scene: string) => void) {}

  /** Made anew only when there is something else to show, so that pictures stay and the focus with them. Returns whose previews are shown. */
  show (sources: Source[], scenes: string[], scene: string, language: string): string[] {
    const now = JSON.stringify([sources.map((s) => [s.name, s.state, s.note, s['last-error'], s['has-audio']]), scenes, scene, language]);
    const names = [PROGRAMME, ...sources.map((source) => source.name)];
    if (now === this.made) return names;
    this.made = now;
    const focused = document.activeElement?.id;
    for (const name of this.tiles.keys()) if (!names.includes(name)) this.tiles.delete(name);
    this.list.replaceChildren(this.item(PROGRAMME, t('console-programme'), '', true, ''),
      ...sources.map((source) => {
        const said = [t(STATES[source.state]), source.state === 'live' ? source.note : source['last-error']].filter(Boolean).join(': ');
        return this.item(source.name, source.name, said, source['has-audio'], source.state, scenes.includes(source.name) ? scene === source.name : null);
      }));
    if (focused?.startsWith('tile-')) document.getElementById(focused)?.focus();
    return names;
  }

  private item (name: string, title: string, said: string, sounds: boolean, state: string, chosen: boolean | null = null): HTMLElement {
    const tile = this.tiles.get(name) ?? this.makeTile(name);
    const head = element('p', 'tile-head');
    head.append(element('strong', '', chosen ? `● ${title}` : title));
    if (said) head.append(element('span', '', said));
    tile.meter.hidden = !sounds;
    tile.meter.setAttribute('aria-label', t('console-level', { name: title }));
    const item = element('li', name === PROGRAMME ? 'tile programme' : 'tile');
    if (state) item.dataset['state'] = state;
    item.append(tile.picture, tile.meter, head);
    if (chosen !== null) {
      const button = element('button', 'tile-take', t(chosen ? 'console-taken' : 'console-take'));
      button.type = 'button';
      button.id = `tile-${name}`;
      button.setAttribute('aria-pressed', String(chosen));
      button.setAttribute('aria-label', `${t(chosen ? 'console-taken' : 'console-take')}: ${title}`);
      button.addEventListener('click', () => this.choose(name));
      item.append(button);
    }
    return item;
  }

  private makeTile (name: string): Tile {
    const picture = element('canvas');
    const meter = element('div', 'meter');
    const level = element('span');
    picture.width = 480;
    picture.height = 270;
    picture.dataset['name'] = name;
    picture.setAttribute('aria-hidden', 'true'); // moves some times a second: its state is said in words
    meter.setAttribute('role', 'meter');
    meter.setAttribute('aria-valuemin', String(FLOOR_DB));
    meter.setAttribute('aria-valuemax', '0');
    meter.setAttribute('aria-valuenow', String(FLOOR_DB));
    meter.append(level, element('i'), element('b'));
    const tile = { picture, meter, level };
    this.tiles.set(name, tile);
    return tile;
  }

  async draw (name: string, picture: Blob): Promise<void> {
    const tile = this.tiles.get(name);
    if (!tile) return;
    const bitmap = await createImageBitmap(picture);
    if (tile.picture.width !== bitmap.width || tile.picture.height !== bitmap.height) {
      tile.picture.width = bitmap.width;
      tile.picture.height = bitmap.height;
    }
    tile.picture.getContext('2d')?.drawImage(bitmap, 0, 0);
    bitmap.close();
  }

  /** Bars ten times a second; words, which a screen reader has, once. */
  sound (meters: Meters): void {
    const second = Math.floor(meters['time-ms'] / 1000);
    const speak = second !== this.said;
    this.said = second;
    const programme = meters.audios[0];
    if (programme) this.level(PROGRAMME, programme, speak);
    for (const source of meters.sources) this.level(source.name, source, speak);
  }

  private level (name: string, level: Level, speak: boolean): void {
    const tile = this.tiles.get(name);
    if (!tile) return;
    tile.meter.style.setProperty('--level', place(level['rms-db']).toFixed(3));
    tile.meter.style.setProperty('--peak', place(level['peak-db']).toFixed(3));
    tile.meter.dataset['band'] = bandOf(level['peak-db']);
    if (!speak) return;
    const peak = level['peak-db'] <= FLOOR_DB ? t('console-silent') : `${Math.round(level['peak-db'])} dB`;
    tile.level.textContent = peak;
    tile.meter.setAttribute('aria-valuenow', String(Math.round(Math.max(FLOOR_DB, level['peak-db']))));
    tile.meter.setAttribute('aria-valuetext', peak);
  }
}
