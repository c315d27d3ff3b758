/** Reading and writing the numbers of the WebAssembly binary format (its chapter 5.2). */

/** Thrown inside this folder only: `meter` turns it into a value. */
export class Refused extends Error {
  readonly isMemory: boolean;
  constructor(message: string, isMemory = false) {
    super(message);
    this.isMemory = isMemory;
  }
}

const MORE = 0x80;
const LOW_BITS = 7;
const U32_BYTES_MAX = 5;
const S64_BYTES_MAX = 10;

export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isDone(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) throw new Refused("it ends in the middle");
    return this.bytes[this.at++]!;
  }

  u32(): number {
    let value = 0;
    for (let n = 0; n < U32_BYTES_MAX; n += 1) {
      const byte = this.byte();
      value += (byte % MORE) * 2 ** (LOW_BITS * n);
      if (byte < MORE) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw new Refused("a number in it is too long");
  }

  /** A signed number whose value is of no interest here: block types and constants. */
  skipSigned(): void {
    for (let n = 0; n < S64_BYTES_MAX; n += 1) if (this.byte() < MORE) return;
    throw new Refused("a number in it is too long");
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw new Refused("it ends in the middle");
    this.at += count;
  }

  /** The next `length` bytes as a reader of their own. */
  part(length: number): Reader {
    const start = this.at;
    this.skip(length);
    return new Reader(this.bytes, start, this.at);
  }

  text(): string {
    const { bytes, at, end } = this.part(this.u32());
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(at, end));
  }

  rest(): Uint8Array {
    return this.bytes.subarray(this.at, this.end);
  }
}

export const u32 = (value: number): number[] => {
  const bytes: number[] = [];
  let left = value;
  while (left >= MORE) {
    bytes.push((left % MORE) + MORE);
    left = Math.floor(left / MORE);
  }
  return [...bytes, left];
};

export const s64 = (value: bigint): number[] => {
  const bytes: number[] = [];
  let left = value;
  for (;;) {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    const isLast = (left === 0n && low < 0x40) || (left === -1n && low >= 0x40);
    bytes.push(isLast ? low : low + MORE);
    if (isLast) return bytes;
  }
};

export const joined = (parts: readonly (Uint8Array | readonly number[])[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};
