// SPDX-License-Identifier: GPL-3.0-or-later
// The console's page: the whole status, a button for each command, and the way in. A command has an id of its own, under which it is sent
// again when no answer came, so that it has no second effect.
import { poll } from './api';
import { Mixer, type Bus, type Fader } from './faders';
import { language, onLanguage, startLanguage, t, type Key } from './i18n';
import { Screens } from './listen';
import { Live } from './live';
import { Tiles, type Source } from './tiles';

const REFRESH_MS = 1500;
const PLANNED_MS = 10000;
const TIMEOUT_MS = 15000;
const TRIES = 8;
const AGAIN_MS = 700;

interface Alarm {
  id: string;
  severity: 'warning' | 'critical';
  since: string;
  text: Record<string, string>;
  remedy: Record<string, string>;
  'acknowledged-by': string;
  'acknowledged-at': string;
  /** Of one that is over. */
  ended?: string;
}

/** Slates of the event's own text, where it has them; each is a scene. */
const SLATES = ['starting', 'break', 'ending'];

const SEVERITIES: Record<Alarm['severity'], Key> = { warning: 'console-warning', critical: 'console-critical' };

interface Status {
  event: { name: string; place: string };
  state: string;
  scenes: string[];
  engine: { sources?: Source[]; audios?: Bus[] };
  desired: {
    version: number; scene: string; faders: Fader[]; private: boolean; paused: boolean; marks: number; 'relays-off': string[]; caption: string; 'caption-line': string;
  };
  'show-time-ms': number;
  recorder: { state?: string; message?: string; 'recorded-ms'?: number; 'left-ms'?: number };
  gateway: { address?: string; addresses?: string[]; viewers?: number };
  relays: { name: string; state: string; 'last-error'?: string }[];
  processes: { name: string; state: string; restarts: number }[];
  alarms: Alarm[];
  'alarms-ended': Alarm[];
  warnings: string[];
}

interface Planned {
  events: { id: string; name: string; error?: string }[];
}

class Refused extends Error {
  constructor (readonly status: number, words: string) {
    super(words);
  }
}

function get<T extends HTMLElement> (id: string): T {
  return document.getElementById(id) as T;
}

