import { beforeEach, describe, expect, it } from "vitest";
import { encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { agentSubject, ALL_SUPERVISORS, bucketSubject, peerSubject, PRESENCE } from "#ports/bus.ts";
import { BusBridge } from "#runtime/bus/bus-bridge.ts";
import { heardIn, type Heard } from "#runtime/bus/inward.ts";
import { encodeMessage } from "#runtime/bus/messages.ts";
import {
  envelopeOut,
  messagesOut,
  noticesOut,
  packOutward,
  type Outward,
} from "#runtime/bus/outward.ts";
import type { FromBus, Port, ToBus } from "#runtime/threads/protocol.ts";
import { PlainBus } from "../../support/plain-bus.ts";

const BUCKET = 7;

type Told = Exclude<FromBus, { type: "heard" }> | Heard;

/** A host that tells what it was told. */
const hostOn = (bridge: BusBridge) => {
  const told: Told[] = [];
  let say: (message: unknown) => void = () => {};
  const port: Port = {
    postMessage: (message) => {
      const said = message as FromBus;
      told.push(said.type === "heard" ? heardIn(said.frame) : said);
    },
    on: (_event, listener) => (say = listener),
    close: () => {},
  };
  bridge.connect(0, port);
  const out = (items: readonly Outward[]): void =>
    packOutward(items, (frame) => say({ type: "out", frame }));
  return { told, say: (message: ToBus) => say(message), out };
};
/** What one arrival brought has been passed on. */
const passedOn = (): Promise<void> => Promise.resolve();

const envelopes = { type: "envelopes", wires: [Uint8Array.of(1)] } as const;
const item = { to: BUCKET, from: 3, number: 1, role: "ask", floor: 0, payload: "pay" } as const;
const saidByPeers = { type: "messages", items: [encode(item)] } as const;
const document = {
  type: "document",
  publication: { revision: 1, hash: cidOf(Uint8Array.of(2)), document: Uint8Array.of(2) },
} as const;
const attach = { type: "attach", agents: ["did:key:z6Mk"] } as const;

const NOTHING: Heard = { wires: [], items: [], agents: [] };
const heardEnvelopes: Heard = { ...NOTHING, wires: envelopes.wires };
const heardPeers: Heard = { ...NOTHING, items: [item] };
const heardAttach: Heard = { ...NOTHING, agents: attach.agents };

/** What is said on each subject, and what the host is told of it. */
const RIGHT = [
  [bucketSubject(BUCKET), envelopes, heardEnvelopes],
  [peerSubject(BUCKET), saidByPeers, heardPeers],
  [ALL_SUPERVISORS, document, document],
  [PRESENCE, attach, heardAttach],
] as const;
const WRONG = RIGHT.flatMap(([subject]) =>
  RIGHT.flatMap(([home, message]) => (home === subject ? [] : [[subject, message] as const])),
);

const list = (count: number, one: unknown): unknown[] => Array.from({ length: count }, () => one);
const published = (more: object): object => ({
  ...document,
  publication: { ...document.publication, ...more },
});
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
  [ALL_SUPERVISORS, null],
  [ALL_SUPERVISORS, { type: "document" }],
  [ALL_SUPERVISORS, published({ revision: "1" })],
  [ALL_SUPERVISORS, published({ revision: -1 })],
  [ALL_SUPERVISORS, published({ hash: "h" })],
  [ALL_SUPERVISORS, published({ document: "document" })],
  [ALL_SUPERVISORS, { ...document, ageMs: "1" }],
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

  /** All that the host has heard, however many frames it came in. */
  const heard = (): Heard => {
    const frames = host.told.flatMap((one) => ("type" in one ? [] : [one]));
    return {
      wires: frames.flatMap(({ wires }) => wires),
      items: frames.flatMap(({ items }) => items),
      agents: frames.flatMap(({ agents }) => agents),
    };
  };

  it.each(RIGHT)("what comes on %s is told to the host", async (subject, message, told) => {
    bus.publish(subject, encodeMessage(message));
    await passedOn();
    expect(host.told).toEqual([told]);
  });

  it.each(WRONG)("on %s nothing of another kind is believed: %o", async (subject, message) => {
    bus.publish(subject, encodeMessage(message));
    await passedOn();
    expect(heard()).toEqual(NOTHING);
    expect(host.told.filter((one) => "type" in one)).toEqual([]);
  });

  it.each(SPOILT)("what a stranger spoils on %s reaches no host: %o", async (subject, message) => {
    bus.publish(subject, encode(message));
    await passedOn();
    expect(host.told).toEqual([]);
  });

  it.each([
    { type: "messages" },
    { type: "messages", items: 5 },
    { type: "messages", items: [5] },
    { type: "messages", items: ["x"] },
    { type: "messages", items: [encode(null)] },
    { type: "messages", items: [encode({ ...item, to: "7" })] },
    { type: "messages", items: [encode({ ...item, role: "boss" })] },
    { type: "messages", items: list(257, encode(item)) },
    null,
  ])("what no leader says is nothing, and spoils nothing beside it: %o", async (spoilt) => {
    bus.publish(peerSubject(BUCKET), encode(spoilt));
    bus.publish(bucketSubject(BUCKET), encodeMessage(envelopes));
    await passedOn();
    expect(heard()).toEqual(heardEnvelopes);
  });

  it("tells a host what one arrival brings in one message, with what can be read of it", async () => {
    bus.publish(bucketSubject(BUCKET), encodeMessage(envelopes));
    bus.publish(peerSubject(BUCKET), encodeMessage(saidByPeers));
    bus.publish(peerSubject(BUCKET), Uint8Array.of(0xff));
    bus.publish(
      peerSubject(BUCKET),
      encodeMessage({ type: "messages", items: [Uint8Array.of(0xff)] }),
    );
    bus.publish(PRESENCE, encodeMessage(attach));
    bus.publish(
      bucketSubject(BUCKET),
      encodeMessage({ ...envelopes, wires: [Uint8Array.of(2, 3)] }),
    );
    expect(host.told).toEqual([]);
    await passedOn();
    const wires = [...envelopes.wires, Uint8Array.of(2, 3)];
    expect(host.told).toEqual([{ wires, items: [item], agents: attach.agents }]);
    bus.publish(peerSubject(BUCKET), encodeMessage(saidByPeers));
    await passedOn();
    expect(host.told.slice(1)).toEqual([heardPeers]);
  });

  it("goes out where only those hear it whom it is for", async () => {
    const other = new BusBridge({ bus, hostOf: () => 0, nowMs: () => nowMs });
    const { say, out } = hostOn(other);
    const noticed: string[] = [];
    bus.subscribe(agentSubject("did:key:z6Mk"), () => noticed.push("notice"));
    out(messagesOut([item, { ...item, to: BUCKET + 1 }]));
    out([envelopeOut(BUCKET, Uint8Array.of(1))]);
    out(noticesOut([{ to: "did:key:z6Mk", notice: {} }]));
    say(document);
    await passedOn();
    expect(heard()).toEqual({ ...heardEnvelopes, items: [item] });
    expect(host.told.filter((one) => "type" in one)).toEqual([document]);
    expect(noticed).toEqual(["notice"]);
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

  it("is silent of a bucket that was let go, and of all once closed", async () => {
    bridge.letGo(BUCKET);
    for (const [subject, message] of RIGHT) bus.publish(subject, encodeMessage(message));
    await passedOn();
    expect(host.told).toEqual([document, heardAttach]);
    bridge.close();
    for (const [subject, message] of RIGHT) bus.publish(subject, encodeMessage(message));
    await passedOn();
    expect(host.told).toEqual([document, heardAttach]);
  });
});
