/**
 * One agent's way to a supervisor on another machine, with connections that go outward only: a stream of
 * server-sent events for what it hears, requests beside it for what it says.
 *
 * H1  A stream that is cut is opened again, for ever, with a wait that is doubled up to RECONNECT_MS_MAX.
 *     Whatever is unanswered is then sent again, the same bytes (E6), and what is asked is told again.
 * H2  A stream that says nothing for QUIET_MS_MAX is dead and is cut here: probes come more often.
 * H3  What cannot be sent is dropped: its sender sends it again until it has a receipt.
 */

import { decode } from "#envelope/canonical.ts";
import type { Signer } from "#envelope/keys.ts";
import type { Clock } from "#ports/clock.ts";
import type { LinkEvents, SwarmLink } from "#ports/swarm-link.ts";
import { hearingMessage } from "#protocol/hearing.ts";
import { decodeNotice } from "#protocol/notice-wire.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { Did } from "#protocol/words.ts";
import type { LinkState } from "../door.ts";
import { ApiError, type Api } from "./api.ts";
import { eventsOf, type ServerEvent } from "./event-stream.ts";

export const RECONNECT_MS_MIN = 200;
export const RECONNECT_MS_MAX = 5_000;
/** Four probes. */
export const QUIET_MS_MAX = 20_000;
/** Envelopes that wait for a session; the oldest are dropped. */
export const OUTGOING_MAX = 4_096;
/** Of one request: at first, while the supervisor does not know the agent; doubled while it takes them. */
const SENT_TOGETHER_START = 32;
const SENT_TOGETHER_MAX = 256;
const SENT_TOGETHER_BYTES = 900 * 1024;

export interface HttpLinkOptions {
  readonly api: Api;
  readonly signer: Signer;
  readonly swarm: string;
  readonly clock: Clock;
  readonly onState?: (state: LinkState) => void;
}

interface Session {
  readonly secret: string;
  readonly cut: (reason: string) => void;
}

export class HttpLink implements SwarmLink {
  readonly #o: HttpLinkOptions;
  #events: LinkEvents | undefined;
  #session: Session | undefined;
  #outgoing: Uint8Array[] = [];
  #isSending = false;
  #togetherMax = SENT_TOGETHER_START;
  #joins = 0;
  readonly #closing = new AbortController();

  constructor(options: HttpLinkOptions) {
    this.#o = options;
  }

  /** The secret under which blocks may be put; undefined while there is no stream. */
  get session(): string | undefined {
    return this.#session?.secret;
  }

  attach(agent: Did, events: LinkEvents): void {
    if (agent !== this.#o.signer.did || this.#events !== undefined)
      throw new Error("a link over HTTP is one agent's");
    this.#events = events;
    void this.#hearForEver();
  }

  detach(): void {
    this.#events = undefined;
    this.#closing.abort();
  }

  send(_thread: string, wire: Uint8Array): void {
    this.#outgoing.push(wire);
    if (this.#outgoing.length > OUTGOING_MAX) this.#outgoing.shift(); // H3
    if (!this.#isSending) queueMicrotask(() => void this.#sendAll());
  }

  async #sendAll(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let session = this.#session; session !== undefined; session = this.#session) {
        const wires = this.#next();
        if (wires.length === 0) return;
        await this.#post(session, wires);
      }
    } finally {
      this.#isSending = false;
    }
  }

  #next(): Uint8Array[] {
    const wires: Uint8Array[] = [];
    let bytes = 0;
    for (const wire of this.#outgoing) {
      bytes += wire.length;
      if (wires.length === this.#togetherMax || (wires.length > 0 && bytes > SENT_TOGETHER_BYTES))
        break;
      wires.push(wire);
    }
    this.#outgoing.splice(0, wires.length);
    return wires;
  }

  async #post(session: Session, wires: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#o.api.postBytes("/v1/envelopes", wires, { "canswarm-session": session.secret });
      this.#togetherMax = Math.min(SENT_TOGETHER_MAX, this.#togetherMax * 2);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#togetherMax = Math.max(1, Math.ceil(this.#togetherMax / 2));
      // H3, but a session that is over is opened again at once.
      if (error.status === 401) session.cut("the session is over");
    }
  }

  async #hearForEver(): Promise<void> {
    let waitMs = RECONNECT_MS_MIN;
    while (this.#events !== undefined) {
      const joins = this.#joins;
      const reason = await this.#hear().catch((error: unknown) => (error as Error).message);
      this.#session = undefined;
      if (this.#events === undefined) return;
      waitMs = this.#joins > joins ? RECONNECT_MS_MIN : Math.min(waitMs * 2, RECONNECT_MS_MAX);
      this.#o.onState?.({ kind: "cut", reason, againMs: waitMs });
      await this.#pause(waitMs);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#o.clock.after(ms, resolve);
      this.#closing.signal.addEventListener("abort", () => (cancel(), resolve()), { once: true });
    });
  }

  /** One stream from start to end: why it ended. */
  async #hear(): Promise<string> {
    const { api, signer, swarm, clock } = this.#o;
    const ending = new AbortController();
    let why = "the stream ended";
    const cut = (reason: string): void => {
      why = reason;
      ending.abort();
    };
    let cancel = (): void => undefined;
    const alive = (): void => {
      cancel();
      cancel = clock.after(QUIET_MS_MAX, () => cut("nothing was heard any more")); // H2
    };
    alive();
    try {
      const timeMs = clock.wallMs();
      const signature = signer.sign(hearingMessage(swarm, signer.did, timeMs));
      const headers = {
        "canswarm-time": String(timeMs),
        "canswarm-signature": Buffer.from(signature).toString("base64"),
      };
      const signal = AbortSignal.any([ending.signal, this.#closing.signal]);
      const stream = await api.stream(`/v1/agents/${signer.did}/notices`, headers, signal);
      for await (const event of eventsOf(stream, alive)) this.#told(event, cut);
    } catch (error) {
      if (!ending.signal.aborted) throw error;
    } finally {
      cancel();
      ending.abort();
    }
    return why;
  }

  #told({ event, data }: ServerEvent, cut: Session["cut"]): void {
    const events = this.#events;
    if (events === undefined) return;
    const bytes = (): Uint8Array => new Uint8Array(Buffer.from(data, "base64"));
    if (event === "receipt") events.receipt(decode(bytes()) as Receipt);
    else if (event === "notice") events.notice(decodeNotice(bytes()));
    else if (event === "resumed") events.resumed();
    else if (event === "probe") this.#answerProbe(JSON.parse(data) as { readonly probe: string });
    else if (event === "rejected") {
      const { envelope, code, detail } = JSON.parse(data) as {
        readonly envelope: string;
        readonly code: Parameters<NonNullable<LinkEvents["rejected"]>>[1];
        readonly detail: string;
      };
      events.rejected?.(envelope, code, detail);
    } else if (event === "session") {
      const { session } = JSON.parse(data) as { readonly session: string };
      this.#session = { secret: session, cut };
      this.#joins += 1;
      this.#o.onState?.({ kind: "joined" });
      if (this.#joins > 1) {
        this.#outgoing = []; // all that is unanswered comes again
        events.resumed();
      }
      void this.#sendAll();
    }
  }

  #answerProbe(probe: { readonly probe: string }): void {
    const session = this.#session;
    if (session === undefined) return;
    const headers = { "canswarm-session": session.secret };
    this.#o.api.post("/v1/probes", probe, headers).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 401) session.cut("the session is over");
    });
  }
}
