/** Ways in which a server of the chat protocol answers: rightly, and in all the wrong ones. */

import type { Answering } from "./local-server.ts";

export interface Usage {
  readonly prompt_tokens?: unknown;
  readonly completion_tokens?: unknown;
}
export interface Spoken {
  readonly usage?: Usage | null;
  readonly finish?: string;
}

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const delta = (content: string): string => event({ choices: [{ delta: { content } }] });

/** Three characters a token. */
const tokensOf = (text: string): readonly string[] => text.match(/[\s\S]{1,3}/g) ?? [];

const endOf = ({ usage, finish = "stop" }: Spoken): string =>
  [
    event({ choices: [{ delta: {}, finish_reason: finish }] }),
    usage === null || usage === undefined ? "" : event({ choices: [], usage }),
    "data: [DONE]\n\n",
  ].join("");

const head = { "content-type": "text/event-stream" };

/** A whole answer, streamed. */
export const streamed =
  (text: string, how: Spoken = {}): Answering =>
  (response) => {
    response.writeHead(200, head);
    response.write(`: a comment\n\n${event({ choices: [{ delta: { role: "assistant" } }] })}`);
    for (const token of tokensOf(text)) response.write(delta(token));
    response.end(endOf(how));
  };

/** A whole answer in one piece. */
export const whole =
  (content: string, how: Spoken = {}): Answering =>
  (response) => {
    response.writeHead(200, { "content-type": "application/json; charset=utf-8" });
    const choice = { message: { content }, finish_reason: how.finish ?? "stop" };
    response.end(JSON.stringify({ choices: [choice], usage: how.usage ?? undefined }));
  };

/** The beginning of an answer; then `after` happens to the connection. */
export const begun =
  (text: string, after: "stall" | "reset" | "end"): Answering =>
  (response) => {
    response.writeHead(200, head);
    // A space that is no event: the head goes out, and no token with it.
    response.write(text === "" ? ": \n\n" : tokensOf(text).map(delta).join(""), () => {
      if (after === "reset") response.socket?.resetAndDestroy();
      if (after === "end") response.end();
    });
  };

/** A stream of exactly these texts. */
export const raw =
  (...parts: readonly string[]): Answering =>
  (response) => {
    response.writeHead(200, head);
    response.end(parts.join(""));
  };

/** Tokens without end. */
export const babble: Answering = (response) => {
  response.writeHead(200, head);
  response.on("error", () => undefined);
  const more = (): void => {
    while (response.writable && response.write(delta("x".repeat(1_000))));
    if (response.writable) response.once("drain", more);
  };
  more();
};
