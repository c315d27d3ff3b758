/**
 * Verifies an audit file knowing nothing of canswarm: written from docs/protocol/audit-file.md, with
 * Node's own modules alone. It checks points 1 to 4 and 6 of that page; point 5, the market's rules, is
 * what `canswarm replay` is for.
 *
 *   node test/foreign/verify-audit.mjs AUDIT.jsonl
 *
 * Prints one JSON object and ends with 0, or prints the first fault and ends with 1.
 */

import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { decode, encode } from "./cbor.mjs";
import { Log, SYSTEM_BUCKET, demand, demandFields } from "./log.mjs";
import { bytesOf, canonicalJson, isSigned, rootOf, sha256 } from "./words.mjs";

/* ---------------------------------------------------------------------------------- header */

const readHeader = (line) => {
  demandFields(line, ["kind", "version", "swarm", "profile", "genesis", "hash"]);
  demand(line.kind === "header" && line.version === 1, "no header of version 1");
  const bytes = bytesOf(line.genesis);
  const genesis = decode(bytes);
  const swarm = `${genesis.get("name")}.${sha256(bytes).toString("hex").slice(0, 16)}`;
  demand(line.swarm === swarm, "another swarm than the genesis'");
  demand(line.profile === genesis.get("parameters").get("profile"), "another profile");
  const hash = sha256(encode(["canswarm/v1/header", bytes])).toString("hex");
  demand(line.hash === hash, "another hash than the genesis'");
  return { swarm, hash, operator: genesis.get("operator") };
};

/* ----------------------------------------------------------------------------------- heads */

const digestOfHeads = (header, logs) =>
  sha256(
    Buffer.from("canswarm/v1/audit-file\0"),
    encode([
      header.hash,
      logs.map((log) => [log.bucket, log.records, log.size, log.hash, rootOf(log.leaves)]),
    ]),
  ).toString("hex");

const checkHead = (line, log, file, world) => {
  const { header } = world;
  const { epoch, bucket, records, size, hash } = log;
  const root = rootOf(log.leaves);
  const led = epoch !== undefined;
  const key = led ? epoch.get("key") : null;
  const number = led ? [epoch.get("generation"), epoch.get("revision")] : null;
  const secret = line.secret === null ? null : bytesOf(line.secret);
  const { signature, operator, ...stated } = line;
  const own = {
    kind: "head",
    bucket,
    records,
    size,
    hash: hash.toString("hex"),
    root: root.toString("hex"),
    epoch: led ? number.map(Number) : null,
    key,
    secret: line.secret,
    file,
  };
  demand(
    canonicalJson(stated) === canonicalJson(own),
    "it does not state what the records add up to",
  );
  const under = led ? [...number, key] : null;
  const said = encode([header.hash, file, bucket, records, size, hash, root, under, secret]);
  const by = (domain) => Buffer.concat([Buffer.from(`canswarm/v1/${domain}\0`), said]);
  demand(
    isSigned(header.operator, by("audit-operator"), bytesOf(operator)),
    "the operator did not sign it",
  );
  if (!led) demand(secret === null && signature === null, "a secret or signature of no epoch");
  else
    demand(isSigned(key, by("audit-head"), bytesOf(signature)), "its epoch's key did not sign it");
  if (secret === null) return;
  const commitment = sha256(secret);
  demand(commitment.equals(epoch.get("commitment")), "another secret than was committed to");
  world.secrets.set(commitment.toString("hex"), secret);
};

/* ------------------------------------------------------------------------------------ file */

const textOf = (path) =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));

const verifyFile = (text, told) => {
  demand(text.endsWith("\n"), "the file ends without a newline");
  const lines = text.slice(0, -1).split("\n");
  const read = (n) => {
    told.line = n + 1;
    demand(n < lines.length, "the file ends too early");
    const value = JSON.parse(lines[n]);
    demand(canonicalJson(value) === lines[n], "not the one text of its content");
    return value;
  };
  const world = { header: readHeader(read(0)), secrets: new Map(), draws: [], envelopes: 0 };
  const logs = Array.from({ length: SYSTEM_BUCKET + 1 }, (_, bucket) => new Log(bucket, world));
  let at = 1;
  let bucket = 0;
  for (let line = read(at); line.kind === "record"; line = read((at += 1))) {
    demand(line.bucket >= bucket && line.bucket <= SYSTEM_BUCKET, "buckets are out of order");
    bucket = line.bucket;
    logs[bucket].add(line);
  }
  const file = digestOfHeads(world.header, logs);
  for (const log of logs) checkHead(read(at++), log, file, world);
  told.line = at + 1;
  demand(at === lines.length, "something follows the last head");
  const draws = { proven: 0, unproven: 0, false: 0 };
  for (const { label, s, commitment } of world.draws) {
    const secret = world.secrets.get(commitment);
    const verdict =
      secret === undefined
        ? "unproven"
        : createHmac("sha256", secret).update(label).digest().equals(s)
          ? "proven"
          : "false";
    draws[verdict] += 1;
  }
  const sum = (of) => logs.reduce((all, log) => all + of(log), 0);
  return {
    swarm: world.header.swarm,
    records: sum((log) => log.records),
    entries: sum((log) => log.size),
    signatures: world.envelopes,
    draws,
    file,
  };
};

const told = { line: 1 };
try {
  const verified = verifyFile(textOf(process.argv[2] ?? ""), told);
  process.stdout.write(`${JSON.stringify(verified)}\n`);
  process.exitCode = verified.draws.false === 0 ? 0 : 1;
} catch (error) {
  process.stdout.write(
    `line ${told.line}: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 1;
}
