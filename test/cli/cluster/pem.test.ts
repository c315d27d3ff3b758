/** Files of TLS that are named and are not there, or are something else. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clusterPlaces } from "#cli/cluster/settings.ts";
import { toldError } from "#cli/errors.ts";
import { natsPlaceOf, type NatsFlags } from "#cli/up/nats-place.ts";

const dir = mkdtempSync(join(tmpdir(), "canswarm-pem-"));
const file = (name: string): string => join(dir, name);
beforeAll(() => {
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const made = ["-subj", "/CN=a", "-keyout", "a.key", "-out", "a.crt"];
  const args = ["req", "-x509", ...curve, "-nodes", "-days", "2", ...made];
  execFileSync("openssl", args, { cwd: dir, stdio: "ignore" });
  writeFileSync(file("rubbish"), "rubbish");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Tls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

const placesWith = (kind: "etcd" | "nats", tls: Tls) =>
  clusterPlaces(
    {
      etcd: { endpoints: ["https://10.0.0.1:2379"], ...(kind === "etcd" ? { tls } : {}) },
      nats: { servers: ["nats://10.0.0.1:4222"], ...(kind === "nats" ? { tls } : {}) },
    },
    file("cluster.config.mjs"),
  );

const whole: Tls = { ca: "a.crt", cert: "a.crt", key: "a.key" };
const WRONG: readonly (readonly [Tls, string])[] = [
  [{ ca: "nowhere" }, "nowhere cannot be read (ENOENT)"],
  [{ ca: "rubbish" }, "rubbish holds no certificate (PEM)"],
  [{ ...whole, cert: "a.key" }, "a.key holds no certificate (PEM)"],
  [{ ...whole, key: "a.crt" }, "a.crt holds no private key without a password (PEM)"],
];

it.each(["etcd", "nats"] as const)("files of %s that are what they should be are taken", (kind) => {
  expect(placesWith(kind, whole)).toMatchObject({ name: "canswarm" });
});

it.each(WRONG)("a configuration with %o is told which file it is", (tls, reason) => {
  for (const kind of ["etcd", "nats"] as const)
    expect(placesWith(kind, tls)).toBe(`cluster: ${join(dir, reason)}`);
});

const flagsWith = ({ ca, cert, key }: Tls): NatsFlags => ({
  nats: ["nats://10.0.0.1:4222"],
  cluster: "market",
  natsCa: file(ca),
  ...(cert === undefined ? {} : { natsCert: file(cert) }),
  ...(key === undefined ? {} : { natsKey: file(key) }),
});

it.each(WRONG)("an agent with %o is told which file it is", (tls, reason) => {
  let told: unknown;
  try {
    natsPlaceOf(flagsWith(tls));
  } catch (error) {
    told = toldError(error);
  }
  expect(told).toMatchObject({ code: "USAGE", exitCode: 2, message: join(dir, reason) });
});

it("an agent's files that are what they should be are handed on by their paths", () => {
  const { tls } = natsPlaceOf(flagsWith(whole)) ?? {};
  expect(tls).toEqual({ caFile: file("a.crt"), certFile: file("a.crt"), keyFile: file("a.key") });
});
