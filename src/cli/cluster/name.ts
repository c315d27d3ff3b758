/** The name of a supervisor in its cluster: kept in its folder, so that it comes back as itself. */

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

const FILE = "name";
/** Two machines may have one hostname. */
const TAIL_BYTES = 3;
/** What can be a part of a subject of NATS and of a key of etcd. */
const UNFIT = /[^\w-]+/g;

export const nameIn = (dir: string): string => {
  const path = join(dir, FILE);
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  const host = hostname().split(".")[0]?.replace(UNFIT, "-") ?? "supervisor";
  const name = `${host}-${randomBytes(TAIL_BYTES).toString("hex")}`;
  writeFileSync(path, `${name}\n`);
  return name;
};
