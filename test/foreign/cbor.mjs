/** The canonical DAG-CBOR of docs/protocol/audit-file.md. Integers are read as BigInt, floats as numbers. */

const head = (major, value) => {
  const n = BigInt(value);
  const top = major << 5;
  if (n < 24n) return Buffer.from([top | Number(n)]);
  for (const [extra, bytes] of [1, 2, 4, 8].entries()) {
    if (n >= 1n << BigInt(8 * bytes)) continue;
    const hexOf = n.toString(16).padStart(2 * bytes, "0");
    return Buffer.concat([Buffer.from([top | (24 + extra)]), Buffer.from(hexOf, "hex")]);
  }
  throw new Error("an integer is too large");
};

const SIMPLE = new Map([
  [false, 0xf4],
  [true, 0xf5],
  [null, 0xf6],
]);

/** Of what the signed lists hold: texts, integers, bytes, null, lists. */
export const encode = (value) => {
  if (SIMPLE.has(value)) return Buffer.from([SIMPLE.get(value)]);
  if (typeof value === "number" || typeof value === "bigint") return head(0, value);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encode)]);
  const isText = typeof value === "string";
  const bytes = Buffer.from(value);
  return Buffer.concat([head(isText ? 3 : 2, bytes.length), bytes]);
};

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  take(count) {
    if (this.at + count > this.bytes.length) throw new Error("CBOR ends too early");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  head() {
    const [first] = this.take(1);
    const [major, low] = [first >> 5, first & 31];
    if (low < 24 || major === 7) return [major, BigInt(low)];
    if (low > 27) throw new Error("an indefinite or reserved CBOR length");
    const bytes = 1 << (low - 24);
    const value = BigInt(`0x${this.take(bytes).toString("hex")}`);
    const least = bytes === 1 ? 24n : 1n << BigInt(4 * bytes);
    if (value < least) throw new Error("a CBOR head is not the shortest");
    return [major, value];
  }

  value() {
    const [major, value] = this.head();
    const count = Number(value);
    if (major === 0) return value;
    if (major === 1) return -1n - value;
    if (major === 2) return Buffer.from(this.take(count));
    if (major === 3) return UTF8.decode(this.take(count));
    if (major === 4) return Array.from({ length: count }, () => this.value());
    if (major === 5) return this.map(count);
    if (major === 7 && count === 27) return this.float();
    if (major === 7 && count === 22) return null;
    if (major === 7 && (count === 20 || count === 21)) return count === 21;
    throw new Error("a CBOR value of a kind that is not used");
  }

  float() {
    const number = this.take(8).readDoubleBE();
    if (!Number.isFinite(number) || Number.isSafeInteger(number))
      throw new Error("a float that is an integer or no number");
    return number;
  }

  map(count) {
    const fields = new Map();
    let last;
    for (let n = 0; n < count; n += 1) {
      const key = this.value();
      if (typeof key !== "string") throw new Error("a map key is no text");
      const bytes = Buffer.from(key);
      const rises =
        last === undefined ||
        last.length < bytes.length ||
        (last.length === bytes.length && Buffer.compare(last, bytes) < 0);
      if (!rises) throw new Error("map keys are out of order");
      last = bytes;
      fields.set(key, this.value());
    }
    return fields;
  }
}

export const decode = (bytes) => {
  const reader = new Reader(Buffer.from(bytes));
  const value = reader.value();
  if (reader.at !== bytes.length) throw new Error("something follows the CBOR value");
  return value;
};
