import { afterEach, describe, expect, it } from "vitest";
import { bucketOf } from "#envelope/cid.ts";
import { ToySwarm } from "./toy-swarm.ts";

let swarm: ToySwarm;
afterEach(() => swarm.close());

const restarts = (): number => swarm.news.filter(({ type }) => type === "restarted").length;

describe("host threads of one process", () => {
  it("exchange messages: a bucket of one asks a bucket of the other", async () => {
    swarm = await ToySwarm.open();
    const there = swarm.for(0, "PING", { bucket: 7 });
    const back = swarm.for(1, "PING", { bucket: 8 });
    const same = swarm.for(0, "PING", { bucket: 8 });
    for (const one of [there, back, same]) swarm.say(one);
    const answers = await Promise.all([there, back, same].map((one) => swarm.answer(one)));
    expect(answers.map(({ kind }) => kind)).toEqual(["ack", "ack", "ack"]);
    expect(await swarm.hosts.control(1)!.query("pings", 7)).toBe(1);
    expect(await swarm.hosts.control(0)!.query("pings", 8)).toBe(2);
  });

  it.each([
    ["8 MiB", undefined, 24],
    ["what the settings say", 40, 120],
  ])("have semi-spaces of %s", async (_, youngMib, limit) => {
    swarm = await ToySwarm.open(undefined, youngMib);
    expect(await swarm.hosts.control(1)!.query("youngMiB", undefined)).toBe(limit);
  });

  it("die alone: siblings go on, state comes back, connections are made again (P4, E6)", async () => {
    swarm = await ToySwarm.open();
    const [mine, other] = [swarm.for(0, "ADD", { by: 3 }), swarm.for(1, "ADD", { by: 4 })];
    for (const one of [mine, other]) swarm.say(one);
    await Promise.all([mine, other].map((one) => swarm.answer(one)));
    const ended = swarm.for(0, "BREAK", { how: "exit" });
    swarm.link.send(ended.id, ended.wire);
    await swarm.until(() => swarm.news.some(({ type }) => type === "died"));
    expect(swarm.news[0]).toEqual({ type: "died", host: 0, reason: "exit" });
    const meanwhile = swarm.for(1, "ADD", { by: 5 });
    const asks = swarm.for(1, "PING", { bucket: 8 });
    swarm.say(meanwhile);
    expect(await swarm.answer(meanwhile)).toMatchObject({ kind: "ack" });
    expect(restarts()).toBe(0);
    await swarm.until(() => restarts() === 1 && swarm.resumed === 1);
    const [counter] = (await swarm.hosts.control(0)!.query("counters", bucketOf(mine.id))) as {
      total: number;
    }[];
    expect(counter).toMatchObject({ total: 3 });
    swarm.receipts.delete(mine.id);
    swarm.say(mine);
    expect(await swarm.answer(mine)).toMatchObject({ kind: "ack" });
    swarm.say(asks);
    expect(await swarm.answer(asks)).toMatchObject({ kind: "ack", pong: 1 });
    expect(swarm.hosts.restarts).toBe(1);
  });

  it("answer an input that kills its thread three times as a dead letter", async () => {
    swarm = await ToySwarm.open();
    const killer = swarm.for(1, "BREAK", { how: "exit" });
    const after = swarm.for(1, "ADD", { by: 1 });
    swarm.say(killer);
    expect(await swarm.answer(killer)).toMatchObject({ kind: "nack", code: "DEAD_LETTERED" });
    swarm.say(after);
    expect(await swarm.answer(after)).toMatchObject({ kind: "ack" });
    await swarm.until(() => swarm.news.some(({ type }) => type === "host"));
    expect(swarm.news.filter(({ type }) => type === "died")).toHaveLength(3);
    const told = swarm.news.find(({ type }) => type === "host");
    expect(told).toMatchObject({ host: 1, event: { type: "dead_letter", input: killer.id } });
  });

  it("report what happens inside a host", async () => {
    swarm = await ToySwarm.open();
    const broken = swarm.for(0, "BREAK", {});
    swarm.say(broken);
    expect(await swarm.answer(broken)).toMatchObject({ code: "DEAD_LETTERED" });
    await swarm.until(() => swarm.news.length >= 4);
    const types = swarm.news.map((item) => (item.type === "host" ? item.event.type : item.type));
    expect(types).toEqual(["rebuilt", "rebuilt", "rebuilt", "dead_letter"]);
  });

  it("start again together when one fails too often, and in the end are given up", async () => {
    swarm = await ToySwarm.open(1);
    const kill = (): void => {
      const { id, wire } = swarm.for(0, "BREAK", { how: "exit" });
      swarm.link.send(id, wire);
    };
    /** Deaths so far, and by host how often it came back. */
    const expected = [
      { deaths: 1, back: [0] },
      { deaths: 2, back: [0, 0, 1] }, // too often: its sibling was stopped and started with it
      { deaths: 3, back: [0, 0, 1, 0] },
    ];
    for (const { deaths, back } of expected) {
      kill();
      await swarm.until(() => restarts() === back.length && swarm.resumed === back.length);
      const of = (type: string) =>
        swarm.news.flatMap((item) => (item.type === type ? [item.host] : []));
      expect(of("died")).toEqual(Array(deaths).fill(0));
      expect(of("restarted").toSorted()).toEqual(back.toSorted());
    }
    expect(swarm.halts).toEqual([]);
    kill();
    await swarm.until(() => swarm.halts.length > 0);
    expect(swarm.hosts.allReady).toBe(false);
    expect(restarts()).toBe(4);
  });

  it("drain: what is queued on one host and asked of the other is committed", async () => {
    swarm = await ToySwarm.open();
    const pings = Array.from({ length: 50 }, (_, n) => swarm.for(n % 2, "PING", { bucket: n }));
    for (const one of pings) swarm.say(one);
    const answers = await Promise.all(pings.map((one) => swarm.answer(one)));
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(["ack"]));
    await swarm.hosts.drain();
    const stats = await swarm.hosts.stats();
    expect(stats.map(({ waiting }) => waiting)).toEqual([0, 0]);
    expect(stats.map(({ unconfirmed }) => unconfirmed)).toEqual([0, 0]);
    const heads = (await Promise.all(swarm.hosts.controls().map((c) => c.heads()))).flat();
    expect(heads).toHaveLength(257);
    expect(heads.every(({ status, records }) => status === "live" && records > 0)).toBe(true);
  });
});
