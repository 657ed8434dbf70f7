// SPDX-License-Identifier: GPL-3.0-or-later
// The page of the people: who works here and who is logged in, changed by technicians; and where somebody who was invited chooses a
// password. The invitation is behind the # of the address: it is in no request but the one that uses it.
import { formatMoment, onLanguage, startLanguage, t, type Key } from './i18n';
import { ask, get, make, makeButton, makeTwice, Refused, say, sayFailure, showOutside } from './office';

const REFRESH_MS = 5000;

interface Person {
  name: string;
  role: string;
  sessions: number;
}

interface Session {
  id: string;
  name: string;
  role: string;
  made: number;
  used: number;
  ends: number;
  own: boolean;
}

interface People {
  people: Person[];
  sessions: Session[];
}

const ROLES: Record<string, Key> = { staff: 'people-staff', technician: 'people-technician' };

function moment (unixS: number): string {
  return formatMoment(new Date(unixS * 1000).toISOString(), Date.now());
}

class Page {
  private drawn = '';
  private people: People | null = null;

  constructor () {
    onLanguage(() => {
      this.drawn = '';
      this.draw();
    });
    get('add').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.add();
    });
    get('link').addEventListener('focus', () => get<HTMLInputElement>('link').select());
    void this.refresh();
    setInterval(() => void this.refresh(), REFRESH_MS);
  }

  private async refresh (): Promise<void> {
    if (document.hidden || document.body.dataset['state'] === 'outside') return;
    try {
      this.people = await ask<People>('GET', 'people');
      document.body.dataset['state'] = 'inside';
      get('list').hidden = false;
      this.draw();
    } catch (error) {
      sayFailure(error);
    }
  }

  private draw (): void {
    const now = JSON.stringify(this.people);
    if (!this.people || now === this.drawn) return;
    const active = document.activeElement;
    // not under the hands of who is choosing
    if (this.drawn && active instanceof HTMLSelectElement && get('people').contains(active)) return;
    this.drawn = now;
    const held = active instanceof HTMLElement ? active.dataset['what'] ?? '' : '';
    get('none').hidden = this.people.people.length > 0;
    get('people').replaceChildren(...this.people.people.map((person) => this.card(person)));
    get('sessions').replaceChildren(...this.people.sessions.map((session) => this.session(session)));
    if (held) get('list').querySelector<HTMLElement>(`[data-what="${CSS.escape(held)}"]`)?.focus();
  }

  private async change (what: string, body: object, done: string): Promise<boolean> {
    try {
      await ask('POST', `people/${what}`, body);
      await this.refresh();
      if (document.body.dataset['state'] === 'inside') say(done);
      return true;
    } catch (error) {
      sayFailure(error);
      this.drawn = '';
      this.draw();
      return false;
    }
  }

  private card (person: Person): HTMLLIElement {
    const card = make('li');
    const about = make('div');
    const choice = make('select');
    const buttons = make('p', '', 'buttons');
    const { name } = person;
    const heading = make('h3', name);
    heading.id = `person-${name}`;
    about.append(heading, make('p', person.sessions ? t('people-logged-in', { n: person.sessions }) : t('people-not-logged-in'), 'soft'));
    for (const role of Object.keys(ROLES)) choice.append(new Option(t(ROLES[role]!), role, false, role === person.role));
    choice.setAttribute('aria-label', t('people-role-of', { name }));
    choice.dataset['what'] = `role ${name}`;
    choice.addEventListener('change', () => {
      const role = choice.value;
      choice.blur();
      void this.change('set', { name, role }, t('people-changed', { name }));
    });
    const invite = makeButton(t('people-new-link'), () => void this.invite(name, choice.value));
    const remove = makeTwice(t('people-remove'), t('people-remove-now'), () => void this.change('remove', { name }, t('people-removed', { name })));
    invite.setAttribute('aria-label', `${t('people-new-link')}: ${name}`);
    invite.dataset['what'] = `invite ${name}`;
    remove.dataset['what'] = `remove ${name}`;
    remove.setAttribute('aria-describedby', heading.id);
    buttons.append(choice, invite, remove);
    card.append(about, buttons);
    return card;
  }

  private session (session: Session): HTMLLIElement {
    const card = make('li');
    const about = make('div');
    const heading = make('h3', session.name);
    heading.id = `session-${session.id}`;
    heading.append(make('span', t(ROLES[session.role] ?? 'people-staff'), 'badge'));
    if (session.own) heading.append(make('span', t('people-own'), 'badge'));
    about.append(heading, make('p', t('people-session', { made: moment(session.made), used: moment(session.used), ends: moment(session.ends) }), 'soft'));
    const end = makeTwice(t('people-end'), t('people-end-now'), () => void this.change('end-session', { session: session.id }, t('people-ended')));
    end.dataset['what'] = `end ${session.id}`;
    end.setAttribute('aria-describedby', heading.id);
    const buttons = make('p', '', 'buttons');
    buttons.append(end);
    card.append(about, buttons);
    return card;
  }

  private async invite (name: string, role: string): Promise<void> {
    try {
      const { address, seconds } = await ask<{ address: string; seconds: number }>('POST', 'people/invite', { name, role });
      get('invitation').hidden = false;
      get('invitation-about').textContent = t('people-invitation', { name, hours: Math.round(seconds / 3600) });
      // by the way on which this page came, which may be a proxy's
      get<HTMLInputElement>('link').value = `${location.href.replace(/[?#].*$/, '')}${new URL(address).hash}`;
      get('link').focus();
    } catch (error) {
      sayFailure(error);
    }
  }

  private async add (): Promise<void> {
    const name = get<HTMLInputElement>('name').value;
    const role = get<HTMLSelectElement>('role').value;
    const password = get<HTMLInputElement>('password').value;
    get('invitation').hidden = true;
    if (password === '') await this.invite(name, role);
    else if (!await this.change('set', { name, role, password }, t('people-changed', { name }))) return;
    get<HTMLInputElement>('name').value = '';
    get<HTMLInputElement>('password').value = '';
  }
}

/** Chooses a password, with which one is in. */
function welcome (invitation: string): void {
  document.body.dataset['state'] = 'invited';
  get('welcome').hidden = false;
  get('welcome').addEventListener('submit', (event) => {
    event.preventDefault();
    const password = get<HTMLInputElement>('chosen').value;
    ask('POST', 'invitation', { invitation, password }).then(() => location.replace('./'), (error: unknown) => {
      if (error instanceof Refused && error.status === 403) {
        showOutside();
        say(t('people-invitation-used'));
      } else {
        sayFailure(error);
      }
    });
  });
}

startLanguage();
const invitation = /^#([A-Za-z0-9_-]{43})$/.exec(location.hash)?.[1];
if (invitation) welcome(invitation);
else new Page();
