import { expect, it } from "vitest";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { decodeEnvelope, decodeSigned } from "#envelope/envelope.ts";
import type { Receipt } from "#protocol/notices.ts";
import { clientOn, signerOf } from "#sim/agents/agent.ts";
import { FLOOD_KINDS, floodWire } from "#sim/agents/hostile/flood.ts";
import { REPLAY_WEIGHTS, replayed, type ReplayKind } from "#sim/agents/hostile/replay.ts";
import type { VillainContext } from "#sim/agents/hostile/villain.ts";
import { Prng } from "#sim/kernel/prng.ts";
import { SimWorld } from "#sim/run/world.ts";
import { Machine } from "#sim/world/machine.ts";
import { entriesOf, HONEST, need, planWith, settled } from "./small-world.ts";

/** A world in which everything has ended, and somebody who has heard all of it. */
const afterTheEnd = async (
  signer: Signer,
): Promise<{ world: SimWorld; villain: VillainContext }> => {
  const needs = Array.from({ length: 6 }, (_, i) => need(i));
  const world = new SimWorld({ plan: planWith(HONEST, needs), settled, keepTrace: false });
  await world.open();
  for (const requester of world.requesters) requester.schedule(needs);
  await world.scheduler.run(world.scheduler.nowMs + 60_000);
  const machine = new Machine(world.scheduler, "stranger", { driftPpm: 0, skewMs: 0 });
  const link = world.swarm.link(machine);
  const { swarm, policy } = voiceOf(world);
  const client = clientOn({ machine, link, swarm, policy }, signer, () => {});
  const { rumours, operator } = world;
  const chance = Prng.of(5).stream("stranger");
  const send = (thread: string, wire: Uint8Array): void => link.send(thread, wire);
  const [plan] = HONEST;
  if (plan === undefined) throw new Error("nobody is honest");
  const own = { plan, life: 1, away: () => {} };
  const heard = { swarm, policy, rumours, operator, send };
  const villain = { ...own, ...heard, machine, chance, signer, client };
  return { world, villain };
};

/** As everybody's envelopes name them. */
const voiceOf = ({ rumours }: SimWorld): { swarm: string; policy: string } => {
  const heard = rumours.wires[0];
  if (heard === undefined) throw new Error("nothing was said");
  return decodeEnvelope(decodeSigned(heard.wire).bytes);
};

const heardSoFar = (world: SimWorld) =>
  entriesOf(
    world.recorder.observation(world.genesisBytes, world.swarm.contents(), world.blocks, true),
  );
/** What a log grows by though nobody is heard: its own clock, the registry, and evidence of two nonces. */
const OWN = new Set<string>(["TICK", "REGISTRY", "EQUIVOCATION"]);
const isOwn = (entry: ReturnType<typeof heardSoFar>[number]): boolean =>
  (entry.kind === "given" || entry.kind === "derived") && OWN.has(entry.verb);

const stranger = signerFromSeed(new Uint8Array(32).fill(7));
/** Known here, so that its words come further than the door. */
const member = signerOf(1, "worker-1");

/** Where the log has it; the head that is told with it is today's. */
const placeOf = (receipt: Receipt | undefined): unknown =>
  receipt?.kind === "ack" ? [receipt.bucket, receipt.seq, receipt.first] : receipt;

const kinds = Object.keys(REPLAY_WEIGHTS) as ReplayKind[];

it.each(kinds)("nothing that is said again (%s) is heard a second time", async (kind) => {
  const { world, villain } = await afterTheEnd(stranger);
  const before = heardSoFar(world);
  const firsts = new Map<string, Receipt>();
  for (const output of world.recorder.outputs)
    if (output.kind === "receipt") {
      const receipt = output.receipt as Receipt;
      firsts.set(receipt.envelope, receipt);
    }
  const outputsBefore = world.recorder.outputs.length;
  let sent = 0;
  for (const heard of world.rumours.wires.slice()) {
    const again = replayed(kind, villain, heard);
    if (again === undefined) continue;
    sent += 1;
    villain.send(again.thread, again.wire);
  }
  expect(sent).toBeGreaterThan(50);
  await world.scheduler.run(world.scheduler.nowMs + 5_000);
  expect(world.failures).toEqual([]);
  expect(
    heardSoFar(world)
      .slice(0)
      .filter((entry) => !isOwn(entry)).length,
  ).toBe(before.filter((entry) => !isOwn(entry)).length);
  const answers = world.recorder.outputs
    .slice(outputsBefore)
    .flatMap((output) => (output.kind === "receipt" ? [output.receipt as Receipt] : []));
  for (const answer of answers)
    if (answer.kind === "ack")
      expect(placeOf(answer)).toEqual(placeOf(firsts.get(answer.envelope)));
  if (kind === "same") expect(answers.some((answer) => answer.kind === "ack")).toBe(true);
});

it.each(FLOOD_KINDS)("no %s wire is heard, and none makes a turn throw", async (kind) => {
  const { world, villain } = await afterTheEnd(member);
  const before = heardSoFar(world).filter((entry) => !isOwn(entry)).length;
  for (let nonce = 1_001; nonce <= 1_060; nonce += 1) {
    const flooded = floodWire(kind, villain, nonce);
    if (flooded === undefined) throw new Error("there is nothing to lie about");
    villain.send(flooded.thread, flooded.wire);
  }
  await world.scheduler.run(world.scheduler.nowMs + 2_000);
  expect(world.failures).toEqual([]);
  expect(heardSoFar(world).filter((entry) => !isOwn(entry)).length).toBe(before);
});
