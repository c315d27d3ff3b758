import { readFileSync } from "node:fs";

/** The package's version, wherever it is installed: src/cli and dist/cli lie equally deep. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  }
).version;
