/** Servers that let in only whom they know, over TLS: certificates are made on the spot. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { NatsBus } from "#adapters/nats/bus.ts";
import type { NatsOptions, NatsTls } from "#adapters/nats/connect.ts";
import { nkeyOf } from "#adapters/nats/nkey.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { Fault } from "#ports/faults.ts";
import { NatsServer, until } from "../../support/nats-server.ts";
import { newPrefix } from "./rigs.ts";

const dir = mkdtempSync(join(tmpdir(), "canswarm-tls-"));
const file = (name: string): string => join(dir, name);
const openssl = (...args: readonly string[]): void =>
  void execFileSync("openssl", args, { cwd: dir, stdio: "ignore" });
const signer = signerFromSeed(new Uint8Array(32).fill(3));

const authority = (name: string): void => {
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
  const made = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
  openssl(
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    ...subject,
    ...made,
  );
};

let known: NatsServer;
let token: NatsServer;
beforeAll(async () => {
  authority("server");
  authority("stranger");
  const tls = `tls { cert_file: "${file("server.crt")}", key_file: "${file("server.key")}" }\n`;
  const users = `users = [{ nkey: "${nkeyOf(signer.publicKey)}" }]`;
  known = await NatsServer.start(`${tls}authorization { ${users} }\n`);
  token = await NatsServer.start('authorization { token: "secret" }\n');
});
afterAll(async () => {
  await Promise.all([known.dispose(), token.dispose()]);
  rmSync(dir, { recursive: true, force: true });
});

const opens = async (server: NatsServer, more: Partial<NatsOptions>): Promise<boolean> => {
  const options = { servers: [server.url], prefix: newPrefix(), ...more };
  const bus = await NatsBus.open(options).catch(() => undefined);
  if (bus === undefined) return false;
  const heard: Uint8Array[] = [];
  bus.subscribe("subject", (bytes) => heard.push(bytes));
  bus.publish("subject", Uint8Array.of(1));
  await until(() => heard.length === 1);
  await bus.close();
  return true;
};

it("takes a server for what it says only where the authority vouches for it", async () => {
  expect(await opens(known, { signer, tls: { caFile: file("server.crt") } })).toBe(true);
  expect(await opens(known, { signer, tls: { caFile: file("stranger.crt") } })).toBe(false);
  expect(await opens(known, { signer, tls: {} })).toBe(false);
});

it("speaks to no server without TLS where TLS is asked for", async () => {
  const tls = { caFile: file("server.crt") };
  expect(await opens(token, { token: "secret", tls })).toBe(false);
});

const refusal = async (server: NatsServer, tls: NatsTls): Promise<string> => {
  const error: unknown = await NatsBus.open({
    servers: [server.url],
    prefix: newPrefix(),
    tls,
  }).then(
    (bus) => bus.close(),
    (reason: unknown) => reason,
  );
  return error instanceof Fault ? `${error.code} ${error.sentence}` : String(error);
};

it("says why TLS did not come about", async () => {
  const of = `BUS_UNREACHABLE no NATS server of ${token.url} let us in`;
  const plain = await refusal(token, { caFile: file("server.crt") });
  expect(plain).toBe(`${of}: TLS is asked of it, and it has none`);
  const stranger = await refusal(known, { caFile: file("stranger.crt") });
  expect(stranger).toContain("no authority that is named here vouches for its certificate");
  const rubbish = await refusal(known, { caFile: file("server.crt"), keyFile: file("server.crt") });
  expect(rubbish).toMatch(/let us in: TLS \(.+\)$/);
});

it("is let in under its own key, and under no other", async () => {
  const tls = { caFile: file("server.crt") };
  const other = signerFromSeed(new Uint8Array(32).fill(4));
  expect(await opens(known, { tls, signer: other })).toBe(false);
  expect(await opens(known, { tls })).toBe(false);
});

it("is let in with a token, whether it shows a key or not", async () => {
  expect(await opens(token, { token: "secret" })).toBe(true);
  expect(await opens(token, { token: "secret", signer })).toBe(true);
  expect(await opens(token, { token: "wrong", signer })).toBe(false);
});
