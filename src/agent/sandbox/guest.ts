/** A guest of T2 on this very machine, or the reason why there can be none: never the bare program. */

import type { Confine } from "../runner/program.ts";
import { failed } from "../runner/runner.ts";
import { t2State } from "./bubblewrap.ts";
import { confine, type Guest } from "./confine.ts";

export const guestConfiner =
  (guest: Guest): Confine =>
  (program, args) => {
    const state = t2State();
    return state.kind === "absent"
      ? failed("SPAWN", `this machine has no sandbox: ${state.why}`)
      : confine(program, args, guest, state.way);
  };
