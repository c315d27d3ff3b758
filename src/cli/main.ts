/**
 * The command line's entry. What Node compiles is kept for the next start, of threads and of programs
 * started from here too: a start takes half of the CPU that it takes without.
 */

import { enableCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const kept = process.env["NODE_COMPILE_CACHE"] ?? join(tmpdir(), "node-compile-cache");
enableCompileCache(kept);
process.env["NODE_COMPILE_CACHE"] = kept;

await import("./program.ts");
