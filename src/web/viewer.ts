// SPDX-License-Identifier: GPL-3.0-or-later
// The viewer's page: one address before, during and after the event. It asks for the status every few seconds, tells the player when there
// may be something to play, and shows one of four states, as words and colour: waiting, live, reconnecting, ended.
import { type Announcement, getRecordings, getStatus, isOnAir, poll, type Recording, type Status } from './api';
import { Controls } from './controls';
import { formatHours, formatMoment, formatSize, language, onLanguage, pageAddress, startLanguage, t } from './i18n';
import { Player } from './player';
import { choosePageState, minutesUntil, seemsOver, type PageState } from './policy';

const STATUS_MS = 3000;
const STATUS_ENDED_MS = 10000;
const OVER_BUT_ON_AIR_MS = 15000;

function get (id: string): HTMLElement {
  return document.getElementById(id)!;
}

class Page {
  private readonly video = get('video') as HTMLVideoElement;
  private readonly player: Player;
  private readonly controls: Controls;
  private status: Status | null = null;
  private reachable: boolean | null = null;
  private answeredAtMs = performance.now();
  /** The server's clock minus ours. */
  private clockOffsetMs = 0;
  private playedShow = '';
  private overSinceMs = 0;
  private recording: Recording | null = null;
  /** The recording is being watched in place of the live picture. */
  private replaying = false;
  private shown = '';
  private programme = '';

  constructor () {
    startLanguage();
    this.player = new Player(this.video, language(), () => this.update());
    this.controls = new Controls(this.video, this.player);
    // A recording that cannot be played on (its server went away) must not leave a black picture without words.
    this.video.addEventListener('error', () => {
      if (!this.replaying) return;
      this.endReplay();
      this.shown = '';
      this.update();
    });
    onLanguage(() => {
      this.shown = '';
      this.update();
    });
    poll(() => this.state === 'ended' ? STATUS_ENDED_MS : STATUS_MS, () => this.ask());
  }

  /** The event that is on; in standby the one that is planned next, or the bare hall. */
  private get announced (): Announcement | undefined {
    const { status } = this;
    return status?.state === 'standby' && status.next.name ? status.next as Announcement : status?.event;
  }

  private get state (): PageState {
    const { status, player } = this;
    const end = status?.event.end ?? '';
    const gone = seemsOver(end, Date.now() + this.clockOffsetMs, performance.now() - this.answeredAtMs);
    return choosePageState({
      status, played: player.played, stalled: player.stalled, paused: player.pausing, over: player.over, seemsOver: gone,
    });
  }

  private async ask (): Promise<void> {
    const before = Date.now();
    try {
      const status = await getStatus();
      const wall = Date.parse(status.wall);
      if (!Number.isNaN(wall)) this.clockOffsetMs = wall - (before + Date.now()) / 2;
      this.status = status;
      this.reachable = true;
      this.answeredAtMs = performance.now();
    } catch {
      this.reachable = false;
    }
    this.steer();
    if (this.state === 'ended' && this.reachable) await this.askRecording();
    this.update();
  }

  /** Starts and stops the player as the event's state asks for. */
  private steer (): void {
    const { player, status } = this;
    if (!status) return;
    const anotherShow = this.playedShow !== '' && status.show !== this.playedShow;
    if (isOnAir(status)) {
      const stuckOver = player.over && performance.now() - this.overSinceMs > OVER_BUT_ON_AIR_MS;
      if (player.isRunning && (anotherShow || stuckOver)) player.stop();
      if (this.replaying && anotherShow) this.endReplay();
      if (!this.replaying && !player.isRunning && status.streams.hls) {
        this.playedShow = status.show;
        player.start(status.streams.hls);
      }
    } else if (anotherShow && (status.state === 'standby' || status.state === 'starting')) {
      // That the one before was seen to its end says nothing of the next.
      player.stop();
      player.over = false;
    } else if (this.state === 'ended' && player.isRunning) {
      player.stop();
    }
  }

  private async askRecording (): Promise<void> {
    try {
      const { recordings } = await getRecordings();
      this.recording = recordings.find(({ id }) => id === this.status?.recording) ?? null;
    } catch {
      // the next poll asks again
    }
  }

  private update (): void {
    const state = this.replaying ? 'ended' : this.state;
    if (!this.player.over) this.overSinceMs = performance.now();
    const event = this.announced;
    if (event?.name || this.status?.state === 'standby') get('title').textContent = event?.name || t('viewer-title');
    get('place').textContent = event?.place ?? '';
    get('hours').textContent = event ? formatHours(event.start, event.end) : '';
    document.body.dataset['state'] = state;
    get('state-word').textContent = t(`state-${state}`);
    document.title = `${t(`state-${state}`)} · ${event?.name || t('viewer-title')}`;

    const refused = state === 'waiting' && this.player.needs === 'start';
    const playing = state === 'live' || state === 'reconnecting' || refused;
    const at = this.player.playingAt;
    const delayS = at === null || state !== 'live' ? null : Math.max(0, (Date.now() + this.clockOffsetMs - at) / 1000);
    this.controls.update(delayS, playing && !this.replaying);
    this.showNotice(state);
    this.showProgramme(state);
  }

