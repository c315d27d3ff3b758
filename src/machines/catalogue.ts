/** Every machine by its name, for `canswarm machines`, the inspector, and EPOCH's digest. */

import type { AnyStateMachine } from "xstate";
import { auctionMachine } from "./auction/auction.machine.ts";
import { challengeMachine } from "./challenge/challenge.machine.ts";
import { committeeMachine } from "./committee/committee.machine.ts";
import { leaseMachine } from "./lease/lease.machine.ts";
import { needThreadMachine } from "./need-thread/need-thread.machine.ts";

export const MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  "need-thread": needThreadMachine,
  auction: auctionMachine,
  committee: committeeMachine,
  lease: leaseMachine,
  challenge: challengeMachine,
};
