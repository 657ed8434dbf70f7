// SPDX-License-Identifier: GPL-3.0-or-later
// What is wrong, on top: in words, with what to do, since when, and who sees to it. With a sound for whoever wishes one.
import { button, element, fillList, get, replaceKeepingFocus } from './dom';
import { formatClock, language, t, type Key } from './i18n';

const BEEP_EVERY_MS = 4000;
const BEEP_S = 0.18;
/** What is wished is in the page's address, where a bookmark keeps it: the pages store nothing in the browser. */
const WISHED = '#alarm-sound';

export interface Alarm {
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

const SEVERITIES: Record<Alarm['severity'], Key> = { warning: 'console-warning', critical: 'console-critical' };

function words (text: Record<string, string>): string {
  return text[language()] ?? text['en'] ?? '';
}

function time (text: string): string {
  return formatClock(new Date(text));
}

export class Alarms {
  private made = '';
  private raised = new Set<string>();
  private sounding = false;
  private audio: AudioContext | null = null;

  constructor (private readonly acknowledge: (id: string) => void) {
    const toggle = get<HTMLButtonElement>('alarm-sound');
    this.wish(location.hash === WISHED);
    toggle.addEventListener('click', () => this.wish(toggle.getAttribute('aria-pressed') !== 'true'));
    // No browser sounds before somebody has done something on its page.
    document.addEventListener('pointerdown', () => void this.audio?.resume());
    document.addEventListener('keydown', () => void this.audio?.resume());
    setInterval(() => {
      if (this.sounding) this.beep();
    }, BEEP_EVERY_MS);
  }

  /** Made anew only when there is something else to show, so that the focus stays and nothing is read out twice. */
  show (alarms: Alarm[], ended: Alarm[]): void {
    this.sounding = alarms.some((alarm) => !alarm['acknowledged-by']);
    const now = JSON.stringify([alarms, ended, language()]);
    if (now === this.made) return;
    this.made = now;
    replaceKeepingFocus(get('alarms'), alarms.map((alarm) => this.item(alarm)));
    const fresh = alarms.filter((alarm) => !this.raised.has(alarm.id + alarm.since));
    this.raised = new Set(alarms.map((alarm) => alarm.id + alarm.since));
    if (fresh.length > 0) {
      get('alarm-said').textContent = fresh.map((alarm) => words(alarm.text)).join(' ');
      this.beep();
    }
    get('no-alarms').hidden = alarms.length > 0;
    get('past-alarms').hidden = ended.length === 0;
    fillList(get('alarms-ended'), ended.map((alarm) => `${time(alarm.since)}–${time(alarm.ended ?? '')} ${words(alarm.text)}`));
  }

  private item (alarm: Alarm): HTMLElement {
    const item = element('li');
    item.dataset['severity'] = alarm.severity;
    item.append(element('strong', '', `${t(SEVERITIES[alarm.severity])}: ${words(alarm.text)}`), element('p', '', words(alarm.remedy)));
    const seen = alarm['acknowledged-by'];
    const said = seen ? ` · ${t('console-acknowledged', { who: seen.split(',')[0]!, time: time(alarm['acknowledged-at']) })}` : '';
    item.append(element('p', 'when', t('console-since', { time: time(alarm.since) }) + said));
    if (!seen) {
      item.append(button(`acknowledge-${alarm.id}`, t('console-acknowledge'), `${t('console-acknowledge')}: ${words(alarm.text)}`,
        () => this.acknowledge(alarm.id)));
    }
    return item;
  }

  private wish (yes: boolean): void {
    get('alarm-sound').setAttribute('aria-pressed', String(yes));
    if (yes !== (location.hash === WISHED)) history.replaceState(null, '', yes ? WISHED : location.pathname + location.search);
    if (yes) {
      this.audio ??= new AudioContext();
      void this.audio.resume().then(() => this.beep());
    } else {
      void this.audio?.close();
      this.audio = null;
    }
  }

  /** Two short tones, not as loud as a voice. */
  private beep (): void {
    const { audio } = this;
    if (!audio || audio.state !== 'running') return;
    const level = new GainNode(audio, { gain: 0.15 });
    level.connect(audio.destination);
    for (const [i, frequency] of [880, 660].entries()) {
      const tone = new OscillatorNode(audio, { frequency });
      tone.connect(level);
      tone.start(audio.currentTime + i * BEEP_S);
      tone.stop(audio.currentTime + (i + 0.8) * BEEP_S);
    }
  }
}
