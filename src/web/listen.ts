// SPDX-License-Identifier: GPL-3.0-or-later
// What is played in the console's page: the programme as the house has it, large or only to be heard, and what viewers see.
//
// Nothing is loaded and nothing is asked for before somebody wants it. The house's is the console's own (`house/…`), private or not; the
// viewers' is asked for where viewers do, from the public gateway itself: so what is seen here is what they get, whatever is wrong on the
// way to them.
import { get } from './dom';
import { language, t } from './i18n';
import type { Player } from './player';

type PlayerModule = typeof import('./player');

const PROBE_MS = 4000;

let loading: Promise<PlayerModule> | null = null;

/** The player and hls.js, which is large; asked for again when it could not be loaded. */
function loadPlayer (): Promise<PlayerModule> {
  const address = new URL(document.body.dataset['player']!, document.baseURI).href;
  loading ??= (import(address) as Promise<PlayerModule>).catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** The addresses at which viewers are served, the one by which this page was reached first. */
export function orderAddresses (addresses: string[], host: string): string[] {
  const own = addresses.filter((address) => new URL(address).hostname === host);
  return [...own, ...addresses.filter((address) => !own.includes(address))];
}

/** A video element, what is said below it, and the player once it is needed. */
class Screen {
  private player: Player | null = null;
  private wanted = '';

  constructor (private readonly video: HTMLVideoElement, private readonly state: HTMLElement) {}

  /** Plays what is at `source`, "" nothing. `bus`: the language that is heard, "" none. */
  async play (source: string, bus: string): Promise<void> {
    const other = source !== this.wanted;
    this.wanted = source;
    this.video.muted = bus === '';
    if (!source) {
      this.player?.stop();
      return;
    }
    if (!this.player) {
      this.tell();
      const { Player: Made } = await loadPlayer();
      this.player ??= new Made(this.video, bus || language(), () => this.tell());
      if (source !== this.wanted) return; // somebody was quicker
    }
    if (bus) this.player.language = bus;
    if (other) this.player.stop();
    this.player.start(source);
    if (bus) void this.player.playWithSound();
  }

  private tell (): void {
    const moves = this.player?.played && !this.player.stalled;
    const text = this.wanted && !moves ? t('console-screen-waiting') : '';
    if (this.state.textContent !== text) this.state.textContent = text;
  }
}

export class Screens {
  private readonly house = new Screen(get('house'), get('house-state'));
  private readonly public = new Screen(get('public-video'), get('public-state'));
  private large = false;
  private bus = '';
  private watching = false;
  private isOn = false;
  private addresses: string[] = [];

  /** `changed`: which language is heard, and whether the programme is large, may be others. */
  constructor (private readonly changed: () => void) {
    get('large-on').addEventListener('click', () => {
      this.large = !this.large;
      this.update();
    });
    get('public-on').addEventListener('click', () => {
      this.watching = !this.watching;
      void this.watch();
    });
  }

  get heard (): string {
    return this.bus;
  }

  get isLarge (): boolean {
    return this.large;
  }

  /** To the language `bus`, or not any more. */
  listen (bus: string): void {
    this.bus = bus === this.bus ? '' : bus;
    this.update();
  }

  /** `isOn`: there is a programme; `addresses`: at which viewers are served. */
  show (isOn: boolean, addresses: string[]): void {
    this.addresses = addresses;
    if (isOn === this.isOn) return;
    this.isOn = isOn;
    if (!isOn) {
      this.large = this.watching = false;
      this.bus = '';
    }
    get('screens').hidden = !isOn;
    this.update();
    void this.watch();
  }

  /** Only to be heard it is one language's sound alone, without any picture. */
  private update (): void {
    const source = this.large ? 'house/index.m3u8' : this.bus ? `house/audio/${this.bus}/index.m3u8` : '';
    get('large').hidden = !this.large;
    get('large-on').setAttribute('aria-pressed', String(this.large));
    document.body.dataset['large'] = String(this.large);
    void this.house.play(source, this.bus).catch(() => this.refuse('house-state'));
    this.changed();
  }

  private async watch (): Promise<void> {
    get('public').hidden = !this.watching;
    get('public-on').setAttribute('aria-pressed', String(this.watching));
    if (!this.watching) {
      await this.public.play('', '');
      return;
    }
    const address = await this.findAddress();
    if (!this.watching) return;
    const shown = address ?? this.addresses[0] ?? '–';
    get('public-about').textContent = t(address === null ? 'console-public-none' : 'console-public-about', { address: shown });
    if (address !== null) await this.public.play(`${address}/live/index.m3u8`, '').catch(() => this.refuse('public-state'));
  }

  private refuse (state: string): void {
    get(state).textContent = t('console-no-answer');
  }

  /** The first that answers, whatever it says: it may have nothing to play yet. */
  private async findAddress (): Promise<string | null> {
    for (const address of orderAddresses(this.addresses, location.hostname)) {
      try {
        await fetch(`${address}/live/index.m3u8`, { cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(PROBE_MS) });
        return address;
      } catch {
        // Not from this computer.
      }
    }
    return null;
  }
}
