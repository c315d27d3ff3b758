/** The machines as one hash: what EPOCH says of the code that leads, and what supervisors compare. */

import { encode } from "#envelope/canonical.ts";
import { hex, sha256 } from "#envelope/cid.ts";
import { MACHINES } from "./catalogue.ts";
import { machineJson } from "./render.ts";

/** Of the machines' definitions: code that differs here builds other logs. */
export const machinesDigest = (): string =>
  hex(
    sha256(encode(Object.values(MACHINES).map((machine) => JSON.stringify(machineJson(machine))))),
  );
