/**
 * gRPC names a server to TLS by what its address says, and Node warns, once in each thread, where that is an
 * IP address: on the operator's standard error, before whatever he is to be told. The certificate is checked
 * against the address all the same, and nothing here can be set otherwise.
 */

import { isIP } from "node:net";
import { Duplex } from "node:stream";
import { connect } from "node:tls";

let isWarned = false;

/** Has Node say it where nobody hears it; every other warning is heard as before. */
export const quietenAddresses = (endpoints: readonly string[]): void => {
  const address = endpoints.map(addressIn).find((host) => host !== undefined);
  if (address === undefined || isWarned) return;
  isWarned = true;
  const before = process.noDeprecation;
  process.noDeprecation = true;
  try {
    connect({ socket: silence(), servername: address, rejectUnauthorized: true })
      .on("error", () => undefined)
      .destroy();
  } finally {
    process.noDeprecation = before ?? false;
  }
};

/** Of an endpoint with TLS. */
const addressIn = (endpoint: string): string | undefined => {
  const { protocol, hostname } = new URL(endpoint);
  const host = hostname.replace(/^\[|\]$/g, "");
  return protocol === "https:" && isIP(host) !== 0 ? host : undefined;
};

/** Nobody is at its other end. */
const silence = (): Duplex =>
  new Duplex({ read: () => undefined, write: (_chunk, _encoding, taken) => taken() });
