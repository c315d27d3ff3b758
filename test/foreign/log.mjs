/** One bucket's log, as docs/protocol/audit-file.md has it: chain, epochs, envelopes, draws, views. */

import { decode } from "./cbor.mjs";
import {
  base64url,
  bucketOfCid,
  bytesOf,
  canonicalJson,
  cidOf,
  isSigned,
  rootFrom,
  sha256,
} from "./words.mjs";

export const SYSTEM_BUCKET = 256;

export const demand = (holds, fault) => {
  if (!holds) throw new Error(fault);
};
export const demandFields = (object, names) =>
  demand(Object.keys(object).sort().join() === [...names].sort().join(), "other fields");

/* ------------------------------------------------------------------------------------ view */

const MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** Whether the JSON of a view says what the CBOR says; an integer may stand as its decimal text. */
const isShown = (value, json) => {
  if (typeof value === "bigint")
    return json === String(value) || (value <= MAX && json === Number(value));
  if (Buffer.isBuffer(value))
    return canonicalJson(json) === canonicalJson({ "/": { bytes: base64url(value) } });
  if (Array.isArray(value))
    return (
      Array.isArray(json) &&
      json.length === value.length &&
      value.every((one, n) => isShown(one, json[n]))
    );
  if (value instanceof Map)
    return (
      typeof json === "object" &&
      json !== null &&
      Object.keys(json).length === value.size &&
      [...value].every(([key, one]) => Object.hasOwn(json, key) && isShown(one, json[key]))
    );
  return value === json;
};

const asMap = (fields) => new Map(Object.entries(fields).filter(([, one]) => one !== undefined));

/* ------------------------------------------------------------------------------------ logs */

export class Log {
  records = 0;
  size = 0;
  hash = Buffer.alloc(32);
  leaves = [];
  atMs = 0n;
  epoch;
  revisions = new Map();

  constructor(bucket, world) {
    this.bucket = bucket;
    this.world = world;
  }

  add(line) {
    demandFields(line, ["kind", "bucket", "index", "hash", "record", "view"]);
    const bytes = bytesOf(line.record);
    const [version, bucket, index, first, parent, generation, revision, atMs, entries, ...more] =
      decode(bytes);
    demand(version === 1n && more.length === 0, "a record of another form");
    demand(Number(bucket) === this.bucket && line.bucket === this.bucket, "another bucket");
    demand(Number(index) === this.records && line.index === this.records, "another index");
    demand(Number(first) === this.size, "another first position");
    demand(parent.equals(this.hash), "another parent");
    demand(atMs >= this.atMs, "log time runs backwards");
    demand(entries.length > 0, "an empty record");
    const shown = entries.map((entry, n) => this.entry(entry, this.size + n));
    const view = asMap({
      atMs,
      entries: shown,
      epoch: [generation, revision],
      first,
      parent: parent.toString("hex"),
    });
    demand(isShown(view, line.view), "the view says something else than the bytes");
    demand(this.epoch !== undefined, "a record before the first EPOCH");
    demand(
      this.epoch.get("generation") === generation && this.epoch.get("revision") === revision,
      "another epoch",
    );
    this.hash = sha256(bytes);
    demand(line.hash === this.hash.toString("hex"), "another hash");
    this.leaves.push(this.hash);
    this.records += 1;
    this.size += entries.length;
    this.atMs = atMs;
  }

  /** Checks an entry; returns what its view must show. */
  entry([kind, ...rest], at) {
    const position = BigInt(at);
    if (kind === 0n) return this.envelope(rest, position);
    if (kind === 1n) {
      const [from, number, role, floor, payload] = rest;
      return asMap({
        kind: "message",
        position,
        from,
        number,
        role: role === 0n ? "ask" : "answer",
        floor,
        payload,
      });
    }
    if (kind === 2n) {
      const [verb, body] = rest;
      if (verb === "EPOCH") this.begin(body);
      if (verb === "EQUIVOCATION") this.pair(body);
      return asMap({ kind: "given", position, verb, body });
    }
    demand(kind === 3n, "an entry of another kind");
    const [verb, thread, body] = rest;
    if (verb === "GRANT")
      this.revisions.set(`${body.get("need")}/${body.get("attempt")}`, body.get("revision"));
    if (verb === "DRAW" && body.get("phase") === "asked") this.draw(body);
    return asMap({ kind: "derived", position, verb, thread, body });
  }

  envelope(signed, position) {
    const { map, id, thread } = this.signed(signed);
    const { v: _, ...told } = Object.fromEntries(map);
    return asMap({ ...told, kind: "envelope", position, id, thread });
  }

  signed([bytes, signature, size, index, path]) {
    const map = decode(bytes);
    const id = cidOf(bytes);
    const thread = map.get("thread") ?? id;
    demand(map.get("swarm") === this.world.header.swarm, "an envelope of another swarm");
    const owner = thread.startsWith("acct:") ? SYSTEM_BUCKET : bucketOfCid(thread);
    demand(owner === this.bucket, "an envelope of another bucket");
    const four = Buffer.alloc(4);
    four.writeUInt32BE(Number(size));
    const root = rootFrom(bytes, Number(index), Number(size), path);
    const message = Buffer.concat([Buffer.from("canswarm/v1/root\0"), four, root]);
    demand(
      isSigned(map.get("from"), message, signature),
      "an envelope that its sender did not sign",
    );
    this.world.envelopes += 1;
    return { map, id, thread };
  }

  pair(body) {
    const { map, id, thread } = this.signed(decode(body.get("second")));
    demand(id !== body.get("first") && thread === body.get("thread"), "no equivocation");
    demand(
      map.get("from") === body.get("from") && map.get("nonce") === body.get("nonce"),
      "no equivocation",
    );
  }

  begin(body) {
    const last = this.epoch;
    const number = (epoch) => (epoch.get("generation") << 64n) + epoch.get("revision");
    demand(last === undefined || number(body) > number(last), "epochs do not rise");
    demand(body.get("header") === this.world.header.hash, "an EPOCH of another header");
    const secret = body.get("previousSecret");
    if (secret !== undefined) {
      const commitment = sha256(secret);
      demand(last === undefined || commitment.equals(last.get("commitment")), "another secret");
      this.world.secrets.set(commitment.toString("hex"), secret);
    }
    this.epoch = body;
  }

  draw(body) {
    const [need, attempt, question] = ["need", "attempt", "question"].map((name) => body.get(name));
    const revision = question === "plan" ? 0n : (this.revisions.get(`${need}/${attempt}`) ?? 0n);
    const label = [
      need,
      attempt,
      question,
      body.get("candidate"),
      body.get("round"),
      revision,
    ].join("/");
    this.world.draws.push({
      label,
      s: body.get("s"),
      commitment: this.epoch.get("commitment").toString("hex"),
    });
  }
}
