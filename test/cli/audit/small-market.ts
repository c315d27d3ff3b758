/** A small market that was really run once, and its audit file; the folder may then be taken away. */

import { Buffer } from "node:buffer";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { decodeRecord, encodeRecord, type LogRecord } from "#runtime/log/record.ts";
import { auditLines } from "#cli/audit/write-file.ts";
import { bytesOf } from "#cli/audit/canonical-json.ts";
import { BucketChain } from "#cli/audit/chain.ts";
import {
  factsOf,
  fileDigest,
  headerLine,
  headerOf,
  headLine,
  headMessages,
  recordLine,
  type Header,
  type HeadSigned,
} from "#cli/audit/format.ts";
import type { ByteSource } from "#cli/audit/lines.ts";
import { viewRecord } from "#cli/audit/view.ts";
import { openFolder } from "#cli/swarm/folder.ts";
import { epochSecret, epochSeed } from "#runtime/threads/epoch-keys.ts";
import type { Epoch } from "#ports/store.ts";
import { market, module, tasks, verifier, worker } from "../../integration/square-market.ts";
import { runToEnd, type Summary } from "../../integration/command.ts";

const LIAR = `
const squareOf = (n) => n ** 2 + (n % 2 === 0 ? 1 : 0);
export default { work: async ({ input }) => ({ output: { square: squareOf(input.n) } }) };
`;

export interface OperatorKeys {
  readonly operator: Signer;
  readonly signerOf: (epoch: Epoch) => Signer;
  readonly secretOf: (epoch: Epoch) => Uint8Array;
}

export interface Ran {
  readonly summary: Summary;
  /** Each with its newline. */
  readonly lines: readonly string[];
  readonly keys: OperatorKeys;
  readonly folder: ReturnType<typeof market>;
}

export const NEEDS = 4;

/** Four squares: odd ones by a cheap liar, even ones at the second attempt, by an honest worker. */
export const runSmallMarket = async (): Promise<Ran> => {
  const folder = market(tasks(NEEDS), [
    worker("liar", "1", { module: "./liar.mjs" }),
    worker("honest", "2", module),
    ...["v1", "v2", "v3"].map((name) => verifier(name, module)),
  ]);
  folder.write("liar.mjs", LIAR);
  const summary = await runToEnd(folder.args);
  const lines: string[] = [];
  for await (const line of auditLines(folder.data)) lines.push(line);
  const seed = openFolder(folder.data, undefined).keys.seed("operator");
  const keys: OperatorKeys = {
    operator: signerFromSeed(seed),
    signerOf: (epoch) => signerFromSeed(epochSeed(seed, epoch)),
    secretOf: (epoch) => epochSecret(seed, epoch),
  };
  return { summary, lines, keys, folder };
};

/** A file in memory, handed out in pieces. */
export const sourceOf = (text: string | Uint8Array, piece = 65_536): ByteSource => {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  return {
    *read(from) {
      for (let at = from; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
    },
  };
};

export const linesOfKind = (lines: readonly string[], kind: string): readonly number[] =>
  lines.flatMap((line, n) => (line.includes(`"kind":"${kind}"`) ? [n] : []));

type Fields = Readonly<Record<string, unknown>>;
export const fieldsOf = (line: string): Fields => JSON.parse(line) as Fields;

/** The logs of a file, to be changed and put together again. */
export class Forgery {
  readonly header: Header;
  readonly logs: LogRecord[][];
  readonly #heads: readonly Fields[];

  constructor(lines: readonly string[]) {
    const [first = "", ...rest] = lines;
    this.header = headerOf(bytesOf(fieldsOf(first)["genesis"]) ?? new Uint8Array(0));
    this.logs = Array.from({ length: 257 }, () => []);
    const all = rest.map(fieldsOf);
    for (const { kind, bucket, record } of all)
      if (kind === "record")
        this.logs[Number(bucket)]?.push(decodeRecord(bytesOf(record) ?? new Uint8Array(0)));
    this.#heads = all.filter(({ kind }) => kind === "head");
  }

  /** The file again, its chains whole; heads are signed anew where keys are given, else as they were. */
  lines(keys?: OperatorKeys): string[] {
    const out = [`${headerLine(this.header)}\n`];
    const chains = this.logs.map((log, bucket) => {
      const chain = new BucketChain(bucket, this.header.hash);
      for (const record of log) {
        const next = { ...record, index: chain.records, first: chain.size, parent: chain.hash };
        const bytes = encodeRecord(next);
        chain.add(bytes);
        const { view } = viewRecord(next);
        out.push(`${recordLine({ bucket, index: next.index, hash: chain.hash }, bytes, view)}\n`);
      }
      return chain;
    });
    const heads = chains.map(factsOf);
    const file = fileDigest(this.header.hash, heads);
    for (const [bucket, facts] of heads.entries()) {
      const { led } = facts;
      const was = this.#heads[bucket] ?? {};
      const secret = led === undefined ? undefined : bytesOf(was["secret"]);
      const messages = headMessages(this.header.hash, file, facts, secret);
      const signed: HeadSigned =
        keys === undefined
          ? {
              secret,
              signature: led === undefined ? undefined : bytesOf(was["signature"]),
              operator: bytesOf(was["operator"]) ?? new Uint8Array(0),
            }
          : {
              secret,
              signature:
                led === undefined ? undefined : keys.signerOf(led.epoch).sign(messages.epoch),
              operator: keys.operator.sign(messages.operator),
            };
      out.push(`${headLine(file, facts, signed)}\n`);
    }
    return out;
  }
}
