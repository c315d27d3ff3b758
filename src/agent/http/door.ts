/** A supervisor's HTTP door, for one agent. */

import type { Signer } from "#envelope/keys.ts";
import type { Clock } from "#ports/clock.ts";
import type { Door, Known, LinkState, Welcome } from "../door.ts";
import { ApiError, type Api } from "./api.ts";
import { HttpBlocks } from "./blocks.ts";
import { HttpLink } from "./link.ts";

export interface HttpDoorOptions {
  readonly api: Api;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly onState?: (state: LinkState) => void;
}

/** Whose api has the operator's token can be welcomed here at once. */
export const httpDoor = ({ api, signer, clock, onState }: HttpDoorOptions): Door => ({
  known: () => api.get<Known>(`/v1/agents/${signer.did}`),
  welcome: async (asked) => {
    try {
      return await api.post<Welcome>("/v1/agents", { did: signer.did, ...asked });
    } catch (error) {
      if (error instanceof ApiError && [401, 403].includes(error.status)) return undefined;
      throw error;
    }
  },
  enter: (swarm) => {
    const state = onState === undefined ? {} : { onState };
    const link = new HttpLink({ api, signer, swarm, clock, ...state });
    return { link, blocks: new HttpBlocks(api, () => link.session) };
  },
  close: async () => undefined,
});
