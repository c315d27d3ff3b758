/**
 * A toy that knows nothing of needs: counters, somebody who asks other buckets, an alarm clock, a lamp,
 * dice, and an input that breaks the turn that takes it. Threads are `bucket:<n>` or any CID.
 */
import { resourceLimits } from "node:worker_threads";
import { bucketOfThread } from "#envelope/route.ts";
import { decode, encode } from "#envelope/canonical.ts";
import { cidOf, hex } from "#envelope/cid.ts";
import {
  defineActor,
  type Admitted,
  type Application,
  type Ask,
  type BucketView,
  type Turn,
} from "#runtime/bucket/application.ts";
import type { Host } from "#runtime/host/host.ts";
import type { Command, Event, Logic } from "#runtime/logic/logic.ts";
import { logicOf } from "#runtime/logic/xstate.ts";
import { lamp } from "./lamp.ts";

export const PUBLISHER = 256;

interface Counter {
  readonly thread: string;
  readonly total: number;
}
type Add = Event & { readonly by: number };
const nothing = { commands: [], timers: [] };

const counter = defineActor<
  Counter,
  Add,
  { thread: string },
  { type: "count"; params: { total: number } }
>({
  kind: "counter",
  logic: {
    initial: ({ thread }) => ({ state: { thread, total: 0 }, ...nothing }),
    step: (state, { by }) => {
      const total = state.total + by;
      return {
        state: { ...state, total },
        commands: [{ type: "count", params: { total } }],
        timers: [],
      };
    },
    done: ({ total }) => total < 0,
    can: () => true,
    encode: (state) => state,
    decode: (plain) => plain as Counter,
  },
  handlers: {
    count: ({ total }, { state }, turn) => void turn.append("COUNTED", state.thread, { total }),
  },
  notices: function* ({ state }) {
    yield { to: "watcher", notice: { total: state.total } };
  },
});

/** An actor that is nothing but what it was told at first. */
const still = <S>(timers: (input: S) => readonly { afterMs: number }[]): Logic<S, Event, S> => ({
  initial: (state) => ({
    state,
    commands: [],
    timers: timers(state).map(({ afterMs }, at) => ({
      kind: "arm",
      id: `t${at}`,
      afterMs,
      event: { type: "RING" },
    })),
  }),
  step: (state) => ({ state, commands: [{ type: "ring" }], timers: [] }),
  done: () => false,
  can: () => true,
  encode: (state) => state,
  decode: (plain) => plain as S,
});

interface Pinger {
  readonly thread: string;
  readonly envelope: string;
}

const pinger = defineActor<Pinger, Event, Pinger, Command & { type: "ring" }>({
  kind: "pinger",
  logic: still<Pinger>(() => []) as Logic<Pinger, Event, Pinger, Command & { type: "ring" }>,
  handlers: { ring: () => {} },
  answered: (name, answer, { state }, turn) => {
    turn.append("PONG", state.thread, { name, answer });
    turn.acknowledge(state.envelope, { pong: answer });
  },
});

interface Alarm {
  readonly thread: string;
  readonly to: string;
  readonly afterMs: readonly number[];
  readonly fails?: boolean;
}

const alarm = defineActor<Alarm, Event, Alarm, Command & { type: "ring" }>({
  kind: "alarm",
  logic: still<Alarm>(({ afterMs }) => afterMs.map((ms) => ({ afterMs: ms }))) as Logic<
    Alarm,
    Event,
    Alarm,
    Command & { type: "ring" }
  >,
  handlers: {
    ring: (_, { state }, turn) => {
      if (state.fails === true) throw new Error("the alarm is broken");
      turn.append("RANG", state.thread, { atMs: turn.atMs });
      turn.notify(state.to, { rang: turn.atMs });
    },
  },
});

const lampActor = defineActor({
  kind: "lamp",
  logic: logicOf(lamp),
  handlers: {
    shine: (params, { id }, turn) => void turn.append("SHONE", id, params),
    darken: (_, { id }, turn) => void turn.append("DARKENED", id, {}),
  },
});

/* -------------------------------------------------------------------------- verbs */

