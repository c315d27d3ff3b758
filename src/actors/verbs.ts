/**
 * What each verb of an agent does here: when it is let in, and which actor hears it. Being in the log is
 * the verdict of `admit`; `apply` is what a logged envelope causes, live and in replay alike.
 */

import type { AgentVerb, Bodies } from "#protocol/bodies.ts";
import type { Refusal, RefusalCode } from "#protocol/refusals.ts";
import type { Did, EnvelopeId } from "#protocol/words.ts";
import type { Envelope } from "#envelope/envelope.ts";
import type { BucketView, Turn } from "#runtime/bucket/application.ts";
import type { Market } from "./market.ts";

export interface Said<V extends AgentVerb> {
  readonly id: EnvelopeId;
  readonly from: Did;
  readonly thread: string;
  readonly body: Bodies[V];
  readonly envelope: Envelope;
  /** The signed envelope as it came. */
  readonly wire: () => Uint8Array;
}

export interface VerbRules<V extends AgentVerb> {
  /**
   * Every refusal that applies, in any order; none: let in. The sender is told the foremost by the
   * catalogue's precedence. What cannot be asked, of a need that is not there, does not apply.
   */
  readonly admit: (said: Said<V>, view: BucketView, market: Market) => readonly Refusal[];
  readonly apply: (said: Said<V>, turn: Turn, market: Market) => void;
}

export const refuse = (code: RefusalCode, detail?: string): Refusal =>
  detail === undefined ? { code } : { code, detail };

/** The refusals among answers of which some are none. */
export const refusalsOf = (...found: readonly (Refusal | false | undefined)[]): Refusal[] =>
  found.filter((one) => one !== undefined && one !== false);

export type RuleTable = { readonly [V in AgentVerb]: VerbRules<V> };

/** A rule with its verb's type erased: the body was parsed by the same verb's schema. */
export const ruleFor = (table: RuleTable, verb: AgentVerb): VerbRules<AgentVerb> =>
  table[verb] as unknown as VerbRules<AgentVerb>;
