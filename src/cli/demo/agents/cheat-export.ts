/** Leaves an export out. */

import { cheatWorker } from "./cheat-worker.ts";

export const { bid, work, close } = cheatWorker("export");
