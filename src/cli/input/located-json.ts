/**
 * JSON with lines: the value, and for every member at which line it stands, so that a complaint about an
 * agent names its line. The value itself comes from JSON.parse; this walk only finds places.
 */

export type LocatedJson =
  | { readonly kind: "ok"; readonly value: unknown; lineOf(...path: (string | number)[]): number }
  | { readonly kind: "bad"; readonly line: number; readonly sentence: string };

/** Levels of arrays and objects whose members are located; deeper ones share their parent's line. */
const DEPTH_MAX = 8;

const SPACE = /[ \t\r\n]*/y;
// oxlint-disable-next-line no-control-regex
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Thrown and caught in this file: where the text stops being JSON. */
class Misfit extends Error {
  readonly offset: number;
  constructor(offset: number, wanted: string) {
    super(wanted);
    this.offset = offset;
  }
}

type Found = (path: string, offset: number) => void;
const keyOf = (path: readonly (string | number)[]): string => JSON.stringify(path);

class Walk {
  #at = 0;
  readonly #text: string;
  readonly #found: Found;

  constructor(text: string, found: Found) {
    this.#text = text;
    this.#found = found;
  }

  all(): void {
    this.#value([]);
    this.#skip(SPACE);
    if (this.#at < this.#text.length) throw new Misfit(this.#at, "the end of the file");
  }

  #skip(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0];
    this.#at += match?.length ?? 0;
    return match;
  }

  /** Skips space, then takes the character if it is there. */
  #takes(character: string): boolean {
    this.#skip(SPACE);
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #value(path: readonly (string | number)[]): void {
    this.#skip(SPACE);
    if (path.length <= DEPTH_MAX) this.#found(keyOf(path), this.#at);
    if (this.#takes("{")) this.#members(path, "}", () => this.#key());
    else if (this.#takes("[")) this.#members(path, "]", (index) => index);
    else if (this.#skip(STRING) === undefined && !this.#skip(PLAIN))
      throw new Misfit(this.#at, "a value");
  }

  #key(): string {
    this.#skip(SPACE);
    const from = this.#at;
    const key = this.#skip(STRING);
    if (key === undefined) throw new Misfit(from, 'a field name in quotes, or "}"');
    if (!this.#takes(":")) throw new Misfit(this.#at, '":"');
    return JSON.parse(key) as string;
  }

  #members(
    path: readonly (string | number)[],
    close: string,
    next: (index: number) => string | number,
  ): void {
    if (this.#takes(close)) return;
    for (let index = 0; ; index += 1) {
      this.#value([...path.slice(0, DEPTH_MAX + 1), next(index)]);
      if (this.#takes(close)) return;
      if (!this.#takes(",")) throw new Misfit(this.#at, `"," or "${close}"`);
    }
  }
}

export const parseLocated = (text: string): LocatedJson => {
  const lineAt = (offset: number): number => {
    let line = 1;
    for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1))
      line += 1;
    return line;
  };
  const offsets = new Map<string, number>();
  try {
    const value: unknown = JSON.parse(text);
    new Walk(text, (path, offset) => offsets.set(path, offset)).all();
    const lineOf = (...path: (string | number)[]): number => {
      for (let length = path.length; length > 0; length -= 1) {
        const offset = offsets.get(keyOf(path.slice(0, length)));
        if (offset !== undefined) return lineAt(offset);
      }
      return 1;
    };
    return { kind: "ok", value, lineOf };
  } catch (error) {
    return { kind: "bad", ...whereItBreaks(text, lineAt, error as Error) };
  }
};

const whereItBreaks = (text: string, lineAt: (offset: number) => number, error: Error) => {
  try {
    new Walk(text, () => undefined).all();
  } catch (misfit) {
    if (misfit instanceof Misfit) {
      const found = text[misfit.offset];
      const instead = found === undefined ? "the file ends" : `it says ${JSON.stringify(found)}`;
      const sentence = `where ${misfit.message} must stand ${instead}`;
      return { line: lineAt(Math.max(0, Math.min(misfit.offset, text.length - 1))), sentence };
    }
  }
  return { line: 1, sentence: error.message };
};
