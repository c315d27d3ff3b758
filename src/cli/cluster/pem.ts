/**
 * PEM files that are named in a configuration or a command, read at the door: a driver that finds one
 * missing, or something else in it, says so late and not of which file.
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { NatsTls } from "#adapters/nats/connect.ts";

export interface PemFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Their paths, for a driver that reads them itself. Throws as the readers below do. */
export const natsTlsOf = ({ ca, cert, key }: PemFiles): NatsTls => {
  for (const one of [ca, cert]) if (one !== undefined) certificateIn(one);
  if (key !== undefined) keyIn(key);
  return {
    ...(ca === undefined ? {} : { caFile: ca }),
    ...(cert === undefined ? {} : { certFile: cert }),
    ...(key === undefined ? {} : { keyFile: key }),
  };
};

/** Throws an Error that names the file and what is wrong with it. */
export const certificateIn = (path: string): Uint8Array =>
  checked(path, "certificate", (bytes) => new X509Certificate(bytes));
/** Likewise. */
export const keyIn = (path: string): Uint8Array =>
  checked(path, "private key without a password", (bytes) => createPrivateKey(Buffer.from(bytes)));

const checked = (path: string, what: string, read: (bytes: Uint8Array) => unknown): Uint8Array => {
  const bytes = bytesOf(path);
  try {
    read(bytes);
  } catch (cause) {
    throw new Error(`${path} holds no ${what} (PEM)`, { cause });
  }
  return bytes;
};

const bytesOf = (path: string): Uint8Array => {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`${path} cannot be read (${code})`, { cause });
  }
};
