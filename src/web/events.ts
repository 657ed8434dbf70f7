// SPDX-License-Identifier: GPL-3.0-or-later
// The page of the events: those of the folder, and one of them, or the hall, in an editor: a form and the file itself beside it, which say
// the same. What is wrong is asked of Regia while one writes, and stands at its field.
import { EventFile, fileName, parseTalks, readTalks, writeTalks, type Talk } from './eventfile';
import { formatHours, onLanguage, startLanguage, t, type Key } from './i18n';
import { ask, get, make, makeButton, makeTwice, Refused, say, sayFailure, showOutside } from './office';

const CHECK_MS = 400;
const LIST_MS = 10000;
const FOLDER = 'events-folder';

interface Planned {
  file: string;
  id: string;
  name: string;
  place: string;
  state: string;
  start?: string;
  end?: string;
  error?: string;
}

interface List {
  events: Planned[];
  'on-air': string;
  rehearsal: string;
  error: string;
}

interface Fault {
  file: string;
  line: number;
  group: string;
  key: string;
  text: string;
}

interface Answer {
  name: string;
  version: string;
  running: boolean;
  text?: string;
  faults: Fault[];
}

const STATES: Record<string, Key> = {
  faulty: 'events-state-faulty', ended: 'events-state-ended', past: 'events-state-past', now: 'events-state-now', next: 'events-state-next',
  later: 'events-state-later', 'any time': 'events-state-any-time', 'on-air': 'events-state-on-air', rehearsal: 'events-state-rehearsal',
};

/** What a field may hold, in the language of the reader: Regia's own words, behind it, are English. */
const HINTS: Record<string, Key> = {
  name: 'events-hint-name', start: 'events-hint-time', end: 'events-hint-time', timezone: 'events-hint-timezone', languages: 'events-hint-languages',
  id: 'events-hint-id', start_by_itself: 'events-hint-by-itself', title: 'events-hint-title', speaker: 'events-hint-speaker',
};

const NEW = '[event]\n';
const LOCAL = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d$/;

