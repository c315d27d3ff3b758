/**
 * A requester of its own making, as a program: `DATA AGENTS.json reveals|keeps`. It posts a NEED with a
 * drawHash, reveals the secret when it is asked to, or does not, and prints what it did when the need has
 * ended.
 */

import { randomBytes } from "node:crypto";
import { sha256 } from "../../src/envelope/cid.ts";
import { signerFromSeed } from "../../src/envelope/keys.ts";
import { localParameters } from "../../src/domain/genesis/profiles.ts";
import type { NeedBody } from "../../src/protocol/bodies.ts";
import type { Notice } from "../../src/protocol/notices.ts";
import { readInputs } from "../../src/cli/input/inputs.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { hiredOf } from "../../src/cli/swarm/accounts.ts";
import { EmbeddedSwarm } from "../../src/cli/swarm/embedded.ts";
import { MINTED_DEFAULT, openFolder } from "../../src/cli/swarm/folder.ts";
import { clientFor, demand, registryReady } from "../../src/cli/swarm/voice.ts";

const [data = "", agentsFile = "", how] = process.argv.slice(2);
const inputs = await readInputs(
  { tasks: agentsFile.replace("agents.json", "tasks.jsonl"), agents: agentsFile },
  { parameters: localParameters, minted: MINTED_DEFAULT },
);
if (inputs.kind === "bad") throw new Error("bad input files");
const folder = openFolder(data, undefined);
const swarm = await EmbeddedSwarm.open({
  folder,
  settings: await loadSettings(undefined),
  hired: hiredOf(folder, inputs.agents, inputs.folder),
  onNews: () => undefined,
  onHalt: (reason) => {
    throw new Error(reason);
  },
});
const link = swarm.link();
const operator = await swarm.openOperator();
await registryReady(swarm);

const secret = new Uint8Array(randomBytes(32));
let end = (): void => undefined;
const ended = new Promise<void>((resolve) => {
  end = resolve;
});
const client = clientFor(
  swarm,
  link,
  signerFromSeed(folder.keys.seed("requester")),
  (notice: Notice) => {
    if (notice.kind === "ended") end();
    if (notice.kind !== "reveal-draw" || how !== "reveals") return;
    const { need, attempt } = notice;
    void client.say("REVEAL", need, { what: "draw", need, attempt, preimage: secret }).then(demand);
  },
);
const body: NeedBody = {
  key: "drawn",
  capability: "square",
  input: { value: { n: 5 } },
  bounty: 2_500_000n,
  verifyBounty: 500_000n,
  kResult: 2,
  deadlineMs: 30_000,
  drawHash: sha256(secret),
};
await operator.grant(client.did, 20_000_000n, "grant/drawn");
const [prepared] = client.prepare("NEED", undefined, [body]);
if (prepared === undefined) throw new Error("nothing was signed");
demand(await client.send(prepared));
await ended;
process.stdout.write(
  JSON.stringify({ need: prepared.id, secret: Buffer.from(secret).toString("hex") }),
);
await swarm.hosts.drain();
client.close();
operator.close();
await swarm.close(false);
