/**
 * Whose certificate a server shows. The driver names no server to TLS that it reaches by an address, and
 * TLS then asks for a certificate of `localhost`. Such a server must show one of an address that it was
 * configured with.
 */

import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";

/** What TLS says where no name was given to it. */
const UNNAMED = "localhost";

/** `host:port`, `nats://host:port`, `[::1]:port`. */
const hostOf = (server: string): string => {
  const place = server.replace(/^\w+:\/\//, "").replace(/^.*@/, "");
  return place.startsWith("[") ? place.slice(1, place.indexOf("]")) : (place.split(":")[0] ?? "");
};

export const identityOf = (
  servers: readonly string[],
): ((host: string, certificate: PeerCertificate) => Error | undefined) => {
  const hosts = servers.map(hostOf);
  const addresses = hosts.filter((host) => isIP(host) !== 0);
  const isNamed = hosts.includes(UNNAMED);
  return (host, certificate) => {
    const expected = host !== UNNAMED ? [host] : isNamed ? [host, ...addresses] : addresses;
    const wrong = expected.map((one) => checkServerIdentity(one, certificate));
    if (wrong.some((error) => error === undefined)) return undefined;
    return wrong[0] ?? new Error("no server is known by an address");
  };
};
