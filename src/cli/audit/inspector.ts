/**
 * What can be said of logs without replaying them: chains, epochs, signatures, draws. A folder's logs and
 * a file's lines go through the same one.
 */

import { BUCKETS } from "#envelope/cid.ts";
import { bucketOfThread } from "#envelope/route.ts";
import { Malformed } from "#envelope/malformed.ts";
import type { LogRecord } from "#runtime/log/record.ts";
import type { Json } from "./canonical-json.ts";
import { BucketChain, Broken } from "./chain.ts";
import { countDraws, DrawChecks, type DrawVerdict } from "./draws.ts";
import type { Header } from "./format.ts";
import { signedIn } from "./signed-in.ts";
import { SignatureQueue } from "./signatures.ts";
import { viewRecord, type Viewed } from "./view.ts";

export interface Inspected {
  readonly record: LogRecord;
  readonly view: Json;
}

export class Inspector {
  readonly header: Header;
  readonly chains: readonly BucketChain[];
  readonly draws = new DrawChecks();
  readonly signatures = new SignatureQueue();

  constructor(header: Header) {
    this.header = header;
    this.chains = Array.from(
      { length: BUCKETS + 1 },
      (_, bucket) => new BucketChain(bucket, header.hash),
    );
  }

  /** Throws Broken. Signatures are told later, by `add` or `finish`. */
  async add(bucket: number, bytes: Uint8Array, line?: number): Promise<Inspected> {
    const chain = this.chains[bucket];
    if (chain === undefined) throw new Broken(`there is no bucket ${bucket}`);
    const record = chain.add(bytes);
    const { view, spoken } = viewed(record);
    for (const { position, thread, envelope } of spoken) {
      if (envelope.swarm !== this.header.swarm)
        throw new Broken(`the envelope at position ${position} is of another swarm`, { bucket });
      if (bucketOfThread(thread) !== bucket)
        throw new Broken(`the envelope at position ${position} belongs elsewhere`, { bucket });
    }
    if (chain.epoch !== undefined) this.draws.add(record, chain.epoch.commitment);
    const at = line === undefined ? { bucket } : { bucket, line };
    for (const [n, entry] of record.entries.entries()) {
      const position = record.first + n;
      const signed = signedIn(entry, { bucket, position });
      if (signed !== undefined) await this.signatures.add(signed, { ...at, position });
    }
    return { record, view };
  }

  get records(): number {
    return this.chains.reduce((sum, chain) => sum + chain.records, 0);
  }

  verdicts(): {
    readonly verdicts: readonly DrawVerdict[];
    readonly counts: ReturnType<typeof countDraws>;
  } {
    const verdicts = this.draws.verdicts();
    return { verdicts, counts: countDraws(verdicts) };
  }
}

const viewed = (record: LogRecord): Viewed => {
  try {
    return viewRecord(record);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Broken(`an envelope in record ${record.index}: ${error.message}`, {
      bucket: record.bucket,
    });
  }
};
