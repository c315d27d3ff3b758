/** The canaries, each with what it breaks. */

import { Threads } from "#runtime/bucket/threads.ts";
import type { Application } from "#runtime/bucket/application.ts";
import { withKind, withTurns, type Canary } from "./canary.ts";
import { STORE_CANARIES } from "./stores.ts";

/** Seeds within which each canary must be heard. */
export const CANARY_SEEDS_MAX = 40;

const replaced = <T extends object, K extends keyof T>(
  owner: T,
  key: K,
  by: T[K],
): (() => void) => {
  const before = owner[key];
  owner[key] = by;
  return () => {
    owner[key] = before;
  };
};

const isMarked = (body: unknown, field: string, value: unknown): boolean =>
  body !== null && typeof body === "object" && Reflect.get(body, field) === value;

const cheapSeats = (payload: unknown): unknown =>
  isMarked(payload, "kind", "seats") ? { ...(payload as object), exposure: 1n } : payload;

/** The ledger's state with caps that nobody reaches; the state that the others share stays as it is. */
const withoutCaps = (state: unknown): unknown => {
  const { parameters, ...rest } = state as {
    parameters: { readonly tiers: Readonly<Record<string, object>> };
  };
  const tiers = Object.entries(parameters.tiers).map(
    ([name, tier]) => [name, { ...tier, bountyMax: 2n ** 62n }] as const,
  );
  return { ...rest, parameters: { ...parameters, tiers: Object.fromEntries(tiers) } };
};

/** What is said with this verb is logged and has no effect. */
const without = (app: Application, verb: string): Application => ({
  ...app,
  envelope: (admitted, turn, position) => {
    if (admitted.envelope.verb !== verb) app.envelope(admitted, turn, position);
  },
});

