/**
 * The supervision tree and the operator's settings. Every field is described in
 * docs/operating/configuration.md. `canswarm run` and `canswarm up` take another file with --config.
 */

import { defineSupervisor } from "#runtime/supervision/spec.ts";

/** The threads that host buckets, one for each core that is left beside the store and the agents. */
const HOSTS = 2;

export const tree = defineSupervisor({
  name: "canswarm",
  strategy: "one-for-one",
  children: [
    {
      name: "host",
      threads: HOSTS,
      restart: "always",
      onRestart: "replay",
      restartsMax: 5,
      restartWindowMs: 60_000,
    },
  ],
});

export default { tree, hosts: HOSTS };
