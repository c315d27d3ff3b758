/**
 * Calls to a thread that owns a data folder, by number, and its answers. An idle port keeps no process
 * alive; if the thread ends, what it still owed rejects with STORE_CLOSED.
 */
import type { MessagePort } from "node:worker_threads";
import { Fault } from "#ports/faults.ts";
import { faultOf, NO_BYTES, type Reply, type Request } from "./messages.ts";
import type { Packed } from "./packed.ts";

interface Answer {
  readonly plain: unknown;
  readonly bytes: Packed;
}
interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}
export type Ask<C extends string> = (call: C, plain: unknown, bytes?: Packed) => Promise<Answer>;

/** Calls over the port. Whoever gives the port up, or ends it, has every open call rejected: STORE_CLOSED. */
export const asking = <C extends string>(port: MessagePort): Ask<C> => {
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let closed = false;
  port.on("message", (reply: Reply) => {
    const one = waiting.get(reply.id);
    if (one === undefined) throw new Error(`an answer to ${reply.id}, which nobody asked`);
    waiting.delete(reply.id);
    if (waiting.size === 0) port.unref();
    if ("fault" in reply) one.reject(faultOf(reply.fault));
    else one.resolve(reply);
  });
  port.on("close", () => {
    closed = true;
    for (const { reject } of waiting.values()) reject(gone());
    waiting.clear();
  });
  port.unref();
  return (call, plain, bytes = NO_BYTES) =>
    new Promise((resolve, reject) => {
      if (closed) {
        reject(gone());
        return;
      }
      const request: Request<C> = { id: asked++, call, plain, bytes };
      waiting.set(request.id, { resolve, reject });
      port.ref(); // an unanswered call keeps the process alive, an idle port does not
      port.postMessage(request, bytes.buffer.byteLength > 0 ? [bytes.buffer] : []);
    });
};

const gone = (): Fault => new Fault("STORE_CLOSED", "the store's thread has ended");
