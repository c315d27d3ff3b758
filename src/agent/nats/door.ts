/**
 * The bus of a cluster as one agent's way in: one connection that goes outward, opened again for ever
 * once it has been open. docs/agents/nats.md.
 */

import { randomBytes } from "node:crypto";
import type { Signer } from "#envelope/keys.ts";
import { NatsBus } from "#adapters/nats/bus.ts";
import { RECONNECT_MS, type NatsTls } from "#adapters/nats/connect.ts";
import type { Clock } from "#ports/clock.ts";
import { Fault } from "#ports/faults.ts";
import { BusLink } from "../bus/bus-link.ts";
import type { Door, Known, LinkState } from "../door.ts";
import { apiError } from "../http/api.ts";
import { DoorAsks } from "./asks.ts";
import { NatsDoorBlocks } from "./blocks.ts";

/** Where the cluster's NATS is. */
export interface NatsPlace {
  readonly servers: readonly string[];
  /** The cluster's name, as in its configuration. */
  readonly cluster: string;
  readonly token?: string;
  readonly tls?: NatsTls;
}

export interface NatsDoorOptions extends NatsPlace {
  /** Its key is the NKey too, where the servers ask for one. */
  readonly signer: Signer;
  readonly clock: Clock;
  readonly onState?: (state: LinkState) => void;
}

const NAME_BYTES = 9;

/** Refuses with SWARM_UNREACHABLE. */
export const natsDoor = async (options: NatsDoorOptions): Promise<Door> => {
  const { servers, cluster, token, tls, signer, clock, onState } = options;
  const places = servers.join(", ");
  let link: BusLink | undefined;
  const bus = await NatsBus.open(
    {
      servers,
      prefix: cluster,
      name: signer.did,
      signer,
      ...(token === undefined ? {} : { token }),
      ...(tls === undefined ? {} : { tls }),
    },
    {
      down: () =>
        onState?.({ kind: "cut", reason: "the connection to NATS broke", againMs: RECONNECT_MS }),
      up: () => {
        onState?.({ kind: "joined" });
        link?.resumed();
      },
    },
  ).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    throw apiError("SWARM_UNREACHABLE", { url: places, reason: error.sentence });
  });
  const name = randomBytes(NAME_BYTES).toString("base64url");
  const asks = new DoorAsks({ bus, signer, clock, name, servers: places, cluster });
  return {
    known: async () => {
      const known = await asks.ask<Known>({ what: "account" });
      onState?.({ kind: "joined" });
      return known;
    },
    // Who has the operator's token has an HTTP door.
    welcome: async () => undefined,
    enter: () => {
      link = new BusLink({ bus, clock });
      return { link, blocks: new NatsDoorBlocks(asks) };
    },
    close: async () => {
      asks.close();
      await bus.close();
    },
  };
};
