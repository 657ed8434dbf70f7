// SPDX-License-Identifier: GPL-3.0-or-later
// The clocks of the desk: what time it is in the hall, since when the event is on, how long it still has, and up to when it is on disk. They go by
// the hall's clock, not by that of the computer that shows them, and tick between two answers.
import { get, say } from './dom';
import { formatClock, t } from './i18n';

/** Nothing on disk for longer is worth a warning (director/status.c). */
const LATE_MS = 5000;
const TICK_MS = 250;

export interface ClockStatus {
  event: { end: string };
  state: string;
  wall: string;
  started: string;
  'show-time-ms': number;
  'aired-ms': number;
  desired: { paused: boolean };
  recorder: { state?: string; 'recorded-ms'?: number; 'last-fragment-age-ms'?: number };
}

/** `1:02:03`, of less than an hour `2:03`. */
export function formatSpan (ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest.replace(/^0/, '');
}

/** What is left until the planned end, or how long that is past; nothing where none is planned. */
export function untilEnd (end: string, nowMs: number): { ms: number; over: boolean } | null {
  const endMs = Date.parse(end);
  if (Number.isNaN(endMs)) return null;
  return { ms: Math.abs(endMs - nowMs), over: nowMs > endMs };
}

/** The planned end (Unix time, s), so many minutes later; from now on where that is past already, or none is planned. */
export function laterEnd (end: string, nowMs: number, minutes: number): number {
  const endMs = Date.parse(end);
  return Math.floor(Math.max(Number.isNaN(endMs) ? 0 : endMs, nowMs) / 1000) + 60 * minutes;
}

export class Clock {
  private status: ClockStatus | null = null;
  private answeredMs = 0;

  constructor (private readonly ticked: () => void) {
    setInterval(() => this.tick(), TICK_MS);
  }

  show (status: ClockStatus): void {
    this.status = status;
    this.answeredMs = performance.now();
    this.tick();
  }

  /** Since the last answer. */
  private get ageMs (): number {
    return performance.now() - this.answeredMs;
  }

  /** The hall's clock, Unix time in ms. */
  get wallMs (): number {
    const wall = Date.parse(this.status?.wall ?? '');
    return Number.isNaN(wall) ? Date.now() : wall + this.ageMs;
  }

  /** Of the moment at which a button is pressed, however often the command has to be sent. */
  get showTimeMs (): number {
    return Math.round((this.status?.['show-time-ms'] ?? 0) + this.ageMs);
  }

  private tick (): void {
    const { status } = this;
    if (!status) return;
    const on = status.state === 'on-air' || status.state === 'paused';
    say('clock-wall', formatClock(new Date(this.wallMs)));
    say('clock-elapsed', on ? formatSpan(this.showTimeMs - status['aired-ms']) : '–');
    const left = untilEnd(status.event.end, this.wallMs);
    const shown = on || status.state === 'rehearsal';
    get('clock-left').dataset['over'] = String(shown && !!left?.over);
    say('clock-left-label', t(left?.over && shown ? 'console-over' : 'console-left'));
    say('clock-left', left && shown ? `${left.over ? '+' : ''}${formatSpan(left.ms)}` : '–');
    this.tickDisk(status, on);
    this.ticked();
  }

  /** Only what has reached the disk is said to be there. */
  private tickDisk ({ recorder, desired }: ClockStatus, on: boolean): void {
    const disk = get('clock-disk');
    const age = recorder['last-fragment-age-ms'];
    const recording = recorder.state === 'recording' && age !== undefined;
    const late = recording && age + this.ageMs > LATE_MS;
    disk.dataset['state'] = !on ? 'off' : desired.paused ? 'paused' : recording && !late ? 'on' : 'wrong';
    if (!on) say('clock-disk', '–');
    else if (desired.paused) say('clock-disk', t('console-disk-paused'));
    else if (recording) say('clock-disk', t('console-disk-until', { time: formatClock(new Date(this.wallMs - age - this.ageMs)) }));
    else say('clock-disk', t('console-disk-nothing'));
  }
}
