// SPDX-License-Identifier: GPL-3.0-or-later
// The decisions of the viewer page, as functions of values: what state it shows, when a player that does not move is helped, and how fast
// it plays to come back to the live edge. No clock, no network, no document here.
import type { Status } from './api';

export type PageState = 'waiting' | 'live' | 'reconnecting' | 'ended';

/** A picture that stands still for shorter than this is not worth a message. */
export const STALL_SHOWN_MS = 2500;
/** A player that gets playlists and still does not move is given this long to help itself. Also: a pause of playlists worth the name. */
export const HELP_AFTER_MS = 6000;
/** No playlist came for this long: whatever the library is waiting for, it may wait for ever. */
const PLAYLIST_LOST_MS = 20000;
const BACKOFF_FIRST_MS = 1000;
const BACKOFF_MAX_MS = 5000;

/** What is known about a player that should be playing. All times from one monotonic clock, in ms. */
export interface Health {
  nowMs: number;
  /** The picture moved last, or playing was asked for last. */
  movedAtMs: number;
  /** A playlist arrived last; 0 before the first. */
  playlistAtMs: number;
  /** Since when they have been arriving without a pause worth the name. */
  servedSinceMs: number;
  /** It was helped last; 0 before the first. */
  helpedAtMs: number;
  /** How often it was helped since it last moved. */
  attempts: number;
  /** The library has given up since. */
  gaveUp: boolean;
}

/** jump: go to the live edge. reload: ask for the playlists again, keep what is buffered. rebuild: begin anew. */
export type Help = 'none' | 'jump' | 'reload' | 'rebuild';

/** Doubles from 1 s to 5 s and stays there: a page must go on trying for as long as it is open. */
export function backoffMs (attempts: number): number {
  return Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempts, 10));
}

export function isStalled (health: Health): boolean {
  return health.nowMs - health.movedAtMs >= STALL_SHOWN_MS;
}

/**
 * What to do now. A library that gave up is told to load again, every third time it is replaced. One that waits although playlists arrive
 * sits in a hole or on bad media: it jumps, then is replaced. One without playlists is left to its own retries, for a while.
 */
export function chooseHelp (health: Health): Help {
  const sinceHelp = health.nowMs - Math.max(health.helpedAtMs, health.movedAtMs);
  if (health.gaveUp) {
    if (sinceHelp < backoffMs(health.attempts)) return 'none';
    return health.attempts % 3 === 2 ? 'rebuild' : 'reload';
  }
  const playlistAge = health.nowMs - health.playlistAtMs;
  if (playlistAge < HELP_AFTER_MS) {
    if (Math.min(sinceHelp, health.nowMs - health.servedSinceMs) < HELP_AFTER_MS) return 'none';
    return health.attempts % 3 === 0 ? 'jump' : 'rebuild';
  }
  return sinceHelp >= PLAYLIST_LOST_MS ? 'rebuild' : 'none';
}

/** How far behind its target a player may be before it shows the way back to the live edge. */
export const BEHIND_SHOWN_S = 6;
const JUMP_FROM_S = 12;
const FASTER_FROM_S = 1.5;
const FASTER_UNTIL_S = 0.4;
const FASTER_RATE = 1.06;
const FASTER_NEEDS_BUFFER_S = 2.5;

export type Catch = { jump: true } | { jump: false; rate: number };

/**
 * How a viewer who follows the live edge comes back to it after an interruption: a little faster than life, so that no word is lost; with
 * a jump when that would take minutes. `excessS` is how much later than wanted it plays.
 */
export function catchUp (excessS: number, bufferAheadS: number, rateNow: number): Catch {
  if (excessS > JUMP_FROM_S) return { jump: true };
  if (bufferAheadS < FASTER_NEEDS_BUFFER_S || excessS < FASTER_UNTIL_S) return { jump: false, rate: 1 };
  return { jump: false, rate: excessS > FASTER_FROM_S || rateNow > 1 ? FASTER_RATE : 1 };
}

/** What the page knows when it decides what to show. */
export interface Knowledge {
  /** The last answer, however old; null before the first. */
  status: Pick<Status, 'state'> | null;
  /** The player has shown a picture of this event. */
  played: boolean;
  stalled: boolean;
  /** The viewer has stopped the picture. */
  paused: boolean;
  /** The stream said that it is over, and was played to its end. */
  over: boolean;
  /** See seemsOver. */
  seemsOver: boolean;
}

const GONE_MS = 60000;

/**
 * Nobody has answered for a minute, and the announced end has passed: somebody in the hall has packed up without a word. `end` is RFC 3339
 * or "".
 */
export function seemsOver (end: string, now: number, unreachableMs: number): boolean {
  return unreachableMs >= GONE_MS && now >= Date.parse(end);
}

export function choosePageState (known: Knowledge): PageState {
  // Nothing is on: what was before is over for everybody, what comes is waited for.
  if (known.status?.state === 'standby') return 'waiting';
  const finishing = known.status?.state === 'ended' || known.status?.state === 'ending';
  if (known.over) return 'ended';
  if (!known.played) return finishing ? 'ended' : 'waiting';
  // Who has stopped the picture would else read that the event is live for as long as the page is open.
  if (!known.stalled) return known.paused && (known.status?.state === 'ended' || known.seemsOver) ? 'ended' : 'live';
  return finishing || known.seemsOver ? 'ended' : 'reconnecting';
}

/** Minutes until `start`, negative when it has passed; null when it is not known. */
export function minutesUntil (start: string, now: number): number | null {
  const time = Date.parse(start);
  return Number.isNaN(time) ? null : (time - now) / 60000;
}
