/**
 * The dumb twin of the spend firewall: a list of everything that was committed, looked through anew for
 * each question, over windows that it counts to the millisecond. It shares no code with the ledger.
 */

import type { SpendLimits } from "#protocol/bodies.ts";

interface Committed {
  readonly account: string;
  readonly owner: string | undefined;
  readonly atMs: number;
  readonly amount: bigint;
  /** What came back of it. */
  back: bigint;
  /** Which limits stood over it when it was taken. */
  readonly under: ReadonlySet<string>;
  readonly isNeed: boolean;
}

const DAY = 86_400_000;
const MINUTE = 60_000;

export class SpendingTwin {
  readonly owners: Readonly<Record<string, string>>;
  readonly limits = new Map<string, SpendLimits>();
  readonly committed: Committed[] = [];

  constructor(owners: Readonly<Record<string, string>>) {
    this.owners = owners;
  }

  /** The limits over an account, by whose they are. */
  over(account: string): [string, SpendLimits][] {
    const own = this.limits.get(`agent ${account}`) ?? this.limits.get("each");
    const owner = this.owners[account];
    const shared = owner === undefined ? undefined : this.limits.get(`owner ${owner}`);
    const found: [string, SpendLimits][] = [];
    if (own !== undefined) found.push([`agent ${account}`, own]);
    if (shared !== undefined) found.push([`owner ${owner}`, shared]);
    return found;
  }

  commit(account: string, amount: bigint, atMs: number, isNeed: boolean): Committed {
    const under = new Set(this.over(account).map(([whose]) => whose));
    const owner = this.owners[account];
    const one = { account, owner, atMs, amount, back: 0n, under, isNeed };
    this.committed.push(one);
    return one;
  }

  /** In the window that ends at `atMs`, whose start is left out. */
  within(whose: string, atMs: number, windowMs: number): Committed[] {
    return this.committed.filter(
      (one) => one.under.has(whose) && one.atMs > atMs - windowMs && one.atMs <= atMs,
    );
  }

  net(whose: string, atMs: number): bigint {
    return this.within(whose, atMs, DAY).reduce((sum, one) => sum + one.amount - one.back, 0n);
  }

  gross(whose: string, atMs: number): { amount: bigint; count: number } {
    const found = this.within(whose, atMs, MINUTE);
    return { amount: found.reduce((sum, one) => sum + one.amount, 0n), count: found.length };
  }

  /** What is exceeded by the latest commitment of this account, if anything. */
  exceeded(account: string, atMs: number): string[] {
    const last = this.committed.at(-1);
    return this.over(account).flatMap(([whose, { need, day, minute, perMinute }]) => {
      const { amount, count } = this.gross(whose, atMs);
      const over: string[] = [];
      if (need !== undefined && last?.isNeed === true && last.amount > need) over.push("need");
      if (day !== undefined && this.net(whose, atMs) > day) over.push("day");
      if (minute !== undefined && amount > minute) over.push("minute");
      if (perMinute !== undefined && count > perMinute) over.push("perMinute");
      return over.map((kind) => `${whose}: ${kind}`);
    });
  }

  /** Would it fit with room to spare: a quarter of an hour more of the day, a second more of the minute? */
  fits(account: string, amount: bigint, atMs: number, isNeed: boolean): boolean {
    return this.over(account).every(([whose, { need, day, minute, perMinute }]) => {
      const wide = this.within(whose, atMs, DAY + DAY / 96);
      const net = wide.reduce((sum, one) => sum + one.amount - one.back, 0n);
      const recent = this.within(whose, atMs, MINUTE + 1_000);
      const gross = recent.reduce((sum, one) => sum + one.amount, 0n);
      return (
        (need === undefined || !isNeed || amount <= need) &&
        (day === undefined || net + amount <= day) &&
        (minute === undefined || gross + amount <= minute) &&
        (perMinute === undefined || recent.length < perMinute)
      );
    });
  }
}
