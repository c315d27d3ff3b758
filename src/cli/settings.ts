/**
 * The operator's settings: supervisor.config.ts of the package, or the file named by --config.
 *
 * Its default export has `tree` and `hosts`, and may have `youngMib`, memory for speed (swarm/young.ts), and
 * `parameters`: what a new folder's genesis has otherwise than the local profile. A folder that holds a swarm
 * keeps what its genesis says. With `cluster` the process is one machine of several; there `hosts` may be 0:
 * it leads nothing.
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Parameters } from "#domain/genesis/genesis.ts";
import {
  localParameters,
  parametersOf,
  validateParameters,
  type Overrides,
} from "#domain/genesis/profiles.ts";
import { ConfigRefused, defineSupervisor } from "#runtime/supervision/spec.ts";
import { CliError } from "./errors.ts";
import { clusterPlaces, type ClusterPlaces } from "./cluster/settings.ts";
import type { SupervisorSettings } from "./swarm/embedded.ts";

/** A semi-space of a host, MiB: more is collected so rarely that it only takes memory. */
const YOUNG_MIB_MAX = 1_024;
/** Host threads: more than the machine's cores only wait for each other. */
const HOSTS_MAX = 64;

export interface Settings extends SupervisorSettings {
  /** Of a folder that is made with these settings. */
  readonly parameters: Parameters;
  /** Where the swarm is one of several machines. */
  readonly cluster?: ClusterPlaces;
  /** Path of the file that was read; undefined: the package's own. */
  readonly path?: string;
}

interface Exported extends Partial<SupervisorSettings> {
  readonly parameters?: unknown;
  readonly cluster?: unknown;
}

export const loadSettings = async (path: string | undefined): Promise<Settings> => {
  const name = path ?? "supervisor.config.ts";
  const invalid = (reason: string, cause?: unknown): CliError =>
    new CliError("CONFIG_INVALID", { path: name, reason }, cause === undefined ? {} : { cause });
  let settings: Exported | undefined;
  let tree: SupervisorSettings["tree"] | undefined;
  try {
    const url = path === undefined ? await ownConfig() : pathToFileURL(resolve(path)).href;
    settings = ((await import(url)) as { default?: Exported }).default;
    // A file outside the package is plain data: here it is checked, and what it leaves out is filled in.
    if (settings?.tree !== undefined) tree = defineSupervisor(settings.tree);
  } catch (error) {
    if (error instanceof ConfigRefused) throw invalid(error.message, error);
    throw invalid(error instanceof Error ? error.message : String(error), error);
  }
  if (settings === undefined || tree === undefined || typeof settings.hosts !== "number")
    throw invalid("its default export needs `tree` and `hosts`");
  const { hosts } = settings;
  const cluster =
    settings.cluster === undefined ? undefined : clusterPlaces(settings.cluster, name);
  if (typeof cluster === "string") throw invalid(cluster);
  const hostsMin = cluster === undefined ? 1 : 0;
  if (!Number.isInteger(hosts) || hosts < hostsMin || hosts > HOSTS_MAX)
    throw invalid(`hosts is a whole number from ${hostsMin} to ${HOSTS_MAX}`);
  const { youngMib } = settings;
  const isYoung = Number.isInteger(youngMib) && Number(youngMib) >= 1;
  if (youngMib !== undefined && (!isYoung || youngMib > YOUNG_MIB_MAX))
    throw invalid(`youngMib is a whole number from 1 to ${YOUNG_MIB_MAX}`);
  const host = tree.children.find((child) => child.name === "host");
  if (host === undefined || !("threads" in host) || (hosts > 0 && host.threads !== hosts))
    throw invalid("the tree has one child `host` with as many threads as `hosts` says");
  const [problem] = problemsOf(settings.parameters ?? {}, localParameters, "parameters");
  if (problem !== undefined) throw invalid(problem);
  const parameters = parametersOf("local", settings.parameters as Overrides | undefined);
  const [contradiction] = validateParameters(parameters);
  if (contradiction !== undefined) throw invalid(contradiction);
  return {
    tree,
    hosts,
    ...(youngMib === undefined ? {} : { youngMib }),
    parameters,
    ...(cluster === undefined ? {} : { cluster }),
    ...(path === undefined ? {} : { path }),
  };
};

/** Every field exists and is of the kind that the profile's own value is. */
const problemsOf = (given: unknown, known: object, path: string): string[] => {
  if (given === null || typeof given !== "object" || Array.isArray(given))
    return [`${path} is an object of the fields that differ from the local profile`];
  return Object.entries(given).flatMap(([name, value]: [string, unknown]) => {
    const own: unknown = Object.getOwnPropertyDescriptor(known, name)?.value;
    const field = `${path}.${name}`;
    if (own === undefined || name === "profile") return [`there is no field ${field}`];
    if (own !== null && typeof own === "object") return problemsOf(value, own, field);
    if (typeof value !== typeof own)
      return [`${field} is a ${typeof own}, for example ${show(own)}`];
    if (typeof value === "number" && (!Number.isSafeInteger(value) || value < 0))
      return [`${field} is a whole number from 0`];
    if (typeof value === "bigint" && value < 0n) return [`${field} is not below 0`];
    if (name === "auctionMode" && value !== "open" && value !== "sealed")
      return [`${field} is "open" or "sealed"`];
    return [];
  });
};

const show = (value: unknown): string =>
  typeof value === "bigint" ? `${value}n` : JSON.stringify(value);

/** Beside src in a checkout, beside cli in dist. */
const ownConfig = async (): Promise<string> => {
  const here = import.meta.url;
  const inSource = here.endsWith(".ts");
  return new URL(inSource ? "../../supervisor.config.ts" : "../supervisor.config.js", here).href;
};
