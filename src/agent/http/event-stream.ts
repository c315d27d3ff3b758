/** Reads server-sent events (WHATWG HTML, section 9.2.6): `id`, `event` and `data` lines, by blank lines. */

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

/** Characters of one event: a notice holds an envelope's body, as base64. */
const EVENT_UNITS_MAX = 4 * 1024 * 1024;

/** Ends with the stream; throws where an event is above the limit. Every chunk calls `alive`. */
export const eventsOf = async function* (
  stream: ReadableStream<Uint8Array>,
  alive: () => void,
): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  let [event, id]: [string, string | undefined] = ["message", undefined];
  let data: string[] = [];
  for await (const chunk of stream) {
    alive();
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield { event, data: data.join("\n"), id };
        [event, data] = ["message", []];
        continue;
      }
      const at = line.indexOf(":");
      const name = at < 0 ? line : line.slice(0, at);
      const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
      if (name === "event") event = value;
      else if (name === "data") data.push(value);
      else if (name === "id") id = value;
    }
    const units = data.reduce((sum, line) => sum + line.length, rest.length);
    if (units > EVENT_UNITS_MAX) throw new Error("an event is larger than any that is sent");
  }
};
