/**
 * What is thrown when bytes or values do not have the one form the protocol knows. `code` is the
 * refusal of protocol section 2 that the sender is told.
 */
export class Malformed extends Error {
  readonly code: "MALFORMED" | "TOO_LARGE";

  constructor(reason: string, code: "MALFORMED" | "TOO_LARGE" = "MALFORMED") {
    super(reason);
    this.name = "Malformed";
    this.code = code;
  }
}
