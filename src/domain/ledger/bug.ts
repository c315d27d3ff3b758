/** A broken invariant of ours. Never an expected refusal: those are values. */
export class Bug extends Error {
  override readonly name = "Bug";
}

/** Throws `Bug` unless `holds`. `invariant` cites the rule by its number, for instance "E1: …". */
export function assert(holds: boolean, invariant: string): asserts holds {
  if (!holds) throw new Bug(invariant);
}
