// Runs the declared tool again and compares every byte. The list of tools and options is the verifier's own:
// a worker that could choose any options could choose some that leave code out.
import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";
import { OPTIONS, minify, versionOf } from "./minifiers.mjs";

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const judge = async ({ input, output }) => {
  const allowed = Object.hasOwn(OPTIONS, output.tool) && OPTIONS[output.tool];
  if (!allowed || !isDeepStrictEqual(output.options, allowed))
    return { verdict: "fail", reason: "tool or options are not allowed" };
  if (output.version !== versionOf(output.tool))
    return { verdict: "fail", reason: "this version is not the pinned one" };
  const same = (await minify(output.tool, input.text)) === output.code;
  return same
    ? { verdict: "pass" }
    : { verdict: "fail", reason: "run again, it gives other bytes" };
};

createInterface({ input: process.stdin }).on("line", async (line) => {
  const { id, ping, ...call } = JSON.parse(line);
  if (ping !== undefined) return say({ pong: ping });
  try {
    say({ id, ...(await judge(call)) });
  } catch (error) {
    say({ id, verdict: "fail", reason: error.message });
  }
});
