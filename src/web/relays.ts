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

/** Where the platforms take a stream; their keys are the person's own. Own servers have the form alone. */
const PRESETS: [name: string, title: string, url: string][] = [
  ['youtube', 'YouTube', 'rtmps://a.rtmps.youtube.com:443/live2'], ['facebook', 'Facebook', 'rtmps://live-api-s.facebook.com:443/rtmp'],
  ['twitch', 'Twitch', 'rtmps://live.twitch.tv:443/app'], ['vimeo', 'Vimeo', 'rtmps://rtmp-global.cloud.vimeo.com:443/live'],
  ['rtmp', 'RTMP', 'rtmp://'], ['srt', 'SRT', 'srt://'],
];

export interface RelayActions {
  turn: (name: string, on: boolean) => void;
  /** Resolves to whether it is there. */
  add: (relay: { name: string; url: string; key: string }) => Promise<boolean>;
  remove: (name: string) => void;
}

export class Relays {
  private made = '';

  constructor (private readonly actions: RelayActions) {
    const kind = get<HTMLSelectElement>('relay-kind');
    kind.append(...PRESETS.map(([name, title]) => new Option(title, name)));
    kind.addEventListener('change', () => this.preset());
    get('relay-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.add();
    });
    this.preset();
  }

  private preset (): void {
    const [name = '', , url = ''] = PRESETS[get<HTMLSelectElement>('relay-kind').selectedIndex] ?? [];
    get<HTMLInputElement>('relay-name').value = name;
    get<HTMLInputElement>('relay-url').value = url;
  }

  /** The key leaves the page as soon as it is where it belongs. */
  private async add (): Promise<void> {
    const key = get<HTMLInputElement>('relay-key');
    const value = (id: string): string => get<HTMLInputElement>(id).value.trim();
    if (!await this.actions.add({ name: value('relay-name'), url: value('relay-url'), key: key.value.trim() })) return;
    key.value = '';
    get<HTMLDetailsElement>('relay-add').open = false;
  }

  show ({ relays, desired }: RelaysStatus): void {
    const names = [...new Set([...relays.map((relay) => relay.name), ...desired['relays-off']])];
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
    item.append(words, button(`relay-${name}`, t(off ? 'console-relay-start' : 'console-relay-stop', { name }), '', () => this.actions.turn(name, off)));
    // One that pushes is stopped first: nothing is taken away by a slip.
    if (off) item.append(button(`relay-remove-${name}`, t('console-relay-remove'), `${t('console-relay-remove')}: ${name}`, () => this.actions.remove(name)));
    return item;
  }
}
