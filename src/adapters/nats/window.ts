/**
 * Room for what is under way: so many messages and so many bytes. Whoever finds none waits, in order.
 * One message always fits, however large.
 */

export interface WindowSize {
  readonly messages: number;
  readonly bytes: number;
}

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

export class Window {
  readonly #size: WindowSize;
  readonly #waiting: Waiting[] = [];
  #messages = 0;
  #bytes = 0;

  constructor(size: WindowSize) {
    this.#size = size;
  }

  /** Takes room if there is some and nobody waits. */
  tryEnter(bytes: number): boolean {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) return false;
    this.#take(bytes);
    return true;
  }

  /** Resolves when there is room, which is taken then. */
  async enter(bytes: number): Promise<void> {
    if (this.tryEnter(bytes)) return;
    await new Promise<void>((resolve) => this.#waiting.push({ bytes, enter: resolve }));
  }

  leave(bytes: number): void {
    this.#messages -= 1;
    this.#bytes -= bytes;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#fits(next.bytes)) return;
      this.#waiting.shift();
      this.#take(next.bytes);
      next.enter();
    }
  }

  #fits(bytes: number): boolean {
    if (this.#messages === 0) return true;
    return this.#messages < this.#size.messages && this.#bytes + bytes <= this.#size.bytes;
  }

  #take(bytes: number): void {
    this.#messages += 1;
    this.#bytes += bytes;
  }
}