interface Said {
  readonly id: string;
  readonly from: string;
  readonly thread: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const VERBS: Readonly<Record<string, (said: Said, turn: Turn) => void>> = {
  ADD: ({ thread, body }, turn) => {
    const id = `counter:${thread}`;
    if (!turn.has(id)) turn.spawn("counter", id, { thread });
    turn.tell(id, { type: "ADD", by: Number(body["by"]) } as Event);
  },
  PING: ({ id, thread, body }, turn) => {
    turn.owe(id);
    turn.spawn("pinger", `pinger:${id}`, { thread, envelope: id });
    turn.ask(`pinger:${id}`, "ping", Number(body["bucket"]), { ping: thread });
  },
  AGAIN: ({ body }, turn) => turn.resend(`pinger:${String(body["ping"])}`, "ping"),
  CLOSE: ({ thread, body }, turn) => {
    if (body["ping"] !== undefined) turn.stop(`pinger:${String(body["ping"])}`);
    turn.leave(thread);
  },
  LATER: ({ id, from, thread, body }, turn) =>
    turn.spawn("alarm", `alarm:${id}`, { thread, to: from, ...body }),
  BREAK: ({ body }) => {
    if (body["how"] === "exit") process.exit(1);
    throw new Error("it was asked to break");
  },
  ROLL: ({ thread, id }, turn) => {
    const value = turn.chance(new TextEncoder().encode(id), (verb, body) =>
      verb === "ROLLED" ? (body as { value: Uint8Array }).value : undefined,
    );
    turn.append("ROLLED", thread, { value });
  },
  ONCE: ({ thread, body }, turn) =>
    void turn.append("DECIDED", thread, { first: turn.decide(String(body["key"])) }),
  FREE: ({ body }, turn) => turn.undecide(String(body["key"])),
  PRESS: ({ thread }, turn) => {
    const id = `lamp:${thread}`;
    if (!turn.has(id)) turn.spawn("lamp", id, undefined);
    turn.tell(id, { type: "PRESS" });
  },
  PUBLISH: ({ body }, turn) => {
    const revision = Number(turn.row("revision") ?? 0) + 1;
    turn.put("revision", revision);
    const document = encode({ text: body["text"] });
    turn.publish(revision, cidOf(document), document);
  },
  READ: ({ thread }, turn) =>
    void turn.append("READ_OUT", thread, { text: turn.pinned?.document ?? "nothing" }),
};

const saidOf = ({ envelope, signed, thread }: Admitted): Said => ({
  id: signed.id,
  from: envelope.from,
  thread,
  body: envelope.body as Said["body"],
});

/* ----------------------------------------------------------- the answering side of asks */

type Answers = ReadonlyMap<number, unknown>;
interface Heard {
  readonly floor: number;
  readonly answers: Answers;
}
const heardOf = (from: number, view: BucketView): Heard =>
  (view.row(`heard:${from}`) as Heard | undefined) ?? { floor: 0, answers: new Map() };

const ask = ({ from, number, floor, payload }: Ask, turn: Turn): void => {
  const heard = heardOf(from, turn);
  const pings = Number(turn.row("pings") ?? 0) + 1;
  turn.put("pings", pings);
  const answers = new Map([...heard.answers].filter(([key]) => key >= floor));
  if ((payload as { ping: string }).ping !== "") answers.set(number, pings);
  turn.put(`heard:${from}`, { floor: Math.max(floor, heard.floor), answers });
  turn.answer({ from, number }, pings);
};

const recall: Application["recall"] = ({ from, number }, view) => {
  const { floor, answers } = heardOf(from, view);
  if (number < floor) return { kind: "stale" };
  return answers.has(number) ? { kind: "answered", answer: answers.get(number) } : { kind: "new" };
};

export const routeOf = (thread: string): number | undefined =>
  thread.startsWith("bucket:") ? Number(thread.slice(7)) : bucketOfThread(thread);

export const createApplication = (_init?: unknown): Application => ({
  kinds: Object.fromEntries([counter, pinger, alarm, lampActor].map((kind) => [kind.kind, kind])),
  parse: (verb, body) => (verb in VERBS ? { body } : { malformed: `no such verb: ${verb}` }),
  route: routeOf,
  door: ({ envelope }) => (envelope.policy === "lost" ? { code: "WRONG_SWARM" } : undefined),
  known: ({ envelope }) =>
    envelope.policy === "stranger" ? { code: "NOT_REGISTERED" } : undefined,
  admit: ({ envelope }) =>
    (envelope.body as { refuse?: boolean }).refuse === true
      ? { code: "STATE", detail: "as asked" }
      : undefined,
  beside: ({ envelope }, refused) => {
    const { beside } = envelope.body as { beside?: string };
    if (beside === undefined) return undefined;
    return { verb: "SAY", body: `${beside} ${refused?.code ?? "was let in"}` };
  },
  envelope: (admitted, turn) => VERBS[admitted.envelope.verb]?.(saidOf(admitted), turn),
  recall,
  ask,
  given: (verb, body, turn) => {
    if (verb === "SAY") turn.append("SAID", "given", body);
    if (verb === "SPOIL") throw new Error("a given entry that breaks");
  },
  lamportJumpMax: 1_000,
  isFinal: (code) => code !== "FULL" && code !== "MAILBOX_FULL",
  unpinned: (bucket) => bucket === PUBLISHER,
  pins: (verb, body) =>
    verb === "REGISTRY" ? (body as { revision: number; hash: string; ageMs: number }) : undefined,
  openDocument: (bytes) => (decode(bytes) as { text: string }).text,
  knows: (did, document) => typeof document === "string" && document.includes(did),
});

/** For tests of threads: what a bucket's actors hold. */
export const query = (host: Host, name: string, argument: unknown): unknown => {
  if (name === "youngMiB") return resourceLimits.maxYoungGenerationSizeMb;
  const view = host.view(Number(argument));
  if (name === "root") {
    const led = host.buckets().find(({ bucket }) => bucket === Number(argument));
    return led === undefined ? undefined : hex(led.state.tree.root());
  }
  if (name === "counters") return [...(view?.actors("counter") ?? [])].map(({ state }) => state);
  return view?.row(name);
};
