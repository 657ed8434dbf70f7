// SPDX-License-Identifier: GPL-3.0-or-later
// Plays the live stream for as long as the page is open, whatever happens to the network, the gateway or the engine.
//
// Life cycle: start() when there may be something to play, stop() when the event is over. In between a tick every half second looks at
// the video element itself (has the picture moved?), not at what the library believes, and acts by policy.ts. The library is hls.js; where
// the browser has no Media Source (older iPhones) the video element plays HLS by itself.
import Hls, { type HlsConfig, type LoaderResponse, type RetryConfig } from 'hls.js';
import { backoffMs, catchUp, chooseHelp, isStalled, BEHIND_SHOWN_S, HELP_AFTER_MS, type Health } from './policy';

const TICK_MS = 500;
const STEADY_AFTER_MS = 10000;

export interface Choice {
  id: string;
  name: string;
}

/** A number for this tab, so that the gateway can count viewers. Drawn anew with each load, stored nowhere. */
function viewerId (): string {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** For ever while the server is away or in trouble; a few times when it says that there is no such thing (it may come, or be gone). */
function retryPolicy (retryMissing: number): RetryConfig {
  return {
    maxNumRetry: Number.MAX_SAFE_INTEGER,
    retryDelayMs: 500,
    maxRetryDelayMs: 2000,
    shouldRetry: (_config, count: number, _isTimeout: boolean, response: LoaderResponse | undefined) =>
      !(response?.code && response.code >= 400 && response.code < 500) || count < retryMissing,
  };
}

function loadPolicy (firstByteMs: number, wholeMs: number, retryMissing: number): HlsConfig['playlistLoadPolicy'] {
  const retry = retryPolicy(retryMissing);
  return { default: { maxTimeToFirstByteMs: firstByteMs, maxLoadTimeMs: wholeMs, timeoutRetry: retry, errorRetry: retry } };
}

function freshHealth (): Health {
  const now = performance.now();
  return { nowMs: now, movedAtMs: now, playlistAtMs: 0, servedSinceMs: 0, helpedAtMs: 0, attempts: 0, gaveUp: false };
}

export class Player {
  /** Has shown a picture since start(). */
  played = false;
  /** The stream has ended and was played to its end. */
  over = false;
  /** The viewer has stopped the picture. */
  pausing = false;
  /** What the browser wants a press of a button for: the sound, or to play at all. */
  needs: 'nothing' | 'sound' | 'start' = 'nothing';

  private readonly viewer = viewerId();
  private source = '';
  private hls: Hls | null = null;
  private running = false;
  private timer = 0;
  private health = freshHealth();
  private lastTime = -1;
  private movingSinceMs = 0;
  /** The viewer has not paused: interruptions are caught up with. */
  private following = true;
  private wantedLanguage: string;
  private wantedHeight = 0;

  /** `changed` is called twice a second while running, and when something is chosen or begins. */
  constructor (private readonly video: HTMLVideoElement, language: string, private readonly changed: () => void) {
    this.wantedLanguage = language;
    video.addEventListener('ended', () => this.onEnded());
    video.addEventListener('error', () => this.onNativeError());
    video.addEventListener('play', () => {
      this.pausing = false;
      this.health.movedAtMs = performance.now();
    });
    video.addEventListener('pause', () => {
      this.pausing = this.running && !video.ended; // by our button, a headset or the system: all mean it
    });
    for (const name of ['play', 'pause', 'volumechange', 'playing', 'resize']) video.addEventListener(name, () => this.changed());
  }

  /** There may be something to play, at the address `source`. Nothing happens when it is running already. */
  start (source: string): void {
    if (this.running) return;
    this.source = source;
    this.running = true;
    this.played = false;
    this.over = false;
    this.following = true;
    this.pausing = false;
    this.health = freshHealth();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.build();
  }

  stop (): void {
    if (!this.running) return;
    this.running = false;
    this.played = false;
    clearInterval(this.timer);
    this.dismantle();
    this.changed();
  }

  get isRunning (): boolean {
    return this.running;
  }

  /** The picture should move and does not. */
  get stalled (): boolean {
    return this.running && !this.over && this.wantsToPlay && isStalled({ ...this.health, nowMs: performance.now() });
  }

  /** When the picture now on screen was taken, by the server's clock, in ms since 1970; null while it is not known. */
  get playingAt (): number | null {
    if (this.hls) return this.hls.playingDate?.getTime() ?? null;
    const begin = (this.video as HTMLVideoElement & { getStartDate?: () => Date }).getStartDate?.().getTime() ?? NaN;
    return Number.isNaN(begin) ? null : begin + this.video.currentTime * 1000;
  }

  /** So far behind the live edge that the way back should be shown. */
  get behind (): boolean {
    return this.played && !this.over && (this.excessS ?? 0) > BEHIND_SHOWN_S;
  }

  get languages (): Choice[] {
    return (this.hls?.audioTracks ?? []).map((track, index) => ({ id: track.lang ?? String(index), name: track.name }));
  }

  get language (): string {
    const track = this.hls?.audioTracks[this.hls.audioTrack];
    return track?.lang ?? String(this.hls?.audioTrack ?? '');
  }

  set language (id: string) {
    this.wantedLanguage = id;
    const hls = this.hls;
    const index = hls?.audioTracks.findIndex((track, at) => (track.lang ?? String(at)) === id) ?? -1;
    if (hls && index >= 0 && hls.audioTrack !== index) hls.audioTrack = index;
    this.changed();
  }

  /** Heights in pixels, largest first; empty when there is no choice. */
  get heights (): number[] {
    const heights = [...new Set((this.hls?.levels ?? []).map((level) => level.height))].filter((height) => height > 0);
    return heights.sort((a, b) => b - a);
  }

  /** The height chosen, 0 for automatic. */
  get height (): number {
    return this.wantedHeight;
  }

  set height (height: number) {
    this.wantedHeight = height;
    if (this.hls) this.hls.nextLevel = height ? this.hls.levels.findIndex((level) => level.height === height) : -1;
    this.changed();
  }

  backToLive (): void {
    this.following = true;
    this.jump();
    void this.play();
  }

  togglePause (): void {
    if (this.video.paused) {
      void this.play();
    } else {
      this.following = false;
      this.video.pause();
    }
  }

  /** Answers a press of a button: with sound now. */
  async playWithSound (): Promise<void> {
    this.video.muted = false;
    if (this.video.volume === 0) this.video.volume = 1;
    await this.play();
  }

  setMuted (muted: boolean): void {
    this.video.muted = muted;
    if (!muted) this.needs = 'nothing';
    this.changed();
  }

  private get wantsToPlay (): boolean {
    return !this.pausing && this.needs !== 'start';
  }

  /** Seconds later than wanted; null while it is not known. */
  private get excessS (): number | null {
    if (this.hls) {
      const edge = this.hls.liveSyncPosition;
      return edge === null ? null : edge - this.video.currentTime;
    }
    const range = this.video.seekable;
    return range.length ? range.end(range.length - 1) - 6 - this.video.currentTime : null;
  }

  private get bufferAheadS (): number {
    const { buffered, currentTime } = this.video;
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) <= currentTime + 0.1 && currentTime < buffered.end(i)) return buffered.end(i) - currentTime;
    }
    return 0;
  }

  private async play (): Promise<void> {
    this.pausing = false;
    try {
      await this.video.play();
      this.needs = this.video.muted && this.needs === 'sound' ? 'sound' : 'nothing';
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      if (this.video.muted) {
        this.needs = 'start';
      } else {
        this.video.muted = true;
        this.needs = 'sound';
        await this.play();
        return;
      }
    }
    this.changed();
  }

  private build (): void {
    this.dismantle();
    if (!Hls.isSupported()) {
      this.video.src = this.source;
      if (this.wantsToPlay) void this.play();
      return;
    }
    const hls = new Hls({
      enableWorker: false, // fragmented MP4 needs next to no work
      lowLatencyMode: false,
      liveSyncDurationCount: 2,
      initialLiveManifestSize: 2,
      liveSyncOnStallIncrease: 0.5,
      liveDurationInfinity: true,
      backBufferLength: 30,
      maxBufferLength: 20,
      capLevelToPlayerSize: true,
      nudgeMaxRetry: 10,
      audioPreference: { lang: this.wantedLanguage },
      manifestLoadPolicy: loadPolicy(8000, 12000, 0),
      playlistLoadPolicy: loadPolicy(6000, 10000, 4),
      fragLoadPolicy: loadPolicy(10000, 30000, 2),
      xhrSetup: (xhr) => xhr.setRequestHeader('X-Regia-Viewer', this.viewer),
    });
    this.hls = hls;
    this.health.gaveUp = false;
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      if (this.wantedHeight) this.height = this.wantedHeight;
      if (this.wantsToPlay) void this.play();
      this.changed();
    });
    hls.on(Hls.Events.LEVEL_LOADED, () => {
      const now = performance.now();
      if (now - this.health.playlistAtMs > HELP_AFTER_MS) this.health.servedSinceMs = now;
      this.health.playlistAtMs = now;
    });
    hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, () => this.changed());
    hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, () => this.changed());
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (data.fatal && data.type === Hls.ErrorTypes.MEDIA_ERROR && this.health.attempts === 0) {
        this.health.attempts++;
        this.health.helpedAtMs = performance.now();
        hls.recoverMediaError();
      } else if (data.fatal) {
        this.health.gaveUp = true;
      }
    });
    hls.attachMedia(this.video);
    hls.loadSource(this.source);
  }

  private dismantle (): void {
    this.lastTime = -1;
    if (this.hls) {
      this.hls.destroy();
      this.hls = null;
    } else if (this.video.src) {
      this.video.removeAttribute('src');
      this.video.load();
    }
  }

  private jump (): void {
    const excess = this.excessS;
    if (excess !== null && excess > 0) this.video.currentTime += excess;
    this.video.playbackRate = 1;
  }

  private tick (): void {
    const now = performance.now();
    this.health.nowMs = now;
    if (!this.over && this.wantsToPlay) this.watch(now);
    this.changed();
  }

  private watch (now: number): void {
    const time = this.video.currentTime;
    const moved = this.lastTime >= 0 && time !== this.lastTime && !this.video.seeking;
    this.lastTime = time;
    if (moved) {
      if (!this.played && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.played = true;
      if (now - this.health.movedAtMs > 2 * TICK_MS) this.movingSinceMs = now;
      this.health.movedAtMs = now;
      if (now - this.movingSinceMs > STEADY_AFTER_MS) this.health.attempts = 0;
      this.follow();
    } else if (this.video.paused && !this.video.ended && this.video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) {
      void this.play(); // a request to play that was cut short by a new source
    }
    const help = chooseHelp(this.health);
    if (help === 'none') return;
    // Hundreds of browsers must not come back in step.
    this.health.helpedAtMs = now + (Math.random() - 0.5) * 0.5 * backoffMs(this.health.attempts);
    this.health.attempts++;
    this.health.gaveUp = false;
    if (help === 'jump') this.jump();
    else if (help === 'reload' && this.hls && this.hls.levels.length > 0) this.hls.startLoad();
    else if (help === 'reload' && this.hls) this.hls.loadSource(this.source);
    else this.build();
  }

  private follow (): void {
    const excess = this.excessS;
    if (!this.following || excess === null) return;
    const next = catchUp(excess, this.bufferAheadS, this.video.playbackRate);
    if (next.jump) this.jump();
    else if (this.video.playbackRate !== next.rate) this.video.playbackRate = next.rate;
  }

  private onEnded (): void {
    if (!this.running) return;
    this.over = true;
    this.changed();
  }

  private onNativeError (): void {
    if (this.running && !this.hls) this.health.gaveUp = true;
  }
}
