/** Changes one operator. */

import { cheatWorker } from "./cheat-worker.ts";

export const { bid, work, close } = cheatWorker("operator");
