/**
 * A network namespace joined to ours by one cable, as another machine is: processes run in it, servers of
 * ours are reached from it, and once the cable is pulled what either side sends vanishes. It takes root.
 */

import { spawnSync } from "node:child_process";

/**
 * Kept for tests of networks (RFC 2544), so that nothing else is met there. Eight addresses for each
 * process: those of two that run side by side differ unless their ids do by a multiple of 16,384.
 */
const NET = [198, 18] as const;
const BLOCK = 8;
const BLOCKS = 2 ** 14;
/** In a block: that of servers, and in a net of their own the two ends of the cable. */
const SERVERS = 1;
const NEAR = 5;
const FAR = 6;
/** A call of `ip` that has not ended by then has hung, ms. */
const CALL_MS_MAX = 10_000;

/** What it failed at, if it did. */
const ip = (...args: readonly string[]): string | undefined => {
  const { status, stderr, error } = spawnSync("ip", args, {
    encoding: "utf8",
    timeout: CALL_MS_MAX,
  });
  if (error !== undefined && "code" in error && error.code === "ENOENT")
    return "there is no ip (iproute2)";
  if (status === 0) return undefined;
  return `ip ${args.join(" ")}: ${error?.message ?? stderr.trim()}`;
};

const addressOf = (at: number): string => {
  const offset = (process.pid % BLOCKS) * BLOCK + at;
  return [NET[0], NET[1] + (offset >> 16), (offset >> 8) & 255, offset & 255].join(".");
};

export class FarPlace {
  /** Where servers of ours listen for those in it: on our loopback, which no cable takes away. */
  readonly address = addressOf(SERVERS);
  readonly #name = `canswarm-${process.pid}`;
  readonly #near = `cs${process.pid}n`;
  readonly #far = `cs${process.pid}f`;

  /** What a process in it is started with. */
  readonly within: readonly string[] = ["ip", "netns", "exec", this.#name];

  readonly #removed = (): void => void this.remove();

  /** Or why it cannot be had here. */
  static open(): FarPlace | string {
    if (process.platform !== "linux") return "it needs Linux";
    const place = new FarPlace();
    const failure = place.#build();
    if (failure === undefined) return place;
    place.remove();
    return failure;
  }

  #build(): string | undefined {
    process.once("exit", this.#removed);
    const [near, far] = [addressOf(NEAR), addressOf(FAR)];
    const steps = [
      ["netns", "add", this.#name],
      ["link", "add", this.#near, "type", "veth", "peer", this.#far, "netns", this.#name],
      ["address", "add", `${this.address}/32`, "dev", "lo"],
      ["address", "add", `${near}/30`, "dev", this.#near],
      ["link", "set", this.#near, "up"],
      ["-n", this.#name, "address", "add", `${far}/30`, "dev", this.#far],
      ["-n", this.#name, "link", "set", "lo", "up"],
      ["-n", this.#name, "link", "set", this.#far, "up"],
      ["-n", this.#name, "route", "add", this.address, "via", near],
      ["netns", "exec", this.#name, "true"],
    ];
    for (const step of steps) {
      const failure = ip(...step);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  /** At our end: the far one keeps its addresses and routes, and goes on sending. */
  pull(): void {
    must("link", "set", this.#near, "down");
  }

  plug(): void {
    must("link", "set", this.#near, "up");
  }

  /** Twice is harmless. What still runs in it keeps it, without its name and its cable. */
  remove(): void {
    process.off("exit", this.#removed);
    // The other end goes with it.
    ip("link", "delete", this.#near);
    ip("address", "delete", `${this.address}/32`, "dev", "lo");
    ip("netns", "delete", this.#name);
  }
}

const must = (...args: readonly string[]): void => {
  const failure = ip(...args);
  if (failure !== undefined) throw new Error(failure);
};
