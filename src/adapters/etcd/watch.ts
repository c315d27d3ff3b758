/**
 * A watch on a range of rows that comes back after every break. Each time it is (again) in place it calls
 * `changed`: what happened meanwhile was not seen.
 */

import type { IWatchResponse } from "etcd3";
import type { EtcdClient } from "./client.ts";
import type { KeyRange } from "./keys.ts";

/** Before a broken watch is set up again, ms. */
const WATCH_AGAIN_MS = 200;

interface Stream {
  cancel(): void;
}

export class Watch {
  readonly #client: EtcdClient;
  readonly #range: KeyRange;
  readonly #changed: () => void;
  #stream: Stream | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(client: EtcdClient, range: KeyRange, changed: () => void) {
    this.#client = client;
    this.#range = range;
    this.#changed = changed;
    void this.#open();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#stream?.cancel();
  }

  async #open(): Promise<void> {
    const { etcd, failed } = this.#client.endpoint();
    try {
      const stream = await etcd.watchClient.watch();
      let isOver = false;
      const broken = (): void => {
        if (isOver) return;
        isOver = true;
        stream.cancel();
        if (this.#isStopped) return;
        failed();
        this.#again();
      };
      stream.on("error", broken);
      stream.on("end", broken);
      if (this.#isStopped) return broken();
      this.#stream = stream;
      stream.on("data", ({ created, canceled, events }: IWatchResponse) => {
        if (canceled) broken();
        else if (!this.#isStopped && (created || events.length > 0)) this.#changed();
      });
      stream.write({ create_request: { ...this.#range } });
    } catch {
      failed();
      this.#again();
    }
  }

  #again(): void {
    if (this.#isStopped || this.#client.isClosed) return;
    this.#timer = setTimeout(() => void this.#open(), WATCH_AGAIN_MS);
  }
}
