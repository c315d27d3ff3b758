/** Whether a task still is what was posted under its id. */

import { encode } from "#envelope/canonical.ts";
import { hex, sha256 } from "#envelope/cid.ts";
import { loadInput, type TaskLine } from "../input/tasks.ts";

/** Hex digest of what a task asks, its file's content included, wherever its line and its file lie. */
export const contentOf = async ({ line: _line, input, ...rest }: TaskLine): Promise<string> =>
  hex(sha256(encode({ ...rest, input: await loadInput(input) })));
