import { beforeEach, describe, expect, it } from "vitest";
import { encode } from "#envelope/canonical.ts";
import { agentSubject, ALL_SUPERVISORS, bucketSubject, peerSubject, PRESENCE } from "#ports/bus.ts";
import { BusBridge } from "#runtime/bus/bus-bridge.ts";
import { encodeMessage } from "#runtime/bus/messages.ts";
import { envelopeOut, messagesOut, noticesOut } from "#runtime/bus/outward.ts";
import type { FromBus, Port, ToBus } from "#runtime/threads/protocol.ts";
import { PlainBus } from "../../support/plain-bus.ts";

const BUCKET = 7;

/** A host that tells what it was told. */
const hostOn = (bridge: BusBridge) => {
  const told: FromBus[] = [];
  let say: (message: unknown) => void = () => {};
  const port: Port = {
    postMessage: (message) => told.push(message as FromBus),
    on: (_event, listener) => (say = listener),
    close: () => {},
  };
  bridge.connect(0, port);
  return { told, say: (message: ToBus) => say(message) };
};

const envelopes = { type: "envelopes", wires: [Uint8Array.of(1)] } as const;
const item = { to: BUCKET, from: 3, number: 1, role: "ask", floor: 0, payload: "pay" } as const;
const messages = { type: "messages", items: [item] } as const;
const saidByPeers = { type: "messages", items: [encode(item)] } as const;
const document = {
  type: "document",
  publication: { revision: 1, hash: "h", document: Uint8Array.of(2) },
} as const;
const attach = { type: "attach", agents: ["did:key:z6Mk"] } as const;

/** What is said on each subject, and what the host is told of it. */
const RIGHT = [
  [bucketSubject(BUCKET), envelopes, envelopes],
  [peerSubject(BUCKET), saidByPeers, messages],
  [ALL_SUPERVISORS, document, document],
  [PRESENCE, attach, attach],
] as const;
const WRONG = RIGHT.flatMap(([subject]) =>
  RIGHT.flatMap(([home, message]) => (home === subject ? [] : [[subject, message] as const])),
);

const list = (count: number, one: unknown): unknown[] => Array.from({ length: count }, () => one);
const SPOILT = [
  [bucketSubject(BUCKET), { type: "envelopes" }],
  [bucketSubject(BUCKET), { type: "envelopes", wires: "wires" }],
  [bucketSubject(BUCKET), { type: "envelopes", wires: [Uint8Array.of(1), "wire"] }],
  [bucketSubject(BUCKET), { type: "envelopes", wires: list(257, Uint8Array.of(1)) }],
  [bucketSubject(BUCKET), null],
  [PRESENCE, { type: "attach", agents: 5 }],
  [PRESENCE, { type: "attach", agents: [5] }],
  [PRESENCE, { type: "attach", agents: list(65, "did:key:z6Mk") }],
  [PRESENCE, 5],
] as const;

describe("between the hosts and the bus", () => {
  let nowMs = 0;
  let bus: PlainBus;
  let bridge: BusBridge;
  let host: ReturnType<typeof hostOn>;
  beforeEach(() => {
    nowMs = 0;
    bus = new PlainBus();
    bridge = new BusBridge({ bus, hostOf: () => 0, nowMs: () => nowMs });
    bridge.leads(BUCKET);
    host = hostOn(bridge);
  });

  it.each(RIGHT)("what comes on %s is told to the host", (subject, message, told) => {
    bus.publish(subject, encodeMessage(message));
    expect(host.told).toEqual([told]);
  });

  it.each(WRONG)("on %s nothing of another kind is believed: %o", (subject, message) => {
    bus.publish(subject, encodeMessage(message));
    expect(host.told).toEqual([]);
  });

  it.each(SPOILT)("what a stranger spoils on %s reaches no host: %o", (subject, message) => {
    bus.publish(subject, encode(message));
    expect(host.told).toEqual([]);
  });

  it("goes out where only those hear it whom it is for", () => {
    const other = new BusBridge({ bus, hostOf: () => 0, nowMs: () => nowMs });
    const { say } = hostOn(other);
    const heard: string[] = [];
    bus.subscribe(agentSubject("did:key:z6Mk"), () => heard.push("notice"));
    say({ type: "out", items: messagesOut([item, { ...item, to: BUCKET + 1 }]) });
    say({ type: "out", items: [envelopeOut(BUCKET, Uint8Array.of(1))] });
    say({ type: "out", items: noticesOut([{ to: "did:key:z6Mk", notice: {} }]) });
    say(document);
    expect(host.told).toEqual([messages, envelopes, document]);
    expect(heard).toEqual(["notice"]);
  });

  it("tells who joins what a host here has published last, with its age", () => {
    const newer = { ...document, publication: { ...document.publication, revision: 2 } };
    host.say(newer);
    host.say(document);
    nowMs = 700;
    const joined = hostOn(new BusBridge({ bus, hostOf: () => 0, nowMs: () => nowMs }));
    // It was told before its host was there, which is told it then.
    expect(joined.told).toEqual([{ ...newer, ageMs: 700 }]);
    nowMs = 900;
    expect(hostOn(bridge).told).toEqual([{ ...newer, ageMs: 900 }]);
  });

  it("tells nobody again what others have published: they may be elsewhere by now", () => {
    bus.publish(ALL_SUPERVISORS, encodeMessage(document));
    expect(host.told).toEqual([document]);
    const joined = new BusBridge({ bus, hostOf: () => 0, nowMs: () => nowMs });
    expect(hostOn(joined).told).toEqual([]);
  });

  it("is silent of a bucket that was let go, and of all once closed", () => {
    bridge.letGo(BUCKET);
    for (const [subject, message] of RIGHT) bus.publish(subject, encodeMessage(message));
    expect(host.told).toEqual([document, attach]);
    bridge.close();
    for (const [subject, message] of RIGHT) bus.publish(subject, encodeMessage(message));
    expect(host.told).toEqual([document, attach]);
  });
});
