/** Cuts a stream of bytes into lines without ever holding more than one line of the allowed length. */

const NEWLINE = 0x0a;

export class LineSplitter {
  readonly #bytesMax: number;
  readonly #onLine: (line: string) => void;
  readonly #onTooLong: () => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #broken = false;

  constructor(bytesMax: number, onLine: (line: string) => void, onTooLong: () => void) {
    this.#bytesMax = bytesMax;
    this.#onLine = onLine;
    this.#onTooLong = onTooLong;
  }

  /** After a line that is too long nothing more is taken. */
  push(chunk: Buffer): void {
    let from = 0;
    while (!this.#broken && from < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, from);
      const to = newline === -1 ? chunk.length : newline;
      this.#keep(chunk.subarray(from, to));
      if (newline !== -1 && !this.#broken) this.#emit();
      from = to + 1;
    }
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#bytesMax) {
      this.#broken = true;
      this.#chunks = [];
      this.#onTooLong();
    } else if (part.length > 0) this.#chunks.push(part);
  }

  #emit(): void {
    const line = Buffer.concat(this.#chunks).toString("utf8");
    this.#chunks = [];
    this.#bytes = 0;
    if (line.trim() !== "") this.#onLine(line);
  }
}