  /** What those who run the event say, and which talk it is. Touched only when it changes, as above. */
  private showProgramme (state: PageState): void {
    const { status } = this;
    const told = state === 'ended' ? '' : status?.notice ?? '';
    if (get('told').textContent !== told) get('told').textContent = told;
    get('told').hidden = !told;
    const talks = status?.talks ?? [];
    const now = JSON.stringify([talks, status?.talk, language()]);
    get('programme').hidden = talks.length === 0;
    if (now === this.programme) return;
    this.programme = now;
    get('talks').replaceChildren(...talks.map((talk) => {
      const item = document.createElement('li');
      const title = document.createElement('strong');
      title.textContent = talk.title;
      const speaker = document.createElement('span');
      speaker.textContent = [talk.speaker, talk.role].filter(Boolean).join(', ');
      item.append(title, speaker);
      if (talk.number !== status?.talk) return item;
      item.setAttribute('aria-current', 'true');
      const present = document.createElement('em');
      present.textContent = t('programme-now');
      item.append(present);
      return item;
    }));
  }

  /** The words over the picture. Touched only when they change, so that a screen reader says them once. */
  private showNotice (state: PageState): void {
    const [title, text, hint] = this.notice(state);
    const recording = state === 'ended' ? this.recording : null;
    const now = JSON.stringify([state, title, text, hint, recording, this.replaying]);
    if (now === this.shown) return;
    this.shown = now;
    get('notice').hidden = !title || this.replaying;
    get('notice-title').textContent = title;
    get('notice-text').textContent = text;
    get('notice-hint').textContent = hint;
    get('notice-hint').hidden = !hint;
    const actions = get('notice-actions');
    actions.replaceChildren(...(state === 'ended' ? this.endedActions(recording) : []));
    actions.hidden = actions.childElementCount === 0;
  }

  /** Title, text and hint. */
  private notice (state: PageState): [string, string, string] {
    switch (state) {
      case 'live':
        return ['', '', ''];
      case 'reconnecting':
        return [t('reconnecting-title'), t('reconnecting-text'), ''];
      case 'ended': {
        const ready = this.recording?.state === 'finished';
        const recording = this.recording ? t(ready ? 'ended-recording-ready' : 'ended-recording-soon') : '';
        return [t('ended-title'), `${t('ended-text')} ${recording}`.trim(), ''];
      }
      case 'waiting':
        return this.waitingNotice();
    }
  }

  private waitingNotice (): [string, string, string] {
    if (this.player.needs === 'start') return ['', '', ''];
    if (this.reachable === null) return [t('loading'), t('about'), ''];
    if (!this.status || !this.reachable) return [t('unreachable-title'), t('unreachable-text'), ''];
    if (isOnAir(this.status)) return [t('connecting-title'), t('waiting-alone'), ''];
    if (this.status.state === 'standby' && !this.status.next.name) return [t('standby-title'), t('standby-text'), ''];
    return [t('waiting-title'), this.startInWords(this.announced?.start ?? ''), t('waiting-alone')];
  }

  private startInWords (start: string): string {
    const now = Date.now() + this.clockOffsetMs;
    const minutes = minutesUntil(start, now);
    if (minutes === null) return '';
    const when = formatMoment(start, now);
    if (minutes < -12 * 60 || minutes > 24 * 60) return t('waiting-start', { when });
    if (minutes < -1) return t('waiting-late', { when });
    return `${t('waiting-start', { when })}, ${this.remaining(minutes)}`;
  }

  private remaining (minutes: number): string {
    if (minutes < 0.75) return t('waiting-soon');
    if (minutes < 1.5) return t('waiting-in-minute');
    if (minutes < 55) return t('waiting-in-minutes', { n: Math.round(minutes) });
    if (minutes < 90) return t('waiting-in-hour');
    return t('waiting-in-hours', { n: Math.round(minutes / 60) });
  }

  private endedActions (recording: Recording | null): HTMLElement[] {
    const actions: HTMLElement[] = [];
    const file = recording?.files.find((candidate) => candidate['content-type'] === 'video/mp4');
    if (recording?.state === 'finished' && file) {
      const watch = document.createElement('button');
      watch.type = 'button';
      watch.className = 'action first';
      watch.textContent = t('ended-watch');
      watch.addEventListener('click', () => this.replay(file.url));
      actions.push(watch, link(file.url, t('ended-download', { size: formatSize(file['size-bytes']) })));
    }
    const all = link(pageAddress('recordings'), t('ended-all'));
    if (actions.length === 0) all.classList.add('first');
    actions.push(all);
    return actions;
  }

  private replay (url: string): void {
    this.player.stop();
    this.replaying = true;
    this.video.src = url;
    this.video.controls = true;
    this.video.muted = false;
    void this.video.play();
    this.video.focus();
    this.update();
  }

  private endReplay (): void {
    this.replaying = false;
    this.video.controls = false;
    this.video.removeAttribute('src');
    this.video.load();
  }
}

function link (href: string, text: string): HTMLAnchorElement {
  const anchor = document.createElement('a');
  anchor.href = href;
  anchor.className = 'action';
  anchor.textContent = text;
  return anchor;
}

new Page();
