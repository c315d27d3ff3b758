/** Says that more was saved than was. */

import { cheatWorker } from "./cheat-worker.ts";

export const { bid, work, close } = cheatWorker("size");
