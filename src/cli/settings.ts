/** The operator's settings: supervisor.config.ts of the package, or the file named by --config. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigRefused } from "#runtime/supervision/spec.ts";
import { CliError } from "./errors.ts";
import type { SupervisorSettings } from "./swarm/embedded.ts";

/** Host threads: more than the machine's cores only wait for each other. */
const HOSTS_MAX = 64;

export const loadSettings = async (path: string | undefined): Promise<SupervisorSettings> => {
  const name = path ?? "supervisor.config.ts";
  const invalid = (reason: string, cause?: unknown): CliError =>
    new CliError("CONFIG_INVALID", { path: name, reason }, cause === undefined ? {} : { cause });
  let settings: Partial<SupervisorSettings> | undefined;
  try {
    const url = path === undefined ? await ownConfig() : pathToFileURL(resolve(path)).href;
    settings = ((await import(url)) as { default?: Partial<SupervisorSettings> }).default;
  } catch (error) {
    if (error instanceof ConfigRefused) throw invalid(error.message, error);
    throw invalid(error instanceof Error ? error.message : String(error), error);
  }
  if (settings?.tree === undefined || typeof settings.hosts !== "number")
    throw invalid("its default export needs `tree` and `hosts`");
  const { tree, hosts } = settings;
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > HOSTS_MAX)
    throw invalid(`hosts is a whole number from 1 to ${HOSTS_MAX}`);
  const host = tree.children.find((child) => child.name === "host");
  if (host === undefined || !("threads" in host) || host.threads !== hosts)
    throw invalid("the tree has one child `host` with as many threads as `hosts` says");
  return { tree, hosts };
};

/** Beside src in a checkout, beside cli in dist. */
const ownConfig = async (): Promise<string> => {
  const here = import.meta.url;
  const inSource = here.endsWith(".ts");
  return new URL(inSource ? "../../supervisor.config.ts" : "../supervisor.config.js", here).href;
};
