/**
 * What etcd or the way to it failed at, as Faults. What is none of these is a mistake of ours (a request
 * that etcd calls malformed) and is thrown as it came.
 */

import {
  ClientClosedError,
  EtcdAuthenticationFailedError,
  EtcdError,
  EtcdInvalidAuthTokenError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  GRPCGenericError,
  GRPCInvalidArgumentError,
  GRPCUnauthenticatedError,
  castGrpcError,
} from "etcd3";
import { Fault } from "#ports/faults.ts";

/** etcd names these as malformed requests, and they are the operator's to mend. */
const NO_USER = /user name is empty|authentication is not enabled/;
const NO_SPACE = /database space exceeded/;

const isDenied = (error: Error): boolean =>
  error instanceof EtcdAuthenticationFailedError ||
  error instanceof EtcdPermissionDeniedError ||
  error instanceof GRPCUnauthenticatedError ||
  NO_USER.test(error.message);

/** A token is void after a restart of etcd; the library fetches the next one. */
const isTheirs = (error: Error): boolean =>
  error instanceof GRPCGenericError ||
  error instanceof EtcdError ||
  error instanceof EtcdInvalidAuthTokenError;

/** Returned, not thrown: a Fault, or the error itself where the mistake is ours. */
export const failureOf = (cause: unknown): Error => {
  if (cause instanceof Fault) return cause;
  if (!(cause instanceof Error)) return new Error(String(cause));
  const error = castGrpcError(cause);
  const reason = error.message.split("\n")[0];
  const told = { cause: error };
  if (error instanceof ClientClosedError)
    return new Fault("STORE_CLOSED", "the consensus store has been closed", told);
  if (error instanceof EtcdLeaseInvalidError)
    return new Fault("SESSION_LOST", "the session has ended", told);
  if (isDenied(error)) return new Fault("CONSENSUS_DENIED", `etcd refuses us: ${reason}`, told);
  if (NO_SPACE.test(error.message))
    return new Fault("CONSENSUS_FULL", "etcd has used up its quota", told);
  if (error instanceof GRPCInvalidArgumentError || !isTheirs(error)) return error;
  return new Fault("CONSENSUS_UNREACHABLE", `etcd gives no answer: ${reason}`, told);
};

/** Whether another endpoint, or the same one later, may answer. */
export const isPassing = (error: Error): boolean =>
  error instanceof Fault && error.code === "CONSENSUS_UNREACHABLE";
