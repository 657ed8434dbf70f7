// SPDX-License-Identifier: GPL-3.0-or-later
// What the console tells its pages as it happens, over one WebSocket (gateway/console-socket-private.h): that something has changed, meters ten a
// second, and previews of what is shown. It comes back by itself when the connection broke.
import type { AuditEntry } from './audit';

const FIRST_AGAIN_MS = 500;
const LONGEST_AGAIN_MS = 5000;
const ACK_AFTER = 4;

export interface Level {
  'rms-db': number;
  'peak-db': number;
  clips: number;
}

export interface Meters {
  'time-ms': number;
  sources: (Level & { name: string })[];
  audios: (Level & { language: string; 'momentary-lufs': number; 'short-term-lufs': number })[];
}

/** An id of no process: everything of the audit that is kept is told (gateway/console-events-private.h). */
const FROM_THE_FIRST = '00000000-0-0';

export interface LiveHandlers {
  /** The connection stands, or has gone. */
  connected: (yes: boolean) => void;
  /** Something of the status, or of the audit, is not as it was. */
  changed: () => void;
  /** Somebody has done something; a line of audit.jsonl. */
  audited: (entry: AuditEntry) => void;
  /** Something came: the console is there. */
  heard: () => void;
  meters: (meters: Meters) => void;
  preview: (name: string, picture: Blob) => void;
}

export class Live {
  private socket: WebSocket | null = null;
  private last = FROM_THE_FIRST;
  private previews: string[] = [];
  private taken = 0;
  private againMs = FIRST_AGAIN_MS;
  private timer = 0;
  private wanted = false;

  constructor (private readonly handlers: LiveHandlers) {
    document.addEventListener('visibilitychange', () => this.wish());
    window.addEventListener('online', () => this.again());
  }

  /** Begins, with somebody logged in, or ends. */
  follow (yes: boolean): void {
    if (yes === this.wanted) return;
    this.wanted = yes;
    if (yes) this.open();
    else this.socket?.close();
  }

  /** The names whose previews are shown; a page that nobody sees has none made. */
  show (previews: string[]): void {
    if (previews.join() === this.previews.join()) return;
    this.previews = previews;
    this.wish();
  }

  private again (): void {
    if (this.wanted && !this.socket) this.open();
  }

  private open (): void {
    clearTimeout(this.timer);
    const address = new URL('api/v1/live', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      this.taken = 0;
      this.againMs = FIRST_AGAIN_MS;
      this.wish();
      this.handlers.connected(true);
    });
    socket.addEventListener('message', (event) => this.take(event.data as string | ArrayBuffer));
    socket.addEventListener('close', () => this.closed());
  }

  private closed (): void {
    this.socket = null;
    this.handlers.connected(false);
    if (!this.wanted) return;
    this.timer = setTimeout(() => this.again(), this.againMs * (0.75 + Math.random() / 2));
    this.againMs = Math.min(2 * this.againMs, LONGEST_AGAIN_MS);
  }

  private say (wish: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(wish));
  }

  private wish (): void {
    this.say({ last: this.last, meters: !document.hidden, previews: document.hidden ? [] : this.previews });
  }

  private take (data: string | ArrayBuffer): void {
    this.handlers.heard();
    if (++this.taken >= ACK_AFTER) {
      this.say({ ack: this.taken });
      this.taken = 0;
    }
    if (data instanceof ArrayBuffer) {
      const length = new DataView(data).getUint8(0);
      this.handlers.preview(new TextDecoder().decode(data.slice(1, 1 + length)), new Blob([data.slice(9 + length)], { type: 'image/jpeg' }));
    } else if (data.startsWith('{')) {
      this.handlers.meters(JSON.parse(data) as Meters);
    } else {
      for (const [, id] of data.matchAll(/^id: (.*)$/gm)) this.last = id!;
      for (const [, entry] of data.matchAll(/^event: audit\ndata: (.*)$/gm)) this.handlers.audited(JSON.parse(entry!) as AuditEntry);
      this.handlers.changed();
    }
  }
}
