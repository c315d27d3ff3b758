/**
 * Server-sent events: the `data` of each event, from bytes cut anywhere. Comments and other fields are
 * dropped; an event above the limit breaks the stream.
 */

export type PushResult = "more" | "enough" | "too long";

export class EventStream {
  readonly #charsMax: number;
  readonly #onData: (data: string) => "more" | "enough";
  readonly #decoder = new TextDecoder();
  /** Of the line that has not ended yet. */
  #rest = "";
  #data: string[] = [];
  #dataChars = 0;

  constructor(charsMax: number, onData: (data: string) => "more" | "enough") {
    this.#charsMax = charsMax;
    this.#onData = onData;
  }

  push(chunk: Uint8Array): PushResult {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let to = text.indexOf("\n"); to !== -1; to = text.indexOf("\n", from)) {
      const line = text.slice(from, text[to - 1] === "\r" ? to - 1 : to);
      from = to + 1;
      const result = this.#line(line);
      if (result !== "more") return result;
    }
    this.#rest = text.slice(from);
    return this.#rest.length > this.#charsMax ? "too long" : "more";
  }

  #line(line: string): PushResult {
    if (line === "") {
      if (this.#data.length === 0) return "more";
      const data = this.#data.join("\n");
      this.#data = [];
      this.#dataChars = 0;
      return this.#onData(data);
    }
    if (!line.startsWith("data:")) return "more";
    this.#dataChars += line.length;
    if (this.#dataChars > this.#charsMax) return "too long";
    this.#data.push(line.slice(line[5] === " " ? 6 : 5));
    return "more";
  }
}
