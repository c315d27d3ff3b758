/** Whose envelopes wait in a lane of their own, and who is told again what it is asked. */
import { expect, it } from "vitest";
import { createApplication } from "#actors/application.ts";
import type { Directory } from "#actors/market.ts";
import { encodeGenesis } from "#domain/genesis/codec.ts";
import { parametersOf } from "#domain/genesis/profiles.ts";
import type { AgentRow } from "#domain/registry/snapshot.ts";
import { sha256 } from "#envelope/cid.ts";
import { signerFromSeed } from "#envelope/keys.ts";

const didOf = (name: string): string => signerFromSeed(sha256(new TextEncoder().encode(name))).did;
const [operator, ada, mob] = [didOf("operator"), didOf("ada"), didOf("mob")];
const { knows } = createApplication(
  encodeGenesis({
    version: 1,
    name: "test",
    nonce: new Uint8Array(16),
    operator,
    createdAtMs: 0,
    minted: 1n,
    parameters: parametersOf("local"),
    policy: "",
  }),
);
const directory: Pick<Directory, "rows"> = { rows: new Map([[ada, {} as AgentRow]]) };

it.each([
  ["the operator before anything is published", operator, undefined, true],
  ["the operator, who is in no registry", operator, directory, true],
  ["an agent that the registry names", ada, directory, true],
  ["the same before anything is published", ada, undefined, false],
  ["whoever it does not name", mob, directory, false],
])("%s: known or not", (_, did, document, isKnown) => expect(knows(did, document)).toBe(isKnown));
