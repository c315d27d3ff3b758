/**
 * Blocks that every machine of a cluster can read: one message a part under `PREFIX.blk.CID.PART`, on a
 * stream of their own. The same block again takes the place of itself.
 *
 * K1  A block counts once a majority of the servers has acknowledged it; the supervisor that put it has
 *     it on its own disk too.
 * K2  What is read is checked against its CID where it is read (ports/block-cid.ts).
 */
import { headers } from "nats";
import { checkedBlock, cidOfBlock } from "#ports/block-cid.ts";
import type { Blocks } from "#ports/blocks.ts";
import { openLink, type Link } from "./connect.ts";
import { joined, partsOf } from "./stream-headers.ts";
import { PartStore } from "./stream-parts.ts";
import { streamName } from "./stream-rooms.ts";
import { replicasOf } from "./stream-setup.ts";
import type { NatsStreamOptions } from "./stream.ts";

export class NatsBlocks implements Blocks {
  readonly #link: Link;
  readonly #prefix: string;
  readonly #parts: PartStore;

  private constructor(link: Link, prefix: string, parts: PartStore) {
    [this.#link, this.#prefix, this.#parts] = [link, prefix, parts];
  }

  /** Creates the stream if it is missing. Rejects as NatsStream.open does. */
  static async open(options: NatsStreamOptions): Promise<NatsBlocks> {
    const { prefix, streamBytesMax: bytesMax } = options;
    let parts: PartStore | undefined;
    const link = await openLink(options, { down: () => parts?.broken() });
    try {
      parts = await PartStore.open(link, {
        name: streamName(prefix, "blocks"),
        subjects: `${prefix}.blk.>`,
        replicas: replicasOf(link, options),
        bytesMax,
      });
      return new NatsBlocks(link, prefix, parts);
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  async put(bytes: Uint8Array, codec: "raw" | "dag-cbor"): Promise<string> {
    const cid = cidOfBlock(bytes, codec);
    await this.#parts.put(partsOf(this.#subject(cid), bytes, headers));
    return cid;
  }

  async get(cid: string): Promise<Uint8Array | undefined> {
    const found = await joined((part) => this.#parts.get(part), this.#subject(cid));
    return found === undefined ? undefined : checkedBlock(cid, found.data);
  }

  async has(cid: string): Promise<boolean> {
    return (await this.#parts.get(`${this.#subject(cid)}.0`)) !== undefined;
  }

  /** Those of which a first part is there. */
  async cids(): Promise<readonly string[]> {
    const from = `${this.#prefix}.blk.`.length;
    return (await this.#parts.subjects())
      .filter((subject) => subject.endsWith(".0"))
      .map((subject) => subject.slice(from, -".0".length));
  }

  /** As `made` of PartStore: another answer than before, and all blocks are gone. */
  made(): Promise<string> {
    return this.#parts.made();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #subject(cid: string): string {
    return `${this.#prefix}.blk.${cid}`;
  }
}
