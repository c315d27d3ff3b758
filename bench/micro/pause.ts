/**
 * How long a pause takes under a flood: from the operator's word until every host thread acts on it, while
 * another connection sends transfers to the same system bucket, every second one with a flipped bit.
 * Run: node bench/micro/pause.ts [--pauses 40] [--json]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clientFor, demand } from "#cli/swarm/voice.ts";
import { loadSettings } from "#cli/settings.ts";
import { EmbeddedSwarm } from "#cli/swarm/embedded.ts";
import { openFolder } from "#cli/swarm/folder.ts";
import { accountThread } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { microFlags } from "../support/flags.ts";
import { tellFigures } from "../support/report.ts";
import { percentile } from "../support/statistics.ts";

const { pauses, isJson } = microFlags({ pauses: 40 });

const BETWEEN_MS = 100;
const TRANSFERS = 20_000;
/** Of each kind, in every pulse. */
const PULSE = 100;
const PULSE_MS = 10;
const FLIPPED_BYTE = 50;

const dir = mkdtempSync(join(tmpdir(), "canswarm-pause-"));
const settings = await loadSettings(undefined);
const create = { name: "local", parameters: settings.parameters, nowMs: Date.now() };
const swarm = await EmbeddedSwarm.open({
  folder: openFolder(dir, create),
  settings,
  onNews: () => undefined,
  onHalt: (reason) => {
    throw new Error(reason);
  },
});
const operator = await swarm.openOperator();
const link = swarm.link();
const client = clientFor(swarm, link, signerFromSeed(new Uint8Array(32).fill(3)), () => undefined);
const manifest = { name: "ada", roles: ["worker" as const], capabilities: ["x"] };
demand(await client.sayAccount("REGISTER", { manifest, attestations: [] }));

const thread = accountThread(client.did);
const transfer = { to: swarm.folder.operator.did, amount: 1n };
const wires = client
  .prepare("TRANSFER", thread, Array<typeof transfer>(TRANSFERS).fill(transfer))
  .map(({ wire }) => wire);
let sent = 0;
const pulse = setInterval(() => {
  for (let i = 0; i < PULSE; i += 1) {
    const wire = wires[sent % wires.length] ?? new Uint8Array();
    const bad = wire.slice();
    bad[FLIPPED_BYTE] = (bad[FLIPPED_BYTE] ?? 0) ^ 1;
    link.send(thread, wire);
    link.send(thread, bad);
    sent += 1;
  }
}, PULSE_MS);

const tookMs: number[] = [];
const startMs = performance.now();
for (let i = 0; i < pauses; i += 1) {
  const atMs = performance.now();
  await (i % 2 === 0 ? operator.pause(client.did) : operator.resumeWork(client.did));
  tookMs.push(performance.now() - atMs);
  await sleep(BETWEEN_MS);
}
clearInterval(pulse);
const perSecond = (2 * sent * 1_000) / (performance.now() - startMs);
tellFigures(
  "pause",
  [
    { name: "pause or resume, median", value: percentile(tookMs, 0.5), unit: "ms" },
    { name: "pause or resume, longest", value: percentile(tookMs, 1), unit: "ms" },
    { name: "envelopes beside them", value: perSecond, unit: "envelopes/s" },
  ],
  { isJson },
);
operator.close();
client.close();
await swarm.close(false);
rmSync(dir, { recursive: true });
