/**
 * The one acceptance rule of signatures (protocol section 2): strict and cofactorless,
 * [S]B = R + [k]A with k = SHA-512(R ‖ A ‖ M) mod L, S < L, A and R canonically encoded, neither of
 * small order.
 *
 * Libraries differ exactly at these borders: OpenSSL accepts a key of small order for any message,
 * @noble/ed25519 checks the equation times the cofactor. So every suite passes this check first, and
 * what is left to the library is the plain equation, on which all agree.
 *
 * A1  What passes has a canonical A and R that are not of small order, and S < L.
 * A2  It says nothing about mixed order (a prime-order point plus a small one): the equation without
 *     the cofactor decides, the same in each suite.
 */

/** The five y coordinates of the eight points of small order, little-endian (RFC 7748 section 7). */
const SMALL_ORDER_Y = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map((text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));

/** The prime order of the base point, L = 2^252 + 27742…8493, little-endian. */
const ORDER = Uint8Array.from(
  "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010".match(/../g) ?? [],
  (pair) => Number.parseInt(pair, 16),
);

/** May a suite go on to the equation? */
export const mayVerify = (publicKey: Uint8Array, signature: Uint8Array): boolean =>
  publicKey.length === 32 &&
  signature.length === 64 &&
  belowOrder(signature) &&
  isSoundPoint(publicKey, 0) &&
  isSoundPoint(signature, 0);

/** S < L, where S is the second half of the signature. */
const belowOrder = (signature: Uint8Array): boolean => {
  for (let index = 31; index >= 0; index--) {
    const difference = (signature[32 + index] ?? 0) - (ORDER[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
};

/**
 * Is the encoding at `at` canonical and not of small order? y < 2^255 − 19, and the one other
 * ambiguity, x = 0 with the sign bit set, has small order and falls with it.
 */
export const isSoundPoint = (bytes: Uint8Array, at: number): boolean => {
  const first = bytes[at] ?? 0;
  const last = (bytes[at + 31] ?? 0) & 0x7f;
  if (last === 0x7f && first >= 0xed) {
    let index = 1;
    while (index < 31 && bytes[at + index] === 0xff) index++;
    if (index === 31) return false;
  }
  for (const y of SMALL_ORDER_Y) {
    if (y[0] !== first || y[31] !== last) continue;
    let index = 1;
    while (index < 31 && bytes[at + index] === y[index]) index++;
    if (index === 31) return false;
  }
  return true;
};
