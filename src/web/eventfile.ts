// SPDX-License-Identifier: GPL-3.0-or-later
// The text of an event file as something that a form can read and change: groups and keys, everything else of the text left as it is. What
// is wrong with it, Regia says (GET and PUT of the file); here nothing is judged. The format: src/config/scan-private.h.

interface Line {
  text: string;
  /** Of a group's header. */
  title?: string;
  key?: string;
  value?: string;
}

function readLine (text: string): Line {
  const header = /^\s*\[([^\]]*)\]\s*$/.exec(text);
  if (header) return { text, title: header[1]!.trim().split(/\s+/).join(' ') };
  const entry = /^\s*([A-Za-z0-9_-]+)\s*=\s*(.*?)\s*$/.exec(text);
  return entry ? { text, key: entry[1]!, value: entry[2]! } : { text };
}

const ESCAPES: Record<string, string> = { s: ' ', n: '\n', t: '\t', r: '\r', '\\': '\\' };

/** GKeyFile's escapes; what is none of them stays as it is written. */
export function decode (raw: string): string {
  return raw.replace(/\\(.)/g, (whole, letter: string) => ESCAPES[letter] ?? whole);
}

export function encode (value: string): string {
  const escaped = value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/\t/g, '\\t').replace(/\r/g, '\\r');
  return escaped.replace(/^ /, '\\s').replace(/ $/, '\\s');
}

export class EventFile {
  private lines: Line[];

  constructor (text: string) {
    this.lines = text.split('\n').map((line) => readLine(line));
  }

  toString (): string {
    return this.lines.map((line) => line.text).join('\n');
  }

  /** First line of the group and that behind its last; −1 where there is none. */
  private range (title: string): [number, number] {
    const begin = this.lines.findIndex((line) => line.title === title);
    if (begin < 0) return [-1, -1];
    const next = this.lines.findIndex((line, i) => i > begin && line.title !== undefined);
    return [begin, next < 0 ? this.lines.length : next];
  }

  private find (title: string, key: string): Line | undefined {
    const [begin, end] = this.range(title);
    return this.lines.slice(Math.max(begin, 0), Math.max(end, 0)).find((line) => line.key === key);
  }

  get (title: string, key: string): string {
    return decode(this.find(title, key)?.value ?? '');
  }

  /** An empty value takes the key out; a group that is not there is made at the end. */
  set (title: string, key: string, value: string): void {
    const line = this.find(title, key);
    if (line) {
      if (value === '') this.lines.splice(this.lines.indexOf(line), 1);
      else if (decode(line.value!) !== value) Object.assign(line, readLine(`${key} = ${encode(value)}`));
      return;
    }
    if (value === '') return;
    this.add(title);
    const [begin, last] = this.range(title);
    let end = last;
    // behind its last key, before the blank lines and comments that belong to what follows
    while (end - 1 > begin && this.lines[end - 1]!.key === undefined) end--;
    this.lines.splice(end, 0, readLine(`${key} = ${encode(value)}`));
  }

  /** A group, empty, at the end, where there is none of that title. */
  add (title: string): void {
    if (this.range(title)[0] < 0) {
      while (this.lines[this.lines.length - 1]?.text.trim() === '') this.lines.pop();
      if (this.lines.length) this.lines.push(readLine(''));
      this.lines.push(readLine(`[${title}]`), readLine(''));
    }
  }

  /** The names of the groups of a kind, `1` of `[talk 1]`, as they are written. */
  names (kind: string): string[] {
    return this.lines.filter((line) => line.title?.startsWith(`${kind} `)).map((line) => line.title!.slice(kind.length + 1));
  }

  remove (title: string): void {
    const [begin, end] = this.range(title);
    if (begin >= 0) this.lines.splice(begin, end - begin);
  }

  /** The line, from 1, of a key or of its group's header; 0 where there is neither. */
  lineOf (title: string, key: string): number {
    const line = this.find(title, key) ?? this.lines.find((one) => one.title === title);
    return line ? this.lines.indexOf(line) + 1 : 0;
  }
}

export interface Talk {
  title: string;
  speaker: string;
  role: string;
}

export function readTalks (file: EventFile): (Talk & { number: string })[] {
  return file.names('talk').map((number) => {
    const get = (key: string): string => file.get(`talk ${number}`, key);
    return { number, title: get('title'), speaker: get('speaker'), role: get('role') };
  });
}

/** All talks anew, numbered from 1; what is empty in one is missing in the file, and Regia says so. */
export function writeTalks (file: EventFile, talks: readonly Talk[]): void {
  for (const number of file.names('talk')) file.remove(`talk ${number}`);
  talks.forEach(({ title, speaker, role }, i) => {
    file.add(`talk ${i + 1}`);
    file.set(`talk ${i + 1}`, 'title', title);
    file.set(`talk ${i + 1}`, 'speaker', speaker);
    file.set(`talk ${i + 1}`, 'role', role);
  });
}

/** The fields of a line of CSV (RFC 4180), from `at`; and where the next line begins. */
function readRow (text: string, at: number, separator: string): [string[], number] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  let i = at;
  for (; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') field += text[++i]!;
      else quoted = false;
    } else if (c === '"' && field.trim() === '') {
      field = '';
      quoted = true;
    } else if (c === separator) {
      fields.push(field);
      field = '';
    } else if (c === '\n') {
      break;
    } else {
      field += c;
    }
  }
  return [[...fields, field].map((one) => one.replace(/\s+/g, ' ').trim()), i + 1];
}

const NAMES: [keyof Talk, RegExp][] = [
  ['title', /^(title|titolo|talk|intervento|argomento|subject)/i],
  ['speaker', /^(speaker|relator|name|nome|oratore|chi|who)/i],
  ['role', /^(role|ruolo|institution|istituzione|ente|affiliation|qualifica)/i],
];

/**
 * A programme of talks that was copied from a table (tabs) or is CSV, with commas or semicolons: title, speaker and what they are, in the
 * order of a first line that names them, else in this one.
 */
export function parseTalks (pasted: string): Talk[] {
  const text = pasted.replace(/\r\n?/g, '\n').replace(/^\uFEFF/, '');
  const first = text.split('\n').find((line) => line.trim() !== '') ?? '';
  const count = (c: string): number => first.split(c).length;
  const separator = ['\t', ';', ','].reduce((best, c) => count(c) > count(best) ? c : best, '\t');
  const rows: string[][] = [];
  for (let at = 0; at < text.length;) {
    const [row, next] = readRow(text, at, separator);
    if (row.some((field) => field !== '')) rows.push(row);
    at = next;
  }
  let columns = NAMES.map((_, i) => i);
  const named = NAMES.map(([, name]) => rows[0]?.findIndex((field) => name.test(field)) ?? -1);
  if (named[0]! >= 0 && named[1]! >= 0 && named[0] !== named[1]) {
    columns = named;
    rows.shift();
  }
  const [title, speaker, role] = columns as [number, number, number];
  return rows.map((row) => ({ title: row[title] ?? '', speaker: row[speaker] ?? '', role: row[role] ?? '' }));
}

/** A name for a new file: day and name, as `2022-09-29-sirio-migranti.conf`. */
export function fileName (start: string, name: string): string {
  const day = /^\d{4}-\d\d-\d\d/.exec(start)?.[0] ?? '';
  const slug = name.normalize('NFD').replace(/[^A-Za-z0-9\s-]/g, '').trim().toLowerCase().replace(/[\s-]+/g, '-').slice(0, 60).replace(/^-|-$/g, '');
  return `${[day, slug || 'evento'].filter(Boolean).join('-')}.conf`;
}
