/** The command line's entry: sees to the compile cache before the program is loaded. */

import { keepCompiled } from "./compile-cache.ts";

keepCompiled(process.env);

await import("./program.ts");
