/**
 * Budget: what an agent may spend on a model. Before each request its worst case is reserved; afterwards
 * the reservation is settled with what it cost.
 *
 * B1  For each cap, spent and reserved together never exceed it, however many calls run at a time: a
 *     request whose worst case does not fit is not made.
 * B2  A reservation is settled once, with at most what was reserved.
 * B3  What nobody can tell the cost of is settled with the worst case (chat.ts).
 * B4  Where the total is kept in a file, a request is made only once the file holds its worst case.
 *
 * Without such a file it lives as long as its process. Needs beyond NEEDS_REMEMBERED_MAX are forgotten,
 * the oldest first, never one with a request under way.
 */

import type { Caps, Micro } from "./spec.ts";

/** Needs whose spending is remembered. */
export const NEEDS_REMEMBERED_MAX = 50_000;

export interface OverBudget {
  readonly kind: "over";
  readonly cap: keyof Caps;
  /** What could still be reserved under that cap. */
  readonly left: Micro;
}
export interface Reservation {
  readonly kind: "reserved";
  readonly amount: Micro;
  settle(cost: Micro): void;
}

/** The file that keeps the total cannot be written. */
export interface NotKept {
  readonly kind: "not kept";
  readonly why: string;
}

/** One account: what is spent for good, and what requests under way may still cost. */
export class Account {
  spent: Micro;
  reserved: Micro = 0n;

  constructor(spent: Micro = 0n) {
    this.spent = spent;
  }

  left(cap: Micro | undefined): Micro | undefined {
    return cap === undefined ? undefined : cap - this.spent - this.reserved;
  }
}

/** All that is spent, and how it is kept; `keep` throws where it cannot be. */
export interface Total {
  readonly account: Account;
  readonly keep: () => void;
}

/** What one call may spend. */
export interface Purse {
  readonly spent: Micro;
  reserve(worst: Micro): Reservation | OverBudget | NotKept;
}

export class Budget {
  readonly #caps: Caps;
  readonly #total: Account;
  readonly #keep: () => void;
  readonly #needs = new Map<string, Account>();
  readonly #needsMax: number;

  constructor(caps: Caps, total?: Total, needsMax: number = NEEDS_REMEMBERED_MAX) {
    this.#caps = caps;
    this.#total = total?.account ?? new Account();
    this.#keep = total?.keep ?? (() => undefined);
    this.#needsMax = needsMax;
  }

  get spent(): Micro {
    return this.#total.spent;
  }
  get reserved(): Micro {
    return this.#total.reserved;
  }

  /** Whether a first request of a new call would fit; nothing is reserved. */
  admits(need: string, worst: Micro): boolean {
    const of = { call: new Account(), need: this.#needs.get(need) ?? new Account() };
    return this.#over({ ...of, total: this.#total }, worst) === undefined;
  }

  purse(need: string): Purse {
    const call = new Account();
    return {
      get spent() {
        return call.spent;
      },
      reserve: (worst) => this.#reserve(call, need, worst),
    };
  }

  #over(accounts: Record<keyof Caps, Account>, worst: Micro): OverBudget | undefined {
    for (const cap of ["call", "need", "total"] as const) {
      const left = accounts[cap].left(this.#caps[cap]);
      if (left !== undefined && worst > left)
        return { kind: "over", cap, left: left < 0n ? 0n : left };
    }
    return undefined;
  }

  #reserve(call: Account, need: string, worst: Micro): Reservation | OverBudget | NotKept {
    if (worst < 0n) throw new Error("B1: a worst case below zero");
    const accounts = { call, need: this.#needOf(need), total: this.#total };
    const over = this.#over(accounts, worst);
    if (over !== undefined) return over; // B1
    for (const account of Object.values(accounts)) account.reserved += worst;
    try {
      this.#keep(); // B4
    } catch (error) {
      for (const account of Object.values(accounts)) account.reserved -= worst;
      return { kind: "not kept", why: (error as Error).message };
    }
    let isOpen = true;
    const settle = (cost: Micro): void => {
      if (!isOpen || cost < 0n || cost > worst)
        throw new Error("B2: settled twice, or out of range");
      isOpen = false;
      for (const account of Object.values(accounts)) {
        account.reserved -= worst;
        account.spent += cost;
      }
      try {
        this.#keep();
      } catch {
        // The file still holds the worst case, which is not too little; the next request tries again.
      }
    };
    return { kind: "reserved", amount: worst, settle };
  }

  #needOf(need: string): Account {
    const known = this.#needs.get(need);
    if (known !== undefined) return known;
    const account = new Account();
    this.#needs.set(need, account);
    if (this.#needs.size > this.#needsMax)
      for (const [oldest, { reserved }] of this.#needs)
        if (reserved === 0n && oldest !== need) {
          this.#needs.delete(oldest);
          break;
        }
    return account;
  }
}
