// SPDX-License-Identifier: GPL-3.0-or-later
// The bar under the picture. Plain buttons and selects, always visible (in full screen it leaves after some seconds without a movement),
// so that it works alike by keyboard, by touch and with a screen reader.
import { languageName, onLanguage, t } from './i18n';
import type { Player } from './player';

const HIDE_AFTER_MS = 3000;

type FullscreenElement = HTMLElement & { webkitRequestFullscreen?: () => void };
type FullscreenDocument = Document & { webkitFullscreenElement?: Element | null; webkitExitFullscreen?: () => void };
type FullscreenVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

function get<T extends HTMLElement> (id: string): T {
  return document.getElementById(id) as T;
}

/** Sets what a toggle is: its accessible name, its tooltip and the picture on it. */
function setToggle (button: HTMLButtonElement, on: boolean, label: string): void {
  button.dataset['on'] = String(on);
  if (button.title !== label) {
    button.title = label;
    button.setAttribute('aria-label', label);
  }
}

/** Fills a select only when its options differ: an open list must not jump. */
function setOptions (select: HTMLSelectElement, options: { id: string; name: string }[], chosen: string): void {
  const text = JSON.stringify(options);
  if (select.dataset['options'] !== text) {
    select.dataset['options'] = text;
    select.replaceChildren(...options.map(({ id, name }) => new Option(name, id)));
  }
  if (select.value !== chosen) select.value = chosen;
}

export class Controls {
  private readonly stage = get<FullscreenElement>('stage');
  private readonly bar = get('bar');
  private readonly playButton = get<HTMLButtonElement>('play');
  private readonly muteButton = get<HTMLButtonElement>('mute');
  private readonly volume = get<HTMLInputElement>('volume');
  private readonly delay = get('delay');
  private readonly backButton = get<HTMLButtonElement>('back-to-live');
  private readonly languageSelect = get<HTMLSelectElement>('audio-language');
  private readonly qualitySelect = get<HTMLSelectElement>('quality');
  private readonly pipButton = get<HTMLButtonElement>('pip');
  private readonly fullscreenButton = get<HTMLButtonElement>('fullscreen');
  private readonly bigButton = get<HTMLButtonElement>('big');
  private hideTimer = 0;

  constructor (private readonly video: FullscreenVideo, private readonly player: Player) {
    this.playButton.addEventListener('click', () => player.togglePause());
    this.muteButton.addEventListener('click', () => this.toggleMute());
    this.volume.addEventListener('input', () => {
      video.volume = Number(this.volume.value);
      player.setMuted(video.volume === 0);
    });
    this.backButton.addEventListener('click', () => {
      player.backToLive();
      this.playButton.focus();
    });
    this.languageSelect.addEventListener('change', () => {
      player.language = this.languageSelect.value;
    });
    this.qualitySelect.addEventListener('change', () => {
      player.height = Number(this.qualitySelect.value);
    });
    this.bigButton.addEventListener('click', () => {
      void player.playWithSound();
      this.playButton.focus();
    });
    this.fullscreenButton.addEventListener('click', () => this.toggleFullscreen());
    this.pipButton.addEventListener('click', () => void this.togglePip());
    this.pipButton.hidden = !document.pictureInPictureEnabled;
    video.addEventListener('click', () => {
      if (matchMedia('(hover: hover)').matches && !this.bar.hidden) player.togglePause();
    });
    this.stage.addEventListener('keydown', (event) => this.onKey(event));
    for (const name of ['pointermove', 'pointerdown', 'keydown', 'focusin']) this.stage.addEventListener(name, () => this.stay());
    for (const name of ['fullscreenchange', 'webkitfullscreenchange']) document.addEventListener(name, () => this.update());
    onLanguage(() => this.update());
  }

