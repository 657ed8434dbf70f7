// SPDX-License-Identifier: GPL-3.0-or-later
// What the pages read from the gateway. The full description is openapi.json; here is only what is used.

export interface Announcement {
  name: string;
  place: string;
  start: string;
  end: string;
}

export interface Status {
  event: Announcement;
  /** Of a hall in which one event follows the other; {} when none is planned. */
  next: Partial<Announcement>;
  state: 'standby' | 'starting' | 'on-air' | 'paused' | 'ending' | 'ended';
  wall: string;
  /** What tells one show from another, "" when none is on. */
  show: string;
  /** Where it can be played, relative to the pages; {} when none is on. */
  streams: { hls?: string };
  /** Id of its recording, or "". */
  recording: string;
  /** The programme of talks, in its order. */
  talks: { number: number; title: string; speaker: string; role: string }[];
  /** Number of the present one, or 0. */
  talk: number;
  /** A line from those who run the event, or "". */
  notice: string;
}

/** Paused is the recording alone. */
export function isOnAir (status: Status): boolean {
  return status.state === 'on-air' || status.state === 'paused';
}

export interface RecordingFile {
  name: string;
  title: string;
  'size-bytes': number;
  sha256: string;
  'duration-ms': number;
  'content-type': string;
  /** Relative to the pages. */
  url: string;
}

export interface Recording {
  id: string;
  title: string;
  place: string;
  started: string;
  'duration-ms': number;
  'size-bytes': number;
  state: 'recording' | 'interrupted' | 'finishing' | 'finished' | 'damaged';
  message: string;
  gaps: number;
  'gap-ms': number;
  files: RecordingFile[];
}

const TIMEOUT_MS = 8000;

/** `path` is relative to the pages: a proxy may show them below a path of its own. */
async function getJson<T> (path: string): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const answer = await fetch(path, { cache: 'no-store', credentials: 'omit', signal: abort.signal });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return await answer.json() as T;
  } finally {
    clearTimeout(timer);
  }
}

export function getStatus (): Promise<Status> {
  return getJson<Status>('api/v1/status');
}

export interface Recordings {
  recordings: Recording[];
  /** false: the folder cannot be read now, so none is listed. */
  readable: boolean;
}

export function getRecordings (): Promise<Recordings> {
  return getJson<Recordings>('api/v1/recordings');
}

/**
 * Calls `once` again and again, about every `delayMs()`, each time a little different so that hundreds of browsers that began together do
 * not ask together. A page that comes back into view asks at once.
 */
export function poll (delayMs: () => number, once: () => Promise<void>): void {
  let timer = 0;
  let running = false;
  const next = async (): Promise<void> => {
    if (running) return;
    running = true;
    clearTimeout(timer);
    try {
      await once();
    } finally {
      running = false;
      timer = setTimeout(() => void next(), delayMs() * (0.75 + Math.random() / 2));
    }
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void next();
  });
  window.addEventListener('online', () => void next());
  void next();
}
