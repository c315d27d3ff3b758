/** What must be alike in all supervisors of a cluster at one time, how they show it, how it is compared. */

import { machinesDigest } from "#machines/digest.ts";
import { VERSION } from "../version.ts";

/** What supervisors say and leave to each other over NATS; raised when an older one would not read it. */
export const BUS_VERSION = 4;

export interface Build {
  readonly version: string;
  readonly bus: number;
  /** Of the machines, of which logs are built (machines/digest.ts). */
  readonly machines: string;
}

/** Of this process. */
export const OWN_BUILD: Build = {
  version: `canswarm ${VERSION}`,
  bus: BUS_VERSION,
  machines: machinesDigest(),
};

/** As it stands in a supervisor's row of the consensus store. */
export const buildText = ({ version, bus, machines }: Build): string =>
  `bus=${bus} machines=${machines} ${version}`;

const BUILD = /^bus=(\d+) machines=(\S+) (.+)$/;

const readBuild = (text: string): Build | undefined => {
  const [, bus, machines, version] = BUILD.exec(text) ?? [];
  return bus === undefined || machines === undefined || version === undefined
    ? undefined
    : { version, bus: Number(bus), machines };
};

export interface Difference {
  /** The other's version. */
  readonly theirs: string;
  readonly what: string;
}

/** Undefined: they may lead beside each other. */
export const differenceOf = (ours: Build, text: string): Difference | undefined => {
  const other = readBuild(text);
  if (other === undefined)
    return { theirs: "an older canswarm", what: "it does not say of what it is" };
  const theirs = other.version;
  if (other.bus !== ours.bus)
    return { theirs, what: `it speaks version ${other.bus} over NATS, this one ${ours.bus}` };
  if (other.machines !== ours.machines)
    return { theirs, what: "its machines are others, so it would write other logs" };
  return undefined;
};
