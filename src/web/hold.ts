// SPDX-License-Identifier: GPL-3.0-or-later
// A button that has to be held: what cannot be undone is not done by a slip of the hand. By pointer, touch and keyboard alike; whoever lets go
// before has done nothing, and is told so.
export const HOLD_MS = 2000;

export function hold (button: HTMLButtonElement, act: () => void, told: (what: 'held' | 'let-go') => void): void {
  let timer = 0;

  const begin = (): void => {
    if (timer !== 0 || button.disabled) return;
    button.classList.add('holding');
    told('held');
    timer = setTimeout(() => {
      timer = 0;
      button.classList.remove('holding');
      act();
    }, HOLD_MS);
  };
  const end = (): void => {
    if (timer === 0) return;
    clearTimeout(timer);
    timer = 0;
    button.classList.remove('holding');
    told('let-go');
  };

  button.addEventListener('pointerdown', (event) => {
    if (event.button === 0) begin();
  });
  for (const name of ['pointerup', 'pointerleave', 'pointercancel', 'blur'] as const) button.addEventListener(name, end);
  button.addEventListener('keydown', (event) => {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault();
    if (!event.repeat) begin();
  });
  button.addEventListener('keyup', end);
  // A long touch opens no menu.
  button.addEventListener('contextmenu', (event) => event.preventDefault());
}
