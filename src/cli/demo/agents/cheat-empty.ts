/** Delivers nothing at all. */

import { cheatWorker } from "./cheat-worker.ts";

export const { bid, work, close } = cheatWorker("empty");
