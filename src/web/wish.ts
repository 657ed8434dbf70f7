// SPDX-License-Identifier: GPL-3.0-or-later
// A value that a person sets and the director decides about: shown at once as it was set, and then as it is.
//
// One command is on its way at most, and no sooner than some time after the one before; of what was set meanwhile the newest is said. An
// answer names the version of the desired state that it is in: what the status says of an earlier one is older than that, and passed over.
// What was refused is forgotten, and the value is again what the status says.
const GAP_MS = 150;

export class Wish<T> {
  private own: { value: T; version: number } | null = null;
  private next: { value: T } | null = null;
  private busy = false;
  private heard = 0;

  /** `send` resolves to the version, or rejects when it was refused; `changed` is called when there may be something else to show. */
  constructor (private truth: T, private readonly send: (value: T) => Promise<number>, private readonly changed: () => void,
    private readonly gapMs = GAP_MS) {}

  get value (): T {
    return this.own ? this.own.value : this.truth;
  }

  /** A person has set it. */
  set (value: T): void {
    this.own = { value, version: Infinity };
    this.next = { value };
    this.changed();
    if (!this.busy) void this.run();
  }

  /** The status says it, as of `version`. */
  hear (truth: T, version: number): void {
    this.truth = truth;
    this.heard = version;
    this.settle();
  }

  private settle (): void {
    if (this.own && this.heard >= this.own.version) this.own = null;
    this.changed();
  }

  private async run (): Promise<void> {
    this.busy = true;
    while (this.next) {
      const { value } = this.next;
      const gap = new Promise((resolve) => setTimeout(resolve, this.gapMs));
      this.next = null;
      const version = await this.send(value).catch(() => null);
      if (!this.next && version === null) this.own = null;
      else if (!this.next && this.own) this.own.version = version!;
      this.settle();
      await gap;
    }
    this.busy = false;
  }
}
