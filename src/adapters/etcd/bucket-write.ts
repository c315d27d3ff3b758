/**
 * One bucket's part of a commit: the nested transaction that advances its head, and what its answer says.
 *
 * B1  It applies only where the leader's row is the one of the write's epoch (P4), the head is the
 *     write's parent, and none of its decide keys exists (P1); all in one step of etcd.
 * B2  Where it does not apply, the rows that it then reads say why, in the order of ports/commit-rules.ts.
 */

import type { ICompare, IKeyValue, IRequestOp, IResponseOp, ITxnRequest } from "etcd3";
import { compareEpochs, sameBytes, ZERO_HASH_BYTES } from "#ports/commit-rules.ts";
import type { HeadWrite } from "#ports/consensus.ts";
import type { CommitOutcome, Epoch } from "#ports/store.ts";
import { headBounds, headValue, readHead, readLeader, type Keys } from "./keys.ts";
import { operationsOf, type Piece } from "./operations.ts";

/** Of a compare, a put or a delete, beside its key, on the wire. */
const OPERATION_BYTES = 64;
/** Guards, head and reads of one bucket. */
const BUCKET_BYTES = 1_024;

const NO_PARENT = new Uint8Array(ZERO_HASH_BYTES);

export interface WritePiece extends Piece {
  readonly write: HeadWrite;
}

export const absent = (key: Buffer): ICompare => ({
  key,
  target: "Create",
  result: "Equal",
  create_revision: 0,
});

/** No row was ever created at such a revision: the compare fails. */
const NEVER = -1;

export const leads = (keys: Keys, bucket: number, { revision }: Epoch): ICompare => ({
  key: keys.leader(bucket),
  target: "Create",
  result: "Equal",
  // An absent row has revision 0, and leads nothing.
  create_revision: revision > 0 ? revision : NEVER,
});

/** The epochs of an etcd that was put back from a copy are under another generation. */
export const generationIs = (keys: Keys, generation: number): ICompare => ({
  key: keys.generation,
  target: "Value",
  result: "Equal",
  value: Buffer.from(String(generation)),
});

const headIs = (keys: Keys, bucket: number, parent: Uint8Array): readonly ICompare[] => {
  const key = keys.head(bucket);
  if (sameBytes(parent, NO_PARENT)) return [absent(key)];
  const [above, below] = headBounds(parent);
  return [
    { key, target: "Value", result: "Greater", value: above },
    { key, target: "Value", result: "Less", value: below },
  ];
};

/** The leader is the writer and the head its parent. */
export const guards = (keys: Keys, { bucket, epoch, parent }: HeadWrite): readonly ICompare[] => [
  leads(keys, bucket, epoch),
  ...headIs(keys, bucket, parent),
];

export const putHead = (keys: Keys, { bucket, head }: HeadWrite): IRequestOp => ({
  request_put: { key: keys.head(bucket), value: headValue(head) },
});

/** What tells why a write did not apply: the head, then the leader (`readRows`). */
export const rowsOf = (keys: Keys, bucket: number): readonly IRequestOp[] => [
  { request_range: { key: keys.head(bucket) } },
  { request_range: { key: keys.leader(bucket) } },
];

/** A key named twice is made or deleted once; one that is made and deleted by the same write is not. */
export const keysOf = ({ decides, decided }: HeadWrite) => {
  const made = new Set(decides);
  const deleted = new Set(decided);
  return {
    isRepeated: made.size < decides.length,
    compared: [...made],
    made: [...made].filter((key) => !deleted.has(key)),
    deleted: [...deleted].filter((key) => !made.has(key)),
  };
};

export const pieceOf = (keys: Keys, write: HeadWrite): WritePiece => {
  const { bucket } = write;
  const { isRepeated, compared, made, deleted } = keysOf(write);
  let bytes = BUCKET_BYTES;
  const keyOf = (key: string): Buffer => {
    const named = keys.decide(bucket, key);
    bytes += named.length + OPERATION_BYTES;
    return named;
  };
  const txn: ITxnRequest = {
    compare: [
      ...guards(keys, write),
      ...compared.map((key) => absent(keyOf(key))),
      // P1 within one write: it must not apply, whatever is stored.
      ...(isRepeated ? [{ ...absent(keys.head(bucket)), create_revision: NEVER }] : []),
    ],
    success: [
      putHead(keys, write),
      ...made.map((key) => ({ request_put: { key: keyOf(key) } })),
      ...deleted.map((key) => ({ request_delete_range: { key: keyOf(key) } })),
    ],
    failure: [...rowsOf(keys, bucket)],
  };
  return { write, txn, operations: operationsOf(txn), bytes };
};

const rowOf = (response: IResponseOp | undefined): IKeyValue | undefined =>
  response?.response_range.kvs[0];

/** B2. `blocked`: neither the head nor the leader was in the way. */
export const readRows = (
  { bucket, epoch, parent, head: mine }: HeadWrite,
  responses: readonly IResponseOp[],
): CommitOutcome | "blocked" => {
  const head = readHead(bucket, rowOf(responses[0])?.value);
  if (sameBytes(head.hash, mine.hash)) return { bucket, kind: "committed" };
  const row = rowOf(responses[1]);
  const isLeader = row !== undefined && compareEpochs(readLeader(row).epoch, epoch) === 0;
  if (!isLeader || !sameBytes(head.hash, parent)) return { bucket, kind: "refused", head };
  return "blocked";
};