  /** Shows what is. `delayS`: between the hall and this screen, null while it is not known. */
  update (delayS: number | null = null, visible = !this.bar.hidden): void {
    const { player, video } = this;
    this.bar.hidden = !visible;
    setToggle(this.playButton, !video.paused, t(video.paused ? 'play' : 'pause'));
    setToggle(this.muteButton, !video.muted, t(video.muted ? 'unmute' : 'mute'));
    const volume = video.muted ? 0 : video.volume;
    if (Number(this.volume.value) !== volume && document.activeElement !== this.volume) this.volume.value = String(volume);
    this.fullscreenButton.hidden = !this.canFullscreen;
    setToggle(this.fullscreenButton, this.isFullscreen, t(this.isFullscreen ? 'fullscreen-exit' : 'fullscreen'));
    setToggle(this.pipButton, false, t('pip'));

    if (delayS !== null) {
      const seconds = Math.round(delayS);
      this.delay.textContent = seconds < 120 ? t('delay', { n: seconds }) : t('delay-minutes', { n: Math.round(seconds / 60) });
    }
    this.delay.hidden = !this.delay.textContent;
    this.backButton.hidden = !player.behind;

    const languages = player.languages;
    get('language-pick').hidden = languages.length < 2;
    setOptions(this.languageSelect, languages.map(({ id, name }) => ({ id, name: name === id ? languageName(name) : name })), player.language);
    const heights = player.heights;
    get('quality-pick').hidden = heights.length < 2;
    const auto = video.videoHeight > 0 && player.height === 0 ? t('quality-auto-now', { name: `${video.videoHeight}p` }) : t('quality-auto');
    const fixed = heights.map((height) => ({ id: String(height), name: `${height}p` }));
    setOptions(this.qualitySelect, [{ id: '0', name: auto }, ...fixed], String(player.height));

    this.bigButton.hidden = !visible || player.needs === 'nothing';
    this.bigButton.dataset['needs'] = player.needs;
    get('big-text').textContent = t(player.needs === 'start' ? 'start-playing' : 'unmute');
  }

  private get isFullscreen (): boolean {
    return !!(document.fullscreenElement ?? (document as FullscreenDocument).webkitFullscreenElement);
  }

  private get canFullscreen (): boolean {
    return !!(this.stage.requestFullscreen ?? this.stage.webkitRequestFullscreen ?? this.video.webkitEnterFullscreen);
  }

  private toggleMute (): void {
    if (this.video.muted) void this.player.playWithSound();
    else this.player.setMuted(true);
  }

  private toggleFullscreen (): void {
    const page = document as FullscreenDocument;
    if (this.isFullscreen) void (page.exitFullscreen ?? page.webkitExitFullscreen)?.call(page);
    else if (this.stage.requestFullscreen) void this.stage.requestFullscreen();
    else if (this.stage.webkitRequestFullscreen) this.stage.webkitRequestFullscreen();
    else this.video.webkitEnterFullscreen?.();
    this.stay();
  }

  private async togglePip (): Promise<void> {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else if (this.video.readyState > 0) await this.video.requestPictureInPicture();
  }

  /** Letters act only while the focus is inside the player (WCAG 2.1.4). */
  private onKey (event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.bar.hidden) return;
    if (event.target instanceof HTMLSelectElement) return;
    const key = event.key.toLowerCase();
    if (key === 'k' || (key === ' ' && event.target === this.video)) this.player.togglePause();
    else if (key === 'm') this.toggleMute();
    else if (key === 'f') this.toggleFullscreen();
    else if (key === 'l') this.player.backToLive();
    else return;
    event.preventDefault();
  }

  /** In full screen the bar goes when nobody moves, and never while it has the focus by keyboard. */
  private stay (): void {
    this.stage.classList.remove('still');
    clearTimeout(this.hideTimer);
    this.hideTimer = setTimeout(() => {
      if (this.isFullscreen && !this.bar.querySelector(':focus-visible')) this.stage.classList.add('still');
    }, HIDE_AFTER_MS);
  }
}

