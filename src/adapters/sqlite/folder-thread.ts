/** A thread that owns a data folder and serves it to every port it is given. Started by `open.ts` only. */
import { workerData, type MessagePort } from "node:worker_threads";
import { plainFault, type PlainFault, type Reply, type Request } from "./messages.ts";
import type { Packed } from "./packed.ts";

export type ToThread =
  | { readonly kind: "connect"; readonly port: MessagePort }
  | { readonly kind: "close" };

export type FromThread =
  | { readonly kind: "opened" }
  | { readonly kind: "refused"; readonly fault: PlainFault }
  | { readonly kind: "closed" };

export interface Answer {
  readonly plain: unknown;
  readonly bytes: Packed;
}

interface Folder {
  close(): Promise<void>;
}

type Perform<P, C extends string> = (ports: P, request: Request<C>) => Promise<Answer>;

const serve = <P, C extends string>(ports: P, port: MessagePort, perform: Perform<P, C>): void => {
  port.on("message", (request: Request<C>) => {
    const { id } = request;
    perform(ports, request).then(
      ({ plain, bytes }) => {
        const reply: Reply = { id, plain, bytes };
        port.postMessage(reply, bytes.buffer.byteLength > 0 ? [bytes.buffer] : []);
      },
      (error: unknown) => port.postMessage({ id, fault: plainFault(error) } satisfies Reply),
    );
  });
};

/** Opens the folder that the thread was started with, says how that went, and serves every port. */
export const serveFolder = <P extends Folder, C extends string>(
  parent: MessagePort,
  open: (dir: string) => P,
  perform: Perform<P, C>,
): void => {
  const { dir } = workerData as { readonly dir: string };
  const say = (message: FromThread): void => parent.postMessage(message);
  let ports: P;
  try {
    ports = open(dir);
  } catch (error) {
    say({ kind: "refused", fault: plainFault(error) });
    return;
  }
  parent.on("message", async (message: ToThread) => {
    if (message.kind === "connect") {
      serve(ports, message.port, perform);
      return;
    }
    await ports.close();
    say({ kind: "closed" });
  });
  say({ kind: "opened" });
};
