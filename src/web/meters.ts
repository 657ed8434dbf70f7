// SPDX-License-Identifier: GPL-3.0-or-later
// The bars of all meters, drawn on one canvas that lies over their places: when levels have come that are others, in sight of somebody, and
// not otherwise. What they say in words stands beside them and is others' (faders.ts).
import { FLOOR_DB, GOOD_DB, LOUD_DB, place } from './levels';
import type { Level } from './live';

const BANDS = [[FLOOR_DB, GOOD_DB, '--meter-low'], [GOOD_DB, LOUD_DB, '--meter-good'], [LOUD_DB, 0, '--meter-loud']] as const;
const PEAK_PX = 3;
/** So near to the window it counts as in sight: nothing old is seen of what is scrolled to. */
const SIGHT = '300px';

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export class MeterBars {
  private readonly context: CanvasRenderingContext2D;
  private places = new Map<string, HTMLElement>();
  private boxes = new Map<string, Box>();
  private colours = new Map<string, string>();
  private levels = new Map<string, Level>();
  private drawn = new Map<string, string>();
  private scheduled = false;
  private stale = true;
  private inSight = false;

  /** `canvas` covers `frame`, in which the places are. */
  constructor (private readonly frame: HTMLElement, private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext('2d')!;
    new ResizeObserver(() => this.relay()).observe(frame);
    new IntersectionObserver((entries) => {
      this.inSight = entries[entries.length - 1]!.isIntersecting;
      this.schedule();
    }, { rootMargin: SIGHT }).observe(frame);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.relay());
  }

  /** Where the bars are from now on; whose there is none is not drawn. */
  setPlaces (places: Map<string, HTMLElement>): void {
    this.places = places;
    this.relay();
  }

  take (levels: Map<string, Level>): void {
    this.levels = levels;
    if (this.inSight) this.schedule();
  }

  /** Places, sizes or colours may be others. */
  private relay (): void {
    this.stale = true;
    this.schedule();
  }

  private schedule (): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => this.draw());
  }

  private measure (): void {
    const ratio = devicePixelRatio;
    const whole = this.frame.getBoundingClientRect();
    const style = getComputedStyle(this.canvas);
    this.canvas.width = Math.round(whole.width * ratio);
    this.canvas.height = Math.round(whole.height * ratio);
    this.context.scale(ratio, ratio);
    for (const name of ['--meter-low', '--meter-good', '--meter-loud', '--line', '--paper', '--ink']) this.colours.set(name, style.getPropertyValue(name));
    this.boxes = new Map([...this.places].map(([name, element]) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return [name, { x: left - whole.left, y: top - whole.top, width, height }];
    }));
    this.drawn.clear();
    this.stale = false;
  }

  private draw (): void {
    this.scheduled = false;
    if (this.stale) this.measure();
    for (const [name, box] of this.boxes) {
      const level = this.levels.get(name);
      const now = level ? `${level['rms-db'].toFixed(1)} ${level['peak-db'].toFixed(1)}` : '';
      if (this.drawn.get(name) === now) continue;
      this.drawn.set(name, now);
      this.drawBar(box, level);
    }
  }

  private drawBar ({ x, y, width, height }: Box, level: Level | undefined): void {
    const { context } = this;
    const fill = (colour: string, from: number, to: number): void => {
      context.fillStyle = this.colours.get(colour) ?? '';
      context.fillRect(x + width * from, y, width * (to - from), height);
    };
    fill('--line', 0, 1);
    if (level) {
      const end = place(level['rms-db']);
      for (const [from, to, colour] of BANDS) if (end > place(from)) fill(colour, place(from), Math.min(end, place(to)));
    }
    for (const db of [GOOD_DB, LOUD_DB]) fill('--paper', place(db), place(db) + 1 / width);
    if (level && level['peak-db'] > FLOOR_DB) {
      const peak = Math.max(place(level['peak-db']), PEAK_PX / width);
      fill('--ink', peak - PEAK_PX / width, peak);
    }
  }
}
