// SPDX-License-Identifier: GPL-3.0-or-later
// The desk by single keys, the lock against touches, and the list of both. The keys can be switched off (WCAG 2.1.4), and never act while
// somebody writes.
import { get } from './dom';

export interface KeyActions {
  /** The first source is 1. */
  take: (place: number) => void;
  nextTalk: () => void;
  private: () => void;
  mark: () => void;
}

export class Keys {
  private readonly help = get<HTMLDialogElement>('help');

  constructor (private readonly actions: KeyActions) {
    get('help-open').addEventListener('click', () => this.help.showModal());
    get('help-close').addEventListener('click', () => this.help.close());
    get('lock').addEventListener('click', () => this.lock(!this.locked));
    document.addEventListener('keydown', (event) => this.onKey(event));
  }

  /** Whether nothing is to be changed from this page for now. */
  get locked (): boolean {
    return document.body.dataset['locked'] === 'true';
  }

  private lock (yes: boolean): void {
    document.body.dataset['locked'] = String(yes);
    get('lock').setAttribute('aria-pressed', String(yes));
  }

  private onKey (event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || this.help.open || get('inside').hidden) return;
    if (event.target instanceof HTMLElement && event.target.closest('input, select, textarea')) return;
    if (!get<HTMLInputElement>('keys-on').checked) return;
    const key = event.key.toLowerCase();
    if (/^[1-9]$/.test(key)) this.actions.take(Number(key));
    else if (key === 'n') this.actions.nextTalk();
    else if (key === 'p') this.actions.private();
    else if (key === 'm') this.actions.mark();
    else if (key === 'l') this.lock(!this.locked);
    else if (key === '?') this.help.showModal();
    else return;
    event.preventDefault();
  }
}
