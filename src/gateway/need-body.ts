/** The body of POST /v1/needs: the fields of a line of TASKS.jsonl, amounts as decimal credits. */

import { encode } from "#envelope/canonical.ts";
import { cidOf, isCid } from "#envelope/cid.ts";
import { parseCredits } from "#protocol/amount.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import { z } from "zod";
import { GatewayError } from "./errors.ts";

/** Inputs up to this many bytes travel inside NEED; larger ones as a block. */
export const INPUT_INLINE_BYTES_MAX = 32 * 1024;
/** What a need's deadline is where the caller names none, ms. */
export const DEADLINE_MS_DEFAULT = 60_000;
const DEADLINE_MS_MAX = 30 * 24 * 60 * 60_000;
const KEY_UNITS_MAX = 200;
const CAPABILITY_UNITS_MAX = 100;
const QUORUM_MAX = 31;

const credits = z
  .string()
  .refine((text) => parseCredits(text) !== undefined, 'is no amount such as "2.5"')
  .transform((text) => parseCredits(text) ?? 0n);

export const needShape = z.strictObject({
  key: z.string().min(1).max(KEY_UNITS_MAX).describe("The caller's name for it; again is the same"),
  capability: z.string().min(1).max(CAPABILITY_UNITS_MAX),
  input: z.unknown().optional().describe("Any JSON value; or name a block by inputCid"),
  inputCid: z.string().refine(isCid, "is no CID").optional(),
  bounty: credits.describe('Price ceiling in credits, such as "2.5"'),
  verifyBounty: credits.describe("Paid for each vote, in credits"),
  tier: z.enum(["small", "medium", "high"]).optional(),
  kPlan: z.int().min(1).max(QUORUM_MAX).optional(),
  kResult: z.int().min(1).max(QUORUM_MAX).optional(),
  deadlineMs: z.int().min(1).max(DEADLINE_MS_MAX).optional(),
});

export interface ParsedNeed {
  readonly body: NeedBody;
  /** The input's bytes where it travels as a block. */
  readonly block?: Uint8Array;
}

/** Throws GatewayError BODY_INVALID, naming the field. */
export const parseNeed = (json: unknown): ParsedNeed => {
  const parsed = needShape.safeParse(json);
  if (!parsed.success) throw bodyInvalid(parsed.error);
  const { input, inputCid, deadlineMs, tier, kPlan, kResult, ...rest } = parsed.data;
  if ((input === undefined) === (inputCid === undefined))
    throw new GatewayError("BODY_INVALID", { reason: "one of input and inputCid is named" });
  const more = {
    ...(tier === undefined ? {} : { tier }),
    ...(kPlan === undefined ? {} : { kPlan }),
    ...(kResult === undefined ? {} : { kResult }),
    deadlineMs: deadlineMs ?? DEADLINE_MS_DEFAULT,
  };
  if (inputCid !== undefined) return { body: { ...rest, ...more, input: { cid: inputCid } } };
  const bytes = encode(input);
  if (bytes.length <= INPUT_INLINE_BYTES_MAX)
    return { body: { ...rest, ...more, input: { value: input } } };
  return { body: { ...rest, ...more, input: { cid: cidOf(bytes) } }, block: bytes };
};

export const bodyInvalid = (error: z.ZodError): GatewayError => {
  const [issue] = error.issues;
  const path = issue?.path.join(".") ?? "";
  // What the schemas' library says of itself is a sentence without a subject.
  const said = issue?.message.replace(/^Invalid input: expected/, "should be") ?? "is wrong";
  const reason = `${path === "" ? "it" : path} ${said}`;
  return new GatewayError("BODY_INVALID", { reason });
};
