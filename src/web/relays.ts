// SPDX-License-Identifier: GPL-3.0-or-later
// Where the event is pushed to: how each destination is, in words, and the switch beside it.
import { button, element, get, replaceKeepingFocus } from './dom';
import { language, t } from './i18n';

export interface Relay {
  name: string;
  state: 'idle' | 'connecting' | 'live' | 'stalled' | 'retrying';
  bps: number;
  'retry-in-ms': number;
  'last-error': string;
}

export interface RelaysStatus {
  relays: Relay[];
  desired: { 'relays-off': string[] };
}

/** How it is, as a sentence. */
export function relayInWords (relay: Relay | undefined, off: boolean): string {
  if (off) return t('console-relay-off');
  switch (relay?.state) {
    case 'live':
      return t('console-relay-live', { mbit: (relay.bps / 1e6).toLocaleString(language(), { maximumFractionDigits: 1 }) });
    case 'stalled':
      return t('console-relay-stalled');
    case 'retrying':
      return t('console-relay-retrying', { n: Math.ceil(relay['retry-in-ms'] / 1000) });
    case 'connecting':
      return t('console-relay-connecting');
    default:
      return t('console-relay-idle');
  }
}

export class Relays {
  private made = '';

  constructor (private readonly turn: (name: string, on: boolean) => void) {}

  show ({ relays, desired }: RelaysStatus): void {
    const names = [...new Set([...relays.map((relay) => relay.name), ...desired['relays-off']])];
    get('relays-section').hidden = names.length === 0;
    const now = JSON.stringify([relays.map(({ name, state, bps, ...rest }) =>
      [name, state, Math.round(bps / 1e5), Math.ceil(rest['retry-in-ms'] / 1000), rest['last-error']]), desired['relays-off'], language()]);
    if (now === this.made) return;
    this.made = now;
    replaceKeepingFocus(get('relays'), names.map((name) => this.item(name, relays.find((relay) => relay.name === name), desired['relays-off'].includes(name))));
  }

  private item (name: string, relay: Relay | undefined, off: boolean): HTMLElement {
    const item = element('li', 'relay');
    item.dataset['state'] = off ? 'off' : relay?.state ?? 'idle';
    const words = element('div');
    words.append(element('strong', '', name), element('span', '', relayInWords(relay, off)));
    if (!off && relay?.['last-error'] && relay.state !== 'live') words.append(Object.assign(element('span', 'why', relay['last-error']), { lang: 'en' }));
    item.append(words, button(`relay-${name}`, t(off ? 'console-relay-start' : 'console-relay-stop', { name }), '', () => this.turn(name, off)));
    return item;
  }
}
