/** The thread in which one module agent lives: texts in, texts out (conversation.ts has the words). */

import { parentPort, workerData } from "node:worker_threads";
import { pathToFileURL } from "node:url";

type Handler = (request: unknown) => unknown;
type Name = "work" | "judge" | "plan" | "bid" | "close";
type Agent = Partial<Record<Name, Handler>>;

const port = parentPort!;
const { path } = workerData as { readonly path: string };

const loaded = (await import(pathToFileURL(path).href)) as Agent & { readonly default?: Agent };
const handlerOf = (name: Name): Handler | undefined => {
  const handler = loaded.default?.[name] ?? loaded[name];
  return typeof handler === "function" ? handler : undefined;
};
if (handlerOf("work") === undefined && handlerOf("judge") === undefined)
  throw new Error("it exports neither work nor judge");

const kindOf = (request: Readonly<Record<string, unknown>>): Name => {
  if (request["phase"] === "plan" || request["phase"] === "bid") return request["phase"];
  return "output" in request ? "judge" : "work";
};

const answer = async (request: Readonly<Record<string, unknown>>): Promise<object> => {
  const name = kindOf(request);
  const handler = handlerOf(name);
  if (handler === undefined) return { error: `the module exports no function "${name}"` };
  try {
    const answered: unknown = await handler.call(loaded.default, request);
    return typeof answered === "object" && answered !== null
      ? answered
      : { error: `its function "${name}" returned no object` };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
};

const write = (id: unknown, answered: object): string => {
  try {
    return JSON.stringify({ ...answered, id });
  } catch (error) {
    return JSON.stringify({ id, error: `its answer is no JSON: ${(error as Error).message}` });
  }
};

port.on("message", (text: string | undefined) => {
  if (text === undefined) {
    void Promise.resolve(handlerOf("close")?.call(loaded.default, undefined)).finally(() =>
      port.close(),
    );
    return;
  }
  const { id, ping, ...request } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (ping === undefined)
    void answer(request).then((answered) => port.postMessage(write(id, answered)));
  else port.postMessage(JSON.stringify({ pong: ping }));
});
port.postMessage({
  bid: handlerOf("bid") !== undefined,
  plan: handlerOf("plan") !== undefined,
});
