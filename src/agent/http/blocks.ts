/** Blocks behind a supervisor's HTTP door. Bytes that come and are not of their CID are none. */

import { decode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Cid } from "#protocol/words.ts";
import type { Api } from "./api.ts";

export class HttpBlocks implements Blocks {
  readonly #api: Api;
  readonly #session: () => string | undefined;

  /** `session`: of the agent's stream. */
  constructor(api: Api, session: () => string | undefined) {
    [this.#api, this.#session] = [api, session];
  }

  /** Values only: what is put is canonical DAG-CBOR. */
  async put(bytes: Uint8Array, codec: "raw" | "dag-cbor"): Promise<Cid> {
    if (codec === "raw") throw new Error("only values travel over HTTP");
    const session = this.#session();
    if (session === undefined) throw new Error("there is no stream to the supervisor");
    const headers = { "canswarm-session": session };
    const { cid } = await this.#api.putBytes<{ readonly cid: Cid }>("/v1/blocks", bytes, headers);
    if (cid !== cidOf(bytes))
      throw new Error(`the supervisor stored ${cid}, which is another block`);
    return cid;
  }

  async get(cid: Cid): Promise<Uint8Array | undefined> {
    const bytes = await this.#api.getBytes(`/v1/blocks/${cid}`);
    if (bytes === undefined || cidOf(bytes) !== cid) return undefined;
    decode(bytes);
    return bytes;
  }

  async has(cid: Cid): Promise<boolean> {
    return (await this.get(cid)) !== undefined;
  }
}
