/** Made-up ids that the verbs' examples share. */

import { cidOf, sha256 } from "#envelope/cid.ts";
import { didOf } from "#envelope/did.ts";
import type { Cid, Did } from "./words.ts";

const bytesOf = (name: string): Uint8Array => sha256(new TextEncoder().encode(name));
const cidFor = (name: string): Cid => cidOf(bytesOf(name));
/** The texts are well formed; nobody holds a private key of them. */
const didFor = (name: string): Did => didOf(bytesOf(name));

export const NEED_ID = cidFor("need");
export const PARENT_ID = cidFor("parent");
export const PROPOSAL_ID = cidFor("proposal");
export const COMMIT_ID = cidFor("commit");
export const CHALLENGE_ID = cidFor("challenge");
export const APPROVAL_ID = cidFor("approval");
export const ATTEST_ID = cidFor("attest");
export const ARTIFACT_ID = cidFor("artifact");
export const EVIDENCE_ID = cidFor("evidence");

export const REQUESTER = didFor("requester");
export const WORKER = didFor("worker");
export const VERIFIER = didFor("verifier");
export const OPERATOR = didFor("operator");

/** 32 bytes that stand for a salt, a hash, a secret. */
export const BYTES_32 = bytesOf("bytes");
export const HEX_64 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
