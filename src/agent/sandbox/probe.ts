/** Whether a tier works on this machine: it does what it should when something is run in it. */

import { t2State } from "./bubblewrap.ts";
import { moduleOf } from "./escapes/modules.ts";
import type { Tier } from "./outcome.ts";
import { runUntrusted, type UntrustedRequest } from "./run.ts";

/** Returns its argument. */
const SAME = moduleOf({ code: [0x20, 0] });
const NUMBER = 42;

const REQUESTS: Readonly<Record<Tier, UntrustedRequest>> = {
  T0: { tier: "T0", module: SAME, entry: "main", args: [NUMBER] },
  T1: { tier: "T1", script: `console.log(${NUMBER})` },
  T2: { tier: "T2", command: ["sh", "-c", `echo ${NUMBER}`] },
};

const SENTENCES: Readonly<Record<Tier, string>> = {
  T0: "WebAssembly with fuel and a memory cap",
  T1: "scripts in QuickJS",
  T2: "",
};

const t2Sentence = (): string => {
  const state = t2State();
  if (state.kind === "absent") return "";
  const { bwrap, hasProc, setpriv } = state.way;
  const user = setpriv === undefined ? "a user namespace" : "a user of its own for each guest";
  const without = hasProc ? "" : ", without /proc";
  return `any program: bubblewrap ${state.version} (${bwrap}), ${user}${without}`;
};

export const tryTier = async (
  tier: Tier,
): Promise<{ readonly works: boolean; readonly found: string }> => {
  const outcome = await runUntrusted(REQUESTS[tier]);
  if (outcome.kind !== "ok") return { works: false, found: `not here: ${outcome.detail}` };
  const said = outcome.value ?? outcome.stdout.trim();
  return said === String(NUMBER)
    ? { works: true, found: SENTENCES[tier] || t2Sentence() }
    : { works: false, found: "it does not give what was run in it" };
};
