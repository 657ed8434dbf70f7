// SPDX-License-Identifier: GPL-3.0-or-later
// The console's page: the whole status, a button for each command, and the way in.
import { poll } from './api';
import { Alarms, type Alarm } from './alarms';
import { Audit } from './audit';
import { Clock, formatSpan, laterEnd, type ClockStatus } from './clock';
import { ask, insist, makeId, Refused } from './commands';
import { element, fillList, get, replaceKeepingFocus, say } from './dom';
import { Mixer, type Bus, type Fader } from './faders';
import { hold } from './hold';
import { language, onLanguage, startLanguage, t, type Key } from './i18n';
import { Keys } from './keys';
import { Screens } from './listen';
import { Live } from './live';
import { Relays, type RelaysStatus } from './relays';
import { Talks, type TalksStatus } from './talks';
import { Tiles, type Source } from './tiles';

const REFRESH_MS = 1000;
const PLANNED_MS = 10000;
/** The desk; `multiview`, for a screen in the hall, from which nothing can be done; `phone`, of the desk what one needs on the way. */
const VIEW = /(multiview|phone)$/.exec(location.pathname)?.[1] ?? 'desk';
/** Nothing heard for so long, the page says that it may be out of date: within 2 s of the last word. */
const STALE_MS = 1500;

/** Slates of the event's own text, where it has them; each is a scene. */
const SLATES = ['starting', 'break', 'ending'];

const STATES: Record<string, Key> = {
  standby: 'console-state-standby', rehearsal: 'console-state-rehearsal', starting: 'console-state-starting', 'on-air': 'console-state-on-air',
  paused: 'console-state-paused', ending: 'console-state-ending', ended: 'console-state-ended',
};

interface Status extends ClockStatus, TalksStatus, RelaysStatus {
  event: { name: string; place: string; end: string };
  scenes: string[];
  engine: { sources?: Source[]; audios?: Bus[] };
  desired: ClockStatus['desired'] & TalksStatus['desired'] & RelaysStatus['desired'] & {
    version: number; scene: string; faders: Fader[]; private: boolean; marks: number; caption: string; 'caption-line': string; notice: string;
  };
  recorder: ClockStatus['recorder'] & { message?: string; 'left-ms'?: number };
  gateway: { address?: string; addresses?: string[]; viewers?: number };
  processes: { name: string; state: string; restarts: number }[];
  alarms: Alarm[];
  'alarms-ended': Alarm[];
  warnings: string[];
}

interface Planned {
  events: { id: string; name: string; error?: string }[];
}

/** From this page nothing is to be changed for now. */
class Locked extends Error {}

class Page {
  private status: Status | null = null;
  private asked = 0;
  private answered = 0;
  private heardMs = 0;
  private scenes = '';
  private planned = '';
  private readonly audit = new Audit();
  private readonly clock = new Clock(() => this.tick());
  private readonly talks = new Talks((number) => void this.command('talk', { number, 'at-ms': this.clock.showTimeMs }));
  private readonly relays = new Relays({
    turn: (name, on) => void this.command('relay', { name, on }),
    add: (relay) => this.command('relay-add', relay),
    remove: (name) => void this.command('relay-remove', { name }),
  });
  private readonly alarms = new Alarms((alarm) => void this.command('acknowledge', { alarm }));
  private readonly tiles = new Tiles(get('tiles'), (name) => void this.command('scene', { name }));
  private readonly screens = new Screens(() => this.play());
  private readonly mixer = new Mixer(get('mixes'), {
    send: (name, body) => this.set(name, body), listen: (bus) => this.screens.listen(bus),
  });
  private readonly keys = new Keys({
    take: (place) => this.take(place),
    nextTalk: () => this.talks.beginNext(),
    private: () => void this.command('private', { on: true }),
    mark: () => void this.command('mark', { title: '', 'at-ms': this.clock.showTimeMs }),
  });
  private readonly live = new Live({
    connected: (yes) => {
      if (yes) void this.refresh();
      else this.showStale(true);
    },
    changed: () => void this.refresh(),
    heard: () => this.heardMs = performance.now(),
    audited: (entry) => {
      this.audit.take(entry);
      this.showWho();
    },
    meters: (meters) => {
      this.tiles.sound(meters);
      this.mixer.take(meters);
    },
    preview: (name, picture) => void this.tiles.draw(name, picture),
  });

