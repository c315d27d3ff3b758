/** Texts, ids, trees and signatures of docs/protocol/audit-file.md, with Node's own modules alone. */

import { createHash, createPublicKey, verify } from "node:crypto";

export const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export const base64url = (bytes) => {
  const text = Buffer.from(bytes).toString("base64url");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
};

export const bytesOf = (text) => {
  const bytes = Buffer.from(text, "base64url");
  if (base64url(bytes) !== text) throw new Error("not padded base64url");
  return bytes;
};

export const canonicalJson = (value) => {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${pairs.join(",")}}`;
};

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** The 32 bytes of a did:key's Ed25519 key. */
const keyOf = (did) => {
  if (!did.startsWith("did:key:z")) throw new Error("no did:key");
  let number = 0n;
  for (const letter of did.slice(9)) {
    const digit = BASE58.indexOf(letter);
    if (digit < 0) throw new Error("no base58btc");
    number = number * 58n + BigInt(digit);
  }
  const text = number.toString(16);
  if (!/^ed01[0-9a-f]{64}$/.test(text)) throw new Error("no Ed25519 key");
  return Buffer.from(text.slice(4), "hex");
};

const KEY_HEADER = Buffer.from("302a300506032b6570032100", "hex");

export const isSigned = (did, message, signature) => {
  if (signature.length !== 64) return false;
  const der = Buffer.concat([KEY_HEADER, keyOf(did)]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  return verify(null, message, key, signature);
};

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const CID_START = Buffer.from([0x01, 0x71, 0x12, 0x20]);

export const cidOf = (bytes) => {
  const all = Buffer.concat([CID_START, sha256(bytes)]);
  const bits = [...all].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return `b${bits
    .match(/.{1,5}/g)
    .map((five) => BASE32[Number.parseInt(five.padEnd(5, "0"), 2)])
    .join("")}`;
};

/** The first byte of the SHA-256 in a CID. */
export const bucketOfCid = (cid) => {
  const five = (letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0");
  const bits = Array.from(cid.slice(1), five).join("");
  return Number.parseInt(bits.slice(32, 40), 2);
};

const leaf = (data) => sha256(Buffer.from([0]), data);
const node = (left, right) => sha256(Buffer.from([1]), left, right);

export const rootOf = (all) => {
  if (all.length === 0) return sha256();
  if (all.length === 1) return leaf(all[0]);
  let split = 1;
  while (2 * split < all.length) split *= 2;
  return node(rootOf(all.slice(0, split)), rootOf(all.slice(split)));
};

/** Where the siblings of a leaf, from itself upwards, lead to in a tree of this size. */
export const rootFrom = (data, index, size, path) => {
  const climb = (at, count, depth) => {
    if (count === 1) {
      if (depth !== 0) throw new Error("a path is too long");
      return leaf(data);
    }
    const sibling = path[depth - 1];
    if (sibling === undefined) throw new Error("a path is too short");
    let split = 1;
    while (2 * split < count) split *= 2;
    return at < split
      ? node(climb(at, split, depth - 1), sibling)
      : node(sibling, climb(at - split, count - split, depth - 1));
  };
  if (!(index >= 0 && index < size && size <= 256)) throw new Error("no place in its batch");
  return climb(index, size, path.length);
};
