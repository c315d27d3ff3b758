/**
 * How much fits into one request. etcd counts operations down the tree: at each level the longest of
 * compares, successes and failures, and what a nested transaction may use is what its parents left.
 */

import type { IRequestOp, ITxnRequest } from "etcd3";

/** The default of etcd's `--max-txn-ops`: no server needs to be told otherwise. */
export const REQUEST_OPERATIONS_MAX = 128;
/** Under etcd's default `--max-request-bytes` of 1.5 MiB, with room for what is not counted. */
export const REQUEST_BYTES_MAX = 1024 * 1024;

/** Beside the buckets' parts: the row that lets etcd's quota see the request (commit.ts). */
export const OWN_OPERATIONS = 1;

export const operationsOf = ({ compare = [], success = [], failure = [] }: ITxnRequest): number => {
  const below = (list: readonly IRequestOp[]): number =>
    list.reduce(
      (most, { request_txn }) =>
        request_txn === undefined ? most : Math.max(most, operationsOf(request_txn)),
      0,
    );
  const own = Math.max(compare.length, success.length, failure.length);
  return own + Math.max(below(success), below(failure));
};

/** What a request carries for one bucket. */
export interface Piece {
  readonly txn: ITxnRequest;
  readonly operations: number;
  /** Roughly, and not less. */
  readonly bytes: number;
}

/** Whether a request can hold it, by itself at least. */
export const fits = ({ operations }: Piece): boolean =>
  OWN_OPERATIONS + 1 + operations <= REQUEST_OPERATIONS_MAX;

/** Requests of pieces that fit: each is one operation of its request, the widest sets what is left. */
export const packed = <P extends Piece>(pieces: readonly P[]): P[][] => {
  const widestFirst = [...pieces].sort((a, b) => b.operations - a.operations);
  const requests: P[][] = [];
  let request: P[] = [];
  let bytes = 0;
  for (const piece of widestFirst) {
    const widest = request[0]?.operations ?? piece.operations;
    const isFull =
      OWN_OPERATIONS + request.length + 1 + widest > REQUEST_OPERATIONS_MAX ||
      bytes + piece.bytes > REQUEST_BYTES_MAX;
    if (request.length > 0 && isFull) {
      requests.push(request);
      request = [];
      bytes = 0;
    }
    request.push(piece);
    bytes += piece.bytes;
  }
  if (request.length > 0) requests.push(request);
  return requests;
};