export const CANARIES: readonly Canary[] = [
  ...STORE_CANARIES,
  {
    name: "double-decide",
    what: "an attempt is decided a second time",
    properties: ["P1"],
    application: (app) =>
      withTurns(app, "need-thread", (turn) => ({
        append: (verb, thread, body) => {
          if (verb === "DECIDE") turn.append(verb, thread, body);
          return turn.append(verb, thread, body);
        },
      })),
  },
  {
    name: "rounding-leak",
    what: "a micro-credit vanishes in each settlement",
    properties: ["E1", "E5", "P2"],
    application: (app) =>
      withKind(app, "ledger", (kind) => ({
        logic: {
          ...kind.logic,
          step: (state, event) => {
            const step = kind.logic.step(state, event);
            const asked: unknown = Reflect.get(event, "asked");
            if (
              event.type !== "ASK" ||
              !isMarked(Reflect.get(asked ?? {}, "request"), "kind", "settle")
            )
              return step;
            const { balances } = step.state as { balances: Map<string, bigint> };
            for (const [did, balance] of balances) {
              if (balance <= 0n) continue;
              balances.set(did, balance - 1n);
              break;
            }
            return step;
          },
        },
      })),
  },
  {
    name: "replayed-nonce-accepted",
    what: "an envelope that comes again is taken again",
    properties: ["E6"],
    patch: () => replaced(Threads.prototype, "hear", () => ({ kind: "fresh" })),
  },
  {
    name: "hold-never-ended",
    what: "the last settlement of a need does not give back the rest",
    properties: ["E1", "E5"],
    application: (app) => ({
      ...app,
      ask: (ask, turn) => {
        const { payload } = ask;
        const changed = isMarked(payload, "last", true)
          ? { ...(payload as object), last: false }
          : payload;
        app.ask({ ...ask, payload: changed }, turn);
      },
    }),
  },
  {
    name: "settle-twice",
    what: "the last settlement of an attempt is logged a second time",
    properties: ["E1", "E5", "P2"],
    application: (app) =>
      withTurns(app, "need-thread", (turn) => ({
        ask: (actor, name, bucket, payload) => {
          turn.ask(actor, name, bucket, payload);
          if (isMarked(payload, "kind", "settle"))
            turn.ask(actor, `${name} again`, bucket, payload);
        },
      })),
  },
  {
    name: "draw-with-replacement",
    what: "one agent is logged on two seats of a committee",
    properties: ["P6"],
    application: (app) =>
      withTurns(app, "committee", (turn) => ({
        append: (verb, thread, body) => {
          const { seats } = body as { seats?: readonly { seat: number; agent: string }[] };
          const [first] = seats ?? [];
          const changed =
            verb === "DRAW" && seats !== undefined && first !== undefined
              ? {
                  ...(body as object),
                  seats: seats.map((seat) => ({ ...seat, agent: first.agent })),
                }
              : body;
          return turn.append(verb, thread, changed);
        },
      })),
  },
  {
    name: "seats-lock-nothing",
    what: "a seat locks a micro-credit, whatever it stands for",
    properties: ["E2"],
    application: (app) => ({
      ...app,
      ask: (ask, turn) => app.ask({ ...ask, payload: cheapSeats(ask.payload) }, turn),
    }),
  },
  {
    name: "caps-not-kept",
    what: "a bounty above its tier's cap is taken and held",
    properties: ["E3"],
    application: (app) =>
      withKind(
        {
          ...app,
          admit: (admitted, view, nowMs) => {
            const refusal = app.admit(admitted, view, nowMs);
            return refusal?.code === "BOUNTY_CAP" ? undefined : refusal;
          },
        },
        "ledger",
        ({ logic }) => ({
          logic: { ...logic, step: (state, event) => logic.step(withoutCaps(state), event) },
        }),
      ),
  },
  {
    name: "limits-not-kept",
    what: "the operator's limits are logged, and nobody looks at them",
    properties: ["E3"],
    application: (app) => without(app, "LIMIT"),
  },
  {
    name: "paused-yet-awarded",
    what: "the operator's pauses are logged, and nobody heeds them",
    properties: ["P6"],
    application: (app) => without(app, "PAUSE"),
  },
  {
    name: "requester-paid-for-a-vote",
    what: "the end of an attempt pays its first vote to the requester",
    properties: ["E4"],
    application: (app) => {
      const requesters = new Map<string, string>();
      return withTurns(
        {
          ...app,
          envelope: (admitted, turn, position) => {
            const { envelope, signed } = admitted;
            if (envelope.verb === "NEED") requesters.set(signed.id, envelope.from);
            app.envelope(admitted, turn, position);
          },
        },
        "need-thread",
        (turn) => ({
          append: (verb, thread, body) => {
            const requester = requesters.get(thread);
            const { paid } = body as { paid?: readonly { to: string; why: string }[] };
            const at = paid?.findIndex(({ why }) => why !== "price") ?? -1;
            if (requester === undefined || paid === undefined || at === -1)
              return turn.append(verb, thread, body);
            const changed = paid.map((one, i) => (i === at ? { ...one, to: requester } : one));
            return turn.append(verb, thread, { ...(body as object), paid: changed });
          },
        }),
      );
    },
  },
  {
    name: "invalidated-without-a-challenge",
    what: "an attempt that was rejected is logged as invalidated",
    properties: ["P3"],
    application: (app) =>
      withTurns(app, "need-thread", (turn) => ({
        append: (verb, thread, body) =>
          turn.append(verb === "REJECT" ? "INVALIDATE" : verb, thread, body),
      })),
  },
  {
    name: "expired-lease-honoured",
    what: "a lease has no end of its own",
    properties: ["P5", "E5"],
    application: (app) =>
      withKind(app, "lease", ({ logic }) => ({
        logic: {
          ...logic,
          initial: (input) => ({ ...logic.initial(input), timers: [] }),
          step: (state, event) => ({ ...logic.step(state, event), timers: [] }),
        },
      })),
  },
  {
    name: "log-time-jumps",
    what: "log time runs three times as fast as time",
    properties: ["P5"],
    clockFactor: 3,
  },
];
