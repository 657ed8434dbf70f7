// SPDX-License-Identifier: GPL-3.0-or-later
// Who did what, as it happens: told to those who did not do it, kept as a list, and said beside what is not as usual.
import { element, get, say } from './dom';
import { formatClock, t, type Key } from './i18n';

const KEPT = 100;
const SHOWN_MS = 6000;

export interface AuditEntry {
  at: string;
  who: string;
  id: string;
  change: Record<string, unknown>;
  outcome: string;
}

/** What a change is called; what is not here is shown by its own name. */
const NAMES: Record<string, Key> = {
  scene: 'console-did-scene', 'scene-on-air': 'console-did-scene', mark: 'console-did-mark', talk: 'console-did-talk', notice: 'console-did-notice',
  caption: 'console-did-caption', 'caption-talk': 'console-did-caption', 'caption-off': 'console-log-caption-off', gain: 'console-did-gain',
  mute: 'console-did-mute', end: 'console-did-extend', relay: 'console-did-relay', 'relay-add': 'console-did-relay-add',
  'relay-remove': 'console-did-relay-remove', acknowledge: 'console-did-acknowledge', tone: 'console-log-tone', 'source-add': 'console-log-source-add',
  'source-set': 'console-log-source-set', 'source-remove': 'console-log-source-remove', show: 'console-log-show', people: 'console-log-people',
};

/** Such a change switches something, and is called by what it is switched to. */
const SWITCHES: Record<string, [Key, Key]> = {
  private: ['console-log-private-on', 'console-log-private-off'], paused: ['console-did-pause', 'console-did-resume'],
};

/** `inquadratura: camera`; what it is about is the first text in it. */
export function describeChange (change: Record<string, unknown>): string {
  const [[key, value] = ['', '']] = Object.entries(change);
  const switched = SWITCHES[key];
  if (switched) return t(switched[value ? 0 : 1]);
  const words = [value].flat().filter((part): part is string => typeof part === 'string' && part !== '');
  const number = key === 'talk' ? [String([value].flat()[0])] : [];
  const name = NAMES[key] ? t(NAMES[key]) : key;
  const what = [...number, ...(key === 'mark' ? words : words.slice(0, 1))].join(' ');
  return what ? `${name}: ${what}` : name;
}

/** `anna, console` is Anna. */
export function whoInWords (who: string): string {
  const name = who.split(',')[0]!;
  return name.charAt(0).toLocaleUpperCase() + name.slice(1);
}

export class Audit {
  private readonly entries: AuditEntry[] = [];
  private readonly own = new Set<string>();
  private timer = 0;
  /** What is older was there before this page. */
  private sinceMs = Infinity;

  constructor () {
    get('log').addEventListener('toggle', () => this.list());
  }

  /** Of what this page does itself it says so already. */
  isOurs (id: string): void {
    this.own.add(id);
  }

  /** @param wallMs the hall's clock, when the page began */
  begin (wallMs: number): void {
    this.sinceMs = Math.min(this.sinceMs, wallMs);
  }

  take (entry: AuditEntry): void {
    if (entry.change['alarm'] !== undefined) return;
    this.entries.unshift(entry);
    this.entries.length = Math.min(this.entries.length, KEPT);
    this.list();
    if (entry.outcome === 'done' && !this.own.has(entry.id) && Date.parse(entry.at) > this.sinceMs) this.tell(entry);
  }

  /** Who changed that last, and when; '' where it is not known. */
  last (key: string): string {
    const entry = this.entries.find(({ change, outcome }) => outcome === 'done' && change[key] !== undefined);
    return entry ? t('console-by', { who: whoInWords(entry.who), time: formatClock(new Date(entry.at)) }) : '';
  }

  private tell (entry: AuditEntry): void {
    say('toast', `${whoInWords(entry.who)}: ${describeChange(entry.change)}`);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => say('toast', ''), SHOWN_MS);
  }

  list (): void {
    if (!get<HTMLDetailsElement>('log').open) return;
    get('log-entries').replaceChildren(...this.entries.map((entry) => {
      const item = element('li');
      const refused = entry.outcome === 'done' || entry.outcome === 'repeated' ? '' : ` – ${entry.outcome}`;
      item.append(element('time', '', formatClock(new Date(entry.at))), ` ${whoInWords(entry.who)}: ${describeChange(entry.change)}${refused}`);
      return item;
    }));
  }
}
