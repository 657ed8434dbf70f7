// SPDX-License-Identifier: GPL-3.0-or-later
// The programme of talks at the desk: which is the present one and since when, and a button that begins the next.
import { formatSpan } from './clock';
import { button, element, get, replaceKeepingFocus, say } from './dom';
import { language, t } from './i18n';

export interface Talk {
  number: number;
  title: string;
  speaker: string;
  role: string;
}

export interface TalksStatus {
  talks: Talk[];
  desired: { talk: number; 'talk-since-ms': number };
}

/** The one after the present one, in the order of the programme; the first where none is present. */
export function nextTalk (talks: Talk[], present: number): Talk | undefined {
  return talks[talks.findIndex((talk) => talk.number === present) + 1];
}

export class Talks {
  private made = '';
  private sinceMs = 0;
  private next: Talk | undefined;

  constructor (private readonly begin: (number: number) => void) {
    get('next-talk').addEventListener('click', () => this.beginNext());
  }

  /** The number is said, not "the next": two people who press at once begin the same one. */
  beginNext (): void {
    if (this.next) this.begin(this.next.number);
  }

  show ({ talks, desired }: TalksStatus, may: boolean): void {
    this.sinceMs = desired['talk-since-ms'];
    this.next = nextTalk(talks, desired.talk);
    get('talks-section').hidden = talks.length === 0;
    get<HTMLButtonElement>('next-talk').disabled = !may || !this.next;
    const now = JSON.stringify([talks, desired.talk, may, language()]);
    if (now === this.made) return;
    this.made = now;
    say('next-talk-title', this.next ? `${this.next.title} – ${this.next.speaker}` : t('console-talks-over'));
    replaceKeepingFocus(get('talks'), talks.map((talk) => this.item(talk, talk.number === desired.talk, may)));
  }

  private item (talk: Talk, present: boolean, may: boolean): HTMLElement {
    const item = element('li', 'talk');
    const words = element('div');
    words.append(element('strong', '', talk.title), element('span', '', [talk.speaker, talk.role].filter(Boolean).join(', ')));
    item.append(element('span', 'talk-number', String(talk.number)), words);
    if (present) {
      item.setAttribute('aria-current', 'true');
      const state = element('span', 'talk-now', `${t('console-talk-now')} `);
      state.append(Object.assign(element('span'), { id: 'talk-elapsed' }));
      item.append(state);
    } else {
      const begin = button(`talk-${talk.number}`, t('console-talk-begin'), `${t('console-talk-begin')}: ${talk.title}`, () => this.begin(talk.number));
      begin.disabled = !may;
      item.append(begin);
    }
    return item;
  }

  tick (showTimeMs: number): void {
    const elapsed = document.getElementById('talk-elapsed');
    const text = formatSpan(showTimeMs - this.sinceMs);
    if (elapsed && elapsed.textContent !== text) elapsed.textContent = text;
  }
}
