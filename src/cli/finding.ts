/** What `canswarm doctor` has found of one thing. */

/**
 * ok: as it should be. degraded: it works, but worse. failed: canswarm does not work so. absent: only
 * a cluster needs it.
 */
export type Health = "ok" | "degraded" | "failed" | "absent";

export interface Finding {
  readonly name: string;
  readonly health: Health;
  readonly found: string;
  readonly remedy?: string;
}
