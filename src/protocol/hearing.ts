/** What an agent signs to be heard over HTTP: that it is the one whose notices are asked for, and when. */

import type { Did } from "./words.ts";

/** A request to hear is good for so long before and after its time, ms: clocks differ. */
export const HEARING_MS_MAX = 60_000;

/** What is signed: "canswarm/v1/hear", a zero byte, then swarm, did and Unix time in ms, by lines. */
export const hearingMessage = (swarm: string, did: Did, timeMs: number): Uint8Array =>
  new TextEncoder().encode(`canswarm/v1/hear\0${swarm}\n${did}\n${timeMs}`);
