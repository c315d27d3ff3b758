/** What must be alike in all supervisors of a cluster at one time, and how it is compared. */

/** What supervisors say to each other over the bus; raised when an older one would not understand it. */
export const BUS_VERSION = 2;

export interface Hello {
  readonly version: string;
  readonly bus: number;
  readonly machines: string;
}

export const isCompatible = (one: Hello, other: Hello): boolean =>
  one.bus === other.bus && one.machines === other.machines;
