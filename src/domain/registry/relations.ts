/**
 * Who is provably one party with whom (protocol section 8). A pair is related for eligibility and
 * payout; an entity is what counts once for weight, diversity and testimony.
 */

import type { Did } from "#protocol/words.ts";

/** The parts of a row that relate it to others. */
export interface Party {
  readonly did: Did;
  readonly org?: string | undefined;
  readonly controller?: Did | undefined;
}

/** All agents without an attested org are this one entity. No org is the empty text. */
export const UNATTESTED = "";

export const entityOf = (agent: { readonly org?: string } | undefined): string =>
  agent?.org ?? UNATTESTED;

/**
 * The same agent; the same attested org; the same controller key; or one controls the other, which
 * covers a relation that both declare. Two agents without an attested org are not related by that.
 */
export const related = (a: Party, b: Party): boolean => {
  if (a.did === b.did) return true;
  if (a.org !== undefined && a.org === b.org) return true;
  if (a.controller !== undefined && a.controller === b.controller) return true;
  return a.controller === b.did || b.controller === a.did;
};

/** Whoever has no row is related to itself and to those it controls. */
export const partyOf = (did: Did, row: Party | undefined): Party => row ?? { did };

/** `related` over ids. */
export const relatedBy =
  (rowOf: (did: Did) => Party | undefined) =>
  (a: Did, b: Did): boolean =>
    a === b || related(partyOf(a, rowOf(a)), partyOf(b, rowOf(b)));
