// SPDX-License-Identifier: GPL-3.0-or-later
// The sound: each language's mix with its meter and loudness, what is done about it at present, and below it a fader for each source that
// is in it. What a person moves is shown at once and said at most some times a second (wish.ts); meters are drawn by meters.ts.
import { element, replaceKeepingFocus } from './dom';
import { language, languageName, t, type Key } from './i18n';
import { bandOf, FLOOR_DB, GOOD_DB, LOUD_DB, place, type Band } from './levels';
import type { Level, Meters } from './live';
import { MeterBars } from './meters';
import { Wish } from './wish';

/** What a gain may be; the upper part only where it is used already, so that nobody gets there by a key pressed too long. */
const LEAST_DB = -60;
const USUAL_DB = 10;
const MOST_DB = 20;
const STEP_DB = 0.5;
const PAGE_DB = 3;
const GAIN_MARKS = [-60, -40, -20, -10, 0, 10];
const METER_MARKS = [-60, -40, GOOD_DB, LOUD_DB, 0];
/** Words are for reading: they change less often than bars. */
const WORDS_MS = 500;

export interface Fader {
  language: string;
  source: string;
  'gain-db': number;
  muted: boolean;
  backup: boolean;
}

/** A language's mix as the engine has it. */
export interface Bus {
  language: string;
  codec: string;
  backup: string;
  ducked: boolean;
  'levelled-db': number;
}

export interface FaderHandlers {
  /** Resolves to the version of what is wanted, or rejects when it was refused. */
  send: (name: 'gain' | 'mute', body: object) => Promise<number>;
  listen: (language: string) => void;
}

const BANDS: Record<Band, Key> = { low: 'console-band-low', good: 'console-band-good', loud: 'console-band-loud' };