function makeId (): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function ask<T> (path: string, body?: unknown): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const answer = await fetch(`api/v1/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      cache: 'no-store', credentials: 'same-origin', signal: abort.signal,
    });
    const said = await answer.json() as T & { error?: string };
    if (!answer.ok) throw new Refused(answer.status, said.error ?? String(answer.status));
    return said;
  } finally {
    clearTimeout(timer);
  }
}

/** Not answered is not refused: the same is said again, under the same id. */
async function insist (name: string, body: object): Promise<{ version?: number }> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask<{ version?: number }>(`commands/${name}`, body);
    } catch (error) {
      const open = !(error instanceof Refused) || error.status === 504 || error.status === 429;
      if (!open || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

function fillList (list: HTMLElement, texts: string[]): void {
  if (list.childElementCount === texts.length && texts.every((text, i) => list.children[i]!.textContent === text)) return;
  list.replaceChildren(...texts.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
}

function clock (ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

class Page {
  private status: Status | null = null;
  private answeredAtMs = 0;
  private relays = '';
  private scenes = '';
  private planned = '';
  private alarms = '';
  private raised = new Set<string>();
  private readonly tiles = new Tiles(get('tiles'), (name) => void this.command('scene', { name }));
  private readonly screens = new Screens(() => this.play());
  private readonly mixer = new Mixer(get('mixes'), {
    send: (name, body) => this.set(name, body), listen: (bus) => this.screens.listen(bus),
  });
  private readonly live = new Live({
    connected: () => void this.refresh(),
    changed: () => void this.refresh(),
    meters: (meters) => {
      this.tiles.sound(meters);
      this.mixer.take(meters);
    },
    preview: (name, picture) => void this.tiles.draw(name, picture),
  });

  constructor () {
    startLanguage();
    onLanguage(() => {
      this.relays = '';
      this.scenes = '';
      this.alarms = '';
      this.show();
    });
    this.listen();
    poll(() => REFRESH_MS, () => this.refresh());
    poll(() => PLANNED_MS, () => this.askPlanned());
  }

  /** Of the moment at which the button was pressed, however often the command has to be sent. */
  private showTimeMs (): number {
    return Math.round((this.status?.['show-time-ms'] ?? 0) + performance.now() - this.answeredAtMs);
  }

  private say (text: string): void {
    get('said').textContent = text;
  }

  private enter (inside: boolean): void {
    document.body.dataset['state'] = inside ? 'inside' : 'outside';
    get('login').hidden = inside;
    get('inside').hidden = !inside;
    this.live.follow(inside);
  }

  private listen (): void {
    const on = (id: string, event: string, act: (event: Event) => void): void => get(id).addEventListener(event, (happened) => {
      happened.preventDefault();
      act(happened);
    });
    on('login', 'submit', () => void this.logIn());
    on('logout', 'click', () => void this.logOut());
    on('private-on', 'click', () => void this.command('private', { on: true }));
    on('private-off', 'click', () => void this.command('private', { on: false }));
    on('pause', 'click', () => void this.command('pause'));
    on('resume', 'click', () => void this.command('resume'));
    on('caption', 'submit', () => void this.command('caption', {
      name: get<HTMLInputElement>('caption-name').value, line: get<HTMLInputElement>('caption-line').value,
    }));
    on('caption-off', 'click', () => void this.command('caption', { off: true }));
    for (const name of SLATES) on(`slate-${name}`, 'click', () => void this.command('scene', { name }));
    on('stop', 'click', () => void this.command('stop'));
    on('mark', 'submit', () => void this.command('mark', {
      title: get<HTMLInputElement>('mark-title').value, 'at-ms': this.showTimeMs(),
    }));
    on('extend', 'submit', () => void this.command('extend', {
      end: Math.floor(Date.now() / 1000) + 60 * get<HTMLInputElement>('minutes').valueAsNumber,
    }));
    on('begin', 'submit', (event) => {
      const order = ((event as SubmitEvent).submitter as HTMLButtonElement | null)?.value ?? 'start';
      void this.command(order, { name: get<HTMLSelectElement>('planned').value });
    });
  }

  private async logIn (): Promise<void> {
    const password = get<HTMLInputElement>('password');
    try {
      await ask('login', { name: get<HTMLInputElement>('name').value, password: password.value });
      this.say('');
    } catch (error) {
      this.say(error instanceof Refused && error.status === 403 ? t('console-wrong') : this.inWords(error));
    }
    password.value = '';
    await this.refresh();
    await this.askPlanned();
  }

  private async logOut (): Promise<void> {
    try {
      await ask('logout', {});
    } catch (error) {
      this.say(this.inWords(error));
    }
    await this.refresh();
  }

  private inWords (error: unknown): string {
    return error instanceof Refused ? t('console-refused', { why: error.message }) : t('console-no-answer');
  }

  private async command (name: string, body: object = {}): Promise<void> {
    this.say('…');
    try {
      await insist(name, { ...body, id: makeId() });
      this.say(t('console-done', { what: t(`console-did-${name}` as Key) }));
    } catch (error) {
      this.say(this.inWords(error));
    }
    await this.refresh();
    if (name === 'start' || name === 'rehearse' || name === 'stop') await this.askPlanned();
  }

  /** For a fader: what is done is seen by it. Resolves to the version of what is wanted. */
  private async set (name: string, body: object): Promise<number> {
    try {
      return (await insist(name, { ...body, id: makeId() })).version ?? 0;
    } catch (error) {
      this.say(this.inWords(error));
      void this.refresh();
      throw error;
    }
  }

  private async refresh (): Promise<void> {
    try {
      this.status = await ask<Status>('status');
      this.answeredAtMs = performance.now();
      this.enter(true);
      get('stale').hidden = true;
      this.show();
    } catch (error) {
      if (error instanceof Refused && error.status === 401) this.enter(false);
      else if (error instanceof Refused && error.status === 403) this.say(this.inWords(error));
      else get('stale').hidden = false;
    }
  }

  private async askPlanned (): Promise<void> {
    let events: Planned['events'] = [];
    try {
      ({ events } = await ask<Planned>('planned'));
    } catch {
      // Of one event alone there is no folder of them.
    }
    const good = events.filter((event) => !event.error);
    get('begin').hidden = good.length === 0;
    if (this.planned === JSON.stringify(good)) return;
    this.planned = JSON.stringify(good);
    get('planned').replaceChildren(...good.map((event) => new Option(event.name, event.id)));
  }

  private show (): void {
    const status = this.status;
    if (!status) return;
    document.title = `${t('console-title')} · ${status.event.name}`;
    get('title').textContent = status.event.name;
    const yes = (on: boolean): string => t(on ? 'console-yes' : 'console-no');
    const facts: [Key, string][] = [
      ['console-state', status.state],
      ['console-time', clock(status['show-time-ms'])],
      ['console-private', yes(status.desired.private)],
      ['console-recording', `${status.recorder.state ?? '–'} ${status.recorder.message ?? ''}`],
      ['console-recorded', clock(status.recorder['recorded-ms'] ?? 0)],
      ['console-marks', String(status.desired.marks)],
      ['console-viewers', String(status.gateway.viewers ?? 0)],
      ['console-address', status.gateway.address ?? '–'],
    ];
    get('facts').replaceChildren(...facts.map(([key, value]) => {
      const group = document.createElement('div');
      group.append(Object.assign(document.createElement('dt'), { textContent: t(key) }),
        Object.assign(document.createElement('dd'), { textContent: value, id: key }));
      return group;
    }));
    fillList(get('warnings'), status.warnings);
    this.showTiles(status);
    fillList(get('processes'), status.processes.map((p) => `${p.name}: ${p.state}${p.restarts ? `, ${p.restarts} restarts` : ''}`));
    this.showDesired(status);
    this.showAlarms(status);
    this.showScenes(status);
    this.showSound(status);
    this.showRelays(status);
  }

  /** What is not as usual is said by the button that brought it about. */
  private showDesired ({ desired, scenes }: Status): void {
    const pressed = (id: string, yes: boolean): void => get(id).setAttribute('aria-pressed', String(yes));
    pressed('private-on', desired.private);
    pressed('pause', desired.paused);
    const shown = [desired.caption, desired['caption-line']].filter(Boolean).join(' · ');
    get('caption-shown').textContent = shown && t('console-caption-now', { text: shown });
    get<HTMLButtonElement>('caption-off').disabled = shown === '';
    for (const name of SLATES) {
      get(`slate-${name}`).hidden = !scenes.includes(name);
      pressed(`slate-${name}`, desired.scene === name);
    }
    get('label-slates').parentElement!.hidden = !SLATES.some((name) => scenes.includes(name));
  }

  private showTiles (status: Status): void {
    const sources = status.engine.sources ?? [];
    get('pictures').hidden = sources.length === 0;
    const shown = sources.length === 0 ? [] : this.tiles.show(sources, status.scenes, status.desired.scene, language());
    this.live.show(this.screens.isLarge ? shown.filter((name) => name !== 'programme') : shown); // large it moves by itself
  }

  private showSound (status: Status): void {
    const buses = status.engine.audios ?? [];
    get('sound').hidden = status.desired.faders.length === 0 && buses.length === 0;
    this.mixer.show(status.desired.faders, buses, status.desired.version);
    this.screens.show(!['standby', 'ended'].includes(status.state), status.gateway.addresses ?? []);
  }

  /** What is played is another. */
  private play (): void {
    this.mixer.showHeard(this.screens.heard);
    if (this.status) this.showTiles(this.status);
  }

  /** Made anew only when there is something else to show, so that the focus stays and nothing is read out twice. */
  private showAlarms (status: Status): void {
    const now = JSON.stringify([status.alarms, status['alarms-ended']]);
    if (now === this.alarms) return;
    this.alarms = now;
    const focused = document.activeElement?.id;
    const words = (text: Record<string, string>): string => text[language()] ?? text['en'] ?? '';
    const time = (text: string): string => new Date(text).toLocaleTimeString(language(), { hour12: false });
    const line = (element: string, text: string): HTMLElement => Object.assign(document.createElement(element), { textContent: text });
    get('alarms').replaceChildren(...status.alarms.map((alarm) => {
      const item = document.createElement('li');
      item.dataset['severity'] = alarm.severity;
      item.append(line('strong', `${t(SEVERITIES[alarm.severity])}: ${words(alarm.text)}`), line('p', words(alarm.remedy)));
      const seen = alarm['acknowledged-by'];
      const said = seen ? ` · ${t('console-acknowledged', { who: seen.split(',')[0]!, time: time(alarm['acknowledged-at']) })}` : '';
      item.append(Object.assign(line('p', t('console-since', { time: time(alarm.since) }) + said), { className: 'when' }));
      if (seen) return item;
      const button = Object.assign(line('button', t('console-acknowledge')), { type: 'button', id: `acknowledge-${alarm.id}` });
      button.setAttribute('aria-label', `${t('console-acknowledge')}: ${words(alarm.text)}`);
      button.addEventListener('click', () => void this.command('acknowledge', { alarm: alarm.id }));
      item.append(button);
      return item;
    }));
    const fresh = status.alarms.filter((alarm) => !this.raised.has(alarm.id + alarm.since));
    this.raised = new Set(status.alarms.map((alarm) => alarm.id + alarm.since));
    if (fresh.length > 0) get('alarm-said').textContent = fresh.map((alarm) => words(alarm.text)).join(' ');
    get('no-alarms').hidden = status.alarms.length > 0;
    get('past-alarms').hidden = status['alarms-ended'].length === 0;
    fillList(get('alarms-ended'), status['alarms-ended'].map((alarm) =>
      `${time(alarm.since)}–${time(alarm.ended ?? '')} ${words(alarm.text)}`));
    if (focused?.startsWith('acknowledge-')) document.getElementById(focused)?.focus();
  }

  /** Made anew only when there is something else to show, so that the focus stays on its button. */
  private showScenes (status: Status): void {
    const now = JSON.stringify([status.scenes, status.desired.scene]);
    if (now === this.scenes) return;
    this.scenes = now;
    const focused = document.activeElement?.id;
    get('scenes').replaceChildren(...status.scenes.filter((name) => !SLATES.includes(name)).map((name) => {
      const button = Object.assign(document.createElement('button'), { type: 'button', id: `scene-${name}` });
      button.textContent = name === status.desired.scene ? `● ${name}` : name;
      button.setAttribute('aria-pressed', String(name === status.desired.scene));
      button.addEventListener('click', () => void this.command('scene', { name }));
      return button;
    }));
    get('scenes-label').hidden = status.scenes.length === 0;
    if (focused?.startsWith('scene-')) document.getElementById(focused)?.focus();
  }

  /** Made anew only when there is something else to show, so that the focus stays on its button. */
  private showRelays (status: Status): void {
    const now = JSON.stringify([status.relays.map((relay) => [relay.name, relay.state]), status.desired['relays-off']]);
    if (now === this.relays) return;
    this.relays = now;
    const focused = document.activeElement?.id;
    const names = new Set([...status.relays.map((relay) => relay.name), ...status.desired['relays-off']]);
    get('relays').replaceChildren(...[...names].map((name) => {
      const off = status.desired['relays-off'].includes(name);
      const state = status.relays.find((relay) => relay.name === name)?.state ?? '–';
      const button = Object.assign(document.createElement('button'), { type: 'button', id: `relay-${name}` });
      button.textContent = t(off ? 'console-relay-start' : 'console-relay-stop', { name });
      button.addEventListener('click', () => void this.command('relay', { name, on: off }));
      const item = document.createElement('li');
      item.append(`${name}: ${state} `, button);
      return item;
    }));
    if (focused?.startsWith('relay-')) document.getElementById(focused)?.focus();
  }
}

new Page();
