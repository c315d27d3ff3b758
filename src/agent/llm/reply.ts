/**
 * Reply: one answer of a model as it comes, whole or as a stream. What it says is a stranger's: anything
 * that is not of the form ends it with the reason.
 */

import { isObject, type JsonObject } from "../runner/answers.ts";
import { failed, type Failure } from "../runner/runner.ts";
import { sampleOf, tailOf } from "../runner/wording.ts";

const DONE = "[DONE]";

const firstChoice = (event: JsonObject): JsonObject => {
  const [choice] = Array.isArray(event["choices"]) ? (event["choices"] as unknown[]) : [];
  return isObject(choice) ? choice : {};
};
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

export class Reply {
  readonly #textBytesMax: number;
  #parts: string[] = [];
  #bytes = 0;
  #finish: string | undefined;
  #usage: unknown;
  #failure: Failure | undefined;
  #isDone = false;

  constructor(textBytesMax: number) {
    this.#textBytesMax = textBytesMax;
  }

  get text(): string {
    return this.#parts.join("");
  }
  /** Bytes of its text, with the thoughts that it told. */
  get bytes(): number {
    return this.#bytes;
  }
  /** A token has come: another request would be another answer. */
  get hasBegun(): boolean {
    return this.#bytes > 0;
  }
  /** It said why it ends, or that it is done. */
  get isWhole(): boolean {
    return this.#finish !== undefined || this.#isDone;
  }
  /** It ran into the limit of tokens. */
  get isCut(): boolean {
    return this.#finish === "length";
  }
  get usage(): unknown {
    return this.#usage;
  }
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** One event of a stream. */
  event(data: string): "more" | "enough" {
    if (data.trim() === DONE) {
      this.#isDone = true;
      return "enough";
    }
    return this.#take(data, "delta");
  }

  /** An answer that was not streamed. */
  whole(text: string): void {
    this.#take(text, "message");
    this.#isDone = this.#failure === undefined;
  }

  #take(json: string, part: "delta" | "message"): "more" | "enough" {
    let event: unknown;
    try {
      event = JSON.parse(json);
    } catch {
      return this.#fail(failed("RUBBISH", `the model's server said ${sampleOf(json)}`));
    }
    if (!isObject(event))
      return this.#fail(failed("RUBBISH", `the model's server said ${sampleOf(json)}`));
    const { error, usage } = event;
    if (error !== undefined && error !== null) {
      const message = isObject(error) ? textOf(error["message"]) : textOf(error);
      return this.#fail(failed("ERROR", tailOf(message) || "the model's server gave no reason"));
    }
    if (isObject(usage)) this.#usage = usage;
    const choice = firstChoice(event);
    if (part === "message" && !isObject(choice["message"]))
      return this.#fail(failed("RUBBISH", `the model's server said ${sampleOf(json)}`));
    const said = isObject(choice[part]) ? choice[part] : {};
    const thought = textOf(said["reasoning_content"]) || textOf(said["reasoning"]);
    const content = textOf(said["content"]);
    this.#bytes += Buffer.byteLength(thought) + Buffer.byteLength(content);
    if (this.#bytes > this.#textBytesMax)
      return this.#fail(failed("TOO_LARGE", `its text is above ${this.#textBytesMax} bytes`));
    this.#parts.push(content);
    if (typeof choice["finish_reason"] === "string") this.#finish = choice["finish_reason"];
    return "more";
  }

  #fail(failure: Failure): "enough" {
    this.#failure = failure;
    return "enough";
  }
}
