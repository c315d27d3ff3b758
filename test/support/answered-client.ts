/** An agent's client whose every envelope is answered as a test says, under a clock that only tests move. */

import { AgentClient } from "#agent/client.ts";
import { decodeSigned } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import type { LinkEvents } from "#ports/swarm-link.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import { ManualClock } from "./manual-clock.ts";

/** Nothing that a test of sending cares about. */
export const NEED: NeedBody = {
  key: "n",
  capability: "echo",
  input: { value: 1 },
  bounty: 1n,
  verifyBounty: 0n,
  deadlineMs: 1_000,
};

/** With a code: by a NACK; without: by an ACK. */
export type Hear = (code?: RefusalCode) => void;

export const answeredClient = (answer: (envelope: string, hear: Hear) => void) => {
  let events: LinkEvents | undefined;
  let sent = 0;
  const clock = new ManualClock();
  const client = new AgentClient({
    signer: signerFromSeed(new Uint8Array(32).fill(9)),
    swarm: "toy.0123456789abcdef",
    policy: "",
    link: {
      attach: (_agent, heard) => void (events = heard),
      detach: () => {},
      send: (_thread, wire) => {
        sent += 1;
        const { id: envelope } = decodeSigned(wire);
        answer(envelope, (code) =>
          events?.receipt(
            code === undefined
              ? { kind: "ack", envelope, bucket: 1, seq: 1, head: "" }
              : { kind: "nack", envelope, code },
          ),
        );
      },
    },
    clock,
    soon: (task) => queueMicrotask(task),
    onNotice: () => {},
  });
  return { client, clock, sent: () => sent };
};
