// SPDX-License-Identifier: GPL-3.0-or-later
// What the parts of a page make it of.

export function get<T extends HTMLElement> (id: string): T {
  return document.getElementById(id) as T;
}

export function element<K extends keyof HTMLElementTagNameMap> (name: K, className = '', text = ''): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

export function button (id: string, text: string, label: string, act: () => void): HTMLButtonElement {
  const made = Object.assign(document.createElement('button'), { type: 'button', id, textContent: text });
  if (label && label !== text) made.setAttribute('aria-label', label);
  made.addEventListener('click', act);
  return made;
}

/** Touched only when it says something else, so that nothing is read out twice. */
export function say (id: string, text: string): void {
  const shown = get(id);
  if (shown.textContent !== text) shown.textContent = text;
}

export function fillList (list: HTMLElement, texts: string[]): void {
  if (list.childElementCount === texts.length && texts.every((text, i) => list.children[i]!.textContent === text)) return;
  list.replaceChildren(...texts.map((text) => element('li', '', text)));
}

/** Puts others in the place of what is in `list`, and the focus back to where it was, if that is there again. */
export function replaceKeepingFocus (list: HTMLElement, items: HTMLElement[]): void {
  const focused = list.contains(document.activeElement) ? document.activeElement?.id : '';
  list.replaceChildren(...items);
  if (focused) document.getElementById(focused)?.focus();
}