function baseName (path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A file that is edited. */
interface Editing {
  /** `hall`, or of the folder; "": new */
  name: string;
  /** Whose secrets are meant where it is new. */
  from: string;
  version: string;
  running: boolean;
}

class Page {
  private list: List | null = null;
  private drawn = '';
  private editing: Editing | null = null;
  private file = new EventFile('');
  private named = false;
  private changed = false;
  private faults: Fault[] = [];
  private timer = 0;
  private checks = 0;

  constructor () {
    startLanguage();
    onLanguage(() => {
      this.drawn = '';
      this.draw();
      if (this.editing) this.show();
    });
    get('new').addEventListener('click', () => this.open({ name: '', from: '', version: '', running: false }, NEW));
    get('hall').addEventListener('click', () => void this.edit('hall'));
    get('cancel').addEventListener('click', () => this.close());
    get('theirs').addEventListener('click', () => void this.edit(this.editing!.name));
    get('editor').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.save();
    });
    get('text').addEventListener('input', () => {
      this.file = new EventFile(get<HTMLTextAreaElement>('text').value);
      this.fill();
      this.touch();
    });
    get('file').addEventListener('input', () => {
      this.named = true;
      this.touch();
    });
    for (const input of this.inputs()) {
      input.addEventListener('input', () => {
        const value = input.type === 'checkbox' ? (input.checked ? 'yes' : '') : input.value.replace(LOCAL, (time) => time.replace('T', ' '));
        this.write('event', input.dataset['key']!, value);
      });
    }
    get('add-talk').addEventListener('click', () => {
      this.setTalks([...readTalks(this.file), { title: '', speaker: '', role: '' }]);
      get('talks').lastElementChild!.querySelector('input')!.focus();
    });
    get('take-over').addEventListener('click', () => void this.takeOver());
    window.addEventListener('beforeunload', (event) => {
      if (this.editing && this.changed) event.preventDefault();
    });
    void this.refresh();
    void this.showCalendar();
    setInterval(() => void this.refresh(), LIST_MS);
  }

  private inputs (): HTMLInputElement[] {
    return [...get('fields').querySelectorAll<HTMLInputElement>('input[data-key]')];
  }

  // The list

  private async refresh (): Promise<void> {
    if (document.hidden || document.body.dataset['state'] === 'outside') return;
    try {
      this.list = await ask<List>('GET', 'planned');
      document.body.dataset['state'] = 'inside';
      get('list').hidden = this.editing !== null;
      this.draw();
    } catch (error) {
      if (error instanceof Refused && error.status === 409) {
        document.body.dataset['state'] = 'inside';
        say(t('events-no-folder'));
      } else if (error instanceof Refused && (error.status === 401 || error.status === 403)) {
        showOutside();
      } else if (!this.editing) {
        sayFailure(error);
      }
    }
  }

  /** Where calendar programs find what is public of it: at the viewers' address. */
  private async showCalendar (): Promise<void> {
    const status = await ask<{ gateway: { address?: string } }>('GET', 'status').catch(() => null);
    if (!status?.gateway.address) return;
    const link = get<HTMLAnchorElement>('calendar-address');
    link.href = link.textContent = `${status.gateway.address}/events.ics`;
    get('calendar').hidden = false;
  }

  private stateOf (event: Planned): string {
    if (event.id && event.id === this.list!['on-air']) return 'on-air';
    return event.id && event.id === this.list!.rehearsal ? 'rehearsal' : event.state;
  }

  private draw (): void {
    const now = JSON.stringify(this.list);
    if (!this.list || now === this.drawn) return;
    this.drawn = now;
    get('none').hidden = this.list.events.length > 0;
    get('trouble').hidden = !this.list.error;
    get('trouble').textContent = this.list.error;
    const active = document.activeElement;
    const held = active instanceof HTMLElement && get('events').contains(active) ? active.dataset['what'] ?? '' : '';
    get('events').replaceChildren(...this.list.events.map((event) => this.card(event)));
    if (held) get('events').querySelector<HTMLElement>(`[data-what="${CSS.escape(held)}"]`)?.focus();
  }

  private card (event: Planned): HTMLLIElement {
    const card = make('li');
    const about = make('div');
    const name = baseName(event.file);
    const state = this.stateOf(event);
    const title = event.name || name;
    const heading = make('h2', title);
    card.dataset['state'] = state;
    card.dataset['file'] = name;
    heading.id = `event-${name}`;
    heading.append(make('span', t(STATES[state] ?? 'events-state-later'), 'badge'));
    about.append(heading, make('p', [formatHours(event.start ?? '', event.end ?? ''), event.place].filter(Boolean).join(' · ')), make('p', name, 'soft'));
    const buttons = make('p', '', 'buttons');
    const add = (button: HTMLButtonElement, what: string): void => {
      button.dataset['what'] = `${what} ${name}`;
      button.setAttribute('aria-label', `${button.textContent}: ${title}`);
      buttons.append(button);
    };
    const running = state === 'on-air' || state === 'rehearsal';
    add(makeButton(t('events-edit'), () => void this.edit(name)), 'edit');
    add(makeButton(t('events-copy'), () => void this.copy(name)), 'copy');
    if (!running && state !== 'faulty') add(makeButton(t('console-rehearse'), () => void this.rehearse(event)), 'rehearse');
    if (!running) {
      const remove = makeTwice(t('events-remove'), t('events-remove-now'), () => void this.remove(name));
      buttons.append(remove);
      remove.dataset['what'] = `remove ${name}`;
      remove.setAttribute('aria-describedby', heading.id);
    }
    card.append(about, buttons);
    if (event.error) {
      const wrong = make('p', event.error.split('\n').map((line) => line.replace(`${event.file}:`, '')).join('\n'), 'wrong');
      wrong.lang = 'en';
      card.append(wrong);
    }
    return card;
  }

  private async rehearse (event: Planned): Promise<void> {
    try {
      await ask('POST', 'commands/rehearse', { name: baseName(event.file) });
      say(t('events-rehearsed', { name: event.name }));
      await this.refresh();
    } catch (error) {
      sayFailure(error);
    }
  }

  private async remove (name: string): Promise<void> {
    try {
      const { version } = await ask<Answer>('GET', `${FOLDER}/${name}`);
      await ask('DELETE', `${FOLDER}/${name}`, undefined, version);
      say(t('events-removed', { name }));
      await this.refresh();
      get('new').focus();
    } catch (error) {
      sayFailure(error);
    }
  }

  // The editor

  private path (name: string): string {
    return name === 'hall' ? 'hall' : `${FOLDER}/${name}`;
  }

  private async edit (name: string): Promise<void> {
    try {
      const answer = await ask<Answer>('GET', this.path(name));
      this.open({ name, from: '', version: answer.version, running: answer.running }, answer.text!);
      this.showFaults(answer.faults);
    } catch (error) {
      sayFailure(error);
    }
  }

  private async copy (name: string): Promise<void> {
    try {
      const answer = await ask<Answer>('GET', this.path(name));
      const file = new EventFile(answer.text!);
      for (const key of ['id', 'start', 'end', 'start_by_itself']) file.set('event', key, '');
      file.set('event', 'name', t('events-copy-of', { name: file.get('event', 'name') }));
      this.open({ name: '', from: name, version: '', running: false }, file.toString());
    } catch (error) {
      sayFailure(error);
    }
  }

  private open (editing: Editing, text: string): void {
    this.editing = editing;
    this.file = new EventFile(text);
    this.named = false;
    this.changed = false;
    get('list').hidden = true;
    get('editor').hidden = false;
    get('conflict').hidden = true;
    get<HTMLTextAreaElement>('text').value = text;
    say('');
    this.show();
    this.showFaults([]);
    get('what').focus();
    window.scrollTo(0, 0);
  }

  private close (): void {
    this.editing = null;
    clearTimeout(this.timer);
    get('editor').hidden = true;
    get('list').hidden = false;
    get('new').focus();
    void this.refresh();
  }

  private show (): void {
    const { name, running } = this.editing!;
    const hall = name === 'hall';
    get('what').textContent = hall ? t('events-hall') : name || t('events-new');
    get('form').hidden = hall;
    get('file-field').hidden = name !== '';
    get('applies').hidden = !running;
    get('applies').textContent = t(hall ? 'events-applies-hall' : 'events-applies');
    this.fill();
    this.showFaults(this.faults);
  }

  /** The form says what the file does; a field that is written in is left alone. */
  private fill (): void {
    for (const input of this.inputs()) {
      const value = this.file.get('event', input.dataset['key']!);
      if (input.type === 'checkbox') {
        input.checked = /^(yes|true|1|on)$/i.test(value);
      } else if (input !== document.activeElement) {
        // with an offset, or wrong, it is shown as it is written
        if (/^(start|end)$/.test(input.dataset['key']!)) input.type = value === '' || LOCAL.test(value) ? 'datetime-local' : 'text';
        input.value = input.type === 'datetime-local' ? value.replace(' ', 'T') : value;
      }
    }
    if (this.editing!.name === '' && !this.named) get<HTMLInputElement>('file').value = fileName(this.file.get('event', 'start'), this.file.get('event', 'name'));
    this.fillTalks();
  }

  private fillTalks (): void {
    const talks = readTalks(this.file);
    const list = get('talks');
    if (list.contains(document.activeElement) && list.childElementCount === talks.length) return;
    list.replaceChildren(...talks.map((talk, i) => {
      const row = make('li');
      const field = (key: keyof Talk, label: Key): HTMLElement => {
        const holder = make('p', '', `field ${key}`);
        const input = make('input');
        const caption = make('label', t(label));
        input.id = caption.htmlFor = `talk-${talk.number}-${key}`;
        input.value = talk[key];
        input.autocomplete = 'off';
        input.addEventListener('input', () => this.write(`talk ${talk.number}`, key, input.value));
        holder.append(caption, input);
        return holder;
      };
      const buttons = make('p', '', 'buttons');
      const up = makeButton(t('events-up'), () => {
        this.setTalks([...talks.slice(0, i - 1), talk, talks[i - 1]!, ...talks.slice(i + 1)]);
        list.children[i - 1]!.querySelector('input')!.focus();
      });
      const remove = makeButton(t('events-remove-talk'), () => {
        this.setTalks(talks.filter((one) => one !== talk));
        get('add-talk').focus();
      });
      up.setAttribute('aria-label', `${t('events-up')}: ${talk.number}`);
      remove.setAttribute('aria-label', `${t('events-remove-talk')}: ${talk.number}`);
      if (i > 0) buttons.append(up);
      buttons.append(remove);
      row.append(make('p', t('events-talk', { n: talk.number })), field('title', 'events-talk-title'), field('speaker', 'events-talk-speaker'),
        field('role', 'events-talk-role'), buttons);
      return row;
    }));
  }

  private setTalks (talks: readonly Talk[]): void {
    writeTalks(this.file, talks);
    this.follow();
    (document.activeElement as HTMLElement | null)?.blur();
    this.fillTalks();
    this.touch();
  }

  private async takeOver (): Promise<void> {
    const chosen = get<HTMLInputElement>('csv').files?.[0];
    const talks = parseTalks(chosen ? await chosen.text() : get<HTMLTextAreaElement>('pasted').value);
    this.setTalks(talks);
    say(t('events-taken-over', { n: talks.length }));
    get<HTMLInputElement>('csv').value = '';
    get<HTMLDetailsElement>('import').open = false;
    get('add-talk').focus();
  }

  private write (group: string, key: string, value: string): void {
    this.file.set(group, key, value);
    this.follow();
    if (group === 'event') this.fill();
    this.touch();
  }

  /** The text says what the form does. */
  private follow (): void {
    get<HTMLTextAreaElement>('text').value = this.file.toString();
  }

  private touch (): void {
    this.changed = true;
    say('');
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.check(), CHECK_MS);
  }

  // What is wrong

  private send (check: boolean): Promise<Answer> {
    const { name, from, version } = this.editing!;
    const target = name || get<HTMLInputElement>('file').value;
    return ask<Answer>('PUT', this.path(target), { text: get<HTMLTextAreaElement>('text').value, from, check }, version);
  }

  private async check (): Promise<void> {
    const number = ++this.checks;
    let faults: Fault[] = [];
    try {
      await this.send(true);
    } catch (error) {
      if (!(error instanceof Refused)) return;
      if (error.status === 422) faults = (error.answer as Answer).faults;
      else if (error.status === 400 || error.status === 404) faults = [{ file: '', line: 0, group: '', key: '', text: error.message }];
      else return;
    }
    if (number === this.checks && this.editing) this.showFaults(faults);
  }

  private inputOf (fault: Fault): HTMLElement | null {
    if (fault.file || this.editing?.name === 'hall') return null;
    if (fault.group === 'event') return document.getElementById(`f-${fault.key}`);
    return document.getElementById(`${fault.group.replace(' ', '-')}-${fault.key}`);
  }

  private showFaults (faults: Fault[]): void {
    this.faults = faults;
    for (const old of get('form').querySelectorAll('.fault')) old.remove();
    for (const old of get('form').querySelectorAll('[aria-invalid]')) {
      old.removeAttribute('aria-invalid');
      old.removeAttribute('aria-describedby');
    }
    for (const fault of faults) {
      const input = this.inputOf(fault);
      if (!input || input.hasAttribute('aria-invalid')) continue;
      const words = make('p', HINTS[fault.key] ? t(HINTS[fault.key]!) : t('events-wrong'), 'fault');
      const own = make('span', fault.text);
      own.lang = 'en';
      words.append(own);
      words.id = `${input.id}-fault`;
      input.setAttribute('aria-invalid', 'true');
      input.setAttribute('aria-describedby', words.id);
      input.parentElement!.append(words);
    }
    get('faults').hidden = faults.length === 0;
    get('fault-list').replaceChildren(...faults.map((fault) => {
      const item = make('li');
      const place = [fault.file, fault.group && `[${fault.group}]`, fault.key].filter(Boolean).join(' ');
      const button = makeButton(`${fault.line ? `${t('events-line', { n: fault.line })}: ` : ''}${place ? `${place}: ` : ''}${fault.text}`, () => this.goTo(fault));
      button.lang = 'en';
      item.append(button);
      return item;
    }));
  }

  private goTo (fault: Fault): void {
    const input = this.inputOf(fault);
    if (input) {
      input.focus();
      return;
    }
    const text = get<HTMLTextAreaElement>('text');
    const lines = text.value.split('\n');
    const line = fault.file ? 0 : fault.line || this.file.lineOf(fault.group, fault.key);
    const begin = lines.slice(0, Math.max(line - 1, 0)).join('\n').length + (line > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(begin, begin + (lines[line - 1]?.length ?? 0));
  }

  private async save (): Promise<void> {
    clearTimeout(this.timer);
    get<HTMLButtonElement>('save').disabled = true;
    try {
      const { name, running } = await this.send(false);
      this.changed = false;
      this.close();
      say(t(running ? 'events-saved-later' : 'events-saved', { name: name === 'hall' ? t('events-hall') : name }));
    } catch (error) {
      if (error instanceof Refused && error.status === 422) {
        this.showFaults((error.answer as Answer).faults);
        say(t('events-not-saved'));
        get('fault-list').querySelector('button')?.focus();
      } else if (error instanceof Refused && error.status === 412) {
        get('conflict').hidden = false;
        get('conflict-said').textContent = t(this.editing!.name ? 'events-conflict' : 'events-exists');
        get('theirs').hidden = this.editing!.name === '';
      } else {
        sayFailure(error);
      }
    } finally {
      get<HTMLButtonElement>('save').disabled = false;
    }
  }
}

new Page();
