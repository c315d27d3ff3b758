/**
 * Which nonces of one (sender, thread) were used: the highest, and a bitmap of the 64 up to it
 * (protocol section 2). Plain data, so it can stand in a snapshot.
 *
 * N1  Inside the window an unused nonce is fresh in any order; gaps are allowed.
 * N2  A used nonce is never fresh again: below the window everything counts as old.
 */

/** Nonces the window looks back, the highest included. */
export const WINDOW_NONCES = 64;

export interface NonceWindow {
  /** 0: nothing was accepted yet. Nonces are from 1. */
  readonly highest: number;
  /** Bit i of (high, low), unsigned 32 bits each: nonce `highest − i` was used. */
  readonly low: number;
  readonly high: number;
}

export const EMPTY_WINDOW: NonceWindow = Object.freeze({ highest: 0, low: 0, high: 0 });

export const check = (window: NonceWindow, nonce: number): "fresh" | "used" | "old" => {
  if (nonce < 1) return "old";
  const back = window.highest - nonce;
  if (back < 0) return "fresh";
  if (back >= WINDOW_NONCES) return "old";
  const bit = back < 32 ? (window.low >>> back) & 1 : (window.high >>> (back - 32)) & 1;
  return bit === 1 ? "used" : "fresh";
};

/** The window after `nonce`; the caller has checked that it is fresh. */
export const accept = (window: NonceWindow, nonce: number): NonceWindow => {
  const { highest, low, high } = window;
  const back = highest - nonce;
  if (back >= 32) return { highest, low, high: (high | (1 << (back - 32))) >>> 0 };
  if (back >= 0) return { highest, low: (low | (1 << back)) >>> 0, high };
  const ahead = -back;
  if (ahead >= WINDOW_NONCES) return { highest: nonce, low: 1, high: 0 };
  if (ahead >= 32) return { highest: nonce, low: 1, high: (low << (ahead - 32)) >>> 0 };
  return {
    highest: nonce,
    low: ((low << ahead) | 1) >>> 0,
    high: ((high << ahead) | (low >>> (32 - ahead))) >>> 0,
  };
};