  constructor () {
    document.body.dataset['view'] = VIEW;
    startLanguage();
    onLanguage(() => {
      this.scenes = '';
      this.audit.list();
      this.show();
    });
    this.listen();
    poll(() => REFRESH_MS, () => this.refresh());
    poll(() => PLANNED_MS, () => this.askPlanned());
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

  private tick (): void {
    this.talks.tick(this.clock.showTimeMs);
    if (performance.now() - this.heardMs > STALE_MS) this.showStale(true);
  }

  /** What is shown may not be so any more. */
  private showStale (yes: boolean): void {
    get('stale').hidden = !yes;
  }

  private take (place: number): void {
    const source = this.status?.engine.sources?.[place - 1];
    if (source && this.status?.scenes.includes(source.name)) void this.command('scene', { name: source.name });
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
    for (const minutes of [5, 15]) {
      on(`later-${minutes}`, 'click', () => void this.command('extend', { end: laterEnd(this.status?.event.end ?? '', this.clock.wallMs, minutes) }));
    }
    on('notice-form', 'submit', () => void this.command('notice', { text: get<HTMLInputElement>('notice-line').value }));
    on('notice-off', 'click', () => void this.command('notice', { text: '' }));
    hold(get('stop'), () => void this.command('stop'), (what) => this.say(t(what === 'held' ? 'console-hold-on' : 'console-let-go')));
    on('mark', 'submit', () => void this.command('mark', {
      title: get<HTMLInputElement>('mark-title').value, 'at-ms': this.clock.showTimeMs,
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

  /** The id of a command, where one may be given from here now. */
  private begin (): string {
    if (VIEW === 'multiview' || this.keys.locked) throw new Locked();
    const id = makeId();
    this.audit.isOurs(id);
    return id;
  }

  private inWords (error: unknown): string {
    if (error instanceof Locked) return t('console-locked');
    return error instanceof Refused ? t('console-refused', { why: error.message }) : t('console-no-answer');
  }

  /** Resolves to whether it was done. */
  private async command (name: string, body: object = {}): Promise<boolean> {
    let done = false;
    this.say('…');
    try {
      await insist(name, { ...body, id: this.begin() });
      this.say(t('console-done', { what: t(`console-did-${name}` as Key) }));
      done = true;
    } catch (error) {
      this.say(this.inWords(error));
    }
    await this.refresh();
    if (name === 'start' || name === 'rehearse' || name === 'stop') await this.askPlanned();
    return done;
  }

  /** For a fader: what is done is seen by it. Resolves to the version of what is wanted. */
  private async set (name: string, body: object): Promise<number> {
    try {
      return (await insist(name, { ...body, id: this.begin() })).version ?? 0;
    } catch (error) {
      this.say(this.inWords(error));
      void this.refresh();
      throw error;
    }
  }

  private async refresh (): Promise<void> {
    const mine = ++this.asked;
    try {
      const status = await ask<Status>('status');
      // Asked for before one that is shown already: it is older.
      if (mine < this.answered) return;
      this.answered = mine;
      this.status = status;
      this.heardMs = performance.now();
      this.audit.begin(Date.parse(status.wall));
      this.enter(true);
      this.showStale(false);
      this.clock.show(status);
      this.show();
    } catch (error) {
      if (error instanceof Refused && error.status === 401) this.enter(false);
      else if (error instanceof Refused && error.status === 403) this.say(this.inWords(error));
      else this.showStale(true);
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
      ['console-state', t(STATES[status.state] ?? 'console-state-standby')],
      ['console-time', formatSpan(status['show-time-ms'])],
      ['console-private', yes(status.desired.private)],
      ['console-recording', `${status.recorder.state ?? '–'} ${status.recorder.message ?? ''}`],
      ['console-recorded', formatSpan(status.recorder['recorded-ms'] ?? 0)],
      ['console-marks', String(status.desired.marks)],
      ['console-viewers', String(status.gateway.viewers ?? 0)],
      ['console-address', status.gateway.address ?? '–'],
    ];
    get('facts').replaceChildren(...facts.map(([key, value]) => {
      const group = element('div');
      group.append(element('dt', '', t(key)), Object.assign(element('dd', '', value), { id: key }));
      return group;
    }));
    document.body.dataset['show'] = status.state;
    say('clock-state', t(status.desired.private ? 'console-state-private' : STATES[status.state] ?? 'console-state-standby'));
    get('clock-state').dataset['state'] = status.desired.private ? 'private' : status.state;
    say('clock-viewers', String(status.gateway.viewers ?? 0));
    fillList(get('warnings'), status.warnings);
    this.showTiles(status);
    fillList(get('processes'), status.processes.map((p) => `${p.name}: ${p.state}${p.restarts ? `, ${p.restarts} restarts` : ''}`));
    this.showDesired(status);
    this.alarms.show(status.alarms, status['alarms-ended']);
    this.showScenes(status);
    this.showSound(status);
    get('relays-section').hidden = status.state === 'standby';
    this.relays.show(status);
    this.talks.show(status, VIEW !== 'multiview' && /^(rehearsal|on-air|paused)$/.test(status.state));
    this.showWho();
  }

  /** What is not as usual is said by the button that brought it about. */
  private showDesired ({ desired, scenes }: Status): void {
    const pressed = (id: string, yes: boolean): void => get(id).setAttribute('aria-pressed', String(yes));
    pressed('private-on', desired.private);
    pressed('pause', desired.paused);
    const shown = [desired.caption, desired['caption-line']].filter(Boolean).join(' · ');
    get('caption-shown').textContent = shown && t('console-caption-now', { text: shown });
    get<HTMLButtonElement>('caption-off').disabled = shown === '';
    get('notice-shown').textContent = desired.notice && t('console-caption-now', { text: desired.notice });
    get<HTMLButtonElement>('notice-off').disabled = desired.notice === '';
    for (const name of SLATES) {
      get(`slate-${name}`).hidden = !scenes.includes(name);
      pressed(`slate-${name}`, desired.scene === name);
    }
    get('label-slates').parentElement!.hidden = !SLATES.some((name) => scenes.includes(name));
  }

  /** Beside what hides or stops something: who did so, and when. */
  private showWho (): void {
    const { desired } = this.status ?? {};
    say('private-who', desired?.private ? this.audit.last('private') : '');
    say('paused-who', desired?.paused ? this.audit.last('paused') : '');
  }

  private showTiles (status: Status): void {
    const sources = status.engine.sources ?? [];
    get('pictures').hidden = sources.length === 0;
    const shown = sources.length === 0 ? [] : this.tiles.show(sources, status.scenes, status.desired.scene, language());
    if (VIEW === 'phone') this.live.show([]);
    else this.live.show(this.screens.isLarge ? shown.filter((name) => name !== 'programme') : shown); // large it moves by itself
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

  /** Made anew only when there is something else to show, so that the focus stays on its button. */
  private showScenes (status: Status): void {
    const now = JSON.stringify([status.scenes, status.desired.scene]);
    if (now === this.scenes) return;
    this.scenes = now;
    replaceKeepingFocus(get('scenes'), status.scenes.filter((name) => !SLATES.includes(name)).map((name) => {
      const button = Object.assign(document.createElement('button'), { type: 'button', id: `scene-${name}` });
      button.textContent = name === status.desired.scene ? `● ${name}` : name;
      button.setAttribute('aria-pressed', String(name === status.desired.scene));
      button.addEventListener('click', () => void this.command('scene', { name }));
      return button;
    }));
    get('scenes-label').hidden = status.scenes.length === 0;
  }
}

new Page();