function setText (node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** As people write it: −4,5 dB. */
export function inDb (db: number, locale: string, unit = 'dB'): string {
  const text = Math.abs(db).toLocaleString(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return `${Math.round(db * 10) < 0 ? '−' : ''}${text} ${unit}`;
}

/** Marks with their figures along a scale. */
function makeScale (marks: number[], floor: number, top: number): HTMLElement {
  const scale = element('div', 'scale');
  scale.setAttribute('aria-hidden', 'true'); // the values are said where they are
  scale.append(...marks.filter((db) => db <= top).map((db) => {
    const mark = element('span', '', String(db).replace('-', '−'));
    mark.style.left = `${100 * place(db, floor, top)}%`;
    return mark;
  }));
  return scale;
}

/** A place for a bar, what it says, and how often it was too loud. */
class Reading {
  readonly bar = element('div', 'level-bar');
  readonly words = element('span', 'reading');
  readonly clips = element('button', 'clips');
  private counted = 0;
  private since = 0;

  constructor (private readonly name: string) {
    this.bar.setAttribute('role', 'meter');
    this.bar.setAttribute('aria-label', t('console-level', { name }));
    this.bar.setAttribute('aria-valuemin', String(FLOOR_DB));
    this.bar.setAttribute('aria-valuemax', '0');
    this.bar.setAttribute('aria-valuenow', String(FLOOR_DB));
    this.words.setAttribute('aria-hidden', 'true'); // the meter says it
    this.clips.type = 'button';
    this.clips.hidden = true;
    this.clips.addEventListener('click', () => {
      this.since = this.counted;
      this.showClips();
    });
  }

  take (level: Level): void {
    const peak = level['peak-db'];
    const band = bandOf(peak);
    const said = peak <= FLOOR_DB ? t('console-silent') : `${inDb(peak, language())} · ${t(BANDS[band])}`;
    this.words.dataset['band'] = band;
    setText(this.words, said);
    this.bar.setAttribute('aria-valuenow', String(Math.round(Math.min(0, Math.max(FLOOR_DB, peak)))));
    this.bar.setAttribute('aria-valuetext', said);
    if (level.clips < this.counted) this.since = 0; // another engine counts anew
    this.counted = level.clips;
    this.showClips();
  }

  private showClips (): void {
    const n = this.counted - this.since;
    this.clips.hidden = n === 0;
    if (n === 0) return;
    setText(this.clips, t('console-clips', { n }));
    this.clips.setAttribute('aria-label', t('console-clips-of', { n, name: this.name }));
  }
}

/** A source in a language. */
class Strip {
  readonly root = element('li', 'strip');
  readonly reading: Reading;
  private readonly words = element('span', 'words');
  private readonly slider = element('input', 'fader');
  private readonly value = element('output', 'value');
  private readonly mute = element('button', 'mute');
  private readonly gain: Wish<number>;
  private readonly muted: Wish<boolean>;
  private heard = false;

  constructor (private fader: Fader, handlers: FaderHandlers) {
    const { source, language: bus } = fader;
    const id = `${bus}-${source}`;
    const where = { source, language: bus };
    this.reading = new Reading(source);
    this.gain = new Wish(fader['gain-db'], (db) => handlers.send('gain', { ...where, db }), () => this.show());
    this.muted = new Wish(fader.muted, (on) => handlers.send('mute', { ...where, on }), () => this.show());
    const { slider, mute } = this;
    Object.assign(slider, { type: 'range', id: `gain-${id}`, step: String(STEP_DB), min: String(LEAST_DB), max: String(this.top) });
    slider.setAttribute('aria-label', t('console-gain', { source, bus: languageName(bus) }));
    slider.addEventListener('input', () => this.gain.set(slider.valueAsNumber));
    slider.addEventListener('keydown', (event) => this.onKey(event));
    slider.addEventListener('dblclick', () => this.gain.set(0));
    mute.type = 'button';
    mute.id = `mute-${id}`;
    mute.addEventListener('click', () => this.muted.set(!this.muted.value));
    const head = element('p', 'strip-head');
    head.append(element('strong', '', source), this.words);
    const track = element('div', 'track');
    track.append(slider, makeScale(GAIN_MARKS, LEAST_DB, this.top));
    const meter = element('div', 'metering');
    meter.append(this.reading.bar, this.reading.words, this.reading.clips);
    this.root.append(head, track, this.value, mute, meter);
    this.show();
  }

  /** `heard`: it is the backup that is heard at present. */
  hear (fader: Fader, version: number, heard: boolean): void {
    this.fader = fader;
    this.heard = heard;
    this.gain.hear(fader['gain-db'], version);
    this.muted.hear(fader.muted, version);
  }

  private get top (): number {
    return this.fader['gain-db'] > USUAL_DB ? MOST_DB : USUAL_DB;
  }

  /** A page is what is heard as a step; a native one would be 7 dB. */
  private onKey (event: KeyboardEvent): void {
    const by = { PageUp: PAGE_DB, PageDown: -PAGE_DB }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.gain.set(Math.min(Number(this.slider.max), Math.max(LEAST_DB, this.gain.value + by)));
  }

  private show (): void {
    const { slider, mute } = this;
    const db = this.gain.value;
    const muted = this.muted.value;
    const said = inDb(db, language());
    const what = t(muted ? 'console-unmute' : 'console-mute');
    if (db > Number(slider.max)) slider.max = String(MOST_DB);
    if (slider.valueAsNumber !== db) slider.valueAsNumber = db;
    slider.setAttribute('aria-valuetext', said);
    setText(this.value, said);
    setText(mute, what);
    mute.setAttribute('aria-label', t('console-mute-of', { what, source: this.fader.source, bus: languageName(this.fader.language) }));
    mute.dataset['on'] = String(muted);
    setText(this.words, this.fader.backup ? t(this.heard ? 'console-backup-heard' : 'console-backup') : '');
  }
}

/** A language's mix. */
class Mix {
  readonly root = element('div', 'mix');
  readonly strips = element('ul', 'strips');
  readonly reading: Reading;
  readonly listen = element('button', 'listen');
  private readonly words = element('span', 'words');
  private readonly loudness = element('span', 'loudness');

  constructor (readonly bus: string, handlers: FaderHandlers) {
    const name = languageName(bus);
    const heading = element('h3', '', name);
    heading.lang = bus;
    this.reading = new Reading(name);
    this.listen.type = 'button';
    this.listen.id = `listen-${bus}`;
    this.listen.textContent = t('console-listen');
    this.listen.setAttribute('aria-label', t('console-listen-to', { bus: name }));
    this.listen.setAttribute('aria-pressed', 'false');
    this.listen.addEventListener('click', () => handlers.listen(bus));
    const head = element('div', 'mix-head');
    head.append(heading, this.words, this.listen);
    const meter = element('div', 'metering');
    const scaled = element('div', 'track');
    scaled.append(this.reading.bar, makeScale(METER_MARKS, FLOOR_DB, 0));
    meter.append(scaled, this.reading.words, this.loudness, this.reading.clips);
    this.root.append(head, meter, this.strips);
  }

  show (bus: Bus | undefined): void {
    if (!bus) return;
    const levelled = bus['levelled-db'];
    setText(this.words, [
      bus.backup && t('console-backup-on', { name: bus.backup }),
      bus.ducked ? t('console-ducked') : '',
      levelled ? t('console-levelled', { db: (levelled > 0 ? '+' : '') + inDb(levelled, language()) }) : '',
    ].filter(Boolean).join(' · '));
  }

  take (level: Level & { 'momentary-lufs': number; 'short-term-lufs': number }): void {
    const lufs = (value: number): string => value <= FLOOR_DB ? '–' : inDb(value, language(), 'LUFS');
    this.reading.take(level);
    setText(this.loudness, t('console-loudness', { momentary: lufs(level['momentary-lufs']), short: lufs(level['short-term-lufs']) }));
  }
}

export class Mixer {
  private made = '';
  private mixes: Mix[] = [];
  private strips = new Map<string, Strip>();
  private readonly bars: MeterBars;
  private said = 0;
  private heard = '';

  constructor (private readonly list: HTMLElement, private readonly handlers: FaderHandlers) {
    const canvas = element('canvas', 'bars');
    canvas.setAttribute('aria-hidden', 'true');
    list.parentElement!.append(canvas);
    this.bars = new MeterBars(list.parentElement!, canvas);
  }

  /** Made anew only when there are others, so that the focus stays and nobody loses a fader out of the hand. */
  show (faders: Fader[], buses: Bus[], version: number): void {
    const mixes = buses.filter((bus) => bus.codec === 'aac');
    const languages = [...new Set([...mixes.map((bus) => bus.language), ...faders.map((fader) => fader.language)])];
    const now = JSON.stringify([language(), languages, faders.map((fader) => [fader.language, fader.source, fader.backup])]);
    if (now !== this.made) this.make(languages, faders);
    this.made = now;
    for (const mix of this.mixes) mix.show(mixes.find((bus) => bus.language === mix.bus));
    for (const fader of faders) {
      const heard = mixes.some((bus) => bus.language === fader.language && bus.backup === fader.source);
      this.strips.get(`${fader.language} ${fader.source}`)?.hear(fader, version, heard);
    }
  }

  /** Which language is listened to, "" none. */
  showHeard (bus: string): void {
    this.heard = bus;
    for (const mix of this.mixes) mix.listen.setAttribute('aria-pressed', String(mix.bus === bus));
  }

  private make (languages: string[], faders: Fader[]): void {
    const places = new Map<string, HTMLElement>();
    this.strips.clear();
    this.mixes = languages.map((bus) => new Mix(bus, this.handlers));
    for (const mix of this.mixes) {
      places.set(`mix ${mix.bus}`, mix.reading.bar);
      for (const fader of faders.filter((one) => one.language === mix.bus)) {
        const strip = new Strip(fader, this.handlers);
        this.strips.set(`${mix.bus} ${fader.source}`, strip);
        places.set(`${mix.bus} ${fader.source}`, strip.reading.bar);
        mix.strips.append(strip.root);
      }
    }
    replaceKeepingFocus(this.list, this.mixes.map((mix) => mix.root));
    this.bars.setPlaces(places);
    this.showHeard(this.heard);
  }

  take (meters: Meters): void {
    const levels = new Map<string, Level>(meters.audios.map((level) => [`mix ${level.language}`, level]));
    const sources = new Map(meters.sources.map((level) => [level.name, level]));
    for (const key of this.strips.keys()) {
      const level = sources.get(key.slice(key.indexOf(' ') + 1));
      if (level) levels.set(key, level);
    }
    this.bars.take(levels);
    const part = Math.floor(meters['time-ms'] / WORDS_MS);
    if (part === this.said) return;
    this.said = part;
    for (const level of meters.audios) this.mixes.find((mix) => mix.bus === level.language)?.take(level);
    for (const [key, strip] of this.strips) {
      const level = levels.get(key);
      if (level) strip.reading.take(level);
    }
  }
}
